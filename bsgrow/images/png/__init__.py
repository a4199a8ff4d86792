"""PNG, third edition."""
