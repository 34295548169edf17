"""Reasons in the audit: its chain holds a commitment, the words that were typed stand beside it.

So the words can be forgotten, for they may name a student, and the chain still fits. As long as
they are kept, words that somebody changed do not fit their commitment.

Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256

from core.audit.entries import Entry

#: Begins what stands in the chain in place of a reason.
COMMITTED = "sha256:"
#: In place of words that are gone.
FORGOTTEN = "(forgotten)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Words, and the chance that keeps them from being guessed once they are gone."""

    commitment: str
    salt: str
    words: str
    at: datetime

    @property
    def fits(self) -> bool:
        """These are the words that were typed."""
        return self.commitment == committed(self.words, self.salt)


def committed(words: str, salt: str) -> str:
    """What stands in the chain. ``salt``: of a fixed length, so that no two pairs are alike."""
    return COMMITTED + sha256(f"{salt}{words}".encode()).hexdigest()


def apart(
    entries: Sequence[Entry], new_salt: Callable[[], str]
) -> tuple[list[Entry], list[Reason]]:
    """The entries as the chain takes them, and the words of their reasons, each once."""
    reasons: dict[str, Reason] = {}
    for entry in entries:
        if not entry.reason:
            continue
        known = reasons.get(entry.reason)
        salt = known.salt if known else new_salt()
        reasons[entry.reason] = Reason(
            commitment=committed(entry.reason, salt),
            salt=salt,
            words=entry.reason,
            at=max(entry.at, known.at) if known else entry.at,
        )
    withheld = [
        replace(entry, reason=reasons[entry.reason].commitment) if entry.reason else entry
        for entry in entries
    ]
    return withheld, list(reasons.values())
