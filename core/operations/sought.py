"""Which operations are looked for. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from core.operations.verdicts import OperationKind


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtOperations:
    """Which operations; what is not given does not restrict."""

    #: Confirmed then or later.
    since: datetime | None = None
    #: Not itself among them.
    until: datetime | None = None
    #: Who confirmed: a whole e-mail, or a part of one (what has no "@").
    by: str = ""
    kinds: frozenset[OperationKind] = field(default_factory=frozenset)
    #: An exam that one of its bookings was or is of, or to which they move.
    exam_id: str = ""
    #: They stand in the reason, or in what was chosen; capitals do not matter. (In SQLite they do
    #: beyond ASCII.)
    words: str = ""


#: All of them.
EVERY_OPERATION = SoughtOperations()
