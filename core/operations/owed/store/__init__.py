"""Where a person's word on owed credits is kept."""
