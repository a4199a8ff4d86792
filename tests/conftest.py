"""Settings that every test shares."""

from hypothesis import settings

# Machines are shared: an example may take long without anything being wrong.
settings.register_profile("bsgrow", deadline=None)
settings.load_profile("bsgrow")
