"""Other desks on the same HubSpot account."""
