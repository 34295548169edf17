"""Notifications over apprise."""
