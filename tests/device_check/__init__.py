"""The check of a machine with a GPU, by `make device-check`: what runs there alone, in minutes."""
