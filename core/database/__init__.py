"""The database of the desk: engine, column types, transactions, the one chain of migrations."""
