"""Changes by others that met ours: found in HubSpot's history, named, corrected."""
