"""Checks of what users wrote: names against a registry, arguments against types."""
