"""JPEG: its header, its scans, its end and its pixels."""
