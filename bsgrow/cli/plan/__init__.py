"""`bsgrow plan`: its options, and how its answers are rendered."""
