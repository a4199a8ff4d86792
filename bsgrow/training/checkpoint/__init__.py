"""Checkpoints: what is in them, the files, and when they are written."""
