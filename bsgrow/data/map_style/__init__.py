"""Map-style data sets of the user, as PyTorch's DataLoader takes them: items by their index."""
