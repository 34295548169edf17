"""Processes that carry work, and schedules."""
