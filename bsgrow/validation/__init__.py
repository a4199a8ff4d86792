"""What users wrote, checked: names against a registry, arguments against types."""
