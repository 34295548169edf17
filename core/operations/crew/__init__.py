"""The crew: workers that carry groups of one operation together."""
