"""Reads what Supabase answers. Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from core.credits.errors import (
    Forbidden,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Unauthorized,
)
from core.mirror.port import SETUP, Copied, CopyResult, Deleted, DeleteResult, MirrorRow
from core.mirror.rows import ID, SOURCE_TIME, UNREAD

APPLY = (
    "apply supabase/migrations to the project (supabase db push, or run what "
    "`python -m core mirror-sql` prints)"
)
OTHER_VERSION = f"Supabase's functions are of another version: {APPLY}"
_REFUSED = "refused: "
#: What a copy function of before says of a row that leaves out what cannot be read.
_UNKNOWN_YET = f"has no column {UNREAD}"
_OUTCOMES = {
    "written": Copied.WRITTEN,
    "already_equal": Copied.ALREADY_EQUAL,
    "newer_kept": Copied.NEWER_KEPT,
    "missing": Copied.MISSING,
    "not_kept": Copied.NOT_KEPT,
}

#: PostgREST: https://docs.postgrest.org/en/stable/references/errors.html
#: The function, table, column or schema asked for is not there.
_MISSING = {"PGRST202", "PGRST204", "PGRST205", "42883", "42P01", "42703"}
#: The key is right, and the schema is not among those that the API serves.
_NOT_SERVED = {"PGRST106"}
#: There is a PostgREST, and nothing at this path of it.
_NO_PATH = {"PGRST125"}
#: PostgREST has no connection to the database, or none free.
_NO_DATABASE = {"PGRST000", "PGRST001", "PGRST002", "PGRST003"}
_BAD_KEY = {"PGRST300", "PGRST301", "PGRST302", "PGRST303"}
_UNIQUE = "23505"
#: A project whose disk is full is made read-only.
_READ_ONLY = {"25006"}
#: Classes of SQLSTATE after which the transaction is known to be undone, and may be tried again:
#: rollback (deadlock), insufficient resources, lock not available, cancelled or shut down.
_UNDONE = ("40", "53", "55", "57")
_NO_API = "there is no Supabase API at this address"
#: Statuses with which a gateway says that the request never got to the database. 429 too many,
#: 503 unavailable, 521-523 and 530 no way to the origin. 402: the project is over its quota, and
#: 540: it is paused, which somebody has to end in Supabase; until then copies wait.
#: https://supabase.com/docs/guides/troubleshooting/http-status-codes
_NOT_PASSED_ON = {402, 429, 503, 521, 522, 523, 530, 540}
_STOPPED = {
    402: "The Supabase project is over its quota: raise it in Supabase, Organization > Billing",
    540: "The Supabase project is paused: restore it in Supabase's dashboard",
}


def copy_results(answer: Any, offered: Sequence[str]) -> dict[str, CopyResult]:
    """The outcome of each row by its id.

    Raises:
        OutcomeUnknown: the answer lacks a row that was offered, or says what we do not know.
    """
    results: dict[str, CopyResult] = {}
    for row in answer if isinstance(answer, list) else ():
        result = _result(str(row.get("outcome")))
        # Of two versions of one record in one call, the older answers that it was passed over.
        if row["hubspot_id"] not in results or result.copied is not Copied.NEWER_KEPT:
            results[row["hubspot_id"]] = result
    silent = [id_ for id_ in offered if id_ not in results]
    if silent:
        raise OutcomeUnknown(
            f"Supabase told nothing of {len(silent)} of {len(offered)} rows: {_some(silent)}"
        )
    return results


def versions(rows: Sequence[MirrorRow]) -> list[dict[str, object]]:
    """What names each row and the version of it that was compared."""
    return [{name: row.get(name) for name in (ID, SOURCE_TIME, "synced_at")} for row in rows]


def delete_results(answer: Any, offered: Sequence[MirrorRow]) -> dict[str, DeleteResult]:
    """What became of each row by its id.

    Raises:
        OutcomeUnknown: the answer lacks a row that was offered, or says what we do not know.
    """
    said = {
        str(row.get(ID)): str(row.get("outcome"))
        for row in (answer if isinstance(answer, list) else ())
    }
    ids = [str(row[ID]) for row in offered]
    unknown = [id_ for id_ in ids if said.get(id_) not in set(Deleted)]
    if unknown:
        raise OutcomeUnknown(
            f"Supabase told nothing of {len(unknown)} of {len(ids)} rows: {_some(unknown)}"
        )
    return {id_: DeleteResult(deleted=Deleted(said[id_])) for id_ in ids}


def is_taken(error: Refused) -> bool:
    """Whether a key that must be unique is taken (SQLSTATE 23505)."""
    return error.category == _UNIQUE


def is_of_a_row(error: Refused) -> bool:
    """Denied for what a row is, and not for the key, the address or the schema."""
    return not isinstance(error, Unauthorized | Forbidden) and error.category != SETUP


def _result(outcome: str) -> CopyResult:
    if outcome.startswith(_REFUSED):
        reason = outcome.removeprefix(_REFUSED)
        older = reason.endswith(_UNKNOWN_YET)
        return CopyResult(copied=Copied.REFUSED, reason=OTHER_VERSION if older else reason)
    if outcome not in _OUTCOMES:
        raise OutcomeUnknown(f"Supabase answered {outcome!r} for a row: {APPLY}")
    return CopyResult(copied=_OUTCOMES[outcome])


def _some(ids: Sequence[str]) -> str:
    return ", ".join(ids[:3]) + (", ..." if len(ids) > 3 else "")


def failure(status: int, body: str, retry_after: str | None = None) -> GatewayError:
    """What an unsuccessful answer means for the caller, with the reason in one line."""
    said = _said(body)
    code = str(said.get("code") or "")
    told = _told(said) or f"HTTP {status}"
    if code in _NOT_SERVED:
        serve = "add the schema to the exposed ones in Supabase, Settings > API"
        return Refused(f"{told}; {serve}", status=status, category=SETUP)
    if code in _NO_PATH:
        return Refused(f"{_NO_API}: {told}", status=status, category=SETUP)
    if code in _MISSING:
        return Refused(
            f"Supabase lacks what the copy needs ({told}); {APPLY}", status=status, category=SETUP
        )
    if code in _NO_DATABASE or code[:2] in _UNDONE:
        return NotSent(f"Supabase's database is not to be had: {told}")
    if code in _READ_ONLY:
        return NotSent(f"Supabase's database is read-only, its disk may be full: {told}")
    if code == "42501":
        return Forbidden(f"the Supabase key may not do this: {told}", status=status, category=SETUP)
    if code in _BAD_KEY or status in {401, 403}:
        kind = Forbidden if status == 403 else Unauthorized
        return kind(f"Supabase does not accept the key: {told}", status=status, category=SETUP)
    return _by_status(status, told, retry_after, code)


def _by_status(status: int, told: str, retry_after: str | None, code: str) -> GatewayError:
    if status in _NOT_PASSED_ON:
        why = _STOPPED.get(status, "Supabase is not available")
        return NotSent(f"{why} ({told})", retry_after_s=_seconds(retry_after))
    if status >= 500 or status == 408:
        return OutcomeUnknown(f"Supabase failed: {told}")
    if not code and (status == 404 or status < 400):
        return Refused(f"{_NO_API}: {told}", status=status, category=SETUP)
    return Refused(f"Supabase refused: {told}", status=status, category=code)


def _said(body: str) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _told(said: Mapping[str, Any]) -> str:
    """PostgREST's error object in one line."""
    words = [said.get("message") or said.get("msg") or said.get("error")]
    words += [said.get("details"), said.get("hint"), said.get("code")]
    return " - ".join(" ".join(str(word).split()) for word in words if word)[:500]


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after and retry_after.isdigit() else None
