"""Where HubSpot and Supabase differ, why, and putting it right."""
