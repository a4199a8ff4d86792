"""`bsgrow bench`: its options, and how its answers are rendered."""
