"""The scopes of a HubSpot token, held against those that the desk needs."""

from __future__ import annotations

from collections.abc import Mapping

from core.hubspot.ports.inspection import Finding, Health


def judge(granted: frozenset[str], *, unmarked: bool, mails: bool = False) -> Finding:
    """Holds the scopes of a token against the list.

    ``unmarked``: ``provision`` is still to run. ``mails``: students are told by e-mails.
    """
    wanted = {**NEEDED, **(FOR_PROVISION if unmarked else {}), **(FOR_MAILS if mails else {})}
    lacking = [scope for scope in wanted if scope not in granted]
    if not lacking:
        spare = len(granted - wanted.keys())
        beside = f", and {spare} that it does not need" if spare else ""
        said = f"the token has the {len(wanted)} that the desk needs{beside}"
        return Finding(health=Health.FINE, what="scopes", said=said)
    told = "; ".join(f"{scope} (to {wanted[scope]})" for scope in lacking)
    return Finding(
        # what a scope of schemas allows, one of objects may allow as well: each call is tried, too
        health=Health.FAULT if any(".objects." in scope for scope in lacking) else Health.WARNING,
        what="scopes",
        said=f"the token lacks {told}",
        mend=f"Grant {', '.join(lacking)} to the token's app or service key in HubSpot",
    )


#: Scope to what it is for. Without one of these something is refused every day.
NEEDED: Mapping[str, str] = {
    "crm.objects.contacts.read": "read contacts and their notes",
    "crm.objects.contacts.write": "write credits and notes",
    "crm.objects.custom.read": "read bookings and exams",
    "crm.objects.custom.write": "cancel, book and mark bookings, count seats, open and close exams",
    "crm.schemas.contacts.read": "check the properties of contacts",
    "crm.schemas.custom.read": "check custom objects and their properties, find them by name",
}
#: Needed once, for ``provision``; they may be taken away afterwards.
FOR_PROVISION: Mapping[str, str] = {
    "crm.schemas.contacts.write": "make the marker property of contacts",
    "crm.schemas.custom.write": "make the marker property of bookings and exams",
}
#: Needed where CREDIT_DESK_TELL is single-send, and granted by hand: not every account has it.
FOR_MAILS: Mapping[str, str] = {"transactional-email": "tell students by e-mail"}
