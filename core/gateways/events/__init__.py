"""Tells other apps of the desk's changes."""
