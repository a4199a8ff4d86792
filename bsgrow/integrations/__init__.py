"""Other loops than ours: plain PyTorch, and one file for each host."""
