"""An operation that was confirmed: waiting, under way, ended, and what is left to do."""
