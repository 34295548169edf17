"""Unusual acts: what a person should look at, kept in the audit and told from it. Pure.

An entry is the alarm: *Overview* and the notifications read the audit, so that nobody who could
hide one from them can do so without breaking the chain.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.access.api_key_rules import client_in, key_in
from core.access.pacing import spans
from core.audit.entries import Entry, Sought, Subject, What
from core.work.clocks import whole_minute

#: The same is told once within this.
AGAIN_AFTER = timedelta(hours=1)
#: For how long it stands on *Overview*.
SHOWN_FOR = timedelta(days=1)


def unusual(
    actor: str,
    told: str,
    at: datetime,
    *,
    subject: Subject | str = "",
    id_: str = "",
    address: str = "",
) -> Entry:
    """The entry of one; the same again within an hour is the same entry.

    ``told``: reads on after who did it; without a student's name or anything that was typed.
    ``address``: the IP address of the first of them.
    """
    return Entry(
        at=at,
        actor=actor,
        what=What.UNUSUAL,
        subject=subject,
        subject_id=id_,
        detail={"told": told} | ({"address": address} if address else {}),
        once=f"unusual {actor.casefold()} {told} {spans(at, AGAIN_AFTER)}",
    )


def lately(now: datetime) -> Sought:
    """Those that stand on *Overview*, and of which people are told: the same for a minute."""
    since = whole_minute(now) - SHOWN_FOR
    return Sought(what=(What.UNUSUAL,), since=since)


def words_of(entry: Entry) -> str:
    """Who, and what: "The app student-app (key 3f9a…): acted for more than 20 students …"."""
    app = client_in(entry.actor)
    who = f"The app {app} (key {key_in(entry.actor)})" if app else entry.actor
    return f"{who}: {entry.detail.get('told', '')}"
