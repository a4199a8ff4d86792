"""`bsgrow data`: its options, and how its answers are rendered."""
