"""Image files: their formats, headers, orientation and pixels, and the part that is shown."""
