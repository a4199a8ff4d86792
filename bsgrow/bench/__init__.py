"""Measures: the loader alone and in training, beside other systems and the physical limit.

A system is one file in ``bsgrow/bench/systems`` and a line in its registry.
"""
