"""Lists that leave the desk, whole, as CSV."""
