"""What a manager asks of time: this week beside last week, and trends."""
