"""Text for people: names fit to print, paths as text, and commands that can be pasted."""
