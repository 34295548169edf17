"""What somebody may still do in a tab that they left open, and with copies of what they had.

The pages, fragments and downloads are those that the server itself sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import pytest

from core.access.sign_ins import RECORD
from pages.shared.places import AUDIT, CONTACTS, OPERATIONS, OVERVIEW, PLACES, Place
from tests.contract.gate.fresh import LEAVER
from tests.contract.gate.test_gate import STUDENTS, claims
from tests.contract.gate.visitor import USER, Server
from tests.pages.stage import FIRST_NAMES, LAST_NAMES

NAMES = [*STUDENTS, *(name for name in (FIRST_NAMES + LAST_NAMES).split() if len(name) > 4)]
_numbers = count(1)


@dataclass
class Leaver:
    """An admin with a sign-in of their own, until they leave."""

    server: Server
    number: int = field(default_factory=lambda: next(_numbers))

    def __post_init__(self) -> None:
        self.server.steer("grant", email=LEAVER, role="admin")
        self.server.steer("come_in", email=LEAVER, sign_in=self.record)

    @property
    def record(self) -> str:
        return f"sign-in {self.number}"

    @property
    def cookies(self) -> dict[str, str]:
        return {USER: self.server.cookie(claims(LEAVER, **{RECORD: self.record}))}

    def is_withdrawn(self) -> None:
        self.server.steer("withdraw", email=LEAVER)

    def is_staff_now(self) -> None:
        self.server.steer("grant", email=LEAVER, role="staff")

    def signs_out_elsewhere(self) -> None:
        answer = self.server.ask("/auth/logout", cookies=self.cookies)
        assert 302 == answer.status_code

    def stays_too_long(self) -> None:
        self.server.steer("pass", seconds=f"{13 * 3600}")


@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.title)
def test_a_leaver_s_open_tab_shows_and_gives_nothing_more(server: Server, place: Place) -> None:
    leaver, page = Leaver(server), stem(place)
    with leaver.server.tab(leaver.cookies) as tab:
        tab.draw(page)
        files, fragments = set(tab.downloads.values()), set(tab.fragments)
        leaver.is_withdrawn()

        assert [] == [file for file in files if tab.download(file)]
        for told in [*map(tab.run, fragments), tab.draw(page)]:
            assert b"is not open to you" in told
            assert [] == [name for name in NAMES if name.encode() in told]


@pytest.fixture
def leaver(server: Server) -> Iterator[Leaver]:
    yield Leaver(server)
    server.steer("noon")


WAYS: dict[str, Callable[[Leaver], None]] = {
    "the role is withdrawn": Leaver.is_withdrawn,
    "the role is a lesser one": Leaver.is_staff_now,
    "signed out in another tab": Leaver.signs_out_elsewhere,
    "the sign-in ended": Leaver.stays_too_long,
}


@pytest.mark.parametrize("way", WAYS)
def test_an_open_tab_ends_whatever_way_its_person_leaves(leaver: Leaver, way: str) -> None:
    """The audit, which a leaver could take whole, and the page that draws itself again."""
    server = leaver.server
    with server.tab(leaver.cookies) as audit, server.tab(leaver.cookies) as overview:
        audit.draw(stem(AUDIT))
        drawn = overview.draw(stem(OVERVIEW))
        assert any(figure in drawn for figure in (b"Needs action", b"System status"))
        (file,) = audit.downloads.values()
        address = audit.download(file)
        assert address
        taken = server.ask(address, cookies=leaver.cookies)
        assert 200 == taken.status_code
        assert b"gave a role" in taken.content

        WAYS[way](leaver)
        told = b"".join(overview.run(one) for one in sorted(overview.fragments)[:1])

        assert "" == audit.download(file)
        assert 404 == server.ask(address, cookies=leaver.cookies).status_code
        assert any(shut in told for shut in (b"is not open to you", b"Your sign-in has ended"))


def test_a_file_is_for_the_sign_in_that_made_it(server: Server) -> None:
    maker, other = Leaver(server), Leaver(server)
    with server.tab(maker.cookies) as tab:
        tab.draw(stem(OPERATIONS))
        address = tab.download(tab.downloads["CSV"])

    asked = {
        "its maker": server.ask(address, cookies=maker.cookies),
        "nobody": server.ask(address),
        "another sign-in of theirs": server.ask(address, cookies=other.cookies),
        "a forged cookie": server.ask(address, cookies={USER: maker.cookies[USER][:-4]}),
        "a part of it": server.ask(address, headers={"Range": "bytes=0-9"}),
    }

    assert {"its maker"} == {who for who, got in asked.items() if got.status_code == 200}
    assert {"no-store"} == {got.headers["cache-control"] for got in asked.values()}
    mine = asked["its maker"]
    assert "text/csv; charset=utf-8" == mine.headers["content-type"]
    assert ".csv" in mine.headers["content-disposition"]
    assert [] == [who for who, got in asked.items() if maker.record in str(got.headers)]


def test_a_copied_cookie_is_worth_nothing_after_signing_out(server: Server) -> None:
    leaver = Leaver(server)
    assert b"Students you open appear here" in server.visit(stem(CONTACTS), cookies=leaver.cookies)

    leaver.signs_out_elsewhere()

    told = server.visit(stem(CONTACTS), cookies=leaver.cookies)
    assert b"Your sign-in has ended" in told
    assert b"Students you open appear here" not in told


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "", "Referer": "https://evil.test/"}, 403),
        ({"Sec-Fetch-Site": ""}, 403),
        ({"Sec-Fetch-Site": "none"}, 302),
        ({"Sec-Fetch-Site": "", "Referer": "ours"}, 302),
    ],
)
def test_nobody_is_signed_out_or_in_from_another_site(
    server: Server, headers: dict[str, str], status: int
) -> None:
    leaver = Leaver(server)
    sent = {n: f"{server.origin}/audit" if v == "ours" else v for n, v in headers.items()}

    left = server.ask("/auth/logout", cookies=leaver.cookies, headers=sent)
    sign_in = server.ask("/auth/login", headers=sent)

    assert (status, status) == (left.status_code, sign_in.status_code)
    shut = b"Your sign-in has ended" in server.visit(stem(CONTACTS), cookies=leaver.cookies)
    assert shut == (status == 302)


def stem(place: Place) -> str:
    return Path(place.path).stem
