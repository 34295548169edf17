"""The store that a command acts on: opened, and named on stderr and in the report."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from core.access.access_log import AccessLog
from core.app import journal_services
from core.cli.terminal import complain
from core.credits.roles import NotAllowed
from core.credits.ways import Way, coming_by
from core.database.identity import Store
from core.health.store_report import StoreReport

if TYPE_CHECKING:
    from core.app.wiring import Runtime

UNKNOWN_REFUNDS = (
    "warning: no operation was ever confirmed in this store, so a credit that was given back "
    "without the mark token_refunded counts as owed here. If the desk is at work already, this is "
    "not its store: docs/deploy.md, One store"
)
#: What this command acts on, for ``show``; None while no store is open.
_acted_on: ContextVar[Store | None] = ContextVar("store", default=None)


@contextmanager
def opened() -> Iterator[Runtime]:
    """A runtime by the settings, as ``wiring.opened``; says on stderr which store it is."""
    from core.app import wiring  # noqa: PLC0415 - most of what a command could need

    with wiring.opened() as runtime, _acting_on(runtime.store, runtime.core.access_log):
        yield runtime


@contextmanager
def opened_journal() -> Iterator[journal_services.JournalServices]:
    """The same for a command that needs the journal alone."""
    with journal_services.opened() as it, _acting_on(it.store, it.services.access_log):
        yield it.services


@contextmanager
def _acting_on(report: StoreReport, access_log: AccessLog) -> Iterator[None]:
    """Name the store on stderr and in the report, and note what is refused.

    A command that quietly acts on another store than the app does the worst of things: its keys
    open nothing, and what it finds owed the app may have given back.
    """
    _look_for_cycles()
    store = report.look()
    complain(f"store: {store}")
    token = _acted_on.set(store)
    try:
        with coming_by(Way.COMMAND), _refusals_noted(access_log):
            yield
    finally:
        _acted_on.reset(token)


def _look_for_cycles() -> None:
    """From now on, where ``core/__main__.py`` put it off; but not in what was imported."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def _refusals_noted(access_log: AccessLog) -> Iterator[None]:
    try:
        yield
    except NotAllowed as refusal:
        access_log.refused(refusal)
        raise


def acted_on() -> dict[str, Any]:
    """For a report as JSON: the store as it was before the command. Empty: none is open."""
    store = _acted_on.get()
    if store is None:
        return {}
    return {
        "store": {
            "address": store.address,
            "new": store.is_new,
            "audit_entries": store.entries,
            "has_operations": store.has_operations,
            "remark": store.remark,
        }
    }


def warn_of_unknown_refunds() -> None:
    """On stderr, when this store cannot know of any refund: it never saw an operation."""
    store = _acted_on.get()
    if store is not None and not store.has_operations:
        complain(UNKNOWN_REFUNDS)
