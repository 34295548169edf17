"""What the benchmarks of pages share: the app on a stack of its own, and a browser's own clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, StorageState, ViewportSize, sync_playwright

from sandbox.ports import any_free
from scripts import secrets_file
from scripts.chromium import FLAGS, find_chromium
from scripts.local_desk import served
from scripts.processes import local_stack
from tests.crash.desk import ADMIN, Desk
from tests.e2e.person import Person

SIZE: ViewportSize = {"width": 1440, "height": 900}
PATIENCE_MS = 60_000
#: Looks at every frame for each of these; the clock began when the address was opened.
WATCH = """(wanted) => {
    const seen = window.__seen = {};
    const look = () => {
        for (const [name, what] of Object.entries(wanted)) {
            const shown = [...document.querySelectorAll(what)].some(
                (each) => each.getClientRects().length);
            if (shown && !(name in seen)) seen[name] = performance.now();
        }
        if (Object.keys(seen).length < Object.keys(wanted).length) requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
}"""


@contextmanager
def app(
    folder: Path, *stack: str, filled: Callable[[Desk], None] | None = None
) -> Iterator[tuple[str, Desk]]:
    """The server's address, and the desk behind it. ``filled``: before the server starts."""
    port = any_free()
    origin = f"http://localhost:{port}"
    up = ("--port", "0", *stack, "--state", str(folder / "stack"))
    with local_stack(*up, log=folder / "stack.log") as settings:
        secrets_file.write(folder / "secrets.toml", settings, origin=origin)
        desk = Desk(settings, folder)
        desk.core("provision")
        if filled is not None:
            filled(desk)
        options = ("--secrets.files", str(folder / "secrets.toml"))
        with (
            (folder / "app.log").open("w") as log,
            served(port, *options, environment=desk.environment, log=log),
        ):
            yield origin, desk
        desk.close()


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, of the machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=FLAGS)
        yield browser
        browser.close()


def signed_in(browser: Browser, origin: str) -> StorageState:
    """What a browser keeps of an admin's sign-in."""
    context = browser.new_context(viewport=SIZE)
    person = Person(context.new_page(), origin)
    person.open("/operations")
    person.sign_in(ADMIN)
    kept = context.storage_state()
    context.close()
    return kept


def painted(page: Page, address: str, wanted: dict[str, str]) -> dict[str, float]:
    """Seconds until each selector's element has its place on the screen."""
    page.add_init_script(f"({WATCH})({wanted!r})")
    page.goto(address, wait_until="commit")
    count = len(wanted)
    page.wait_for_function(
        f"() => Object.keys(window.__seen || {{}}).length === {count}", timeout=PATIENCE_MS
    )
    seen: dict[str, float] = page.evaluate("() => window.__seen")
    return {name: round(ms / 1000, 2) for name, ms in seen.items()}


def told(seconds: Sequence[float]) -> dict[str, float]:
    """The middle one, between the best and the worst."""
    ordered = sorted(seconds)
    return {"median": ordered[len(ordered) // 2], "best": ordered[0], "worst": ordered[-1]}
