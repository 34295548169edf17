"""The mirror over supabase-py."""
