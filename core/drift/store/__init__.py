"""Where checks, drift, repairs and measures are kept."""
