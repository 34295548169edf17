"""What differs between the versions of HubSpot's API: success codes, shapes of some answers.

By HubSpot's published specs; docs/sandbox.md says which of them a recording has confirmed. Pure.
"""

from __future__ import annotations

import re

from sandbox.hubspot.calls import Answer
from sandbox.hubspot.values import iso

DATES = ("2025-09", "2026-03", "2026-09")
#: from this version on, the rules that an admin made hold for writes by the API too
RULES_SINCE = "2026-09"
_VERSION = re.compile(r"/(v\d|20\d\d-\d\d)(?:/|$)")
_OLD = ("v3", "v4", "2025-09")
#: (versions, handler) -> the success code; all others are those of `handlers/`
SUCCESS: dict[tuple[str, str], int] = {
    ("2026-03", "links.batch_archive"): 200,
    ("2026-03", "links.batch_labels_archive"): 200,
    ("2026-09", "links.batch_archive"): 200,
    ("2026-09", "links.batch_labels_archive"): 200,
    ("2026-09", "links.batch_create"): 200,
    ("2026-09", "properties.batch_create"): 200,
}


def version_of(path: str) -> str:
    """`v3`, `v4` or a date; v3 for a path that names none."""
    found = _VERSION.search(path)
    return found[1] if found else "v3"


def rules_hold(path: str) -> bool:
    """Whether an admin's rules for records hold for a write by this path."""
    version = version_of(path)
    return version not in _OLD and version >= RULES_SINCE


def shaped(answer: Answer, handler: str, path: str, *, at: int) -> Answer:
    """The answer with the success code of its version; a 200 has a body where a 204 has none."""
    wanted = SUCCESS.get((version_of(path), handler))
    if wanted is None or answer.status not in {200, 201, 204}:
        return answer
    body = answer.body
    if body is None:
        moment = iso(at)
        body = {"status": "COMPLETE", "results": [], "startedAt": moment, "completedAt": moment}
    return Answer(wanted, body, answer.headers)
