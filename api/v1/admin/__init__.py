"""The part of the API for admin apps: preview, confirm, follow, stop and retry."""
