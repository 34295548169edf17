"""People and their roles, apps and their API keys."""
