"""The append-only record of what was done; reading and verifying it."""
