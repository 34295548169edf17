"""A local HubSpot: an HTTP server that answers as HubSpot's CRM API does."""
