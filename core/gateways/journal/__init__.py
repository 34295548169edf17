"""The journal in a SQL database. Import the parts: this stays light, SQLAlchemy does not."""
