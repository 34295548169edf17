"""What speaks for and against a row, by what is known of it: shared by kinds and steps. Pure."""
