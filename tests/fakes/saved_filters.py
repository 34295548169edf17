"""Filters of people, of the journal in memory."""

from __future__ import annotations

import threading
from dataclasses import replace

from core.access.store.port import SavedFilter


class MemorySavedFilters:
    _lock: threading.RLock
    _filters: dict[tuple[str, str, str], SavedFilter]

    def saved_filters(self, email: str, page: str) -> list[SavedFilter]:
        with self._lock:
            keys = sorted(self._filters)
            return [self._filters[key] for key in keys if key[:2] == (email.casefold(), page)]

    def save_filter(self, made: SavedFilter) -> None:
        mine = replace(made, email=made.email.casefold())
        with self._lock:
            self._filters[mine.email, mine.page, mine.name] = mine

    def remove_filter(self, email: str, page: str, name: str) -> None:
        with self._lock:
            self._filters.pop((email.casefold(), page, name), None)
