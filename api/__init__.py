"""HTTP for machines, beside the pages: thin, each handler over one service."""
