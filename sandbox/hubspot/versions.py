"""What differs between the versions of HubSpot's API: success codes, shapes of some answers.

By HubSpot's published specs; docs/sandbox.md says which of them a recording has confirmed. Pure.
"""

from __future__ import annotations

from sandbox.hubspot.calls import Answer, version_of
from sandbox.hubspot.values import iso

DATES = ("2025-09", "2026-03", "2026-09")
#: from this version on, the rules that an admin made hold for writes by the API too
RULES_SINCE = "2026-09"
_OLD = ("v3", "v4", "2025-09")
ARCHIVES = ("links.batch_archive", "links.batch_labels_archive")
#: (versions, handler) -> the success code; all others are those of `handlers/`
SUCCESS: dict[tuple[str, str], int] = {
    ("v4", "labels.create_limits"): 201,
    ("2026-03", "labels.create_limits"): 201,
    **{
        (version, handler): 200
        for version in ("2025-09", "2026-03", "2026-09")
        for handler in ("labels.purge_limits", *ARCHIVES)
    },
    ("2026-09", "links.batch_create"): 200,
    ("2026-09", "properties.batch_create"): 200,
}


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
