"""Where work, schedules and live processes are kept."""
