"""The register of desks: in memory, and in a real Supabase."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import psycopg
import pytest

from core.credits.errors import GatewayError
from core.mirror.supabase.client import Supabase
from core.operations.desks.register import Register
from core.operations.desks.rules import LIVE_S, Process
from core.operations.desks.store.desks_port import DeskRegister
from sandbox.supabase import LocalSupabase
from tests.contract.supabase.conftest import Connect
from tests.fakes.desks import FakeRegister

STARTED = datetime(2026, 11, 29, 12, 0, 0, 123456, tzinfo=UTC)


def process(name: str, desk: str = "aaaa") -> Process:
    return Process(name=name, desk=desk, host="host-1", version="0.1.0", started_at=STARTED)


@pytest.fixture(params=["fake", "supabase"])
def register(request: pytest.FixtureRequest) -> Iterator[DeskRegister]:
    if request.param == "fake":
        yield FakeRegister(lambda: datetime.now(UTC))
        return
    db: psycopg.Connection[object] = request.getfixturevalue("db")
    db.execute("truncate public.credit_desk_desks, public.credit_desk_takeovers")
    supabase: Supabase = request.getfixturevalue("supabase")
    yield Register(supabase)


def test_an_empty_register_lists_nobody(register: DeskRegister) -> None:
    assert [] == register.registered()


def test_a_process_sees_itself_and_all_others_as_running(register: DeskRegister) -> None:
    register.register(process("one"))

    entries = register.register(process("two", "bbbb"))

    assert [process("two", "bbbb"), process("one")] == [entry.process for entry in entries]
    assert all(entry.live and 0 <= entry.seen_s < LIVE_S for entry in entries)
    assert {("", None)} == {(entry.taken_over_by, entry.taken_over_at) for entry in entries}


def test_a_process_that_renews_has_one_entry_and_the_newest_desk(register: DeskRegister) -> None:
    register.register(process("one"))

    (entry,) = register.register(process("one", "cccc"))

    assert "cccc" == entry.process.desk


def test_a_process_that_ends_is_listed_no_more(register: DeskRegister) -> None:
    register.register(process("one"))

    for _ in range(2):
        register.unregister("one")

    assert [] == register.registered()


def test_all_processes_of_a_desk_that_was_taken_over_say_by_whom(register: DeskRegister) -> None:
    for name, desk in (("one", "aaaa"), ("two", "aaaa"), ("three", "bbbb")):
        register.register(process(name, desk))

    for _ in range(2):
        register.mark_taken_over(["aaaa", "gone"], by="bbbb")
    entries = register.register(process("four", "aaaa"))

    taken = {entry.process.name: entry.taken_over_by for entry in entries}
    assert {"one": "bbbb", "two": "bbbb", "four": "bbbb", "three": ""} == taken
    assert all((e.taken_over_at is not None) == bool(e.taken_over_by) for e in entries)


def test_a_desk_that_takes_over_in_turn_is_no_longer_taken_over(register: DeskRegister) -> None:
    for name, desk in (("one", "aaaa"), ("two", "bbbb")):
        register.register(process(name, desk))
    register.mark_taken_over(["aaaa"], by="bbbb")

    register.mark_taken_over(["bbbb", "aaaa"], by="aaaa")

    taken = {entry.process.desk: entry.taken_over_by for entry in register.registered()}
    assert {"aaaa": "", "bbbb": "aaaa"} == taken


def test_a_process_that_was_not_heard_of_for_a_minute_is_not_running(
    supabase: Supabase, db: psycopg.Connection[object]
) -> None:
    db.execute("truncate public.credit_desk_desks")
    register = Register(supabase)
    register.register(process("silent"))
    db.execute("update public.credit_desk_desks set last_seen = now() - interval '61 seconds'")

    (entry,) = register.registered()

    assert not entry.live
    assert entry.seen_s >= 61


def test_an_entry_of_last_month_goes_with_the_next_that_comes(
    supabase: Supabase, db: psycopg.Connection[object]
) -> None:
    db.execute("truncate public.credit_desk_desks")
    register = Register(supabase)
    register.register(process("old"))
    db.execute("update public.credit_desk_desks set last_seen = now() - interval '31 days'")

    assert ["new"] == [entry.process.name for entry in register.register(process("new"))]


def test_an_entry_from_the_future_counts_as_silent_until_it_is_renewed(
    supabase: Supabase, db: psycopg.Connection[object]
) -> None:
    """The database's own clock was set back: a dead desk must not look alive for an hour."""
    db.execute("truncate public.credit_desk_desks")
    register = Register(supabase)
    register.register(process("ahead"))
    db.execute("update public.credit_desk_desks set last_seen = now() + interval '1 hour'")
    (before,) = register.registered()
    (renewed,) = register.register(process("ahead"))

    assert (False, True) == (before.live, renewed.live)


def test_a_register_that_is_down_says_so(connect: Connect, stack: LocalSupabase) -> None:
    register = Register(connect())
    stack.set_fault("dead")

    asks: list[Callable[[], object]] = [
        register.registered,
        lambda: register.register(process("one")),
        lambda: register.unregister("one"),
        lambda: register.mark_taken_over(["aaaa"], by="bbbb"),
    ]
    for ask in asks:
        with pytest.raises(GatewayError):
            ask()


def test_a_key_of_the_public_sees_no_desk(connect: Connect, stack: LocalSupabase) -> None:
    register = Register(connect(service_key=stack.settings.anon_key))

    with pytest.raises(GatewayError):
        register.registered()
    with pytest.raises(GatewayError):
        register.register(replace(process("one"), name="intruder"))
