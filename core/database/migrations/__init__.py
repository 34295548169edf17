"""Alembic's folder. The revisions are run by ``core.database.migrate``."""

#: The revision that this version of the program works with; a test holds it to the files.
HEAD = "0039"
