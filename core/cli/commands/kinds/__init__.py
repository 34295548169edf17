"""A command for each kind of operation that is not in ``core.cli.operating``."""
