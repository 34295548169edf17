"""Students by name beside the ids that a command prints; without them when nobody answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from core.cli.terminal import complain
from core.credits.records import Kind
from core.credits.roles import Actor
from core.students.names import PATIENT_S, Named, Record

if TYPE_CHECKING:
    from core.app.assembly.parts import Core


def students(core: Core, actor: Actor, records: Iterable[Record]) -> Named:
    """The student of each record, in one question; why names are missing goes to stderr.

    Raises:
        NotAllowed: this person may not look students up.
    """
    named = core.student_names.whose(records, actor, wait_s=PATIENT_S)
    if named.fault:
        complain(f"names are missing: {named.fault}")
    return named


def contacts(core: Core, actor: Actor, ids: Iterable[str | None]) -> Named:
    """The same of contacts; None is nobody."""
    return students(core, actor, [(Kind.CONTACT, id_) for id_ in ids if id_])
