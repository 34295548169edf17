"""Cancelled bookings whose credit nobody gave back, and what speaks against refunding one."""
