"""The formats of exported models, one file each: bytes from a run, and how they compute."""
