"""Where claims, leases, writes and movements are kept."""
