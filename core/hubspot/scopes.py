"""The scopes of a HubSpot token, held against those that the desk needs."""

from __future__ import annotations

from core.hubspot.ports.inspection import Finding, Health
from core.hubspot.ports.scopes import FOR_MAILS, FOR_NAMES, FOR_PROVISION, NEEDED


def judge(granted: frozenset[str], *, unmarked: bool, mails: bool = False) -> Finding:
    """Holds the scopes of a token against the list.

    ``unmarked``: ``provision`` is still to run. ``mails``: students are told by e-mails.
    """
    wanted = {**NEEDED, **(FOR_PROVISION if unmarked else {}), **(FOR_MAILS if mails else {})}
    lacking = [scope for scope in wanted if scope not in granted]
    if not lacking:
        spare = len(granted - wanted.keys() - FOR_NAMES.keys())
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
