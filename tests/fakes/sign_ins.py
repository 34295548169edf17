"""The sign-ins' part of the journal in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading

from core.access.sign_ins import SignIn


class MemorySignIns:
    _lock: threading.RLock
    _sign_ins: dict[str, SignIn]

    def begin_sign_in(self, begun: SignIn) -> None:
        with self._lock:
            for each in list(self._sign_ins.values()):
                if each.until <= begun.at:
                    del self._sign_ins[each.id]
            self._sign_ins[begun.id] = begun

    def sign_in(self, id_: str) -> SignIn | None:
        with self._lock:
            return self._sign_ins.get(id_)

    def end_sign_in(self, id_: str) -> None:
        with self._lock:
            self._sign_ins.pop(id_, None)
