"""`bsgrow show`: where runs stand, and their curves."""
