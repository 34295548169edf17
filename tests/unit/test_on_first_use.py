"""A gateway that is made when it is first asked for anything: once, and not by being closed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from core.app.on_first_use import on_first_use
from core.credits.errors import JournalError

ASKERS = 8


class Gateway:
    made = 0

    def __init__(self) -> None:
        Gateway.made += 1
        self.closed = False

    def asked(self) -> Gateway:
        return self

    def close(self) -> None:
        self.closed = True


@pytest.fixture(autouse=True)
def none_made() -> None:
    Gateway.made = 0


def test_many_who_ask_at_once_are_answered_by_one() -> None:
    gateway, together = on_first_use(Gateway), Barrier(ASKERS)

    def ask(_: int) -> Gateway:
        together.wait()
        return gateway.asked()

    assert 0 == Gateway.made
    with ThreadPoolExecutor(ASKERS) as pool:
        assert 1 == len(set(pool.map(ask, range(ASKERS))))
    assert 1 == Gateway.made


def test_what_was_never_asked_is_not_made_to_be_closed() -> None:
    gateway = on_first_use(Gateway)
    gateway.close()
    assert 0 == Gateway.made

    made = gateway.asked()
    gateway.close()
    assert made.closed


def test_what_cannot_be_made_says_so_to_each_who_asks() -> None:
    def make() -> Gateway:
        raise JournalError("cannot be opened")

    gateway = on_first_use(make)
    for _ in range(2):
        with pytest.raises(JournalError):
            gateway.asked()
