"""How fast HubSpot is asked, and how long somebody waits for it."""
