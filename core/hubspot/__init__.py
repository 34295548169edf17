"""HubSpot, the truth: messages, calls, limits, checks."""
