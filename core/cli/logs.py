"""Logs go to stderr, for stdout belongs to the one report."""

from __future__ import annotations

import logging
import sys

from core.credits.log_records import keep_harmless

#: Libraries that tell of every request at INFO, with ids in the address.
LOUD = ("httpx", "httpcore", "dbos", "alembic", "apscheduler")


def to_stderr() -> None:
    """One line for each record. ``[SUPABASE SYNC]`` lines keep their level."""
    keep_harmless()
    line = "%(asctime)s %(levelname)s %(name)s %(message)s"
    logging.basicConfig(level=logging.WARNING, format=line, stream=sys.stderr)
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
