"""Apart: one record that HubSpot refuses to be asked about holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from core.credits.errors import Refused, about_one
from core.credits.halves import halves

Id = TypeVar("Id", bound=str)


def apart(
    ids: Sequence[Id], work: Callable[[Sequence[Id]], bool], refused: Callable[[Id, str], None]
) -> bool:
    """Whether something of these is left by the work on them.

    What HubSpot refuses for the sake of one of them is done in halves, until ``refused`` is told
    the one and why.

    Raises:
        Refused: it is about no single record.
    """
    try:
        return work(ids)
    except Refused as error:
        if not about_one(error):
            raise
        if len(ids) == 1:
            refused(ids[0], str(error))
            return False
    left = False
    for some in halves(ids):
        left |= apart(some, work, refused)
    return left
