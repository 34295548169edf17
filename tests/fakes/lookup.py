"""The mirror's searches in memory. Held to the functions of supabase/migrations by the contract."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import date

from core.credits.likeness import grams, inner_grams, telling_grams
from core.credits.sessions import Counts
from core.mirror.found_by import FoundBy
from core.mirror.port import Candidate, MirrorRow
from core.mirror.rows import ID

Rows = Mapping[str, Mapping[str, object]]


def candidates(contacts: Rows, bookings: Rows, text: str, limit: int) -> list[Candidate]:
    exact = list(_exact(contacts, bookings, text))[:limit]
    must = inner_grams(text)
    parts = [row for row in contacts.values() if must and must <= grams(_written(row))][:limit]
    found = [*exact, *(Candidate(row=row, by=FoundBy.NAME) for row in parts)]
    if not found:
        found = [Candidate(row=row, by=FoundBy.LIKE) for row in _alike(contacts.values(), text)]
    once: dict[object, Candidate] = {}
    for each in found:
        once.setdefault(each.row[ID], each)
    return [Candidate(row=dict(c.row), by=c.by, booking=c.booking) for c in once.values()][:limit]


def _exact(contacts: Rows, bookings: Rows, text: str) -> Iterator[Candidate]:
    number = re.fullmatch(r"[0-9]{1,20}", text) is not None
    if number and text in contacts:
        yield Candidate(row=contacts[text], by=FoundBy.ID)
    for row in contacts.values():
        if number and row["student_id"] == text:
            yield Candidate(row=row, by=FoundBy.STUDENT_ID)
        if text.find("@") > 0 and str(row["email"] or "").lower() == text.lower():
            yield Candidate(row=row, by=FoundBy.EMAIL)
    begins = re.search(r"-.*\d", text) is not None
    for row in sorted(bookings.values(), key=lambda row: str(row["booking_id"]).lower()):
        name, of = str(row["booking_id"] or ""), str(row["contact_hubspot_id"])
        meant = (number and row[ID] == text) or (begins and name.lower().startswith(text.lower()))
        if meant and of in contacts:
            yield Candidate(row=contacts[of], by=FoundBy.BOOKING, booking=name)


def _alike(contacts: Iterable[Mapping[str, object]], text: str) -> list[MirrorRow]:
    asked = telling_grams(text)
    shared = [(len(asked & grams(_written(row))), row) for row in contacts]
    near = [(n, row) for n, row in shared if asked and n and n >= 0.3 * len(asked)]
    return [row for _, row in sorted(near, key=lambda pair: (-pair[0], str(pair[1][ID])))]


def _written(row: Mapping[str, object]) -> str:
    names = ("firstname", "lastname", "email", "student_id")
    return " ".join(str(row[name] or "") for name in names)


def sessions(
    exams: Rows, bookings: Rows, since: date | None, until: date | None, tokens: Collection[str]
) -> list[tuple[MirrorRow, Counts]]:
    wanted = [
        row
        for row in exams.values()
        if (since is None or str(row["exam_date"] or "") >= since.isoformat())
        and (until is None or "" < str(row["exam_date"] or "") <= until.isoformat())
    ]
    order = sorted(
        wanted, key=lambda row: (str(row["exam_date"]), str(row["start_time"]), str(row[ID]))
    )
    return [(dict(row), _counts(str(row[ID]), bookings, tokens)) for row in order]


def _counts(exam_id: str, bookings: Rows, tokens: Collection[str]) -> Counts:
    spending = {token.lower() for token in tokens}
    of = [row for row in bookings.values() if row["exam_hubspot_id"] == exam_id]
    by = {
        name: sum(row["is_active"] == name for row in of)
        for name in ("Active", "Completed", "Cancelled")
    }
    owed = sum(
        row["is_active"] == "Cancelled"
        and row["token_refunded"] is not True
        and row.get("token_refunded_at") is None
        and not str(row.get("token_refund_admin") or "").strip()
        and str(row.get("attendance") or "").strip().lower() in {"", "no"}
        and str(row["token_used"] or "").lower() in spending
        for row in of
    )
    return Counts(
        active=by["Active"], completed=by["Completed"], cancelled=by["Cancelled"], owed=owed
    )
