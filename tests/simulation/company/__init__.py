"""Those who work on the same account as the desk, one module for each."""
