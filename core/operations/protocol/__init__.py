"""Exactly once: claims, leases, intents, writes, and what became of them (docs/exactly-once.md)."""
