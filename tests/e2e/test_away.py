"""What a person reads while the server of the page is stalled or gone, in a real browser."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from scripts.processes import ROOT
from tests.contract.gate.conftest import planted, write_secrets
from tests.contract.gate.visitor import Server, fresh_servers
from tests.e2e.person import SLOW_MS, Person

__all__ = ["planted"]  # a fixture for every test here

AWAY = "Credit Desk does not answer."
#: Streamlit's page says to whoever embeds it that it shows a dialog, or would; then it is drawn.
LISTEN = """() => window.addEventListener("message", (told) => {
    if (told.data?.type !== "CLIENT_ERROR_DIALOG") return;
    requestAnimationFrame(() => requestAnimationFrame(() => { document.body.id = "would-tell"; }));
})"""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    secrets = write_secrets(tmp_path_factory.mktemp("secrets") / "secrets.toml")
    with fresh_servers(ROOT, 2, secrets) as made:
        yield list(made)


def opened(server: Server, browser: Browser) -> tuple[Page, int]:
    """Its sign-in page, and the process that serves it."""
    page = browser.new_page()
    Person(page, server.origin).open("/overview")
    expect(page).to_have_title("Credit Desk")
    return page, int(server.steer("pid").json())


def test_a_server_that_stalls_is_told_of_until_it_answers(
    servers: list[Server], browser: Browser
) -> None:
    page, process = opened(servers[0], browser)
    told = page.get_by_role("alert").filter(has_text=AWAY)

    os.kill(process, signal.SIGSTOP)
    try:
        expect(told).to_be_visible(timeout=SLOW_MS)
    finally:
        os.kill(process, signal.SIGCONT)

    expect(told).to_have_count(0, timeout=SLOW_MS)
    page.close()


def test_a_server_that_is_gone_is_told_of_in_our_words_alone(
    servers: list[Server], browser: Browser
) -> None:
    page, process = opened(servers[1], browser)

    page.evaluate(LISTEN)

    os.kill(process, signal.SIGKILL)

    expect(page.locator("#would-tell")).to_be_attached(timeout=SLOW_MS)
    expect(page.get_by_role("alert").filter(has_text=AWAY)).to_be_visible(timeout=SLOW_MS)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("streamlit run")).to_have_count(0)
    page.close()
