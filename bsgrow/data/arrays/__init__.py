"""Data sets in memory: arrays of pixels and labels, read from the formats they come in."""
