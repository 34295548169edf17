"""Batch answers, matched to what was asked by id and never by order.

HubSpot may answer in any order, name several ids in one error, leave ids out of results and
errors alike, and answer with the survivor's id for a record that was merged.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from core.credits.records import WriteId
from core.credits.redact import unquoted
from core.credits.writes import Write
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.wire.failures import readable
from core.hubspot.wire.records import Json, former_ids, modified_at
from core.hubspot.wire.values import text

Id = TypeVar("Id", bound=str)

#: Errors of one input that say what happened to it: nothing. Any other may mean anything.
DENIED = frozenset({"OBJECT_NOT_FOUND", "VALIDATION_ERROR", "CONFLICT", "FORBIDDEN"})
#: Errors that are the token's and no record's: nothing was done, and all of it waits.
BARRED = frozenset({"INVALID_AUTHENTICATION", "EXPIRED_AUTHENTICATION", "MISSING_SCOPES"})
NOT_TAKEN = frozenset({"RATE_LIMITS", "LOCKED"})
GONE = "OBJECT_NOT_FOUND"
NOT_TOLD = Outcome(fate=Fate.UNKNOWN, reason="HubSpot's answer does not tell")


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What an answer's errors say of one id."""

    category: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """A batch answer by the ids asked for. An id in neither was not answered."""

    found: dict[str, Json] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    #: Results for no id that was asked for.
    strangers: tuple[Json, ...] = ()

    def gone(self, id_: str) -> bool:
        """Whether HubSpot said that there is no such record."""
        return id_ in self.failed and self.failed[id_].category == GONE

    def unanswered(self, ids: Iterable[str]) -> list[str]:
        """Those of which the answer tells neither a record nor that there is none."""
        return [id_ for id_ in ids if id_ not in self.found and not self.gone(id_)]


def match(ids: Collection[str], answer: Json) -> Matched:
    """Results under the ids asked for, be they the record's own or from before a merge."""
    wanted = set(ids)
    found: dict[str, Json] = {}
    strangers = []
    for result in _dicts(answer.get("results")):
        names = wanted & {text(result.get("id")), *former_ids(result)}
        found |= dict.fromkeys(names, result)
        if not names:
            strangers.append(result)
    failed = {id_: failure for id_, failure in _failures(answer) if id_ in wanted}
    return Matched(found=found, failed=failed, strangers=tuple(strangers))


def match_named(names: Collection[str], answer: Json, property_: str) -> Matched:
    """The same for a read by a unique property, whose case HubSpot does not mind."""
    wanted = {name.casefold(): name for name in names}
    found = {}
    for result in _dicts(answer.get("results")):
        name = wanted.get(text((result.get("properties") or {}).get(property_)).casefold())
        if name is not None:
            found[name] = result
    failed = {id_: failure for id_, failure in _failures(answer) if id_ in names}
    return Matched(found=found, failed=failed)


def match_links(ids: Collection[str], answer: Json) -> Matched:
    """The same for a batch read of associations, whose results say ``from``."""
    wanted = set(ids)
    found: dict[str, Json] = {}
    strangers = []
    for result in _dicts(answer.get("results")):
        id_ = text((result.get("from") or {}).get("id"))
        if id_ in wanted:
            found[id_] = result
        else:
            strangers.append(result)
    failed = {id_: failure for id_, failure in _failures(answer) if id_ in wanted}
    return Matched(found=found, failed=failed, strangers=tuple(strangers))


def linked_ids(result: Json) -> tuple[str, ...]:
    """The other ends of one result, each once: one pair may have several labels."""
    ends = (text(end.get("toObjectId")) for end in _dicts(result.get("to")))
    return tuple(dict.fromkeys(ends))


def listed_ends(result: Json) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Contacts and exams of a booking that was listed with both.

    HubSpot names an end by its type, and a custom one as the account calls it: the one beside the
    contacts is the exams. None: not exactly these two are told, or not all of one.
    """
    told = {str(key): held for key, held in (result.get("associations") or {}).items()}
    contacts = told.pop("contacts", None)
    if contacts is None or len(told) != 1 or any(map(next_page, (contacts, *told.values()))):
        return None
    return _end_ids(contacts), _end_ids(*told.values())


def _end_ids(held: Json) -> tuple[str, ...]:
    """Each once: one pair is told under several labels."""
    return tuple(dict.fromkeys(text(end.get("id")) for end in _dicts(held.get("results"))))


def total(answer: Json) -> int:
    """How many records a search finds, as HubSpot counts; as many as it told, where it does not."""
    told = answer.get("total")
    return told if isinstance(told, int) else len(_dicts(answer.get("results")))


def next_page(result: Json) -> str:
    """Where the next page begins; empty on the last one."""
    paging = (result.get("paging") or {}).get("next") or {}
    return text(paging.get("after"))


def outcomes(ids: Collection[Id], answer: Json) -> dict[Id, Outcome]:
    """The fate of each record of a batch update."""
    matched = match(ids, answer)
    return {id_: _outcome(id_, matched) for id_ in ids}


def write_outcomes(writes: Collection[Write], answer: Json, marker: str) -> dict[WriteId, Outcome]:
    """The fate of each write, by its id. ``marker``: HubSpot's name of the marker property.

    A result under the right id that shows another marker is not taken for ours. A result under a
    strange id that shows our marker is: the record was merged while the write was on its way.
    """
    by_target = {write.target_id: write for write in writes}
    matched = match(by_target, answer)
    shown = {
        text((result.get("properties") or {}).get(marker)): result
        for result in _dicts(answer.get("results"))
    }
    fates: dict[WriteId, Outcome] = {}
    for target_id, write in by_target.items():
        outcome = _outcome(target_id, matched)
        if write.id in shown:
            outcome = Outcome(fate=Fate.LANDED, modified_at=modified_at(shown[write.id]))
        elif outcome.fate is Fate.LANDED and _marked(matched.found[target_id], marker):
            outcome = Outcome(fate=Fate.UNKNOWN, reason="HubSpot answered with another write")
        fates[write.id] = outcome
    return fates


def tied_outcomes(ids: Collection[Id], answer: Json) -> dict[Id, Outcome]:
    """The fate of each new association, by the id that it goes out from. It has no time."""
    failed = dict(_failures(answer))
    made = {text(result.get("fromObjectId")) for result in _dicts(answer.get("results"))}
    return {id_: _tie_outcome(failed.get(id_), told=id_ in made) for id_ in ids}


def untied_outcomes(ids: Collection[Id], answer: Json) -> dict[Id, Outcome]:
    """The same of associations taken away: HubSpot names only those that it could not."""
    failed = dict(_failures(answer))
    return {id_: _tie_outcome(failed.get(id_), told=True) for id_ in ids}


def created_outcome(trace_id: str, answer: Json) -> Outcome:
    """The fate of the one record that a batch was to create."""
    results = _dicts(answer.get("results"))
    failure = next((failure for id_, failure in _failures(answer) if id_ == trace_id), None)
    found = {trace_id: results[0]} if len(results) == 1 else {}
    return _outcome(trace_id, Matched(found=found, failed={trace_id: failure} if failure else {}))


def note_outcomes(contact_ids: Collection[Id], answer: Json) -> dict[Id, Outcome]:
    """The fate of each note, sent with its contact's id as trace id."""
    results = _dicts(answer.get("results"))
    made = {text(r.get("objectWriteTraceId")): r for r in results}
    if "" in made and len(results) == len(contact_ids):
        # no trace ids in the answer, and as many notes as were sent: all of them were made
        return {id_: Outcome(fate=Fate.LANDED) for id_ in contact_ids}
    wanted = set(map(str, contact_ids))
    found = {id_: made[id_] for id_ in wanted if id_ in made}
    failed = {id_: failure for id_, failure in _failures(answer) if id_ in wanted}
    matched = Matched(found=found, failed=failed)
    return {id_: _outcome(id_, matched) for id_ in contact_ids}


def _tie_outcome(failure: Failure | None, *, told: bool) -> Outcome:
    if failure is not None:
        return _failed(failure)
    return Outcome(fate=Fate.LANDED) if told else NOT_TOLD


def _outcome(id_: str, matched: Matched) -> Outcome:
    failure = matched.failed.get(id_)
    result = matched.found.get(id_)
    if result is not None and failure is None:
        return Outcome(fate=Fate.LANDED, modified_at=modified_at(result))
    if failure is None or result is not None:
        return NOT_TOLD
    return _failed(failure)


def _failed(failure: Failure) -> Outcome:
    if failure.category in BARRED:
        told = f"HubSpot refuses the token ({failure.category}): {failure.message}"
        return Outcome(fate=Fate.NOT_SENT, reason=told, barred=told)
    if failure.category in DENIED:
        return Outcome(fate=Fate.REFUSED, reason=failure.message)
    fate = Fate.NOT_SENT if failure.category in NOT_TAKEN else Fate.UNKNOWN
    return Outcome(fate=fate, reason=failure.message)


def _marked(result: Json, marker: str) -> bool:
    return marker in (result.get("properties") or {})


def _failures(answer: Json) -> Iterator[tuple[str, Failure]]:
    for error in _dicts(answer.get("errors")):
        context: Mapping[str, Any] = error.get("context") or {}
        failure = Failure(
            category=text(error.get("category")),
            message=unquoted(readable(error)),
        )
        for key in ("ids", "id", "objectWriteTraceId", "fromObjectId"):
            told = context.get(key) or ()
            for id_ in (told,) if isinstance(told, str) else told:
                yield text(id_), failure


def _dicts(value: object) -> list[Json]:
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, list) else []
