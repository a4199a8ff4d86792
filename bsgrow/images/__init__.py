"""What image files say of themselves: how they are shown, and what their pixels are."""
