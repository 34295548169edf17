"""Where roles, keys and rates are kept."""
