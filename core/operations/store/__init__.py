"""Where plans, operations and items are kept."""
