"""Whether the audit is whole: its chain, forged entries, heads that are kept elsewhere."""
