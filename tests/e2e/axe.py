"""What axe holds against a page, and what of it is Streamlit's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Own:
    """A fault of Streamlit that no setting mends: a rule, and what marks the element."""

    rule: str
    mark: str
    #: The part of the walk through all pages (``test_axe.py``) that meets it, or else it is stale.
    met: str
    why: str


#: Runs axe; of each element found, where it stands: the marks of what it is in.
RUN = """async options => {
    const within = (at) => (at ? [at.dataset?.testid ?? "", ...within(at.parentElement)] : []);
    const found = (await axe.run(options)).violations;
    return found.flatMap(({ id, nodes }) => nodes.map(({ html, target }) => (
        { rule: id, html, target: `${target} in ${within(document.querySelector(target[0]))}` }
    )));
}"""

OWN = (
    Own(
        rule="region",
        mark="stFloatingOverlayPortal",
        met="what lies over a page",
        why="a tooltip stands outside of the page's landmarks",
    ),
    Own(
        rule="region",
        mark="stMenuButtonBody",
        met="what lies over a page",
        why="a menu stands outside of the page's landmarks",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One element that breaks one rule."""

    rule: str
    target: str
    html: str

    def __str__(self) -> str:
        """For a test that fails."""
        return f"{self.rule}: {self.target}: {self.html[:120]}"

    def own(self) -> Own | None:
        """By which it is Streamlit's; None: it is ours."""
        return next((own for own in OWN if own.rule == self.rule and own.mark in self.target), None)


def faults(page: Page, only: Sequence[str] = ()) -> list[Fault]:
    """All that axe finds on the page as it stands. ``only``: these rules, in place of all."""
    if page.evaluate("() => typeof axe === 'undefined'"):
        page.evaluate(Axe().axe_script)
    options: dict[str, object] = {"resultTypes": ["violations"]}
    if only:
        options["runOnly"] = list(only)
    return [Fault(**found) for found in page.evaluate(RUN, options)]
