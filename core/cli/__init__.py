"""The command line: the same services as the pages, for scripts and cron jobs (design, 14)."""
