"""Reasons that people type: one rule for every act that keeps one. Pure."""

from __future__ import annotations

import re

#: Characters of a reason, without the spaces around it.
REASON_MAX = 300
#: A reason is one line: what would end it, move a cursor or turn the order of its letters has no
#: place in notes, logs and terminals; nor has what no store can keep.
_BARRED = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def reason_faults(reason: str, *, missing: str = "") -> list[str]:
    """What is wrong with a reason, for people; empty: nothing.

    ``missing``: what is told when there is none; "": it may be left out.
    """
    words = reason.strip()
    if not words:
        return [missing] if missing else []
    faults = []
    if len(words) > REASON_MAX:
        faults.append(
            f"the reason has {len(words):,} characters; {REASON_MAX} are kept at most: shorten it"
        )
    if _BARRED.search(words):
        faults.append("the reason has a line break or another control character: write one line")
    return faults
