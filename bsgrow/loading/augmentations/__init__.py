"""Augmentations that are made of whole micro-batches, on their device; one file each.

``geometry`` and ``tones`` have the operations of RandAugment, ``normalisation`` the way to pixels.
"""
