"""Is the audit whole: its chain, forged entries, heads that are kept elsewhere."""
