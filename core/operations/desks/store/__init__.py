"""Where what tells one desk from another is kept."""
