"""Tables as the files that the desk lets out."""

from __future__ import annotations

from core.credits.csv_safe import Table


def csv_bytes(table: Table) -> bytes:
    """The whole file."""
    return b"".join(part for part, _ in table.portions())
