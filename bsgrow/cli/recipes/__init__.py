"""`bsgrow recipes`: listing, showing and copying them, and the schema of their keys."""
