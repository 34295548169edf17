"""Choosing bookings or balances, and the preview of what would happen."""
