"""People and API keys on the screen."""
