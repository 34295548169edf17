"""Where copies that are due are kept."""
