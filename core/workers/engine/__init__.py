"""The engine on DBOS. Importing this is cheap: DBOS itself is loaded by a worker as it starts."""

from core.workers.engine.engine import DbosEngine

__all__ = ["DbosEngine"]
