"""Images in folders, one for each class: listing them, and reading one file a sample."""
