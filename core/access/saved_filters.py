"""Filters that people keep for themselves, by a name of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from unicodedata import normalize

from core.access.store.port import AccessStore, Chosen, SavedFilter
from core.credits.errors import BadList
from core.credits.roles import Act, Actor
from core.credits.texts import storable

NAME_MAX = 40
#: Of one person on one page.
FILTERS_MAX = 20
#: Letters of all that a filter holds.
CHOSEN_MAX = 2_000


@dataclass(frozen=True, slots=True)
class SavedFilters:
    """Each is seen by the person who saved it, and changes nothing but what they see."""

    journal: AccessStore
    now: Callable[[], datetime]

    def mine(self, page: str, actor: Actor) -> Sequence[SavedFilter]:
        """By name. Raises ``NotAllowed`` for who may not watch."""
        actor.require(Act.WATCH)
        return self.journal.saved_filters(actor.email, page)

    def save(self, page: str, name: str, chosen: Mapping[str, Chosen], actor: Actor) -> SavedFilter:
        """From now on under this name, in the place of what it named before.

        Raises:
            NotAllowed: this person may not watch.
            BadList: everything that is wrong with the name, or with how much there is.
        """
        actor.require(Act.WATCH)
        made = SavedFilter(
            email=actor.email, page=page, name=_named(name), chosen=chosen, at=self.now()
        )
        others = [each for each in self.mine(page, actor) if each.name != made.name]
        if faults := _faults(made, len(others)):
            raise BadList(faults)
        self.journal.save_filter(made)
        return made

    def remove(self, page: str, name: str, actor: Actor) -> None:
        """Also when it is gone already. Raises ``NotAllowed`` for who may not watch."""
        actor.require(Act.WATCH)
        self.journal.remove_filter(actor.email, page, name)


def _named(name: str) -> str:
    """One line, as every store keeps it; what looks the same is the same name."""
    return " ".join(normalize("NFC", storable(name)).split())


def _faults(made: SavedFilter, others: int) -> list[str]:
    faults = []
    if not any(map(str.isprintable, made.name)):
        faults.append("give the filter a name")
    if len(made.name) > NAME_MAX:
        faults.append(f"the name has {len(made.name)} letters; at most {NAME_MAX} are kept")
    if not made.chosen:
        faults.append("nothing is filtered: choose something first")
    if len(str(dict(made.chosen))) > CHOSEN_MAX:
        faults.append("the filter holds too much text to be kept")
    if others >= FILTERS_MAX:
        faults.append(f"you have {others} filters on this page; remove one first")
    return faults
