"""A local Supabase: PostgreSQL, PostgREST, and a gateway that can be made slow or dead."""

from sandbox.supabase.local import LocalSupabase, SupabaseSettings

__all__ = ["LocalSupabase", "SupabaseSettings"]
