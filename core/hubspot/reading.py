"""Reads by id. They are fresh: HubSpot's batch read sees every write before it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from core.credits.errors import OutcomeUnknown
from core.credits.records import (
    MARKER,
    Booking,
    BookingId,
    ContactId,
    Counted,
    ExamId,
    History,
    Kind,
    NamedHistory,
    is_record_id,
)
from core.hubspot.hub import Hub
from core.hubspot.transport import Call
from core.hubspot.wire import answers, records, requests
from core.hubspot.wire.answers import Matched
from core.hubspot.wire.records import Json
from core.hubspot.wire.values import text
from core.work.context_pool import ContextPool

Ask = Callable[[Sequence[str]], Matched]
Made = TypeVar("Made")
#: Contacts whose histories HubSpot gives in one answer.
HISTORIES_AT_ONCE = requests.HISTORY_BATCH_MAX


def counted(hub: Hub, kind: Kind, ids: Collection[str]) -> dict[str, Counted | None]:
    """Contacts or exams by the id asked for. None: gone."""
    return objects(hub, kind, ids, lambda told: records.read_counted(hub.portal, kind, told))


def objects(
    hub: Hub, kind: Kind, ids: Collection[str], make: Callable[[Json], Made]
) -> dict[str, Made | None]:
    """What is made of each record that HubSpot holds. None: gone, or no id that it can have."""

    def ask(some: Sequence[str]) -> Matched:
        body = requests.read_body(hub.portal, kind, some)
        call = Call(what=f"read {kind}", path=hub.batch(kind, "read"), body=body)
        return answers.match(some, hub.read(call))

    return asked(hub, ask, ids, make)


def histories(
    hub: Hub, kind: Kind, ids: Collection[str], keys: Sequence[str]
) -> dict[str, History | None]:
    """Versions of these properties, and of the marker where there is one."""
    found = named_histories(hub, kind, ids, keys)
    return {id_: None if told is None else told.history for id_, told in found.items()}


def named_histories(
    hub: Hub, kind: Kind, ids: Collection[str], keys: Sequence[str]
) -> dict[str, NamedHistory | None]:
    """The same with every id that each record answers to. None: gone."""
    had = hub.portal.names(kind)
    wanted = tuple(key for key in dict.fromkeys((*keys, MARKER)) if key in had)

    def ask(some: Sequence[str]) -> Matched:
        body = requests.history_body(hub.portal, kind, some, wanted)
        call = Call(what=f"history {kind}", path=hub.batch(kind, "read"), body=body)
        return answers.match(some, hub.read(call))

    return asked(
        hub,
        ask,
        ids,
        lambda told: records.read_named_history(hub.portal, kind, told, wanted),
        HISTORIES_AT_ONCE,
    )


def bookings(hub: Hub, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
    """Bookings with their associations, which HubSpot's batch read does not give."""
    unique = list(dict.fromkeys(ids))
    portal, booking = hub.portal, hub.types.of(Kind.BOOKING)
    ends = (hub.types.of(Kind.CONTACT), hub.types.of(Kind.EXAM))
    # the three are independent: one after another would cost three times the latency
    held, contacts, exams = _together(
        lambda: objects(
            hub, Kind.BOOKING, unique, lambda told: records.read_booking(portal, told, (), ())
        ),
        lambda: links(hub, booking, ends[0], unique, "associations bookings"),
        lambda: links(hub, booking, ends[1], unique, "associations bookings"),
    )
    renamed = {id_: now for id_ in unique if (told := held[id_]) and (now := told.id) != id_}
    for found, end in ((contacts, ends[0]), (exams, ends[1])):
        old = {id_: now for id_, now in renamed.items() if not found[id_]}
        again = links(hub, booking, end, set(old.values()), "associations bookings") if old else {}
        found |= {id_: again[now] for id_, now in old.items()}
    return {
        id_: None
        if (told := held[id_]) is None
        else replace(
            told,
            contact_ids=tuple(map(ContactId, contacts[id_])),
            exam_ids=tuple(map(ExamId, exams[id_])),
        )
        for id_ in unique
    }


def links_now(
    hub: Hub, kind: Kind, to_type: str, ids: Collection[str], what: str
) -> dict[str, tuple[str, ...]]:
    """``links`` of our kinds, by ids from before a merge as well.

    HubSpot may answer such an id with nothing: those without any are asked for again by the id of
    the record that answers for them, which costs one read for each 100 of them.
    """
    from_type = hub.types.of(kind)
    found = links(hub, from_type, to_type, ids, what)
    empty = [id_ for id_, ends in found.items() if not ends]
    answers_now = objects(hub, kind, empty, lambda told: text(told["id"])) if empty else {}
    old = {id_: now for id_, now in answers_now.items() if now is not None and now != id_}
    again = links(hub, from_type, to_type, set(old.values()), what) if old else {}
    return found | {id_: again[now] for id_, now in old.items()}


def contacts_of(hub: Hub, ids: Collection[BookingId]) -> dict[BookingId, tuple[ContactId, ...]]:
    """Contacts associated with each booking."""
    ends = (hub.types.of(Kind.BOOKING), hub.types.of(Kind.CONTACT))
    found = links(hub, *ends, ids, "associations bookings")
    return {BookingId(id_): tuple(map(ContactId, linked)) for id_, linked in found.items()}


def exams_of(hub: Hub, ids: Collection[BookingId]) -> dict[BookingId, tuple[ExamId, ...]]:
    """Exams associated with each booking."""
    ends = (hub.types.of(Kind.BOOKING), hub.types.of(Kind.EXAM))
    found = links(hub, *ends, ids, "associations bookings")
    return {BookingId(id_): tuple(map(ExamId, linked)) for id_, linked in found.items()}


def bookings_alone(hub: Hub, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
    """Bookings as they are, without what they are associated with."""
    unique = list(dict.fromkeys(ids))
    make = lambda told: records.read_booking(hub.portal, told, (), ())  # noqa: E731
    held = objects(hub, Kind.BOOKING, unique, make)
    return {id_: held[id_] for id_ in unique}


def links(
    hub: Hub, from_type: str, to_type: str, ids: Collection[str], what: str
) -> dict[str, tuple[str, ...]]:
    """Ids of what each record is associated with, all pages; nothing for one merged away."""
    path = hub.paths.associations(from_type, to_type, "batch", "read")
    found: dict[str, tuple[str, ...]] = dict.fromkeys(ids, ())

    def ask(pages: Mapping[str, str]) -> list[dict[str, str]]:
        body = requests.links_body(pages)
        told = answers.match_links(pages, hub.read(Call(what=what, path=path, body=body)))
        results = dict(told.found)
        silent = [id_ for id_ in pages if id_ not in told.found and id_ not in told.failed]
        if told.strangers and len(pages) == 1:
            results[silent[0]] = told.strangers[0]
        if broken := [f for id_, f in told.failed.items() if not told.gone(id_)]:
            raise OutcomeUnknown(f"HubSpot did not tell all associations: {broken[0].message}")
        for id_, result in results.items():
            found[id_] = tuple(dict.fromkeys((*found[id_], *answers.linked_ids(result))))
        more = {id_: after for id_, r in results.items() if (after := answers.next_page(r))}
        # an answer under an id from after a merge: asked alone, it can be nobody else's
        alone = [{id_: ""} for id_ in silent] if told.strangers and len(pages) > 1 else []
        return [more, *alone] if more else alone

    wanted = requests.batches(filter(is_record_id, ids), requests.LINKS_BATCH_MAX)
    pending = [dict.fromkeys(some, "") for some in wanted]
    while pending:
        pending = [pages for rest in hub.each(ask, pending) for pages in rest]
    return found


def asked(
    hub: Hub,
    ask: Ask,
    wanted: Collection[str],
    make: Callable[[Json], Made],
    size: int = requests.BATCH_MAX,
) -> dict[str, Made | None]:
    """What is made of every id's record, in the batch's thread; None for those that are gone, and
    for what cannot be an id: HubSpot would refuse the batch that it is in.

    Raises:
        OutcomeUnknown: HubSpot's answers do not tell of one of them.
    """

    def one(ids: Sequence[str]) -> dict[str, Json | None]:
        told = ask(ids)
        result: dict[str, Json | None] = {id_: told.found.get(id_) for id_ in ids}
        silent = told.unanswered(ids)
        if len(ids) > 1:
            # fewer at a time, and in the end alone, where an answer under another id is its own
            half = (len(silent) + 1) // 2 if len(silent) == len(ids) else len(silent)
            for some in requests.batches(silent, max(1, half)):
                result |= one(some)
        elif silent and told.strangers:
            result[ids[0]] = told.strangers[0]
        elif silent:
            said = told.failed[ids[0]].message if ids[0] in told.failed else "nothing"
            raise OutcomeUnknown(f"HubSpot did not tell of {ids[0]}: {said}")
        return result

    def read(ids: Sequence[str]) -> dict[str, Made | None]:
        told = one(ids)
        return {id_: None if (held := told[id_]) is None else make(held) for id_ in ids}

    batches = requests.batches(filter(is_record_id, wanted), size)
    found = {id_: made for part in hub.each(read, batches) for id_, made in part.items()}
    return dict.fromkeys(wanted, None) | found


def _together(*works: Callable[[], Any]) -> list[Any]:
    """Independent works at the same time, each of which may use the hub's threads."""
    with ContextPool(len(works)) as pool:
        return [future.result() for future in [pool.submit(work) for work in works]]
