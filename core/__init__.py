"""Everything that changes credits, or says how they stand (docs/architecture.md)."""
