"""The API clients' part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from core.access.api_key_rules import ApiKey, ApiRequest
from core.access.store import audit_entries
from core.credits.errors import JournalError
from tests.fakes.audit import MemoryAudit


class MemoryClients(MemoryAudit):
    _lock: threading.RLock
    _keys: dict[str, ApiKey]
    _requests: dict[tuple[str, str], ApiRequest]

    def add_key(self, key: ApiKey) -> None:
        with self._lock:
            if key.id in self._keys:
                raise JournalError(f"key {key.id} is there already")
            self._keys[key.id] = key
            self.record(audit_entries.key_changed(key, by=key.made_by, at=key.made_at))

    def api_key(self, id_: str) -> ApiKey | None:
        with self._lock:
            return self._keys.get(id_)

    def api_keys(self) -> list[ApiKey]:
        with self._lock:
            return sorted(self._keys.values(), key=lambda key: (key.client, key.made_at, key.id))

    def withdraw_key(self, id_: str, *, by: str, at: datetime) -> ApiKey | None:
        with self._lock:
            key = self._keys.get(id_)
            if key is None or key.withdrawn_at is not None:
                return key
            self._keys[id_] = key = replace(key, withdrawn_at=at, withdrawn_by=by)
            self.record(audit_entries.key_changed(key, by=by, at=at))
            return key

    def withdraw_keys(self, *, by: str, at: datetime) -> list[ApiKey]:
        with self._lock:
            held = [key.id for key in self.api_keys() if key.holds(at)]
            found = [self.withdraw_key(id_, by=by, at=at) for id_ in held]
            return [key for key in found if key is not None]

    def key_used(self, id_: str, *, at: datetime) -> None:
        with self._lock:
            self._keys[id_] = replace(self._keys[id_], used_at=at)

    def begin_request(self, request: ApiRequest) -> ApiRequest:
        with self._lock:
            return self._requests.setdefault((request.client, request.key), request)

    def answer_request(
        self, client: str, key: str, *, status: int, answer: Mapping[str, object]
    ) -> None:
        with self._lock:
            kept = self._requests[client, key]
            if kept.status is None:
                self._requests[client, key] = replace(kept, status=status, answer=dict(answer))

    def forget_answers(self, *, before: datetime) -> int:
        with self._lock:
            old = [
                name
                for name, kept in self._requests.items()
                if kept.at < before and kept.status is not None and kept.status < 400
            ]
            for name in old:
                self._requests[name] = replace(self._requests[name], status=None, answer=None)
            return len(old)

    def forget_requests(self, *, before: datetime) -> int:
        with self._lock:
            old = [name for name, kept in self._requests.items() if kept.at < before]
            for name in old:
                del self._requests[name]
            return len(old)
