"""What is checked, one part a file; ``tests.device_check.registry`` has them in order."""
