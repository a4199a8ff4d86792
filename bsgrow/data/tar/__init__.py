"""Tars: their headers, an index of what is in them, and the samples that they hold."""
