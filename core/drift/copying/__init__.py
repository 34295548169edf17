"""What HubSpot has just said, copied to Supabase and held against what Supabase then holds."""
