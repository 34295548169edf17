"""What the doctor says of webhooks, notifications and clocks, and who sets up an account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.audit.entries import Sought, What
from core.credits.errors import JournalError, NotSent, Refused
from core.health.clocks import STORE, TRUTH
from core.health.doctor import Diagnosing
from core.hubspot.ports.inspection import Finding, Health, Heard
from core.mirror.port import Exposure
from core.workers.store.port import WorkerInfo
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror
from tests.unit.services.desk import ADMIN, Account

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
URL = "https://desk.example.test"


def away() -> list[str]:
    raise NotSent("Supabase is away")


@pytest.mark.parametrize(
    ("what", "given", "health", "words"),
    [
        ("webhooks", {"webhooks": False}, Health.WARNING, "HUBSPOT_CLIENT_SECRET"),
        ("webhooks", {"public_url": ""}, Health.WARNING, "CREDIT_DESK_PUBLIC_URL"),
        ("webhooks", {"public_url": URL}, Health.FINE, f"{URL}/api/webhooks/hubspot"),
        ("Supabase key", {"key_warnings": lambda: ["it ends"]}, Health.WARNING, "it ends"),
        ("Supabase tables", {"table_warnings": lambda: ["shows 0"]}, Health.WARNING, "shows 0"),
        (
            "Supabase tables",
            {"table_warnings": away},
            Health.WARNING,
            "not known: Supabase is away",
        ),
        ("notifications", {"told": False}, Health.WARNING, "CREDIT_DESK_NOTIFY_URLS"),
    ],
)
def test_what_is_not_set_up_is_named_with_how_to_mend_it(
    what: str, given: dict[str, Any], health: Health, words: str
) -> None:
    doctor = Diagnosing(Account(), FakeMirror(), MemoryJournal(), now=lambda: NOON, **given)

    (found,) = (each for each in doctor.findings() if each.what == what)

    assert health is found.health
    assert words in f"{found.said}. {found.mend}"


@pytest.mark.parametrize(
    ("fault", "health", "words"),
    [("", Health.FINE, "starts"), ("no such column", Health.FAULT, "no such column")],
)
def test_an_engine_that_does_not_start_is_a_fault_though_a_worker_is_alive(
    fault: str, health: Health, words: str
) -> None:
    journal = MemoryJournal()
    journal.heartbeat(
        WorkerInfo(executor_id="w", host="h", pid=1, started_at=NOON, heartbeat_at=NOON)
    )
    doctor = Diagnosing(
        Account(), FakeMirror(), journal, engine_fault=lambda: fault, now=lambda: NOON
    )

    (found,) = (each for each in doctor.findings() if each.what == "engine")

    assert health is found.health
    assert words in found.said


@pytest.mark.parametrize(
    ("silent_for", "health", "words"),
    [
        (timedelta(seconds=5), Health.FINE, "1 at work"),
        (timedelta(hours=1), Health.WARNING, "none"),
    ],
)
def test_a_worker_that_fell_silent_is_not_at_work(
    silent_for: timedelta, health: Health, words: str
) -> None:
    journal = MemoryJournal()
    beat = NOON - silent_for
    journal.heartbeat(
        WorkerInfo(executor_id="w", host="h", pid=1, started_at=beat, heartbeat_at=beat)
    )
    doctor = Diagnosing(Account(), FakeMirror(), journal, now=lambda: NOON)

    (found,) = (each for each in doctor.findings() if each.what == "workers")

    assert health is found.health
    assert words in found.said


class Dated(MemoryJournal):
    """A store with a clock of its own, that takes a while to tell the time."""

    def __init__(self, ahead_s: float | None, takes_s: float = 0.0) -> None:
        super().__init__()
        self.time, self.ahead_s, self.takes_s = NOON, ahead_s, takes_s

    def now(self) -> datetime:
        return self.time

    def clock(self) -> datetime | None:
        if self.ahead_s is None:
            return None
        told = self.time + timedelta(seconds=self.ahead_s + self.takes_s / 2)
        self.time += timedelta(seconds=self.takes_s)
        return told


def clocks(journal: Dated, hubspot: float | None = None) -> dict[str, Finding]:
    account = Account(told=Heard(ahead_s=hubspot))
    doctor = Diagnosing(account, FakeMirror(), journal, now=journal.now)
    return {each.what: each for each in doctor.findings() if each.what.startswith("clock")}


def test_of_clocks_that_tell_nothing_nothing_is_said() -> None:
    assert {} == clocks(Dated(None))


@pytest.mark.parametrize("ahead_s", [-4.9, -0.2, 0.0, 4.9])
def test_clocks_that_agree_are_fine(ahead_s: float) -> None:
    found = clocks(Dated(ahead_s), hubspot=ahead_s)

    assert {STORE: Health.FINE, TRUTH: Health.FINE} == {w: f.health for w, f in found.items()}


@pytest.mark.parametrize(("ahead_s", "said"), [(90.0, "90 s behind"), (-7.0, "7 s ahead of")])
def test_a_clock_that_is_off_is_a_fault_that_says_which_way_and_what_to_do(
    ahead_s: float, said: str
) -> None:
    found = clocks(Dated(ahead_s), hubspot=ahead_s)

    for what in (STORE, TRUTH):
        assert Health.FAULT is found[what].health
        assert f"this machine's is {said} it" == found[what].said
        assert "timedatectl set-ntp true" in found[what].mend


def test_a_slow_answer_is_no_wrong_clock() -> None:
    assert Health.FINE is clocks(Dated(0.0, takes_s=60.0))[STORE].health
    assert Health.FAULT is clocks(Dated(40.0, takes_s=60.0))[STORE].health


def test_setting_up_is_on_record_before_and_after() -> None:
    journal = MemoryJournal(admins=[ADMIN.email])
    doctor = Diagnosing(Account(), FakeMirror(), journal, now=lambda: NOON)

    made = doctor.provision(ADMIN)

    done, asked = (link.entry for link in journal.audit(Sought()))
    assert (What.SET_UP_ASKED, What.SET_UP) == (asked.what, done.what)
    assert {(ADMIN.email, "admin")} == {(e.actor, e.role) for e in (asked, done)}
    assert {"made": made} == done.detail


def test_what_hubspot_refuses_to_set_up_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    account, journal = Account(), MemoryJournal()

    def refuse() -> list[str]:
        raise Refused("no scope")

    monkeypatch.setattr(account, "provision", refuse)

    with pytest.raises(Refused):
        Diagnosing(account, FakeMirror(), journal, now=lambda: NOON).provision(ADMIN)

    assert [What.SET_UP_ASKED] == [link.entry.what for link in journal.audit(Sought())]


def test_nothing_is_set_up_that_cannot_be_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    account, journal = Account(), MemoryJournal()
    account.found = [Finding(health=Health.FAULT, what="marker", said="is missing")]

    def broken(*_: object) -> None:
        raise JournalError("the store is away")

    monkeypatch.setattr(journal, "record", broken)

    with pytest.raises(JournalError):
        Diagnosing(account, FakeMirror(), journal, now=lambda: NOON).provision(ADMIN)

    assert account.found, "provision would have mended it"


def test_each_way_into_the_tables_is_a_warning_with_its_sql() -> None:
    mirror = FakeMirror()
    doctor = Diagnosing(Account(), mirror, MemoryJournal(), now=lambda: NOON)
    [fine] = (each for each in doctor.findings() if each.what == "Supabase access")
    assert Health.FINE is fine.health

    mirror.exposed = [
        Exposure(
            what="policy",
            target="public.hubspot_bookings",
            who="anon",
            said='policy "all" lets select rows where true',
            mend="drop policy all on public.hubspot_bookings",
        )
    ]
    [found] = (each for each in doctor.findings() if each.what == "Supabase access")

    assert Health.WARNING is found.health
    assert found.said.startswith("anon: policy public.hubspot_bookings: policy")
    assert found.mend.endswith("drop policy all on public.hubspot_bookings")
