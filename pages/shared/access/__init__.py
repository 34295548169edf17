"""People and API keys on the screen, and the way about without a mouse."""
