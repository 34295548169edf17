"""Credit types, balances, records of HubSpot's objects, roles and errors: what all know."""
