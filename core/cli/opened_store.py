"""The store that a command acts on: opened, and named on stderr and in the report."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from core.app import wiring
from core.cli.terminal import complain
from core.credits.roles import NotAllowed
from core.credits.ways import Way, coming_by
from core.database.identity import Store

UNKNOWN_REFUNDS = (
    "warning: no operation was ever confirmed in this store, so a credit that was given back "
    "without the mark token_refunded counts as owed here. If the desk is at work already, this is "
    "not its store: docs/deploy.md, One store"
)
#: What this command acts on, for ``show``; None while no store is open.
_acted_on: ContextVar[Store | None] = ContextVar("store", default=None)


@contextmanager
def opened() -> Iterator[wiring.Runtime]:
    """A runtime by the settings, as ``wiring.opened``; says on stderr which store it is.

    A command that quietly acts on another store than the app does the worst of things: its keys
    open nothing, and what it finds owed the app may have given back.
    """
    with wiring.opened() as runtime:
        _look_for_cycles()
        store = runtime.store.look()
        complain(f"store: {store}")
        token = _acted_on.set(store)
        try:
            with coming_by(Way.COMMAND), _refusals_noted(runtime):
                yield runtime
        finally:
            _acted_on.reset(token)


def _look_for_cycles() -> None:
    """From now on, where ``core/__main__.py`` put it off; but not in what was imported."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


@contextmanager
def _refusals_noted(runtime: wiring.Runtime) -> Iterator[None]:
    try:
        yield
    except NotAllowed as refusal:
        runtime.core.access_log.refused(refusal)
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
