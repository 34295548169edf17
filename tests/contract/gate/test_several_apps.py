"""Several apps behind one address: what each owes to a browser that a proxy brings from another.

Over one store; the proxy itself is ``deploy/haproxy.cfg`` (docs/deploy.md, Several apps).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.access.sign_ins import RECORD
from scripts.processes import ROOT
from tests.contract.gate.fresh import LEAVER
from tests.contract.gate.test_gate import claims
from tests.contract.gate.visitor import CLIENT, USER, XSRF, Server, Tab, fresh_servers

PAGE = "overview"
#: On that page, for whoever may see it.
DRAWN = "This week"
FILE = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\na\r\n--x--\r\n'


@pytest.fixture(scope="module")
def apps(secrets: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    store = f"sqlite:///{tmp_path_factory.mktemp('store')}/desk.sqlite"
    with fresh_servers(ROOT, 2, secrets, store=store) as made:
        yield made


@dataclass(frozen=True)
class Person:
    """Who signed in at one of the apps."""

    app: Server
    name: str

    def __post_init__(self) -> None:
        self.app.steer("come_in", email=LEAVER, sign_in=self.name)

    def cookies(self, app: Server) -> dict[str, str]:
        """As they reach this app. Streamlit signs its address into one: here each has its own."""
        return {USER: app.cookie(claims(LEAVER, **{RECORD: self.name}))}

    def sees(self, app: Server) -> str:
        return app.visit(PAGE, cookies=self.cookies(app)).decode(errors="replace")


def test_a_sign_in_at_one_app_holds_at_the_other_until_it_ends_at_either(
    apps: list[Server],
) -> None:
    one, other = apps
    person = Person(one, "for both")

    assert all(DRAWN in person.sees(app) for app in apps)

    assert 302 == other.ask("/auth/logout", cookies=person.cookies(other)).status_code

    seen = [person.sees(app) for app in apps]
    assert all("Your sign-in has ended" in each and DRAWN not in each for each in seen)


def test_a_role_withdrawn_at_one_app_is_gone_at_the_other(apps: list[Server]) -> None:
    one, other = apps
    person = Person(one, "with a role")
    one.steer("withdraw", email=LEAVER)
    try:
        assert "is not open to you" in person.sees(other)
    finally:
        one.steer("grant", email=LEAVER, role="admin")
    assert DRAWN in person.sees(other)


def test_a_tab_whose_app_is_gone_is_drawn_by_the_other_in_a_session_of_its_own(
    apps: list[Server],
) -> None:
    one, other = apps
    person = Person(one, "moves")
    with one.tab(person.cookies(one)) as tab:
        tab.draw(PAGE)
        before = tab.session

    with other.tab(person.cookies(other), session=before) as moved:
        drawn = moved.draw(PAGE)

        assert DRAWN.encode() in drawn
        assert moved.session not in {"", before}


def test_an_upload_is_taken_by_the_app_that_has_the_session_and_by_no_other(
    apps: list[Server],
) -> None:
    one, other = apps
    person = Person(one, "uploads")
    with one.tab(person.cookies(one)) as tab:
        tab.draw(PAGE)

        assert 400 == _uploaded(other, tab, person)
        assert 204 == _uploaded(one, tab, person)


def _uploaded(app: Server, tab: Tab, person: Person) -> int:
    """The answer to a file of this tab."""
    cookies = {**person.cookies(app), XSRF: tab.token}
    jar = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers = {
        "Origin": app.origin,
        "Content-Type": "multipart/form-data; boundary=x",
        "Cookie": jar,
        "X-Xsrftoken": tab.token,
    }
    address = f"{app.origin}/_stcore/upload_file/{tab.session}/file-1"
    return CLIENT.put(address, content=FILE, headers=headers).status_code
