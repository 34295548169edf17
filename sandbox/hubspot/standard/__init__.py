"""What every HubSpot account has from the start: object types, association numbers, pipelines."""
