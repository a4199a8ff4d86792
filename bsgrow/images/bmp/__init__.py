"""BMP of Windows 2 to 5 and of OS/2."""
