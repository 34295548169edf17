"""Heads of the audit's chain that are kept elsewhere: what they say, and that nobody made them up.

The chain alone cannot tell what was cut off at its end, nor that it was made anew as a whole. A
head that another place kept must still be in it.

Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from core.audit.chain import Head

#: So that no signature of another thing is one of a head.
FORM = "credit desk head 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippedHead:
    """As it left the desk."""

    n: int
    hash: str
    at: datetime

    @property
    def head(self) -> Head:
        """What the chain must have."""
        return Head(n=self.n, hash=self.hash)

    def signature(self, secret: str) -> str:
        """HMAC-SHA256, hexadecimal, over form, place, hash and time, separated by spaces."""
        signed = f"{FORM} {self.n} {self.hash} {self.at.astimezone(UTC).isoformat()}"
        return hmac.new(secret.encode(), signed.encode(), hashlib.sha256).hexdigest()


def line_of(shipped: ShippedHead, secret: str) -> str:
    """One line of JSON, without its end. ``secret``: "": it is not signed."""
    told: dict[str, object] = {
        "n": shipped.n,
        "hash": shipped.hash,
        "at": shipped.at.astimezone(UTC).isoformat(),
    }
    return json.dumps(told | ({"signature": shipped.signature(secret)} if secret else {}))


def read_lines(text: str, secret: str) -> tuple[list[ShippedHead], list[str]]:
    """The heads of a file, and what is wrong with it, for people.

    ``secret``: by which each must be signed; "": signatures are not looked at.
    """
    found, faults = [], []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
            at = datetime.fromisoformat(told["at"])
            shipped = ShippedHead(n=int(told["n"]), hash=str(told["hash"]), at=at)
            given = str(told.get("signature", ""))
        except (ValueError, KeyError, TypeError, AttributeError):
            faults.append(f"line {number} of the shipped heads is no head")
            continue
        if secret and not hmac.compare_digest(given.encode(), shipped.signature(secret).encode()):
            faults.append(f"line {number} of the shipped heads is not signed by this desk")
            continue
        found.append(shipped)
    return found, faults


def missing_heads(
    shipped: Sequence[ShippedHead], met: Iterable[Head], *, after: int = 0
) -> list[str]:
    """Those that the chain lacks, for people. ``after``: earlier ones were not looked at."""
    there = set(met)
    return [
        f"the head shipped {one.at:%Y-%m-%d %H:%M} UTC, entry {one.n} with the hash {one.hash}, is "
        "not in the chain: entries were cut off or made anew since"
        for one in shipped
        if one.n > after and one.head not in there
    ]
