"""Augmentations that are made of whole micro-batches, on their device; one file each."""
