"""The local stack: HubSpot, Supabase, sign-in and demo data on one machine, offline."""
