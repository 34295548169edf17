"""Supabase, the mirror: copies that are due, and the threads that make them."""
