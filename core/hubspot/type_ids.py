"""The id of each object type, which portal.toml may give by its name as well.

Webhooks carry ids, and HubSpot refuses the bare name of a custom object in an address. So a name is
looked up among the account's custom objects, once, when the id is first needed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.credits.errors import NotSent, OutcomeUnknown, Refused
from core.credits.records import Kind
from core.hubspot.pace.limiter import Priority
from core.hubspot.transport import Call, Transport
from core.hubspot.type_names import STANDARD, Schema
from core.hubspot.wire.paths import Paths
from core.hubspot.wire.values import text

#: "2-50158943"
TYPE_ID = re.compile(r"\d+-\d+")


@dataclass(slots=True)
class TypeIds:
    """Safe for threads. An id that is given is taken as it is, and costs no call."""

    given: Mapping[Kind, str]
    #: Id, name and fully qualified name of each custom object that the token may see.
    ask: Callable[[], Sequence[Schema]]
    _found: dict[Kind, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, kind: Kind, *, wait: bool = True) -> str:
        """The id of the objects that hold this kind.

        ``wait``: for another thread that is asking HubSpot just now.

        Raises:
            Refused: the account has no object of that name.
            GatewayError: HubSpot could not be asked for its objects.
        """
        given = self.given[kind]
        if TYPE_ID.fullmatch(given):
            return given
        if kind not in self._found:
            if not self._lock.acquire(blocking=wait):
                raise NotSent("HubSpot is being asked for its object types")
            try:
                if kind not in self._found:
                    self._found[kind] = standard(given) or custom(kind, given, self._asked())
            finally:
                self._lock.release()
        return self._found[kind]

    def all(self, *, wait: bool = True) -> dict[Kind, str]:
        """Of every kind. Raises as ``of``."""
        return {kind: self.of(kind, wait=wait) for kind in Kind}

    def _asked(self) -> Sequence[Schema]:
        try:
            return self.ask()
        except OutcomeUnknown as error:
            # a question changes nothing: what it was asked for must not count as sent
            raise NotSent(str(error)) from error


def custom_types(
    transport: Transport, paths: Paths, priority: Priority = Priority.OPERATION
) -> list[Schema]:
    """Each custom object that the token may see. Raises GatewayError."""
    told = transport.read(Call(what="inspect", path=paths.schemas(), method="GET"), priority)
    names = ("objectTypeId", "name", "fullyQualifiedName")
    return [
        (text(s.get(names[0])), text(s.get(names[1])), text(s.get(names[2])))
        for s in told.get("results") or ()
    ]


def standard(given: str) -> str:
    """The id of HubSpot's own object of this name; "" when it has none."""
    names = {"companies": "company"}
    return next(
        (
            id_
            for id_, plural in STANDARD.items()
            if given.casefold() in {plural, names.get(plural, plural.removesuffix("s"))}
        ),
        "",
    )


def custom(kind: Kind, given: str, schemas: Sequence[Schema]) -> str:
    """The id of the custom object of this name: ``bookings``, ``p_bookings``, ``p123_bookings``."""
    wanted = given.casefold()
    ids = [
        id_
        for id_, name, qualified in schemas
        if wanted in {name.casefold(), f"p_{name}".casefold(), qualified.casefold()}
    ]
    if len(ids) == 1:
        return ids[0]
    known = ", ".join(f"{id_} ({name})" for id_, name, _ in schemas) or "none that are visible"
    told = "several custom objects are" if ids else "no custom object of this account is"
    raise Refused(
        f'[objects] {kind} = "{given}" in portal.toml: {told} named so. Custom objects: {known}'
    )
