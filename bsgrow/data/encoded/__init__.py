"""Data sets of encoded images: what they are, which layout on disk is which, and opening them."""
