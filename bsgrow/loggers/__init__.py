"""Where people look at their runs: one file per system, and one line in the registry.

A logger knows nothing of training: it is given numbers, at a position in samples.
"""
