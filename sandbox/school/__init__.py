"""The school before Credit Desk: its object properties, its tables, rows of its own apps."""
