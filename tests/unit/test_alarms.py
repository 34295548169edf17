"""People are told of dead letters, and not of each one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from core.domain.records import Kind
from core.gateways.ports import Due
from core.services.alarms import QUIET, Alarms

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class Heard:
    messages: list[tuple[str, str]] = field(default_factory=list)

    def tell(self, title: str, text: str) -> None:
        self.messages.append((title, text))


def dead(*ids: str) -> list[Due]:
    return [Due(kind=Kind.CONTACT, record_id=id_, row=None, error="no column x") for id_ in ids]


def test_a_dead_letter_is_told_with_its_reason_and_what_to_do() -> None:
    heard = Heard()

    Alarms(heard, lambda: START).dead_letters(dead("7"))

    ((title, text),) = heard.messages
    assert title == "Credit Desk: 1 copy to the mirror given up"
    assert text.startswith("contacts 7: no column x\n")
    assert "Operations > Outbox" in text


def test_many_at_once_are_one_message_that_names_a_few() -> None:
    heard = Heard()

    Alarms(heard, lambda: START).dead_letters(dead(*(str(n) for n in range(40))))

    ((title, text),) = heard.messages
    assert "40 copies" in title
    assert "and 35 more" in text


def test_those_that_follow_soon_are_counted_into_the_next_message() -> None:
    heard, clock = Heard(), [START]
    alarms = Alarms(heard, lambda: clock[0])

    alarms.dead_letters(dead("1"))
    alarms.dead_letters(dead("2", "3"))
    clock[0] += QUIET + timedelta(seconds=1)
    alarms.dead_letters(dead("4"))

    assert [title[13:21] for title, _ in heard.messages] == ["1 copy t", "3 copies"]
