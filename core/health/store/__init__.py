"""What overview, alarms and metrics read from the database."""
