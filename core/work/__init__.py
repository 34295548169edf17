"""What is begun once and carried to its end, when, and by which clock."""
