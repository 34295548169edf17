"""Noting and auditing: what is recorded once, what settings differ, and what verify finds."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.access.access_log import AccessLog
from core.audit.chain import EMPTY, Link, Verified, texts
from core.audit.entries import Entry, Sought, What
from core.credits.errors import BadList
from core.credits.records import ContactId
from core.credits.roles import Actor, NotAllowed, Role
from core.health.audit_check.verify import FAULTS_MAX, AuditLog
from tests.fakes.journal import MemoryJournal

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ADMIN = Actor(email="admin@example.test", role=Role.ADMIN)
STAFF = Actor(email="staff@example.test", role=Role.STAFF)


class World:
    def __init__(self, *, looks: bool = True) -> None:
        self.journal = MemoryJournal(admins=[ADMIN.email])
        self.at = NOON
        self.access_log = self.process(looks=looks)
        self.auditing = AuditLog(self.journal, lambda: self.at)

    def process(self, *, looks: bool = True) -> AccessLog:
        """Another process on the same journal."""
        return AccessLog(self.journal, lambda: self.at, looks=looks)

    def told(self) -> list[Entry]:
        return [link.entry for link in reversed(self.journal.audit(Sought()))]

    def act(self, number: int) -> None:
        entry = Entry(at=self.at, actor="a", what=What.SWEEP)
        self.journal.record(*[entry] * number)

    def damage(self, n: int) -> None:
        links = self.journal._chain()
        entry = replace(links[n - 1].entry, actor="mallory")
        links[n - 1] = Link(n=n, texts=texts(entry), hash=links[n - 1].hash)


def test_a_look_is_recorded_once_in_a_quarter_of_an_hour_by_all_processes() -> None:
    world = World()
    for access_log in (world.access_log, world.access_log, world.process()):
        access_log.looked(ContactId("7"), STAFF)
    world.access_log.looked(ContactId("8"), STAFF)
    world.access_log.looked(ContactId("7"), ADMIN)
    world.at += timedelta(minutes=16)
    world.access_log.looked(ContactId("7"), STAFF)

    assert [("7", "staff"), ("8", "staff"), ("7", "admin"), ("7", "staff")] == [
        (entry.subject_id, entry.role) for entry in world.told()
    ]


def test_looks_are_left_out_when_the_setting_says_so() -> None:
    world = World(looks=False)
    world.access_log.looked(ContactId("7"), STAFF)

    assert [] == world.told()


@pytest.mark.parametrize("claims", [{"iat": 5}, {"exp": 9}, {}])
def test_a_sign_in_is_recorded_once_for_each_token(claims: dict[str, int]) -> None:
    world = World()
    for access_log in (world.access_log, world.access_log, world.process()):
        access_log.signed_in("Admin@example.test", claims)
    world.at += timedelta(hours=13)
    world.access_log.signed_in(ADMIN.email, {name: n + 1 for name, n in claims.items()})
    world.access_log.signed_in("", claims)

    assert [("admin@example.test", "admin")] * 2 == [(e.actor, e.role) for e in world.told()]


def test_settings_are_told_by_what_differs_from_the_last_start() -> None:
    world = World()
    for access_log in (world.access_log, world.process(), world.process()):
        access_log.settings({"A": "1", "B": "2"}, where="one")
    world.access_log.settings({"A": "1", "C": "3"}, where="two")
    world.access_log.settings({"A": "1", "C": "3"}, where="two")
    world.access_log.settings({"A": "1", "B": "2"}, where="one")

    first, second, third = world.told()
    assert ({"A": None, "B": None}, {"A": "1", "B": "2"}) == (first.before, first.after)
    assert ({"B": "2", "C": None}, {"B": None, "C": "3"}) == (second.before, second.after)
    assert {"B": "2", "C": None} == third.after
    assert {"where": "two"} == second.detail


def test_only_who_may_watch_reads_the_audit() -> None:
    auditing = World().auditing

    for ask in (
        lambda: auditing.find(Sought(), STAFF),
        lambda: auditing.count(Sought(), STAFF),
        lambda: auditing.export(Sought(), STAFF),
        lambda: auditing.verify(STAFF),
        lambda: auditing.standing(STAFF),
        lambda: auditing.glance(STAFF),
    ):
        with pytest.raises(NotAllowed):
            ask()


def test_an_export_is_read_by_portions_and_may_be_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.act(7)
    monkeypatch.setattr("core.health.audit_check.verify.PORTION", 3)

    assert [7, 6, 5, 4, 3, 2, 1] == [link.n for link in world.auditing.export(Sought(), ADMIN)]
    assert [7, 6, 5, 4] == [link.n for link in world.auditing.export(Sought(), ADMIN, limit=4)]


def test_verify_goes_along_all_and_says_where_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.health.audit_check.verify.PORTION", 2)
    world = World()
    world.act(5)

    found = world.auditing.verify(ADMIN)

    assert Verified(at=NOON, head=world.journal.audit_head()[0], total=5) == found
    assert found.whole


def test_verify_from_an_entry_on_trusts_what_stands_before() -> None:
    world = World()
    world.act(5)
    world.damage(2)

    assert world.auditing.verify(ADMIN, since=2).whole
    assert not world.auditing.verify(ADMIN, since=1).whole
    with pytest.raises(BadList, match="no entry 9"):
        world.auditing.verify(ADMIN, since=9)


def test_a_head_noted_before_is_found_until_the_end_is_cut_off() -> None:
    world = World()
    world.act(3)
    noted = world.auditing.verify(ADMIN).head.hash
    world.act(2)
    assert world.auditing.verify(ADMIN, expect=noted).whole
    assert world.auditing.verify(ADMIN, since=3, expect=noted).whole

    world.journal._audit = world.journal._chain()[:2]
    world.journal._noted = world.journal._audit[-1].head

    assert world.auditing.verify(ADMIN).whole, "the chain alone cannot tell"
    (fault,) = world.auditing.verify(ADMIN, expect=noted).faults
    assert fault.startswith(f"no entry in the chain has the hash {noted}: entries were cut off")


def test_an_empty_chain_was_expected_by_everybody() -> None:
    assert World().auditing.verify(ADMIN, expect=EMPTY.hash).whole


def test_faults_are_told_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.health.audit_check.verify.PORTION", 10)
    world = World()
    world.act(200)
    for n in range(1, 200, 2):
        world.damage(n)

    assert FAULTS_MAX == len(world.auditing.verify(ADMIN).faults)


def test_the_head_is_noted_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    world.act(2)
    with caplog.at_level(logging.INFO):
        world.auditing.look()
        world.damage(2)
        world.auditing.standing(ADMIN, afresh=True)

    head = world.journal.audit_head()[0]
    noted, alarmed = caplog.messages
    assert f"audit head: entry 2, hash {head.hash}" == noted
    assert alarmed.startswith("the audit was changed: entry 2 is not what was recorded after")


def test_a_glance_goes_along_a_little_and_never_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.health.audit_check.verify.GLANCED_AT", 3)
    world = World()
    world.act(7)

    assert [3, 6, 7] == [world.auditing.glance(ADMIN).head.n for _ in range(3)]
    assert world.auditing.glance(ADMIN).whole

    world.act(2)
    with world.auditing._walking:  # somebody goes along it just now
        assert (7, 9) == ((found := world.auditing.glance(ADMIN)).head.n, found.total)


def test_what_is_changed_after_it_was_gone_along_is_found_the_next_day() -> None:
    world = World()
    world.act(5)
    world.auditing.look()
    world.damage(2)
    world.at += timedelta(hours=23)
    assert not world.auditing.look().faults

    world.at += timedelta(hours=1)

    assert world.auditing.look().faults
    assert world.at == world.auditing.judged().since


def test_an_end_that_is_cut_off_after_it_was_gone_along_is_found_at_once() -> None:
    world = World()
    world.act(5)
    world.auditing.look()
    world.journal._audit = world.journal._chain()[:3]

    assert ("entries 4 to 5 are missing",) == world.auditing.judged().faults


def test_what_is_judged_goes_along_nothing() -> None:
    world = World()
    world.act(5)
    assert world.auditing.judged().since is None
    assert 0 == world.auditing.judged().head.n

    world.auditing.look()
    world.act(1)

    assert (NOON, 5, 6) == ((j := world.auditing.judged()).since, j.head.n, j.total)
