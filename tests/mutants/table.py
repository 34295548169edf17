"""The guards of the protocol, each with the edit that takes it out and the tests that notice.

A guard that lands with a feature gets its line here in the same change. ``make mutants`` fails
when no test notices one, and when an edit no longer fits the source.
"""

from __future__ import annotations

from tests.mutants.mutant import Mutant

_UNIT = "tests/unit/"
_SERVICES = "tests/unit/services/"
_JOURNAL = "tests/contract/journal/"
_SIMULATION = "tests/simulation/"
_MOVEMENTS = "test_every_movement_lands_once_and_every_foreign_write_is_found"
_CRASHES = "test_a_world_of_crashes_and_second_workers_loses_nothing"
_MERGES = "test_students_who_became_one_get_each_credit_once"
_UNDOS = "test_each_credit_is_there_once_or_not_at_all_whatever_is_undone"
_ADJUSTED = "test_each_change_of_a_balance_is_there_once_or_not_at_all"
_SEATS = "test_credit_seat_and_booking_come_together_or_not_at_all"

#: The contract of the journal over a SQLite file; PostgreSQL's own cases are ``_BOTH``.
_SQLITE = ("-k", "sqlite")
_WRITES = (_UNIT + "test_writes.py",)
_RACES = (_SERVICES + "test_races.py",)
_OPERATIONS = (_SERVICES + "test_operations.py",)
_UNDO = (_UNIT + "test_undo_rules.py", _SERVICES + "test_undo.py")
_ADJUST = (_UNIT + "test_adjustments.py", _SERVICES + "test_adjusting.py")
_BOOKING = (_SERVICES + "test_booking.py",)
_ADMIN_APPS = (_UNIT + "api/test_admin.py",)
_APPROVING = (_SERVICES + "test_second_admin.py", _UNIT + "test_approvals.py")
_PLANS = (_UNIT + "test_plans.py", _UNIT + "test_unreadable_values.py")
_VERIFY = (_UNIT + "test_foreign_writes.py", _SERVICES + "test_late_looks.py")
_RECHECK = (_SERVICES + "test_double_refunds.py",)
_FORFEIT = (_SERVICES + "test_forfeiting.py",)
_EXPORTING = (_SERVICES + "test_exporting.py",)
_OWED = (_SERVICES + "test_owed_decisions.py",)
_DESKS = (_SERVICES + "test_desks.py",)
_STOLEN = (_UNIT + "api/test_stolen_key.py",)
_FORGED = (_SERVICES + "test_forged.py",)
_HEADS = (_UNIT + "test_heads.py",)
_PACING = (_UNIT + "test_pacing.py", _JOURNAL + "test_pacing.py", "-k", "not postgres")
_NAMES = (_SERVICES + "test_names.py",)
_REASONS = (_UNIT + "test_typed_reasons.py",)
_CLOCKS = (
    _UNIT + "test_clocks.py",
    _SERVICES + "test_clock_watch.py",
    f"{_SIMULATION}test_clocks.py",
)
_DECIDING = (_SERVICES + "test_double_refunds.py", _SERVICES + "test_operations.py")
_FOLLOW_UPS = (_SERVICES + "test_follow_ups.py",)
_ENDING = (_JOURNAL + "test_ending.py", *_SQLITE)
_COPIES = (_SERVICES + "test_booking_copies.py",)
_SIGN_INS = (_SERVICES + "test_sign_ins.py",)
_SETTINGS = (_UNIT + "test_settings.py", "-k", "demo")
_TRYING = ("tests/pages/test_trying.py",)
_LEFT_OPEN = ("tests/pages/test_left_open.py",)
_LEAVING = ("tests/contract/gate/test_leaving.py", "-k", "left or copied or whatever or file")
_CLAIMS = (_JOURNAL + "test_claims.py", *_SQLITE)
_FENCING = (_JOURNAL + "test_fencing.py", *_SQLITE)
_OUTCOMES = (_JOURNAL + "test_writes.py", *_SQLITE)
_ITEMS = (_JOURNAL + "test_items.py", *_SQLITE)
_OUTBOX = (_JOURNAL + "test_outbox.py", *_SQLITE)
_STATES = (_JOURNAL + "test_operations.py", *_SQLITE)
_UNDONE = (_JOURNAL + "test_undoing.py", *_SQLITE)
_LOST = (_JOURNAL + "test_commit_lost.py",)
#: Of each world a few hundred histories of the fixed seeds.
_STORM = (
    *(f"{_SIMULATION}test_exactly_once.py::{_MOVEMENTS}[fixed {n}]" for n in (1, 2)),
    f"{_SIMULATION}test_exactly_once.py::{_CRASHES}[fixed 1]",
    f"{_SIMULATION}test_exactly_once.py::{_MERGES}[fixed 1]",
)
_STORM_OF_UNDOS = (f"{_SIMULATION}test_undoing.py::{_UNDOS}[fixed 1]",)
_STORM_OF_ADJUSTMENTS = (f"{_SIMULATION}test_adjusting.py::{_ADJUSTED}[fixed 1]",)
_STORM_OF_BOOKINGS = (f"{_SIMULATION}test_booking.py::{_SEATS}[fixed 1]",)
_MOVING = (_SERVICES + "test_moving.py",)
_STORM_OF_MOVES = tuple(
    f"{_SIMULATION}test_moves.py::{name}[fixed 1]"
    for name in (
        "test_booking_has_its_seat_where_it_is_and_no_other",
        "test_crashes_and_second_workers_move_nothing_twice",
        "test_late_changes_and_merged_students_leave_every_booking_at_one_exam",
    )
)
_CONNECTIONS = ("tests/contract/gate/test_connections.py",)
_STRANGERS = ("tests/contract/gate/test_strangers.py",)
_SQL = ("tests/contract/supabase_sql/test_copy.py",)


def _both(*words: str) -> tuple[str, ...]:
    """Two transactions at once on PostgreSQL, of the cases whose name has these words."""
    return (_JOURNAL + "test_interleaved.py", "-k", " or ".join(words))


SETTLING = [
    Mutant(
        guard="the quiet period: what may still arrive is waited for",
        file="core/credits/writes.py",
        old="quiet_passed = now - write.sent_at >= quiet",
        new="quiet_passed = True",
        tests=_WRITES,
    ),
    Mutant(
        guard="the marker of the write says that it landed",
        file="core/credits/writes.py",
        old="if target is not None and target.marker == write.id:",
        new="if target is not None and False:",
        tests=_WRITES,
    ),
    Mutant(
        guard="a record that is gone or was merged tells nothing: a person decides",
        file="core/credits/writes.py",
        old="if target is None or target.id != write.target_id:",
        new="if target is None:",
        tests=_WRITES,
    ),
    Mutant(
        guard="a write is sent again only on the balances that it was planned on",
        file="core/credits/writes.py",
        old="return Belief.SEND_AGAIN if _as_read(write, target) else Belief.PLAN_AFRESH",
        new="return Belief.SEND_AGAIN",
        tests=_WRITES,
    ),
    Mutant(
        guard="another marker is looked up in the history before anything is concluded",
        file="core/credits/writes.py",
        old="        return Belief.LOOK_IN_HISTORY\n    markers",
        new="        return Belief.PLAN_AFRESH\n    markers",
        tests=_WRITES,
    ),
    Mutant(
        guard="our marker in the history says that the write landed before a later one",
        file="core/credits/writes.py",
        old="    if any(version.value == write.id for version in markers):\n"
        "        return Belief.LANDED",
        new="    if False:\n        return Belief.LANDED",
        tests=_WRITES,
    ),
    Mutant(
        guard="a history that cannot be read decides nothing",
        file="core/credits/writes.py",
        old="    if not markers:\n        return Belief.ASK_A_PERSON\n",
        new="",
        tests=_WRITES,
    ),
    Mutant(
        guard="after a foreign marker, too, what may still arrive is waited for",
        file="core/credits/writes.py",
        old="return Belief.PLAN_AFRESH if quiet_passed else Belief.WAIT",
        new="return Belief.PLAN_AFRESH",
        tests=_WRITES,
    ),
    Mutant(
        guard="the quiet period is reckoned from when HubSpot was asked, not from its answer",
        file="core/operations/protocol/settle.py",
        old="            beliefs = self._beliefs(kind, writes, targets, asked_at)",
        new="            beliefs = self._beliefs(kind, writes, targets, self.now())",
        tests=_RACES,
    ),
    Mutant(
        guard="a write is sent again only after the journal has it so",
        file="core/operations/protocol/settle.py",
        old="            self.journal.resend(run, [w.id for w in again], at=at)\n",
        new="",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="a write whose answer is unknown is read back and not taken for landed",
        file="core/operations/protocol/settle.py",
        old="        sure = by_fate[Fate.LANDED]\n",
        new="        sure = by_fate[Fate.LANDED] + by_fate[Fate.UNKNOWN]\n",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="a write whose answer is unknown is not taken for lost",
        file="core/operations/protocol/settle.py",
        old="        void = by_fate[Fate.REFUSED] + by_fate[Fate.NOT_SENT]\n",
        new="        void = [w for w in writes if w not in sure]\n",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="unknown writes stay open when HubSpot cannot be read back",
        file="core/operations/protocol/settle.py",
        old="            return results  # they stay open; the next look asks again",
        new="            self._void(run, writes, dict.fromkeys((w.id for w in writes), ''))\n"
        "            return results",
        tests=_STORM,
    ),
    Mutant(
        guard="the copy of a landed write states the counters that it set, and no others",
        file="core/operations/protocol/settle.py",
        old="        balances=write.after,\n        marker=write.id,",
        new="        balances=target.balances,\n        marker=write.id,",
        tests=_OPERATIONS + _STORM,
    ),
]

WRITING = [
    Mutant(
        guard="while a write of a record is open no other begins",
        file="core/operations/protocol/write.py",
        old="        barred = {write.target_id for write in open_writes}",
        new="        barred: set[str] = set()",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="what a merge made of two is leased and read under its own id",
        file="core/operations/protocol/write.py",
        old="        targets = {id_: target for id_, target in asked.items() if target.id == id_}"
        " | survivors",
        new="        targets = {target.id: target for target in asked.values()}",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="only intents that were saved under their lease are sent",
        file="core/operations/protocol/write.py",
        old="            todo = [write for write in fresh if write.id in saved]",
        new="            todo = list(fresh)",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="each thread of an operation leases for itself",
        file="core/operations/protocol/write.py",
        old="        hand = Hand(run, kind, self.new_id())",
        new='        hand = Hand(run, kind, "")',
        tests=_RACES,
    ),
    Mutant(
        guard="the marker that was read is kept with the intent",
        file="core/operations/protocol/write.py",
        old="                    marker_before=target.marker,",
        new='                    marker_before="",',
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="an unreadable balance is never written over",
        file="core/credits/writes.py",
        old='    faults = [f"{key} {unread[key]}" for key in sorted(moved) if key in unread]',
        new="    faults: list[str] = []",
        tests=_WRITES,
    ),
    Mutant(
        guard="a marker that cannot be read lets nothing be written",
        file="core/credits/writes.py",
        old="    if MARKER in target.unclear:\n",
        new="    if False:\n",
        tests=(_UNIT + "test_unreadable_values.py", _UNIT + "test_writes.py"),
    ),
    Mutant(
        guard="a marker that cannot be read is not the one that was read before",
        file="core/credits/writes.py",
        old="    if MARKER not in target.unclear and target.marker == write.marker_before:",
        new="    if target.marker == write.marker_before:",
        tests=(_UNIT + "test_unreadable_values.py", _UNIT + "test_writes.py"),
    ),
    Mutant(
        guard="a capacity that cannot be read gives no seat",
        file="core/credits/writes.py",
        old="    if CAPACITY in target.unclear:\n",
        new="    if False:\n",
        tests=(_UNIT + "test_unreadable_values.py", _UNIT + "test_writes.py"),
    ),
    Mutant(
        guard="no balance goes below zero or above its maximum",
        file="core/credits/writes.py",
        old="        if not 0 <= after[credit] <= BALANCE_MAX:",
        new="        if False:",
        tests=_WRITES,
    ),
    Mutant(
        guard="seats are checked on the count that the write goes out from",
        file="core/credits/writes.py",
        old="    if target.capacity is not None and after[TOTAL_BOOKINGS] > target.capacity:",
        new="    if False:",
        tests=_BOOKING,
    ),
    Mutant(
        guard="a write that is sent later than SEND_WITHIN_S is not sent",
        file="core/hubspot/writing.py",
        old="        timely = [write for write in some if left[write.id] > 0]",
        new="        timely = list(some)",
        tests=(_UNIT + "hubspot/test_transport.py",),
    ),
    Mutant(
        guard="a mark that is sent later than SEND_WITHIN_S is not sent",
        file="core/hubspot/writing.py",
        old="        if left <= 0:\n            return dict.fromkeys(some,",
        new="        if False:\n            return dict.fromkeys(some,",
        tests=("tests/contract/hubspot/test_writes.py", "-k", "waited_too_long"),
    ),
    Mutant(
        guard="of two writes of one record in one call the second is refused",
        file="core/hubspot/writing.py",
        old="        if chosen.setdefault((write.kind, write.target_id), write) is not write:",
        new="        chosen[write.kind, write.target_id] = write\n        if False:",
        tests=("tests/contract/hubspot/test_writes.py", "-k", "of_two_writes"),
    ),
    Mutant(
        guard="a batch that HubSpot refuses for duplicates is not sent in halves",
        file="core/hubspot/writing.py",
        old='        and "duplicate" not in str(error).casefold()\n',
        new="",
        tests=(_UNIT + "hubspot/test_transport.py",),
    ),
    Mutant(
        guard="answers are matched by id, not by their place",
        file="core/hubspot/wire/answers.py",
        old="    result = matched.found.get(id_)\n",
        new="    result = next(iter(matched.found.values()), None)\n",
        tests=(_UNIT + "hubspot/test_answers.py",),
    ),
    Mutant(
        guard="what is in neither results nor errors is unknown",
        file="core/hubspot/wire/answers.py",
        old='NOT_TOLD = Outcome(fate=Fate.UNKNOWN, reason="HubSpot\'s answer does not tell")',
        new='NOT_TOLD = Outcome(fate=Fate.LANDED, reason="HubSpot\'s answer does not tell")',
        tests=(_UNIT + "hubspot/test_answers.py",),
    ),
    Mutant(
        guard="a result under the right id with another marker is not taken for ours",
        file="core/hubspot/wire/answers.py",
        old="        elif outcome.fate is Fate.LANDED and _marked(",
        new="        elif False and _marked(",
        tests=(_UNIT + "hubspot/test_answers.py",),
    ),
    Mutant(
        guard="an error that may have been carried out is no refusal",
        file="core/hubspot/wire/answers.py",
        old="    fate = Fate.NOT_SENT if failure.category in NOT_TAKEN else Fate.UNKNOWN",
        new="    fate = Fate.NOT_SENT",
        tests=(_UNIT + "hubspot/test_answers.py",),
    ),
    Mutant(
        guard="a request whose answer is lost is unknown, not unsent",
        file="core/hubspot/transport.py",
        old='        raise OutcomeUnknown(f"HubSpot did not answer ({type(error).__name__})")',
        new='        raise NotSent(f"HubSpot did not answer ({type(error).__name__})")',
        tests=(_UNIT + "hubspot/test_transport.py",),
    ),
    Mutant(
        guard="a success that cannot be read tells nothing",
        file="core/hubspot/transport.py",
        old='        raise OutcomeUnknown("HubSpot\'s answer is not JSON") from error',
        new="        return {}",
        tests=(_UNIT + "hubspot/test_transport.py",),
    ),
]

GIVING_BACK = [
    Mutant(
        guard="cancel first: no credit goes back for a booking whose cancel is not known",
        file="core/operations/steps/cancelling.py",
        old="return [item for item in (*items, *saved) if item.state is ItemState.CANCELLED]",
        new="return [*(i for i in items if i.state is ItemState.CANCELLED), *saved]",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="that a cancel is sent is saved before it is",
        file="core/operations/steps/cancelling.py",
        old="        self.journal.update_items(run, [each.item for each in sent])\n",
        new="",
        tests=_RACES + _STORM,
    ),
    Mutant(
        guard="only what is settled as landed is marked",
        file="core/operations/steps/refund.py",
        old="[*marked_later, *landed])",
        new="[*marked_later, *todo])",
        tests=_OPERATIONS + _STORM,
    ),
    Mutant(
        guard="a mark is set only by a process that still has the operation",
        file="core/operations/steps/refund.py",
        old="        self.journal.still_ours(run)\n",
        new="",
        tests=_UNDO,
    ),
    Mutant(
        guard="a mark that may still be on its way is dated before it was asked whose it is",
        file="core/operations/steps/refund.py",
        old="            sent_at=sent_at,\n",
        new="            sent_at=self.now(),\n",
        tests=_UNDO,
    ),
    Mutant(
        guard="an item whose cancel may still arrive does not end",
        file="core/operations/steps/cancelling.py",
        old="            old if self._pending(old, asked) and _ends_active(new) else new",
        new="            new",
        tests=_RACES,
    ),
    Mutant(
        guard="of a booking without a credit too it is asked whose cancel it was",
        file="core/operations/owed/double_refunds.py",
        old="    if is_ours(cancel, history, item.operation_id):",
        new="    if item.cancelled or is_ours(cancel, history, item.operation_id):",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a booking without a credit does not end while our cancel may still arrive",
        file="core/operations/steps/cancelling.py",
        old="i.credit is None and not self._pending(i, asked)]",
        new="i.credit is None]",
        tests=_RECHECK,
    ),
    Mutant(
        guard="that others cancelled is told of an exam that we counted down ourselves",
        file="core/operations/finish.py",
        old="            self._warn_of_their_cancels(run)",
        new="            pass",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a refused cancel ends an item only when no earlier one can arrive",
        file="core/operations/steps/items.py",
        old="        case Fate.REFUSED if not sent.pending:",
        new="        case Fate.REFUSED:",
        tests=_RACES,
    ),
    Mutant(
        guard="at the run every booking is judged again",
        file="core/operations/steps/recheck.py",
        old="    if judgement.verdict is not Verdict.WILL_CHANGE:\n        return ends_here",
        new="    if False:\n        return ends_here",
        tests=_OPERATIONS + _STORM,
    ),
    Mutant(
        guard="a booking whose token changed since the preview is not applied",
        file="core/operations/steps/recheck.py",
        old="    if judgement.credit != item.credit:",
        new="    if False:",
        tests=(_UNIT + "test_operations.py",),
    ),
    Mutant(
        guard="a booking that belongs to another student by now is not applied",
        file="core/operations/steps/recheck.py",
        old="    if not is_cancelled and not _same_contact(item, booking, contact):",
        new="    if False:",
        tests=(_UNIT + "test_operations.py",),
    ),
    Mutant(
        guard="a cancel of ours whose answer was lost is known for ours",
        file="core/operations/owed/refund_check.py",
        old="    if history is not None and cancel is not None and is_ours(",
        new="    if False and is_ours(",
        tests=(*_RECHECK, *_RACES),
    ),
    Mutant(
        guard="a booking that is marked refunded is not refunded again",
        file="core/operations/kinds/rules/bookings.py",
        old="    if booking.refunded:\n        return skipped(Why.ALREADY_REFUNDED)\n",
        new="",
        tests=_PLANS,
    ),
    Mutant(
        guard="an active booking that is marked refunded blocks",
        file="core/operations/kinds/rules/bookings.py",
        old="    return blocked(Why.REFUNDED_YET_ACTIVE) if booking.refunded else None",
        new="    return None",
        tests=_PLANS,
    ),
    Mutant(
        guard="a refund mark that is unclear blocks a refund",
        file="core/operations/kinds/rules/bookings.py",
        old="    if booking.mark_unclear:\n"
        "        return blocked(Why.REFUND_UNCLEAR, booking.mark_unclear)\n"
        "    if booking.refunded:\n",
        new="    if booking.refunded:\n",
        tests=_PLANS,
    ),
    Mutant(
        guard="a refund mark that is unclear blocks a cancellation",
        file="core/operations/kinds/rules/bookings.py",
        old="    if booking.mark_unclear:\n"
        "        return blocked(Why.REFUND_UNCLEAR, booking.mark_unclear)\n"
        "    return ",
        new="    return ",
        tests=_PLANS,
    ),
    Mutant(
        guard="a token that cannot be read blocks",
        file="core/operations/kinds/rules/bookings.py",
        old="    return blocked(Why.TOKEN_UNREADABLE, found) if found else None",
        new="    return None",
        tests=_PLANS,
    ),
    Mutant(
        guard="an exam that the student sat gives no credit back",
        file="core/operations/kinds/rules/bookings.py",
        old="    if there is False or Inclusion.ATTENDED in terms.include:",
        new="    if True:",
        tests=_PLANS,
    ),
    Mutant(
        guard="a booking whose exam is over or has begun is not cancelled",
        file="core/operations/kinds/rules/bookings.py",
        old="    if Inclusion.PAST in terms.include:",
        new="    if True:",
        tests=_PLANS,
    ),
    Mutant(
        guard="the credit's own balance must be readable",
        file="core/operations/plans.py",
        old="    if judgement.credit in contact.unreadable:",
        new="    if False:",
        tests=_PLANS,
    ),
    Mutant(
        guard="a hint that disagrees with the association blocks",
        file="core/operations/kinds/rules/bookings.py",
        old="    if booking.contact_hint and booking.contact_hint != booking.contact_ids[0]:",
        new="    if False:",
        tests=_PLANS,
    ),
    Mutant(
        guard="what is claimed by another operation ends here",
        file="core/operations/protocol/claim.py",
        old="        if owners[item.booking_id] != run.operation_id:",
        new="        if False:",
        tests=_OPERATIONS + _RACES + _STORM,
    ),
    Mutant(
        guard="a contact's bookings are never split between two groups",
        file="core/operations/states.py",
        old='        by_contact.setdefault(item.contact_id or f"booking {item.booking_id}",'
        " []).append(item)",
        new='        by_contact.setdefault(f"booking {item.booking_id}", []).append(item)',
        tests=(_UNIT + "test_operations.py",),
    ),
    Mutant(
        guard="seats are counted down only for bookings that we cancelled",
        file="core/operations/finish.py",
        old="            items = [i for i in self.journal.items(operation.id) if i.cancelled]",
        new="            items = list(self.journal.items(operation.id))",
        tests=_OPERATIONS + _STORM,
    ),
    Mutant(
        guard="a seat that was counted down is not counted down again",
        file="core/operations/finish.py",
        old="            if item.exam_id is not None and (name := name_of(item)) not in done:",
        new="            if item.exam_id is not None and (name := name_of(item)):",
        tests=_OPERATIONS + _STORM,
    ),
]

RECHECK = [
    Mutant(
        guard="another's mark is looked for right before ours is set",
        file="core/operations/steps/refund.py",
        old="        items = self._unmarked(run, operation, items, bookings)\n",
        new="",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a mark of another that ours is written over is told by its history",
        file="core/operations/foreign/look_at_bookings.py",
        old="            if item.credit is not None and history is not None:",
        new="            if False:",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a credit that others gave between ours and our late mark is told",
        file="core/operations/foreign/look_at_bookings.py",
        old="        warned += self._given_between(operation, items, histories, landed)\n",
        new="",
        tests=(_SERVICES + "test_booking_looks.py",),
    ),
    Mutant(
        guard="a booking that was moved to another exam since the preview is not cancelled",
        file="core/operations/steps/recheck.py",
        old="and not is_cancelled and not _same_exam(item, booking):",
        new="and False:",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a booking that was moved before our cancel is a person's to decide",
        file="core/operations/owed/double_refunds.py",
        old="if ours and _is_elsewhere(found) and found.item.ruling is not Ruling.OWED:",
        new="if False:",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a credit that others gave since the preview is not given by a refund",
        file="core/operations/owed/refund_check.py",
        old="            return dict.fromkeys(of, min(self._begun",
        new="            return dict.fromkeys(of, max(self._begun",
        tests=_OWED,
    ),
    Mutant(
        guard="the credit that may be that of a settled booking is not called another one's",
        file="core/operations/owed/check.py",
        old="            elif one.id in over:\n",
        new="            elif False:\n",
        tests=_OWED,
    ),
    Mutant(
        guard="a booking that a person calls owed explains no credit of another one",
        file="core/operations/owed/check.py",
        old=" and one.id not in decisions:",
        new=":",
        tests=_OWED,
    ),
    Mutant(
        guard="no event is sent by a process whose hold may end meanwhile",
        file="core/mirror/outgoing/announcer.py",
        old="if self.now() + SENDING_MAX > until:",
        new="if False:",
        tests=("tests/unit/services/test_outgoing_events.py",),
    ),
    Mutant(
        guard="a mark explains the credit of somebody else only when it is not ours",
        file="core/operations/owed/check.py",
        old="others = [one for one in cancelled if one.id not in refunded]",
        new="others = cancelled",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a decision or a baseline since the preview stops the refund",
        file="core/operations/owed/refund_check.py",
        old="                against=against,\n",
        new="",
        tests=_OWED,
    ),
    Mutant(
        guard="a credit that an app gave back unmarked is not given again",
        file="core/operations/choosing/plan.py",
        old="        judge = heeding(of.judge, found)\n",
        new="        judge = of.judge\n",
        tests=_OWED,
    ),
    Mutant(
        guard="an event is saved with the change that it tells of",
        file="core/app/stores.py",
        old="            if announces:\n                announce(connection)\n",
        new="",
        tests=("tests/contract/journal/test_outgoing.py",),
    ),
    Mutant(
        guard="an event that was not taken is kept and sent again",
        file="core/mirror/outgoing/announcer.py",
        old="            self._failed(batch, str(error))\n            return 0\n",
        new="            self._failed(batch, str(error))\n",
        tests=(_SERVICES + "test_outgoing_events.py",),
    ),
    Mutant(
        guard="what was counted for a chart is counted again when the audit has another entry",
        file="core/health/over_time/trends.py",
        old="return self.journal.audit_head()[1]",
        new="return 0",
        tests=(_SERVICES + "test_trends.py",),
    ),
    Mutant(
        guard="an operation that has ended is counted again when something was recorded of it",
        file="core/operations/kept_progress.py",
        old="each.id: (each.epoch, marks[each.id])",
        new="each.id: each.epoch",
        tests=(_SERVICES + "test_kept_progress.py",),
    ),
    Mutant(
        guard="what pages read is read again after a commit by anybody",
        file="core/app/assembly/kept_reads.py",
        old="self._kept.ask(question, mark, lambda",
        new="self._kept.ask(question, 0, lambda",
        tests=(_SERVICES + "test_kept_reads.py",),
    ),
    Mutant(
        guard="another sweep is in the charts as soon as it has ended",
        file="core/health/over_time/trends.py",
        old="tuple(sweep.id for sweep in newest if sweep.complete)",
        new="()",
        tests=(_SERVICES + "test_trends.py",),
    ),
    Mutant(
        guard="another app with our token does not pass for the desk by its source",
        file="core/drift/explain.py",
        old="    return version.source_id in evidence.ours and WITHOUT_MARKER",
        new="    return True or WITHOUT_MARKER",
        tests=(_UNIT + "test_drift.py",),
    ),
    Mutant(
        guard="one marker stands for one version of a balance",
        file="core/operations/owed/double_refunds.py",
        old="own.add(min(near, key=lambda n: abs(versions[n].at - marker.at)))",
        new="own.update(near)",
        tests=_RECHECK,
    ),
    Mutant(
        guard="each credit that others gave explains one booking at most",
        file="core/operations/owed/given_back.py",
        old="            rise.left -= 1\n            rise.explains",
        new="            rise.explains",
        tests=(_UNIT + "test_given_back.py",),
    ),
    Mutant(
        guard="an approval is refused while another desk is at work",
        file="core/operations/approve.py",
        old="        return faults + self.objections()",
        new="        return faults",
        tests=(_UNIT + "test_another_desk.py",),
    ),
    Mutant(
        guard="a decision from which a write follows is refused while another desk is at work",
        file="core/operations/resolve.py",
        old="        if goes_on:\n            self.alone()\n",
        new="",
        tests=(_UNIT + "test_another_desk.py",),
    ),
    Mutant(
        guard="seats are not recounted while another desk is at work",
        file="core/operations/choosing/recount.py",
        old="        self.alone()\n",
        new="",
        tests=(_UNIT + "test_another_desk.py",),
    ),
    Mutant(
        guard="the copy of an exam is due before it is opened",
        file="core/students/exam_sessions.py",
        old="        self.mirroring.put_later(_dues(changes), self.quiet)\n",
        new="",
        tests=(_SERVICES + "test_acts.py",),
    ),
    Mutant(
        guard="nobody is booked on a cancelled exam",
        file="core/operations/booking_rules.py",
        old="    if exam.cancelled:\n        return _blocked",
        new="    if False:\n        return _blocked",
        tests=(_SERVICES + "test_booking.py", _SERVICES + "test_moving.py"),
    ),
    Mutant(
        guard="a booking asks whether its exam was cancelled since the preview",
        file="core/operations/steps/book.py",
        old="        exam = exam_read(self.crm, self.journal, exam_id)\n",
        new="        exam = self.crm.exams([exam_id])[exam_id]\n",
        tests=(_SERVICES + "test_booking.py",),
    ),
    Mutant(
        guard="a move asks whether its exam was cancelled since the preview",
        file="core/operations/steps/move.py",
        old="        to = exam_read(self.crm, self.journal, id_)\n",
        new="        to = self.crm.exams([id_])[id_]\n",
        tests=(_SERVICES + "test_moving.py",),
    ),
    Mutant(
        guard="the schedule opens no cancelled exam",
        file="core/credits/sessions.py",
        old=" and not exam.cancelled\n",
        new="\n",
        tests=(_SERVICES + "test_exam_cancellation.py",),
    ),
    Mutant(
        guard="a cancelled exam is not opened by hand",
        file="core/students/exam_sessions.py",
        old="        if exam.cancelled and change.opening is not Opening.INACTIVE:\n",
        new="        if False:\n",
        tests=(_SERVICES + "test_exam_cancellation.py",),
    ),
    Mutant(
        guard="an exam that is cancelled as it is opened is closed again",
        file="core/students/exam_sessions.py",
        old="        return outcomes | self._closed_again(changes)\n",
        new="        return outcomes\n",
        tests=(_SERVICES + "test_exam_cancellation.py",),
    ),
    Mutant(
        guard="the id of an act's operation is saved before the operation is made",
        file="core/students/cancel_exam.py",
        old="        act = self._save(act, **{name: self._fresh(getattr(act, name))})\n",
        new="        act = replace(act, **{name: self._fresh(getattr(act, name))})\n",
        tests=("tests/simulation/test_cancelling_exams.py",),
    ),
    Mutant(
        guard="an act cancels nobody when its move was withdrawn",
        file="core/students/cancel_exam.py",
        old="        if operation.state is not OperationState.DONE:\n",
        new="        if False:\n",
        tests=(_SERVICES + "test_cancelling_exams.py",),
    ),
    Mutant(
        guard="an act above the limit has each of its operations approved",
        file="core/operations/commands.py",
        old="second_admin_why(self.second, plan) or needs_approval\n",
        new="second_admin_why(self.second, plan)\n",
        tests=(_SERVICES + "test_cancelling_exams.py",),
    ),
    Mutant(
        guard="an act that was asked to stop begins nothing more",
        file="core/students/cancel_exam.py",
        old="        if act.stopped_by:\n",
        new="        if False:\n",
        tests=(_SERVICES + "test_cancelling_exams.py",),
    ),
    Mutant(
        guard="a retry is refused while another desk is at work",
        file="core/operations/commands.py",
        old="        self.alone()\n",
        new="",
        tests=(_UNIT + "test_another_desk.py",),
    ),
    Mutant(
        guard="only what the last look allows goes out",
        file="core/operations/owed/refund_check.py",
        old="            id_: [m for m in movements if m.booking_id in self.going]",
        new="            id_: list(movements)",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a booking that was marked since is not refunded",
        file="core/operations/owed/double_refunds.py",
        old="    if marked := _mark(history):",
        new="    if (marked := _mark(history)) and False:",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a booking that is active again is not refunded",
        file="core/operations/owed/double_refunds.py",
        old="    if cancel is None:\n        told",
        new="    if False:\n        told",
        tests=_RECHECK,
    ),
    Mutant(
        guard="who cancelled a booking is waited for, who may give its credit back",
        file="core/operations/owed/double_refunds.py",
        old="    if any(now < cancel.at + quiet for cancel in cancels):",
        new="    if False:",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a credit that somebody else gave back is not given again",
        file="core/operations/owed/double_refunds.py",
        old="        advice = Advice.REFUNDED if given else Advice.UNCLEAR\n        return",
        new="        advice = Advice.PAY\n        return",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a balance that others raised meanwhile is a person's to explain",
        file="core/operations/owed/double_refunds.py",
        old="    if not own.theirs and risen > theirs:",
        new="    if False:",
        tests=_RECHECK,
    ),
    Mutant(
        guard="a balance whose history cannot be read decides nothing",
        file="core/operations/owed/double_refunds.py",
        old="    if changes is None:\n",
        new="    if changes is None:\n        return own\n    if changes is None:\n",
        tests=_RECHECK,
    ),
    Mutant(
        guard="the mark of another is never written over",
        file="core/operations/steps/refund.py",
        old="            and (by := marked_by_another(operation, booking))",
        new='            and (by := "")',
        tests=_RECHECK,
    ),
]

FORFEITING = [
    Mutant(
        guard="a credit is kept only where the cancel was ours",
        file="core/operations/steps/forfeit.py",
        old="            if new.state is ItemState.DONE:",
        new="            if True:",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="what marks a kept credit is not sent again while it may still arrive",
        file="core/operations/steps/forfeit.py",
        old="if not self._on_its_way(item)]",
        new="]",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a kept credit is not owed by the journal, marked or not",
        file="core/operations/owed/check.py",
        old="        kept = kept_by(self.journal, histories) if histories else {}",
        new="        kept: dict[BookingId, str] = {}",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a kept credit is not owed by HubSpot's mark alone",
        file="core/operations/owed/check.py",
        old="_kept(one, one.booking.forfeited, kept_too=kept_too)",
        new="one",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a kept credit is kept by that cancellation, not by a later one of others",
        file="core/operations/owed/check.py",
        old="        or is_ours(cancel, histories[id_] or {}, one.operation_id)",
        new="        or True",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a refund stops at a credit that was kept since its preview, by the journal",
        file="core/operations/owed/refund_check.py",
        old="        if Inclusion.FORFEITED in self.operation.include:",
        new="        if True:",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a refund stops at HubSpot's mark of a kept credit",
        file="core/operations/kinds/rules/bookings.py",
        old=" and booking.forfeited and not included:",
        new=" and False:",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a refund on purpose clears the mark of the kept credit",
        file="core/operations/steps/refund.py",
        old="if booking and booking.forfeited},",
        new="if False},",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a kept credit explains no credit of the student's other booking",
        file="core/operations/owed/check.py",
        old=", *kept_by(self.journal, histories)}\n"
        "        over |= {one.id for one in others if one.forfeited}\n",
        new="}\n",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a decision is no way around a kept credit",
        file="core/operations/owed/decisions.py",
        old="        if kept := [one for one in found if one.forfeited]:",
        new="        if kept := []:",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="nothing is kept on an account that cannot say so",
        file="core/operations/choosing/preflight.py",
        old="            or (found.property_ in also and found.health is not Health.FINE)\n",
        new="",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="a kept credit counts for a second admin",
        file="core/operations/approval_rules.py",
        old="max(abs(_delta(row)), row.credit is not None)",
        new="abs(_delta(row))",
        tests=_FORFEIT,
    ),
    Mutant(
        guard="the claim on the seat of a cancelled booking is kept until it is counted",
        file="core/operations/store/items.py",
        old=", but=MovementKind.SEAT_FREED)",
        new=")",
        tests=("tests/contract/journal/test_undoing.py",),
    ),
]

EXPORTS = [
    Mutant(
        guard="no list leaves without its role",
        file="core/exports/export.py",
        old="        actor.require(ACTS[export.listing])\n",
        new="",
        tests=_EXPORTING,
    ),
    Mutant(
        guard="an export that breaks off is recorded",
        file="core/exports/export.py",
        old="        finally:\n            self._record",
        new="        finally:\n            whole and self._record",
        tests=_EXPORTING,
    ),
]

UNDOING = [
    Mutant(
        guard="an undo begins a quiet period after the refund ended",
        file="core/operations/hold.py",
        old="        return max(begins, now + self.quiet.left(last))",
        new="        return begins if last else begins",
        tests=_UNDO,
    ),
    Mutant(
        guard="only a refund that still stands is taken back",
        file="core/operations/kinds/rules/undos.py",
        old="    if facts.refunded_by.get(id_) != refund.id:",
        new="    if False:",
        tests=_UNDO,
    ),
    Mutant(
        guard="a refund that is being taken back is not taken back by another",
        file="core/operations/kinds/rules/undos.py",
        old="    if by := facts.undone_by.get(id_):",
        new='    if by := "":',
        tests=_UNDO,
    ),
    Mutant(
        guard="a mark of somebody else is not cleared",
        file="core/operations/kinds/rules/undos.py",
        old="    if not _marked_by(refund, booking):",
        new="    if False:",
        tests=_UNDO,
    ),
    Mutant(
        guard="a credit that is spent is not taken back",
        file="core/operations/kinds/rules/undos.py",
        old="        if before < 1:",
        new="        if False:",
        tests=_UNDO,
    ),
    Mutant(
        guard="a clearing that may still arrive is waited for",
        file="core/operations/steps/undo.py",
        old="        return item.sent_at is not None and not self.quiet.over(item.sent_at)",
        new="        return False",
        tests=_UNDO,
    ),
    Mutant(
        guard="that a clearing is sent is saved before it is",
        file="core/operations/steps/undo.py",
        old="        self.journal.update_items(run, sent)\n",
        new="",
        tests=_UNDO + _STORM_OF_UNDOS,
    ),
    Mutant(
        guard="the claims of an undo are freed only when its item is done",
        file="core/operations/store/items.py",
        old="    done = [item.booking_id for item in changed if item.state is ItemState.DONE]",
        new="    done = [item.booking_id for item in changed]",
        tests=_UNDONE,
    ),
    Mutant(
        guard="only a credit that was taken frees the claim of its refund",
        file="core/operations/store/undo.py",
        old="            movements.c.kind == MovementKind.UNDO_REFUND,\n"
        "            movements.c.state == MovementState.LANDED,\n",
        new="            movements.c.kind == MovementKind.UNDO_REFUND,\n",
        tests=_UNDONE,
    ),
    Mutant(
        guard="a foreign write is made up for once",
        file="core/operations/kinds/correct.py",
        old="        return {MovementKind.CORRECTION: [item.booking_id for item in items]}",
        new="        return {}",
        tests=(_SERVICES + "test_corrections.py",),
    ),
    Mutant(
        guard="a correction that was made is not on offer again",
        file="core/operations/foreign/corrections.py",
        old="    if done:\n        verdict, why = Verdict.SKIP, Why.CORRECTED",
        new="    if False:\n        verdict, why = Verdict.SKIP, Why.CORRECTED",
        tests=(_SERVICES + "test_corrections.py",),
    ),
]

BOOKING = [
    Mutant(
        guard="a student's day is leased by the booking of it",
        file="core/operations/steps/book.py",
        old="            return  # another booking of this student on that day",
        new="            pass  # another booking of this student on that day",
        tests=_BOOKING,
    ),
    Mutant(
        guard="a creation that may still arrive is waited for",
        file="core/operations/steps/book.py",
        old="            if not self.quiet.over(item.sent_at, asked):",
        new="            if False:",
        tests=_BOOKING + _STORM_OF_BOOKINGS,
    ),
    Mutant(
        guard="a booking of that name that somebody else made is theirs",
        file="core/operations/steps/book.py",
        old="        if held.idempotency_key != item.operation_id:",
        new="        if False:",
        tests=_BOOKING,
    ),
    Mutant(
        guard="no second active booking of a student on one day",
        file="core/operations/steps/book.py",
        old="        if fault := judge_day(held, item.exam_date, item.mock_type, rule, but=name):",
        new='        if fault := judge_day((), item.exam_date, item.mock_type, rule, but=""):',
        tests=_BOOKING,
    ),
    Mutant(
        guard="a seat or credit that is taken already is not taken again",
        file="core/operations/steps/book.py",
        old="        if self._has(item, kind):\n            return Result(Ending.LANDED)\n",
        new="",
        tests=_BOOKING + _STORM_OF_BOOKINGS,
    ),
    Mutant(
        guard="what a booking took goes back when it cannot be made",
        file="core/operations/steps/book.py",
        old="            if not self._has(item, kind):\n                continue\n",
        new="            continue\n",
        tests=_BOOKING,
    ),
    Mutant(
        guard="a creation is saved as sent before it is",
        file="core/operations/steps/book.py",
        old="        sent = self._save(run, replace(item, sent_at=self.now()))",
        new="        sent = replace(item, sent_at=self.now())",
        tests=_BOOKING + _STORM_OF_BOOKINGS,
    ),
]

LEAVING = [
    Mutant(
        guard="a sign-in without its record opens nothing",
        file="core/access/sign_in_records.py",
        old="of_theirs = begun is not None and begun",
        new="of_theirs = begun is None or begun",
        tests=_SIGN_INS,
    ),
    Mutant(
        guard="the record of a sign-in is for its address alone",
        file="core/access/sign_in_records.py",
        old="begun.email == stated(claims).casefold()",
        new="bool(begun.email)",
        tests=_SIGN_INS,
    ),
    Mutant(
        guard="the cookie keeps of a sign-in what is needed",
        file="core/access/sign_in_records.py",
        old="slim(claims), self.now()",
        new="dict(claims), self.now()",
        tests=_SIGN_INS,
    ),
    Mutant(
        guard="a desk on accounts elsewhere is no demo",
        file="core/settings/model.py",
        old="if self.demo and not (",
        new="if self.demo and not True and not (",
        tests=_SETTINGS,
    ),
    Mutant(
        guard="only a demo shows what to try",
        file="pages/shared/health/trying.py",
        old="if not desk.core.demo or",
        new="if",
        tests=_TRYING,
    ),
    Mutant(
        guard="a fragment asks again who is there",
        file="pages/shared/gate.py",
        old="desk = desk.again()",
        new="desk = replace(desk)",
        tests=_LEFT_OPEN,
    ),
    Mutant(
        guard="enter opens only who was found as typed",
        file="pages/shared/students/contact/searching.py",
        old=" and best.by is not FoundBy.LIKE",
        new="",
        tests=("tests/pages/test_contacts.py", "-k", "enter_opens_nobody"),
    ),
    Mutant(
        guard="keys lead only where one may go",
        file="pages/shared/gate.py",
        old="keyboard.show(_open_to(actor))",
        new="keyboard.show(places.PLACES)",
        tests=("tests/pages/test_keys.py", "-k", "keys_lead_only"),
    ),
    Mutant(
        guard="a download asks again who is there",
        file="pages/shared/exports.py",
        old="as_of_now = desk.again()",
        new="as_of_now = desk",
        tests=_LEFT_OPEN,
    ),
    Mutant(
        guard="who acts must be signed in still",
        file="pages/shared/gate.py",
        old="    core.sign_ins.require(claims)\n    return",
        new="    return",
        tests=_LEFT_OPEN,
    ),
    Mutant(
        guard="a file is for the sign-in that made it",
        file="pages/shared/access/downloads.py",
        old="refused = mine is None or not _unmark(headers, mine)",
        new='refused = not _unmark(headers, mine or "text")',
        tests=_LEAVING,
    ),
    Mutant(
        guard="signing out ends the sign-in for every copy of its cookie",
        file="pages/shared/access/door.py",
        old="wiring.get().sign_ins.end, claims",
        new="wiring.get().sign_ins.end, {}",
        tests=_LEAVING,
    ),
    Mutant(
        guard="a page of another site signs nobody in or out",
        file="api/guard/hosts.py",
        old='scope["path"] in SIGNING and',
        new='scope["path"] in () and',
        tests=(_UNIT + "api/test_hosts.py",),
    ),
]
PEOPLE = [
    Mutant(
        guard="what a revoked key confirmed for an admin does not begin",
        file="core/operations/runner.py",
        old="        if operation.via and not self.acts_for_admins(operation.via):",
        new="        if False:",
        tests=_ADMIN_APPS,
    ),
    Mutant(
        guard="what a revoked key asked for is not approved",
        file="core/operations/approve.py",
        old="        if operation.via and not self.access.acts_for_admins(operation.via):",
        new="        if False:",
        tests=_ADMIN_APPS,
    ),
    Mutant(
        guard="a stop or retry whose answer was lost is not done again",
        file="core/students/admin_requests.py",
        old="            _said(event) in what and event.actor",
        new="            False and event.actor",
        tests=_ADMIN_APPS,
    ),
    Mutant(
        guard="the role is looked at again when the operation begins",
        file="core/operations/runner.py",
        old="            if not self.may(email, act):",
        new="            if False:",
        tests=_APPROVING + _BOOKING,
    ),
    Mutant(
        guard="what needs a second admin does not begin without one",
        file="core/operations/runner.py",
        old='        return f"{why}, and no second admin approved it" if why and not'
        ' operation.approved else ""',
        new='        return ""',
        tests=_APPROVING,
    ),
    Mutant(
        guard="who asked cannot approve",
        file="core/access/people.py",
        old="        if one_mailbox(asker, email):",
        new="        if False:",
        tests=_APPROVING,
    ),
    Mutant(
        guard="an admin who was made after the request cannot approve it",
        file="core/access/people.py",
        old="if since is not None and since > asked_at:",
        new="if False:",
        tests=_APPROVING,
    ),
    Mutant(
        guard="two addresses of one mailbox are one person",
        file="core/access/mailboxes.py",
        old="    return mailbox(one) == mailbox(other)",
        new="    return one.strip().casefold() == other.strip().casefold()",
        tests=_APPROVING,
    ),
    Mutant(
        guard="another account with the same address does not come in",
        file="core/access/people.py",
        old="        if known.account != account:\n",
        new="        if False:\n",
        tests=(_SERVICES + "test_access.py",),
    ),
    Mutant(
        guard="a request for a role is approved as it was read, and once",
        file="core/access/store/roles.py",
        old="        if not _taken(connection, asked):\n            return False\n        before",
        new="        _taken(connection, asked)\n        before",
        tests=(_JOURNAL + "test_accounts.py", *_SQLITE),
    ),
    Mutant(
        guard="the asker's own yes is none, whoever stores it",
        file="core/operations/states.py",
        old="        return bool(self.approved_by) and not self.is_of_person(self.approved_by)",
        new="        return bool(self.approved_by)",
        tests=(*_APPROVING, _JOURNAL + "test_approvals.py", *_SQLITE),
    ),
    Mutant(
        guard="an unapproved operation is not held",
        file="core/operations/store/rules.py",
        old="    unsigned = to is OperationState.HELD and not operation.may_begin",
        new="    unsigned = False",
        tests=(_JOURNAL + "test_approvals.py", *_SQLITE),
    ),
    Mutant(
        guard="a plan that would no longer do what was asked for is not approved",
        file="core/operations/approve.py",
        old="        if found.differences:\n",
        new="        if False:\n",
        tests=_APPROVING,
    ),
    Mutant(
        guard="an approval after its time counts for nothing",
        file="core/operations/approve.py",
        old="        if self.now() >= operation.hold_until:",
        new="        if False:",
        tests=_APPROVING,
    ),
    Mutant(
        guard="who was approved to ask must still be an admin",
        file="core/operations/approve.py",
        old="        if not self._still_admin(operation.confirmed_by):",
        new="        if False:",
        tests=_APPROVING,
    ),
    Mutant(
        guard="only an admin confirms a batch",
        file="core/operations/commands.py",
        old="        actor.require(act_for(plan))\n",
        new="",
        tests=(*_OPERATIONS, _SERVICES + "test_permissions.py"),
    ),
    Mutant(
        guard="an operation is held before it begins",
        file="core/operations/runner.py",
        old=" and (held := self._held(operation)) > timedelta(0):",
        new=" and (held := self._held(operation)) is None:",
        tests=_OPERATIONS,
    ),
    Mutant(
        guard="a booking whose cancel was sent is carried on after a stop",
        file="core/operations/runner.py",
        old="    return claimed and not item.cancel_sent",
        new="    return claimed",
        tests=(_SERVICES + "test_stopping.py", *_RACES, *_STORM),
    ),
    Mutant(
        guard="once a stop was asked for no request that begins bookings is sent",
        file="core/operations/protocol/starts.py",
        old="            yield not self.stopping(run)",
        new="            yield True",
        tests=(_SERVICES + "test_stopping.py",),
    ),
]

JOURNAL = [
    Mutant(
        guard="an older run is refused by its epoch",
        file="core/operations/store/fence.py",
        old="    if held.epoch != run.epoch:",
        new="    if False:",
        tests=_FENCING,
    ),
    Mutant(
        guard="FOR SHARE: a new run begins only after what the older one has in hand",
        file="core/operations/store/fence.py",
        old=".with_for_update(read=True)",
        new="",
        tests=_both("new_run_begins", "sees_every_intent"),
    ),
    Mutant(
        guard="the lock of the fence is shared by the threads of a run",
        file="core/operations/store/fence.py",
        old=".with_for_update(read=True)",
        new=".with_for_update()",
        tests=_both("threads_of_one_run"),
    ),
    *[
        Mutant(
            guard=f"the fence of {name}",
            file=file,
            old=old,
            new=new,
            tests=(*_FENCING[:1], "-k", f"sqlite and {name}"),
        )
        for name, file, old, new in (
            (
                "save_intents",
                "core/operations/protocol/store/writes.py",
                "        fence(connection, run)\n        leased = ",
                "        leased = ",
            ),
            (
                "resend",
                "core/operations/protocol/store/writes.py",
                "        fence(connection, run)\n        for some in chunks(sorted(write_ids)):",
                "        for some in chunks(sorted(write_ids)):",
            ),
            (
                "settle",
                "core/operations/protocol/store/writes.py",
                "        by, reason = fence(connection, run)\n",
                '        by, reason = "", ""\n',
            ),
            (
                "claim",
                "core/operations/protocol/store/claims.py",
                "        fence(connection, run)\n        owners: ",
                "        owners: ",
            ),
            (
                "lease",
                "core/operations/protocol/store/claims.py",
                "        fence(connection, run)\n        mine = ",
                "        mine = ",
            ),
            (
                "release_leases",
                "core/operations/protocol/store/claims.py",
                "        fence(connection, run)\n        for some in chunks(sorted(set(ids))):",
                "        for some in chunks(sorted(set(ids))):",
            ),
            (
                "update_items",
                "core/operations/store/items.py",
                "        fence(connection, run)\n        save_items",
                "        save_items",
            ),
            (
                "still_ours",
                "core/operations/store/operations.py",
                "        fence(connection, run)\n\n    @writing\n    def note_waiting",
                "        return\n\n    @writing\n    def note_waiting",
            ),
            (
                "record_noted",
                "core/operations/protocol/store/verification.py",
                "        fence(connection, run)\n        rows = [",
                "        rows = [",
            ),
        )
    ],
    Mutant(
        guard="the epoch in the condition of a fenced update",
        file="core/operations/store/operations.py",
        old="    if not _changed(connection, _of(run.operation_id, epoch=run.epoch)"
        ".values(**values)):",
        new="    if not _changed(connection, _of(run.operation_id).values(**values)):",
        tests=(*_FENCING[:1], "-k", "sqlite and (note_waiting or add_calls)"),
    ),
    Mutant(
        guard="each taking up of an operation is a new epoch",
        file="core/operations/store/operations.py",
        old=".values(epoch=operations.c.epoch + 1))",
        new=".values(epoch=operations.c.epoch))",
        tests=_FENCING,
    ),
    Mutant(
        guard="the state that was judged is the condition of the move",
        file="core/operations/store/operations.py",
        old="    if not _changed(connection, _of(judged.id, state=judged.state).values(values)):",
        new="    if not _changed(connection, _of(judged.id).values(values)):",
        tests=_both("called_off_meanwhile", "stops_it_stays_ended", "two_approvals"),
    ),
    Mutant(
        guard="an operation is ended only by the run that has it",
        file="core/operations/store/operations.py",
        old="            raise Superseded(run.operation_id, run.epoch, now=operation.epoch)\n"
        "        if operation.state in ENDED:",
        new="            pass\n        if operation.state in ENDED:",
        tests=_FENCING,
    ),
    Mutant(
        guard="FOR UPDATE: nobody takes an operation up while it is ended",
        file="core/operations/store/operations.py",
        old="    query = query.with_for_update() if lock else query\n",
        new="",
        tests=_both("while_it_is_ended", "two_people_retry"),
    ),
    Mutant(
        guard="an operation with bookings that are not settled does not end",
        file="core/operations/store/rules.py",
        old="    if unsettled := sorted(state.value for state in states if state not in SETTLED):",
        new='    if unsettled := "":',
        tests=(_JOURNAL + "test_ending.py", *_SQLITE),
    ),
    Mutant(
        guard="an operation with an open write does not end",
        file="core/operations/store/rules.py",
        old="    if open_writes:\n",
        new="    if False:\n",
        tests=(_JOURNAL + "test_ending.py", *_SQLITE),
    ),
    Mutant(
        guard="the leases of an operation are free when it ends",
        file="core/operations/store/operations.py",
        old="        connection.execute(delete(leases).where("
        "leases.c.operation_id == run.operation_id))\n        deal_with",
        new="        deal_with",
        tests=(_JOURNAL + "test_ending.py", *_SQLITE),
    ),
    Mutant(
        guard="a process that slept moves an operation only from where it saw it",
        file="core/operations/store/rules.py",
        old="    elsewhere = bool(only_from) and operation.state not in only_from",
        new="    elsewhere = False",
        tests=_STATES,
    ),
    Mutant(
        guard="what is taken up again has a new epoch",
        file="core/operations/store/items.py",
        old="            after = replace(after, epoch=operation.epoch + 1)\n",
        new="",
        tests=(*_ITEMS[:1], _JOURNAL + "test_ending.py", *_SQLITE),
    ),
    Mutant(
        guard="only drawn moves are made",
        file="core/operations/store/rules.py",
        old="    if unsigned or elsewhere or to not in OPERATION_MOVES[operation.state]:",
        new="    if unsigned or elsewhere:",
        tests=_STATES,
    ),
    Mutant(
        guard="a plan that was confirmed is not confirmed again",
        file="core/operations/store/operations.py",
        old="        if not added(connection, operations, row):\n            return False\n",
        new="        added(connection, operations, row)\n",
        tests=_STATES,
    ),
    Mutant(
        guard="a claim that somebody has is left to them",
        file="core/operations/protocol/store/claims.py",
        old="    connection.execute(upsert(connection, claims).on_conflict_do_nothing(), rows)",
        new='    on = {"index_elements": ["booking_id", "kind"]}\n'
        "    mine = upsert(connection, claims)\n"
        '    set_ = {"operation_id": run.operation_id}\n'
        "    connection.execute(mine.on_conflict_do_update(**on, set_=set_), rows)",
        tests=_CLAIMS,
    ),
    Mutant(
        guard="a claim that is freed while it is asked for is asked for again",
        file="core/operations/protocol/store/claims.py",
        old="        while wanted := sorted(set(bookings) - owners.keys()):",
        new="        if wanted := sorted(set(bookings) - owners.keys()):",
        tests=_both("freed_while_another_asks"),
    ),
    Mutant(
        guard="a lease that stands keeps others out",
        file="core/operations/protocol/store/claims.py",
        old="                where=free,\n",
        new="",
        tests=_CLAIMS,
    ),
    Mutant(
        guard="a lease is one thread's",
        file="core/operations/protocol/store/claims.py",
        old="        again = or_(leases.c.epoch != run.epoch, leases.c.holder == holder)",
        new="        again = leases.c.epoch == leases.c.epoch",
        tests=_CLAIMS,
    ),
    Mutant(
        guard="an intent is saved only under the lease of its read",
        file="core/operations/protocol/store/writes.py",
        old="        leased = still_leased(connection, run, writes, holder)",
        new="        leased = list(writes)",
        tests=_CLAIMS,
    ),
    Mutant(
        guard="an intent is saved only by the operation that has the lease",
        file="core/operations/protocol/store/claims.py",
        old="        leases.c.operation_id == run.operation_id,\n        leases.c.holder",
        new="        leases.c.holder",
        tests=_CLAIMS,
    ),
    Mutant(
        guard="FOR UPDATE: a lapsed lease is not taken while an intent is saved under it",
        file="core/operations/protocol/store/claims.py",
        old="            locked = query.order_by(leases.c.target_id).with_for_update()",
        new="            locked = query.order_by(leases.c.target_id)",
        tests=_both("lapsed_lease", "under_a_lease_that_is_being_taken"),
    ),
    Mutant(
        guard="what moved, or may have, stays claimed",
        file="core/operations/protocol/store/claims.py",
        old="                ~moved.exists(),\n",
        new="",
        tests=_CLAIMS,
    ),
    Mutant(
        guard="an item frees only the claims of its own operation",
        file="core/operations/protocol/store/claims.py",
        old="                claims.c.operation_id == operation_id,\n",
        new="",
        tests=_CLAIMS,
    ),
    Mutant(
        guard="a write that is known already is left as it is",
        file="core/operations/protocol/store/intents.py",
        old="    fresh = [write for write in fresh if write.id not in known]",
        new="    fresh = list(fresh)",
        tests=_OUTCOMES,
    ),
    Mutant(
        guard="a credit that is moved already is refused in words",
        file="core/operations/protocol/store/intents.py",
        old="    _check_alone(connection, moving)\n",
        new="",
        tests=_OUTCOMES,
    ),
    Mutant(
        guard="the unique key of movements: no credit moves twice, whatever the code thinks",
        file="core/database/migrations/versions/v0001_start.py",
        old='"movements_alone",',
        new='"movements_alone_not",',
        tests=(_JOURNAL + "test_migrations.py",),
    ),
    Mutant(
        guard="only open writes are sent again",
        file="core/operations/protocol/store/writes.py",
        old="writes.c.id.in_(some), writes.c.state == WriteState.OPEN)",
        new="writes.c.id.in_(some))",
        tests=_OUTCOMES,
    ),
    Mutant(
        guard="an outcome that was said is not contradicted",
        file="core/operations/protocol/store/rules.py",
        old="    if now in {WriteState.LANDED, WriteState.VOID} and to is not now:",
        new="    if False:",
        tests=_OUTCOMES,
    ),
    Mutant(
        guard="saying an outcome again changes nothing",
        file="core/operations/protocol/store/writes.py",
        old="each for id_, each in said.items() if each.state is not known[id_].state]",
        new="each for each in said.values()]",
        tests=_both("said_twice"),
    ),
    Mutant(
        guard="FOR UPDATE: of two outcomes at once the second is held against the first",
        file="core/operations/protocol/store/writes.py",
        old="    query = select(*columns).with_for_update()",
        new="    query = select(*columns)",
        tests=_both("two_outcomes", "said_twice"),
    ),
    Mutant(
        guard="the movements of a write fare as it does",
        file="core/operations/protocol/store/writes.py",
        old="        connection.execute(carried.values(",
        new="        str(carried.values(",
        tests=_OUTCOMES,
    ),
    Mutant(
        guard="a commit whose answer is lost is not done again",
        file="core/database/database.py",
        old="                if _passing(error) and not error.connection_invalidated:",
        new="                if _passing(error):",
        tests=_LOST,
    ),
    Mutant(
        guard="a server that ends at a commit for lack of room is not told to have saved nothing",
        file="core/database/database.py",
        old="            if sure:\n",
        new="            if True:\n",
        tests=(_JOURNAL + "test_room.py",),
    ),
    Mutant(
        guard="a connection lost before the commit is made anew",
        file="core/database/database.py",
        old="    if error.connection_invalidated:\n        return True\n",
        new="    if error.connection_invalidated:\n        return False\n",
        tests=_LOST,
    ),
    Mutant(
        guard="who stands still in a transaction loses it",
        file="core/database/database.py",
        old='        if connection.get_execution_options().get("desk_writes"):',
        new="        if False:",
        tests=(_JOURNAL + "test_processes.py", "-k", "stands_still"),
    ),
    Mutant(
        guard="one process takes one time of a schedule",
        file="core/workers/store/works.py",
        old="        taken = update(slots).where(slots.c.job == job, newer | left)",
        new="        taken = update(slots).where(slots.c.job == job)",
        tests=(_JOURNAL + "test_works.py", *_SQLITE),
    ),
    Mutant(
        guard="FOR UPDATE: two admins do not withdraw each other at once",
        file="core/access/store/roles.py",
        old="    connection.execute(query.with_for_update()).all()",
        new="    connection.execute(query).all()",
        tests=_both("withdraw_each_other"),
    ),
    Mutant(
        guard="FOR UPDATE: two audit entries do not follow one and the same",
        file="core/access/store/chain.py",
        old="_HEAD.with_for_update()",
        new="_HEAD",
        tests=_both("one_chain"),
    ),
    Mutant(
        guard="a sweep or repair that was taken over is left to the other",
        file="core/database/epochs.py",
        old='table.c.id == row["id"], table.c.epoch == row["epoch"])',
        new='table.c.id == row["id"])',
        tests=(_JOURNAL + "test_works.py", *_SQLITE),
    ),
]

COPYING = [
    Mutant(
        guard="an older row never replaces a newer one that waits",
        file="core/mirror/store/rules.py",
        old="    if _source_time(offered) < _source_time(waiting):",
        new="    if False:",
        tests=_OUTBOX,
    ),
    Mutant(
        guard="a row that lacks columns of the one that waits is read anew",
        file="core/mirror/store/rules.py",
        old="    return new if old.keys() - {PARTIAL} <= new.keys() else None",
        new="    return new",
        tests=_OUTBOX,
    ),
    Mutant(
        guard="a copy that was made removes that version alone",
        file="core/mirror/store/outbox.py",
        old="            connection.execute(delete(outbox).where(outbox.c.seq.in_(some)))\n",
        new="            ids = [due.record_id for due in done]\n"
        "            connection.execute(delete(outbox).where(outbox.c.record_id.in_(ids)))\n",
        tests=_OUTBOX,
    ),
    Mutant(
        guard="two changes of one record at once are put one after the other",
        file="core/mirror/store/outbox.py",
        old="        connection.execute(_ONE_PUTS_AT_A_TIME)\n",
        new="        pass\n",
        tests=_both("changes_of_one_record"),
    ),
    Mutant(
        guard="FOR UPDATE SKIP LOCKED: two takers never take one copy",
        file="core/mirror/store/outbox.py",
        old="            .with_for_update(skip_locked=True)\n",
        new="",
        tests=_both("two_takers"),
    ),
    Mutant(
        guard="two takers do not wait for each other",
        file="core/mirror/store/outbox.py",
        old="            .with_for_update(skip_locked=True)\n",
        new="            .with_for_update()\n",
        tests=_both("two_takers"),
    ),
    Mutant(
        guard="what was taken is held for its taker",
        file="core/mirror/store/outbox.py",
        old=".values(take_at=until)",
        new=".values(take_at=now)",
        tests=_OUTBOX,
    ),
    Mutant(
        guard="the copy is due from the transaction that settles the write",
        file="core/operations/protocol/store/writes.py",
        old="        return put(connection, due, at=at, held_until=held_until)",
        new="        return []",
        tests=_OUTCOMES,
    ),
    Mutant(
        guard="a copy leaves the outbox only when the mirror has answered for it",
        file="core/mirror/copier.py",
        old="DONE = frozenset({Copied.WRITTEN, Copied.ALREADY_EQUAL, Copied.NEWER_KEPT, "
        "Copied.NOT_KEPT})",
        new="DONE = frozenset(Copied)",
        tests=(_UNIT + "test_copier.py",),
    ),
    Mutant(
        guard="a whole row that the mirror kept its own against is read once more",
        file="core/mirror/due_rows.py",
        old="    return copied is Copied.NEWER_KEPT and",
        new="    return False and",
        tests=(_UNIT + "test_copier.py",),
    ),
    Mutant(
        guard="no booking settles without its copy being due",
        file="core/operations/protocol/record.py",
        old="all_due = [*due, *settled_dues(operation, items, due, copied)]",
        new="all_due = [*due]",
        tests=_COPIES,
    ),
    Mutant(
        guard="an undecided write settles with its copy due",
        file="core/operations/protocol/settle.py",
        old="            [Due(kind=w.kind, record_id=w.target_id, row=None) for w in writes],\n",
        new="",
        tests=_RACES,
    ),
    Mutant(
        guard="the mirror keeps what is newer",
        file="supabase/migrations/20261130000400_copy.sql",
        old="            when b.source_modified_at > n.source_modified_at then 'newer_kept'\n",
        new="",
        tests=_SQL,
    ),
    Mutant(
        guard="the mirror remembers the newer version of an equal row",
        file="supabase/migrations/20261130000400_copy.sql",
        old="            or n.verdict = 'already_equal' and (n.held is null or n.held <"
        " n.source_modified_at)\n",
        new="",
        tests=_SQL,
    ),
]

LOOKING_BACK = [
    Mutant(
        guard="verify finds a foreign write between our read and our write",
        file="core/operations/foreign/changes.py",
        old="        if before.version is not None and before.value != read:",
        new="        if False:",
        tests=_VERIFY,
    ),
    Mutant(
        guard="verify finds a later write that erased ours",
        file="core/operations/foreign/changes.py",
        old="        elif len(fits_old) == 1 and not fits_new:",
        new="        elif False:",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a later step that more than one value explains is a person's to decide",
        file="core/operations/foreign/changes.py",
        old="        elif len(fits_old) == 1 and not fits_new:",
        new="        elif len(fits_old) == 1:",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a request of ours that arrives again is found",
        file="core/operations/foreign/changes.py",
        old="        if entry.again:\n",
        new="        if False:\n",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a credit that somebody erased is given again, not taken",
        file="core/operations/foreign/changes.py",
        old="                return self.ours - self.read",
        new="                return self.read - self.ours",
        tests=_VERIFY,
    ),
    Mutant(
        guard="our next write of a balance is not taken for somebody else's",
        file="core/operations/foreign/changes.py",
        old="            if entry.ours is not None:\n                return",
        new="            if False:\n                return",
        tests=_VERIFY,
    ),
    Mutant(
        guard="what happened on an unclear balance is worth nothing before a person says so",
        file="core/operations/foreign/changes.py",
        old="                return self.decided or 0",
        new="                return self.decided or self.theirs - self.read or 1",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a history without our write proves nothing",
        file="core/operations/foreign/changes.py",
        old="    if not any(version.value == write.id for version in markers):",
        new="    if False:",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a credit too many is taken back by a person alone",
        file="core/operations/foreign/corrections.py",
        old="        if sum(one.correction for one in together) >= 0",
        new="        if True",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a lost credit is given again once, by whoever claims it",
        file="core/operations/foreign/loss_correction.py",
        old="                and name_of(each) not in moving\n",
        new="",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a late look gives again what it finds lost",
        file="core/operations/foreign/late_looks.py",
        old="        busy = self.losses.correct(run)",
        new="        busy = False",
        tests=_VERIFY,
    ),
    Mutant(
        guard="every write is looked at again when slow writers have written",
        file="core/operations/foreign/verify.py",
        old="            if look is not None:",
        new="            if False:",
        tests=_VERIFY,
    ),
    Mutant(
        guard="what could not be checked is looked at again",
        file="core/operations/foreign/when_to_look.py",
        old="        return now + RETRY if now - sent_at < RETRIED_FOR else None",
        new="        return None",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a record that changed since it was compared is compared again",
        file="core/operations/foreign/when_to_look.py",
        old="    return not same or target.modified_at > verified_at - CLOCKS",
        new="    return False",
        tests=_VERIFY,
    ),
    Mutant(
        guard="every landed write is verified before its operation ends",
        file="core/operations/finish.py",
        old="        self.verification.verify(operation.id)\n        if self.losses",
        new="        if self.losses",
        tests=(*_VERIFY, *_OPERATIONS),
    ),
    Mutant(
        guard="what is lost when an operation ends is given again before it ends",
        file="core/operations/finish.py",
        old="        if self.losses.correct(run):",
        new="        if False:",
        tests=_VERIFY,
    ),
    Mutant(
        guard="a restored journal is told of the writes that it has forgotten",
        file="core/operations/after_restore.py",
        old="        forgotten = [one for one in landed if one.write_id not in known]",
        new="        forgotten = []",
        tests=(_SERVICES + "test_after_restore.py",),
    ),
    Mutant(
        guard="a record whose history is not given is named after a restore",
        file="core/operations/after_restore.py",
        old=" for (_, id_), history in histories.items() if history is None]",
        new=" for (_, id_), history in histories.items() if False]",
        tests=(_SERVICES + "test_after_restore.py",),
    ),
    Mutant(
        guard="a recount waits for whoever is between a booking and its count",
        file="core/operations/steps/recount.py",
        old="        return now - session.changed_at < SETTLING",
        new="        return False",
        tests=(_SERVICES + "test_seat_recount.py",),
    ),
    Mutant(
        guard="a recount waits for our own operations on that exam",
        file="core/operations/steps/recount.py",
        old="        if any(other.id != operation.id for other in begun):",
        new="        if False:",
        tests=(_SERVICES + "test_seat_recount.py",),
    ),
]

#: A second desk, and clocks that are set.
OTHERS = [
    Mutant(
        guard="a record whose last write the journal does not know is not written",
        file="core/operations/protocol/write.py",
        old="        strange = self._strange(hand, targets.values(), held | survivors.keys())",
        new="        strange: dict[str, str] = {}",
        tests=_DESKS,
    ),
    Mutant(
        guard="what another desk wrote is not judged by its balance, but left",
        file="core/operations/protocol/write.py",
        old="            may = targets.keys() - strange.keys()",
        new="            may = targets.keys()",
        tests=_DESKS,
    ),
    Mutant(
        guard="no booking is cancelled whose student another desk wrote",
        file="core/operations/steps/cancelling.py",
        old="            judged = self._without_strangers(run, judged, contacts)",
        new="            pass",
        tests=_DESKS,
    ),
    Mutant(
        guard="what another desk wrote after a takeover stays unknown",
        file="core/operations/protocol/known_writes.py",
        old="            if until is None or stranger.at is None or stranger.at > until",
        new="            if until is None",
        tests=_DESKS,
    ),
    Mutant(
        guard="a marker whose time HubSpot does not tell is not taken for an old one",
        file="core/operations/protocol/known_writes.py",
        old="            if until is None or stranger.at is None or stranger.at > until",
        new="            if until is None or (stranger.at is not None and stranger.at > until)",
        tests=_DESKS,
    ),
    Mutant(
        guard="a desk that was taken over writes nothing",
        file="core/operations/desks/takeover.py",
        old='        if last is None or not last.taken_over_by:\n            return ""',
        new='        if last is None or last:\n            return ""',
        tests=_DESKS,
    ),
    Mutant(
        guard="who was taken over stays so when the register is down",
        file="core/operations/desks/takeover.py",
        old="replace(self._last or Others(), live=(), past=(), fault=str(error))",
        new="Others(fault=str(error))",
        tests=_DESKS,
    ),
    Mutant(
        guard="nothing is confirmed while another desk is at work",
        file="core/operations/desks/takeover.py",
        old="for one in told(others)]\n\n    def require_alone",
        new="for one in told(others)][:0]\n\n    def require_alone",
        tests=_DESKS,
    ),
    Mutant(
        guard="the quiet period is counted by seconds that nobody sets",
        file="core/work/steady_clock.py",
        old="        return self.clock.passed(sent_at, asked) >= self.length",
        new="        return (asked or self.clock.now()) - sent_at >= self.length",
        tests=_CLOCKS,
    ),
    Mutant(
        guard="a time from the future counts from when it was first seen",
        file="core/work/steady_clock.py",
        old="            if began_at is None:",
        new="            if began_at is None and start == end:",
        tests=_CLOCKS,
    ),
    Mutant(
        guard="what would wait for a clock that was put back is looked at anew",
        file="core/health/clock_watch.py",
        old="NOTHING if put_back else MOST",
        new="MOST",
        tests=_CLOCKS,
    ),
    Mutant(
        guard="times further ahead than any can be count as now",
        file="core/health/store/times.py",
        old="        return self._bring_back(now, bounds) if self._any_ahead(now, bounds) else 0",
        new="        return 0",
        tests=(_JOURNAL + "test_times.py", *_SQLITE),
    ),
    Mutant(
        guard="the day of a student is not let go when the clock was put back",
        file="core/health/clock_watch.py",
        old="    leases=timedelta(0),\n    days=MOST.days,",
        new="    leases=timedelta(0),\n    days=timedelta(0),",
        tests=_CLOCKS,
    ),
    Mutant(
        guard="a slot that is held for longer than any can be rests one window",
        file="core/hubspot/pace/shared_slots.py",
        old="            if looked.furthest > now + TRANSIT_S + limit.window_s + TICK_S:",
        new="            if looked.furthest < 0:",
        tests=(_UNIT + "hubspot",),
    ),
]

#: What a person decides, and what follows an operation's end.
AFTERWARDS = [
    Mutant(
        guard="a write is decided once, whoever else decides at the same moment",
        file="core/operations/resolve.py",
        old="            self._undecided(operation, write_id)\n            settlement",
        new="            settlement",
        tests=_DECIDING,
    ),
    Mutant(
        guard="what became of a booking is decided on what is known under the run",
        file="core/operations/resolve.py",
        old="            item = self._unclear(operation, booking_id)\n            by,",
        new="            item = self.journal.items(operation.id, bookings=[booking_id])[0]\n"
        "            by,",
        tests=_DECIDING,
    ),
    Mutant(
        guard="who decides at the same moment as another tries again",
        file="core/operations/resolve.py",
        old="            except Superseded:\n                continue",
        new="            except Superseded:\n                raise",
        tests=_DECIDING,
    ),
    Mutant(
        guard="follow-ups that a person gave up are carried by nobody",
        file="core/operations/store/rules.py",
        old="    epoch = operation.epoch + by_a_person",
        new="    epoch = operation.epoch",
        tests=_ENDING,
    ),
    Mutant(
        guard="follow-ups are ended only by the run that has them",
        file="core/operations/store/operations.py",
        old="        if operation.epoch != run.epoch:\n"
        "            raise Superseded(run.operation_id, run.epoch, now=operation.epoch)\n"
        "        if open_writes",
        new="        if open_writes",
        tests=_ENDING,
    ),
    Mutant(
        guard="follow-ups with an open write are not done",
        file="core/operations/store/operations.py",
        old="        if open_writes := _unsettled(connection, run.operation_id)[1]:",
        new="        if open_writes := 0:",
        tests=_ENDING,
    ),
    Mutant(
        guard="only follow-ups of an operation that has ended are carried",
        file="core/operations/runner.py",
        old="    return operation.state in ENDED and operation.follow_ups is FollowUps.DUE",
        new="    return operation.follow_ups is not FollowUps.NONE",
        tests=_FOLLOW_UPS,
    ),
]

_TELLING = (_SERVICES + "test_telling.py",)
_TOLD_ONCE = (*_TELLING, f"{_SIMULATION}test_telling.py")
TELLING = [
    Mutant(
        guard="the intent to tell a student is saved before anything is sent",
        file="core/operations/telling/tell.py",
        old="        self.journal.record_tellings(this.run, sending)\n",
        new="",
        tests=_TOLD_ONCE,
    ),
    Mutant(
        guard="a mail whose answer was lost is not sent again by itself",
        file="core/operations/telling/tell.py",
        old="state=TellingState.UNCLEAR, sent_at=at, detail=LOST)",
        new="state=TellingState.WAITING, sent_at=at)",
        tests=_TELLING,
    ),
    Mutant(
        guard="a mail keeps its name while an earlier one may have been sent",
        file="core/operations/telling/tell.py",
        old="    if before.sent_at is None:\n        state, failures",
        new="    if True:\n        state, failures",
        tests=_TELLING,
    ),
    Mutant(
        guard="a mail that was surely refused gets a new name, or HubSpot drops the next",
        file="core/operations/telling/rules.py",
        old='        again = f"-{self.failures}" if self.failures else ""',
        new='        again = ""',
        tests=_TELLING,
    ),
    Mutant(
        guard="properties are not sent again before the quiet period is over",
        file="core/operations/telling/tell.py",
        old="if one.sent_at and self.quiet.over(one.sent_at)]",
        new="if one.sent_at]",
        tests=_TOLD_ONCE,
    ),
    Mutant(
        guard="properties that were sent are looked for before they are sent again",
        file="core/operations/telling/tell.py",
        old="        if one.sent_at is not None and self.by.channel is Channel.PROPERTIES:",
        new="        if False:",
        tests=_TOLD_ONCE,
    ),
    Mutant(
        guard="a student with a booking that may still be done is held back",
        file="core/operations/telling/tell.py",
        old="        held = unfinished(items)",
        new="        held: frozenset[ContactId] = frozenset()",
        tests=_TELLING,
    ),
    Mutant(
        guard="students are told by the way that was confirmed, and by no other",
        file="core/operations/telling/tell.py",
        old="        if self.by.channel is not operation.tell:",
        new="        if False:",
        tests=_TELLING,
    ),
    Mutant(
        guard="a merged student whose answer was lost is shown, not told again",
        file="core/operations/telling/tell.py",
        old="    if merged and one.state is TellingState.SENDING:",
        new="    if False:",
        tests=_TELLING,
    ),
    Mutant(
        guard="a pending mail is not told before HubSpot has sent it",
        file="core/hubspot/wire/telling.py",
        old="        return Sent(outcome=Outcome(fate=Fate.LANDED), status_id=status_id)",
        new="        return Sent(outcome=Outcome(fate=Fate.LANDED))",
        tests=(*_TELLING, "tests/contract/hubspot/test_telling.py"),
    ),
    Mutant(
        guard="students are told again only of an operation that has ended",
        file="core/operations/telling/store/tellings.py",
        old="        check_told_again(operation)\n",
        new="",
        tests=(_JOURNAL + "test_telling.py",),
    ),
]

MOVING = [
    Mutant(
        guard="a booking that moves has its seat there before it is changed",
        file="core/operations/steps/move.py",
        old="        self._change(run, operation, [*had, *got])",
        new="        self._change(run, operation, todo)",
        tests=_MOVING + _STORM_OF_MOVES,
    ),
    Mutant(
        guard="no more seats are taken than are left on the count that is written",
        file="core/operations/steps/move.py",
        old="id_: moves[: max(0, left)] if (left := _left(target)) is not None else moves",
        new="id_: moves",
        tests=_MOVING + _STORM_OF_MOVES,
    ),
    Mutant(
        guard="a move that may still arrive is waited for",
        file="core/operations/steps/move.py",
        old="if item.booking_id not in there and self.quiet.over(at, asked)",
        new="if item.booking_id not in there",
        tests=_MOVING + _STORM_OF_MOVES,
    ),
    Mutant(
        guard="what may still arrive is waited for before a booking is put back",
        file="core/operations/steps/move.py",
        old="quiet = [i for i in items if not i.sent_at or self.quiet.over(i.sent_at, asked)]",
        new="quiet = list(items)",
        tests=_MOVING + _STORM_OF_MOVES,
    ),
    Mutant(
        guard="a booking is judged again once it has its seat there",
        file="core/operations/steps/move.py",
        old="        self._give_up(run, operation, [i for i in judged if i.state in SETTLED])",
        new="        going = whole",
        tests=_MOVING,
    ),
    Mutant(
        guard="a booking that somebody took to a third exam is left there",
        file="core/operations/steps/move.py",
        old="    if booking is None or not move.meets(booking):",
        new="    if booking is None:",
        tests=_MOVING,
    ),
    Mutant(
        guard="half a move is put back before its seat is given back",
        file="core/operations/steps/move.py",
        old="half = [item for item in quiet if item.sent_at and _half(operation, item, read)]",
        new="half: list[Item] = []",
        tests=_MOVING,
    ),
    Mutant(
        guard="nobody else books or moves a student on either day meanwhile",
        file="core/operations/steps/move.py",
        old="alone = [item for item in items if days[item.booking_id] <= got]",
        new="alone = list(items)",
        tests=_MOVING + _STORM_OF_MOVES,
    ),
    Mutant(
        guard="a move claims what a cancellation of the booking needs",
        file="core/operations/kinds/move.py",
        old="return {MovementKind.SEAT_FREED: [i.booking_id for i in items]} if items else {}",
        new="return {}",
        tests=_MOVING + _STORM_OF_MOVES,
    ),
    Mutant(
        guard="the seat of each move is freed under a name of its own",
        file="core/operations/finish.py",
        old="    return key_of(item.booking_id, item.operation_id)",
        new="    return item.booking_id",
        tests=_MOVING + _STORM_OF_MOVES,
    ),
    Mutant(
        guard="whoever cancelled a booking as it moved has both exams named",
        file="core/operations/steps/move.py",
        old="if cancelled := [b for b in bookings if b.status is not BookingStatus.ACTIVE]:",
        new="if cancelled := list[Booking]():",
        tests=_MOVING,
    ),
    Mutant(
        guard="one student's bookings do not meet on one day at the exam they move to",
        file="core/operations/kinds/rules/moves.py",
        old="            there.append(",
        new="            [].append(",
        tests=_MOVING,
    ),
    Mutant(
        guard="the credit that was spent pays for the exam that a booking moves to",
        file="core/operations/kinds/rules/bookings.py",
        old="    if spent in may:",
        new="    if True:",
        tests=_MOVING,
    ),
    Mutant(
        guard="a recount waits for what moves to its exam",
        file="core/operations/store/trail.py",
        old="        return leaving + _items(connection, coming, elsewhere, late, limit=None)",
        new="        return leaving",
        tests=(_JOURNAL + "test_trail.py", *_SQLITE),
    ),
]

ADJUSTING = [
    Mutant(
        guard="no balance goes below 0",
        file="core/operations/choosing/adjustments.py",
        old="    if after < 0:",
        new="    if after < -BALANCE_MAX:",
        tests=_ADJUST,
    ),
    Mutant(
        guard="a balance that moved since the preview is not set",
        file="core/operations/choosing/adjustments.py",
        old="    if one.stood is not None and one.stood != now:",
        new="    if one.stood is not None and one.stood != now and not now:",
        tests=_ADJUST,
    ),
    Mutant(
        guard="text that is another than the one seen is not written over",
        file="core/operations/choosing/adjustments.py",
        old="    if one.stood is not None and one.stood != text:",
        new="    if False:",
        tests=_ADJUST,
    ),
    Mutant(
        guard="no write goes out over any text but the one in its name",
        file="core/credits/writes.py",
        old="    return credit not in over or target.held.get(credit) != over[credit]",
        new="    return credit not in over",
        tests=_ADJUST,
    ),
    Mutant(
        guard="no write over text goes out over a number",
        file="core/credits/writes.py",
        old="            if credit not in target.held:",
        new="            if False:",
        tests=_ADJUST,
    ),
    Mutant(
        guard="a write over text is never sent again as it is",
        file="core/credits/writes.py",
        old="    return not write.mends and all(held)",
        new="    return all(held)",
        tests=_ADJUST,
    ),
    Mutant(
        guard="each change is judged on the balance that its write goes out from",
        file="core/operations/steps/adjust.py",
        old="            if row.verdict is not Verdict.WILL_CHANGE:",
        new="            if False:",
        tests=(*_ADJUST, *_STORM_OF_ADJUSTMENTS),
    ),
    Mutant(
        guard="changes of students who became one count from each other",
        file="core/operations/steps/adjust.py",
        old='                so_far[row.credit or CreditType("")] = row.after',
        new="                pass",
        tests=_ADJUST,
    ),
    Mutant(
        guard="a change is claimed before it is made",
        file="core/operations/kinds/adjust.py",
        old="        return {MovementKind.ADJUSTMENT: [item.booking_id for item in items]}",
        new="        return {}",
        tests=(*_ADJUST, *_STORM_OF_ADJUSTMENTS),
    ),
    Mutant(
        guard="a refreshed preview has the names of the first",
        file="core/operations/choosing/adjust.py",
        old="stood=None) for row in plan.rows]",
        new="stood=None, request=self.new_id()) for row in plan.rows]",
        tests=_ADJUST,
    ),
    Mutant(
        guard="what is taken back is named by what it takes back",
        file="core/credits/adjustments.py",
        old='        request=f"{UNDO_OF}{name}",',
        new='        request=f"{_UNDO}{name}/{id(one)}",',
        tests=(*_ADJUST, *_STORM_OF_ADJUSTMENTS),
    ),
    Mutant(
        guard="text that could not be read is not put back",
        file="core/operations/choosing/adjustments.py",
        old="        return _row(one, Verdict.SKIP, Why.NOT_PUT_BACK)",
        new="        pass",
        tests=_ADJUST,
    ),
    Mutant(
        guard="a number set in place of text is a person's to judge",
        file="core/operations/foreign/changes.py",
        old="        if text := self.write.mends.get(self.credit):",
        new='        if text := "":',
        tests=_ADJUST,
    ),
    Mutant(
        guard="the text that we wrote over counts as we counted it",
        file="core/operations/foreign/changes.py",
        old="    return lambda raw: stood.get(raw, count(raw)) if stood else count(raw)",
        new="    return count",
        tests=_ADJUST,
    ),
    Mutant(
        guard="a row's credit is changed once in a list",
        file="core/operations/choosing/adjust.py",
        old="            if (before := first.setdefault((id_, row.credit), n)) != n:",
        new="            if (before := first.setdefault((id_, row.credit), n)) < 0:",
        tests=_ADJUST,
    ),
    Mutant(
        guard="who is meant is not guessed",
        file="core/operations/choosing/adjust.py",
        old="if len(meant[one.who]) != 1",
        new="if not meant[one.who]",
        tests=_ADJUST,
    ),
    Mutant(
        guard="staff see an operation of one student, and no other",
        file="core/operations/kinds/permissions.py",
        old="return Act.LOOK_UP if len(whose) == 1 and None not in whose else Act.WATCH",
        new="return Act.LOOK_UP",
        tests=(_SERVICES + "test_permissions.py",),
    ),
    Mutant(
        guard="whoever may not watch is asked what an operation is of",
        file="core/operations/queries.py",
        old="        if not actor.may(Act.WATCH):\n",
        new="        if False:\n",
        tests=(_SERVICES + "test_permissions.py",),
    ),
    Mutant(
        guard="adjustments have limits of their own for a second admin",
        file="core/operations/kinds/permissions.py",
        old="    if kind_of(plan.kind).subject is RowSubject.ADJUSTMENT:",
        new="    if False:",
        tests=_ADJUST,
    ),
]

HELD_BACK = [
    Mutant(
        guard="a store that is in use keeps its locks",
        file="core/credits/private_files.py",
        old="os.O_CREAT | os.O_EXCL | os.O_RDWR",
        new="os.O_CREAT | os.O_RDWR",
        tests=(_UNIT + "test_private_files.py",),
    ),
    Mutant(
        guard="a pickle in the engine's tables is refused, whatever serializer its row names",
        file="core/workers/engine/rows.py",
        old="    dbos_rows.DefaultSerializer.deserialize = _refuse"
        "  # type: ignore[assignment, method-assign]\n",
        new="",
        tests=("tests/contract/engine/test_rows.py", *_SQLITE),
    ),
    Mutant(
        guard="what is deleted is overwritten in the file",
        file="core/database/database.py",
        old='"secure_delete=ON"',
        new='"secure_delete=OFF"',
        tests=(_JOURNAL + "test_files.py",),
    ),
    Mutant(
        guard="what is forgotten leaves the write-ahead log too",
        file="core/database/database.py",
        old="        self._db.scrub()\n",
        new="",
        tests=(_JOURNAL + "test_files.py",),
    ),
    Mutant(
        guard="a key opens nothing from another network",
        file="core/access/api_keys.py",
        old="        if not found.takes(address):",
        new="        if False:",
        tests=_STOLEN,
    ),
    Mutant(
        guard="a key that needs the student opens nothing without",
        file="core/students/proving.py",
        old="            if key.needs_student:",
        new="            if False:",
        tests=_STOLEN,
    ),
    Mutant(
        guard="a student's token opens no other student's record",
        file="core/students/proving.py",
        old="        if contact is None or contact.email.strip().casefold() != email:",
        new="        if contact is None:",
        tests=_STOLEN,
    ),
    Mutant(
        guard="a key confirms no more than its budget of a day",
        file="core/students/api_requests.py",
        old="        self.rationing.acted(key, contact_id, request.operation_id)\n",
        new="",
        tests=_STOLEN,
    ),
    Mutant(
        guard="people are told of a key that acts for many students",
        file="core/access/rationing.py",
        old="                self._tell(use, usual, key.id)",
        new="                pass",
        tests=_STOLEN,
    ),
    Mutant(
        guard="nothing is counted beyond the most that may be",
        file="core/access/store/pacing.py",
        old="        if most is not None and after > most:",
        new="        if False:",
        tests=_PACING,
    ),
    Mutant(
        guard="nobody opens the whole school",
        file="core/access/access_log.py",
        old="            self.rationing.opened(id_, actor.email)",
        new="            pass",
        tests=_PACING,
    ),
    Mutant(
        guard="a role that no entry gave is found",
        file="core/health/audit_check/forged.py",
        old="            if role != Role.ADMIN or actor not in self.admins:",
        new="            if False:",
        tests=_FORGED,
    ),
    Mutant(
        guard="an act without a sign-in is found",
        file="core/health/audit_check/forged.py",
        old="            if since is None or entry.at > since + LASTS + ASTRAY:",
        new="            if False:",
        tests=_FORGED,
    ),
    Mutant(
        guard="a landed write that the store lacks is found",
        file="core/health/audit_check/forged.py",
        old="        for id_ in sorted(self._landed.keys() - landed.keys() - set(since)):",
        new="        for id_ in ():",
        tests=_FORGED,
    ),
    Mutant(
        guard="a head that somebody made up is not believed",
        file="core/health/audit_check/heads.py",
        old="        if secret and not hmac",
        new="        if False and not hmac",
        tests=_HEADS,
    ),
    Mutant(
        guard="the daily look holds the chain to what was shipped",
        file="core/health/audit_check/verify.py",
        old="        walk.faults += [*shipped.faults(), *self._ended(story, held)]",
        new="        walk.faults += self._ended(story, held)",
        tests=_HEADS,
    ),
    Mutant(
        guard="a file without one head proves nothing",
        file="core/cli/commands/audit.py",
        old="    if not lines.strip():\n",
        new="    if False:\n",
        tests=(_UNIT + "test_cli_endings.py",),
    ),
    Mutant(
        guard="no value of a report makes a line of its own on a terminal",
        file="core/cli/reports.py",
        old='    return str(value).replace("\\n", "\\\\n")',
        new="    return str(value)",
        tests=(_UNIT + "test_terminal.py",),
    ),
    Mutant(
        guard="an operation is not stopped with a reason that cannot be kept",
        file="core/operations/commands.py",
        old="    if faults := reason_faults(reason):",
        new="    if faults := []:",
        tests=_REASONS,
    ),
]

STRANGERS = [
    Mutant(
        guard="a websocket that sends too many messages is closed",
        file="api/guard/connections.py",
        old="if all(meter.frames.spend(frames, now) for meter in self._meters):",
        new="if True:",
        tests=_CONNECTIONS,
    ),
    Mutant(
        guard="a websocket that sends too many bytes is closed before they are kept",
        file="api/guard/connections.py",
        old="if not all(meter.bytes.spend(len(piece), now) for meter in self._meters):",
        new="if False:",
        tests=_STRANGERS,
    ),
    Mutant(
        guard="strangers of one address share a budget",
        file="api/guard/sockets.py",
        old="connection_of(scope).allow(STRANGER, (mine.sent, self.all.sent))",
        new="connection_of(scope).allow(STRANGER, ())",
        tests=_CONNECTIONS,
    ),
    Mutant(
        guard="an address opens so many websockets before sign-in",
        file="api/guard/sockets.py",
        old="if not (mine.has_room(now) and self.all.has_room(now)):",
        new="if False:",
        tests=_CONNECTIONS,
    ),
    Mutant(
        guard="a connection without a request is closed",
        file="api/guard/connections.py",
        old="self.loop.call_later(self.head_s, self.give_up)",
        new="self.loop.call_later(3600, self.give_up)",
        tests=(*_CONNECTIONS, "-k", "byte_by_byte or silent", "--timeout", "20"),
    ),
    Mutant(
        guard="answers do not wait for the client to confirm their head",
        file="api/guard/connections.py",
        old="        send_at_once(transport)\n",
        new="",
        tests=_CONNECTIONS,
    ),
    Mutant(
        guard="messages for developers do not reach Streamlit",
        file="api/guard/sockets.py",
        old="                if not asked:",
        new="                if True:",
        tests=_STRANGERS,
    ),
    Mutant(
        guard="strangers begin so many sign-ins and no more",
        file="api/guard/signing.py",
        old="if self.addresses.of(address, now).spend(1, now) and self.all.spend(1, now):",
        new="if True:",
        tests=("tests/unit/api/test_signing.py",),
    ),
    Mutant(
        guard="files are taken from people who are signed in",
        file="api/guard/uploads.py",
        old="if not await self.visitors.knows(scope):",
        new="if False:",
        tests=_STRANGERS,
    ),
    Mutant(
        guard="a tab holds so many files",
        file="api/guard/uploads.py",
        old="if kept[session_of(scope)] + int(length) > SESSION_BYTES:",
        new="if False:",
        tests=_STRANGERS,
    ),
    Mutant(
        guard="no body is read of what cannot be HubSpot's",
        file="api/webhooks.py",
        old="service.check_head(signature=_signature(request), timestamp=_timestamp(request))",
        new="pass",
        tests=(_UNIT + "test_api_webhooks.py",),
    ),
]

MEASURING = [
    Mutant(
        guard="credits outstanding: a contact counts under its own id, not those it merged",
        file="core/drift/compare.py",
        old="for id_, stated in truth.items() if stated.row[ID] == id_]",
        new="for id_, stated in truth.items()]",
        tests=(_SERVICES + "test_week.py",),
    ),
    Mutant(
        guard="credits outstanding: a sweep that leaves students out measures no total",
        file="core/drift/sweep.py",
        old="        if sweep.mode is SweepMode.FULL:",
        new="        if True:",
        tests=(_SERVICES + "test_week.py",),
    ),
]

NAMES = [
    Mutant(
        guard="a person is told so many names within a time",
        file="core/students/names.py",
        old="return new, str(error)",
        new="return (), str(error)",
        tests=_NAMES,
    ),
    Mutant(
        guard="names are looked up for those alone who may look students up",
        file="core/students/names.py",
        old="actor.require(Act.LOOK_UP)",
        new="pass",
        tests=_NAMES,
    ),
    Mutant(
        guard="a store that hangs is not waited for",
        file="core/students/names.py",
        old="thread.join(wait_s)",
        new="thread.join()",
        tests=_NAMES,
    ),
    Mutant(
        guard="names are looked up again after a moment: whoever was deleted is gone",
        file="core/students/names.py",
        old="if within(at, now, HOLDS)",
        new="if True",
        tests=_NAMES,
    ),
    Mutant(
        guard="old entries of the audit name nobody",
        file="core/students/names.py",
        old="return self.keep is None or self.now() - at < self.keep",
        new="return True",
        tests=_NAMES,
    ),
    Mutant(
        guard="staff are led to HubSpot's own screens alone",
        file="core/hubspot/ports/directory.py",
        old="known = SCREENS.fullmatch(self.ui_domain) and is_record_id(self.portal_id)",
        new="known = True",
        tests=(_SERVICES + "test_account.py",),
    ),
]

MUTANTS = [
    *MEASURING,
    *STRANGERS,
    *NAMES,
    *ADJUSTING,
    *SETTLING,
    *WRITING,
    *GIVING_BACK,
    *RECHECK,
    *FORFEITING,
    *EXPORTS,
    *UNDOING,
    *BOOKING,
    *MOVING,
    *LEAVING,
    *PEOPLE,
    *JOURNAL,
    *COPYING,
    *LOOKING_BACK,
    *OTHERS,
    *AFTERWARDS,
    *TELLING,
    *HELD_BACK,
]
