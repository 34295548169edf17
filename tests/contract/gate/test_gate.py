"""The gate over real servers: who opens which page, by a deep link, before anybody was there.

The pages are those that stand in the folder, so that one which is added is tried here too.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from core.access.sign_ins import RECORD
from core.credits.roles import Role
from pages.shared.places import PLACES
from scripts.processes import ROOT
from tests.contract.gate.fresh import MANAGER, STAFF
from tests.contract.gate.visitor import COOKIE_SECRET, USER, Server, fresh_servers
from tests.pages.stage import ADMIN, FIRST_NAMES, LAST_NAMES, NOON, signed_in

WHO = {Role.ADMIN: ADMIN, Role.MANAGER: MANAGER, Role.STAFF: STAFF}
#: What is on no page of somebody who may not see it.
NEVER = ["canary", COOKIE_SECRET]
STUDENTS = ["@students.example.test", "5200000", "7100000", "8800000"]
SIGN_IN = "Sign in to Credit Desk"


def pages(root: Path) -> list[str]:
    """The address of every page file that there is."""
    files = [f for f in (root / "pages").rglob("*.py") if "shared" not in f.parts]
    return sorted(file.stem for file in files if file.stem != "__init__")


def shut(sent: bytes) -> bool:
    """Whether somebody signed out is asked to sign in, and is told nothing else."""
    told = sent.decode(errors="replace")
    names = [*FIRST_NAMES.split(), *LAST_NAMES.split(), *STUDENTS, *NEVER]
    return SIGN_IN in told and "arrow" not in told.casefold() and not _any(names, told)


def _any(words: list[str], told: str) -> list[str]:
    return [word for word in words if word in told and len(word) > 4]


def test_the_pages_in_the_folder_are_those_of_the_navigation() -> None:
    assert pages(ROOT) == sorted(Path(place.path).stem for place in PLACES)


def test_a_deep_link_to_a_fresh_server_shows_nobody_anything(secrets: Path) -> None:
    """Each page is the first thing that its server sees, before anybody visited "/"."""
    wanted = pages(ROOT)
    with fresh_servers(ROOT, len(wanted), secrets) as servers:
        sent = {page: one.visit(page) for page, one in zip(wanted, servers, strict=True)}

    assert [] == [page for page, got in sent.items() if not shut(got)]


#: A sign-in page for show, with everybody's address behind it.
SHOW = """
import streamlit as st
from core import wiring
from tests.pages.stage import ACTOR
st.title("Sign in to Credit Desk")
st.dataframe([contact.email for contact in wiring.get().finding.contacts(ACTOR, "a")])
"""
UNGATED = {
    "pages/lookup/contacts.py": SHOW,
    "pages/lookup/exams.py": 'import streamlit as st\n\nst.title("All exams")\n',
    "pages/beside.py": 'import streamlit as st\n\nst.title("All students")\n',
}


def test_a_page_that_is_added_without_the_gate_would_be_found(
    tmp_path: Path, secrets: Path
) -> None:
    root = tmp_path / "desk"
    for name in ("api", "core", "pages", "sandbox", "scripts", "static", "tests", ".streamlit"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("app.py", "asgi.py", "portal.toml"):
        shutil.copy(ROOT / name, root / name)
    for path, code in UNGATED.items():
        (root / path).write_text(code, encoding="utf-8")

    with fresh_servers(root, 2, secrets) as servers:
        sent = [one.visit(page) for one, page in zip(servers, ("contacts", "exams"), strict=True)]

    assert [False, False] == [shut(got) for got in sent]
    assert "beside" in pages(root), "and so the folder is not what the navigation has"


def claims(email: str, **changed: Any) -> dict[str, Any]:
    account = {"iss": "https://id.example.test", "sub": email}
    return signed_in(**{"email": email, "iat": NOON.timestamp()} | account | changed)


def forged(server: Server) -> dict[str, dict[str, str]]:
    """Cookies that are not what the server gave an admin."""
    genuine = server.cookie(claims(ADMIN))
    middle = len(genuine) // 3
    twin = "A" if genuine[middle] != "A" else "B"
    return {
        "another secret": {USER: server.cookie(claims(ADMIN), secret="x" * 64)},
        "no secret": {USER: server.cookie(claims(ADMIN), secret="")},
        "tampered": {USER: genuine[:middle] + twin + genuine[middle + 1 :]},
        "cut": {USER: genuine[:-4]},
        "signed as another cookie": {
            USER: server.cookie(claims(ADMIN), name="_streamlit_user_tokens")
        },
        "under another name": {"_streamlit_user_tokens": genuine, "user": genuine},
        "of another server": {USER: server.cookie(claims(ADMIN, origin="http://evil.test"))},
        "signed out": {USER: server.cookie(claims(ADMIN, is_logged_in=False))},
    }


def test_a_forged_cookie_signs_nobody_in(server: Server) -> None:
    opened = {
        name
        for name, jar in forged(server).items()
        if not shut(server.visit("contacts", cookies=jar))
    }

    assert set() == opened


@pytest.mark.parametrize(
    "changed",
    [
        {"iat": NOON.timestamp() - 13 * 3600},
        {"exp": NOON.timestamp()},
        {"exp": "never"},
        {"exp": float("nan")},
        {"iat": None},
        {"iat": 1e300},
        {"iat": NOON.timestamp() + 3600},
        {RECORD: ""},
        {RECORD: ["a"]},
        {RECORD: "never begun here"},
        {RECORD: signed_in(email=STAFF)[RECORD]},
    ],
    ids=str,
)
def test_a_stale_cookie_signs_nobody_in(server: Server, changed: dict[str, Any]) -> None:
    cookies = {USER: server.cookie(claims(ADMIN, **changed))}

    told = server.visit("operations", cookies=cookies).decode(errors="replace")

    assert "Your sign-in has ended" in told
    assert "Traceback" not in told


def test_a_genuine_cookie_is_what_makes_the_difference(server: Server) -> None:
    cookies = {USER: server.cookie(claims(ADMIN))}

    assert "What ran" in server.visit("operations", cookies=cookies).decode(errors="replace")
    assert shut(server.visit("operations", cookies=cookies, with_token=False))


@pytest.mark.parametrize("origin", ["http://evil.test", "null", None])
def test_a_page_of_somebody_else_opens_no_connection(server: Server, origin: str | None) -> None:
    """Its browser would send our cookie along."""
    with pytest.raises(InvalidStatus, match="403"):
        server.visit("contacts", cookies={USER: server.cookie(claims(ADMIN))}, origin=origin)
