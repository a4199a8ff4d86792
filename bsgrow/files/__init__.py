"""Files as such: read within a bound, written whole or not at all, one process at a time."""
