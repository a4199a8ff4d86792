"""One module per system: its rule restated, and a driver that its own interpreter runs."""
