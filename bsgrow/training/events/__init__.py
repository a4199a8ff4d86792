"""What a run tells: its events, their log, and their JSON."""
