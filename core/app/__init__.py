"""The desk put together: production and tests differ in gateways only."""
