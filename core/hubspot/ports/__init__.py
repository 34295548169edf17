"""What the desk needs of HubSpot, in our words."""
