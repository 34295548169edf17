"""The whole product in a real browser: the app's own server on a whole local stack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from sandbox.ports import any_free
from scripts import secrets_file
from scripts.local_desk import served
from tests.crash.desk import ADMIN, Desk
from tests.e2e.person import Person

#: Of what is confirmed on a page: long enough to call it off, with a browser on a busy machine.
#: The command line of these tests has none.
HOLD_S = "30"


@dataclass(frozen=True)
class App:
    """The server, and the two stores behind it as the tests read them."""

    origin: str
    desk: Desk


@pytest.fixture(scope="session")
def app(sandbox: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """``streamlit run asgi.py``, as ``make run`` starts it. Nobody has opened a page of it yet."""
    folder = tmp_path_factory.mktemp("desk")
    port = any_free()
    origin = f"http://localhost:{port}"
    secrets = folder / "secrets.toml"
    secrets_file.write(secrets, sandbox, origin=origin)
    desk = Desk(sandbox, folder)
    desk.core("provision")
    environment = {
        **desk.environment,
        "CREDIT_DESK_HOLD_S": HOLD_S,
        "CREDIT_DESK_DEMO": "true",  # as `make run` sets it
    }
    with (
        (folder / "app.log").open("w") as log,
        served(port, "--secrets.files", str(secrets), environment=environment, log=log),
    ):
        yield App(origin, desk)
    desk.close()


@pytest.fixture(scope="session")
def base_url(app: App) -> str:
    """Where the browser is. In place of the plugin's own, which pytest warns of."""
    return app.origin


def healthy(origin: str) -> bool:
    try:
        return httpx.get(f"{origin}/api/healthz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture
def stranger(app: App, page: Page) -> Person:
    """Somebody with a browser, signed out."""
    return Person(page, app.origin)


@pytest.fixture(scope="session")
def signed_in(app: App, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser keeps of the admin's sign-in, so that each journey need not sign in."""
    path = tmp_path_factory.mktemp("browser") / "state.json"
    context = browser.new_context()
    person = Person(context.new_page(), app.origin)
    person.open("/operations")
    person.sign_in(ADMIN)
    context.storage_state(path=path)
    context.close()
    return path


@pytest.fixture
def context_of_admin(app: App, browser: Browser, signed_in: Path) -> Iterator[BrowserContext]:
    context = browser.new_context(
        storage_state=signed_in, viewport={"width": 1280, "height": 900}, accept_downloads=True
    )
    yield context
    context.close()


@pytest.fixture
def admin(app: App, context_of_admin: BrowserContext) -> Person:
    """The admin, signed in, with a tab of their own."""
    return Person(context_of_admin.new_page(), app.origin)
