"""Grow the batch instead of decaying the learning rate (arXiv 1711.00489)."""

__version__ = "0.1.0"
