"""The database of the desk: engine, column types, transactions, migrations."""
