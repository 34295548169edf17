"""The part of the journal that gives each group of a run to one worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from core.credits.records import ItemKey
from core.credits.writes import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Items of one operation that one worker carries."""

    #: Its place among the groups of the run.
    n: int
    bookings: tuple[ItemKey, ...]


class GroupRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too. Workers go by their names among workers."""

    def offer_groups(self, run: Run, offered: Sequence[Sequence[ItemKey]]) -> None:
        """These are to be carried, in this order, and nobody has one yet.

        Groups that were offered before are forgotten: who has one of those must have returned it.
        """
        ...

    def share_groups(self, run: Run, shared: bool) -> None:
        """Whether workers that do not hold the operation may take those that nobody has."""
        ...

    def shared_run(self) -> Run | None:
        """One of which such a worker may take a group now; None: there is none."""
        ...

    def take_group(self, run: Run, by: str, *, shared: bool = False) -> Group | None:
        """The first that nobody has, which is this worker's alone from now on; None: no more.

        ``shared``: one that workers may take who do not hold the operation.
        """
        ...

    def return_groups(self, run: Run, by: str) -> None:
        """This worker has none of them in hand any more. What became of them, their items say."""
        ...

    def groups_out(self, run: Run, but: str) -> set[str]:
        """The workers that have one in hand, but for this one."""
        ...
