"""A training loop of one's own: a loader over PyTorch's DataLoader, and what sets the lr."""
