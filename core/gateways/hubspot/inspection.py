"""``doctor`` and ``provision`` for HubSpot: token, scopes, object types, properties, marker."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from core.domain.records import MARKER, Kind
from core.gateways.errors import Forbidden, GatewayError, NotSent, Refused, Unauthorized
from core.gateways.hubspot.hub import Hub
from core.gateways.hubspot.transport import Call
from core.gateways.hubspot.type_names import Schema, meant, other_name
from core.gateways.hubspot.wire import definitions
from core.gateways.hubspot.wire.records import Json
from core.gateways.hubspot.wire.values import text
from core.gateways.ports.inspecting import Finding, Health, Heard, Quota

#: An empty batch does nothing, and HubSpot looks at scopes before it looks at the batch.
EMPTY: dict[str, list[str]] = {"inputs": []}
#: How long a knock waits for its turn.
KNOCK_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """One account, looked at through its API."""

    hub: Hub

    def inspect(self) -> list[Finding]:
        """Everything that was looked at, fine or not. Never raises ``GatewayError``."""
        way = self._way_there()
        if way.health is Health.FAULT:
            return [way]
        return [way, *self._limits(), *self._scopes(), *self._objects()]

    def quota(self) -> Quota:
        """The limits, as the last answers told them."""
        return self.hub.transport.limiter.quota()

    def heard(self) -> Heard:
        """What the calls of this process came to."""
        return self.hub.transport.hearing.heard()

    def knock(self) -> None:
        """An empty batch: it costs one call, and HubSpot looks at the token before it answers."""
        call = Call(what="knock", path=self.hub.batch(Kind.CONTACT, "read"), body=EMPTY)
        try:
            self.hub.transport.write(call, self.hub.priority, within_s=KNOCK_WITHIN_S)
        except Refused as error:
            if isinstance(error, Unauthorized | Forbidden):
                raise

    def provision(self) -> list[str]:
        """Make the marker property where it is missing; what was made.

        Raises:
            Refused: an object type is another object by its own name; nothing was made.
            GatewayError: HubSpot did not let us.
        """
        for another in filter(None, self.hub.each(self._another, Kind)):
            raise Refused(f"{another.what}: {another.said}. {another.mend}")
        made = []
        for kind in Kind:
            held = self._definitions(kind)
            name = self.hub.portal.names(kind)[MARKER]
            if name in held:
                continue
            call = Call(
                what="write properties",
                path=self.hub.paths.properties(self.hub.portal.types[kind]),
                body=definitions.marker_definition(self.hub.portal, kind, held),
            )
            self.hub.transport.write(call, self.hub.priority)
            made.append(f"property {name} of {kind}")
        return made

    def _way_there(self) -> Finding:
        what = "HubSpot"
        try:
            self._definitions(Kind.CONTACT)
        except Unauthorized as error:
            return Finding(health=Health.FAULT, what=what, said=str(error), mend=TOKEN)
        except NotSent as error:
            return Finding(health=Health.FAULT, what=what, said=str(error), mend=ADDRESS)
        except Refused:
            pass  # it answers, and whatever it lacks is found below
        except GatewayError as error:
            return Finding(health=Health.FAULT, what=what, said=str(error), mend=LATER)
        return Finding(health=Health.FINE, what=what, said="answers, and accepts the token")

    def _limits(self) -> Iterator[Finding]:
        limit = self.hub.transport.limiter.limit
        said = (
            f"{limit.count - limit.spare} of {limit.count} calls in {limit.window_s:g} s are ours"
        )
        yield Finding(health=Health.FINE, what="rate limit", said=said)

    def _scopes(self) -> list[Finding]:
        return self.hub.each(self._allowed, self._probes())

    def _allowed(self, probe: tuple[str, str]) -> Finding:
        what, path = probe
        try:
            self.hub.read(Call(what="inspect", path=path, body=EMPTY))
        except Forbidden as error:
            named = ", ".join(error.missing) or "the scope for it"
            mend = f"Grant {named} to the token's app or service key in HubSpot"
            return Finding(health=Health.FAULT, what=what, said=str(error), mend=mend)
        except Refused:
            pass  # the empty batch was looked at, so the scope is there
        except GatewayError as error:
            return Finding(health=Health.WARNING, what=what, said=str(error), mend=LATER)
        return Finding(health=Health.FINE, what=what, said="is allowed")

    def _probes(self) -> Iterator[tuple[str, str]]:
        hub, types = self.hub, self.hub.portal.types
        for kind in Kind:
            yield f"reading {kind}", hub.batch(kind, "read")
            yield f"writing {kind}", hub.batch(kind, "update")
        notes = hub.portal.note_type
        yield "writing notes", hub.paths.objects(notes, "batch", "create")
        yield "reading notes", hub.paths.objects(notes, "batch", "read")
        for to in (Kind.CONTACT, Kind.EXAM):
            path = hub.paths.associations(types[Kind.BOOKING], types[to], "batch", "read")
            yield f"reading associations of bookings with {to}", path

    def _objects(self) -> list[Finding]:
        return [finding for found in self.hub.each(self._object, Kind) for finding in found]

    def _object(self, kind: Kind) -> list[Finding]:
        if another := self._another(kind):
            return [another]  # what it lacks is nothing to add: it is not the object that is meant
        try:
            held = self._definitions(kind)
        except Forbidden as error:
            mend = f"Grant {', '.join(error.missing) or 'it'} to the token in HubSpot"
            what = f"{kind}: properties"
            return [Finding(health=Health.FAULT, what=what, said=str(error), mend=mend)]
        except Refused as error:
            return [self._no_such_type(kind, error)]
        except GatewayError as error:
            return [Finding(health=Health.FAULT, what=str(kind), said=str(error), mend=LATER)]
        return [*self._named(kind), *definitions.judge(self.hub.portal, kind, held)]

    def _another(self, kind: Kind) -> Finding | None:
        """The fault when the type's own name contradicts what it is set as."""
        type_, schemas = self.hub.portal.types[kind], self._schemas()
        name = other_name(kind, type_, schemas)
        if not name:
            return None
        right = meant(kind, schemas)
        others = ", ".join(self._custom_types()) or "none that the token may see"
        return Finding(
            health=Health.FAULT,
            what=f"{kind}: object type {type_}",
            said=f"portal.toml says that this object holds {kind}, its own name is {name}",
            mend=f'Set [objects] {kind} = "{right or "..."}" in portal.toml, and leave {name} '
            f"as it is. Custom objects here: {others}",
        )

    def _named(self, kind: Kind) -> list[Finding]:
        """A type by its name is understood in addresses; webhooks say ids, and are not matched."""
        type_ = self.hub.portal.types[kind]
        if TYPE_ID.fullmatch(type_):
            return []
        ids = [id_ for id_, *names in self._schemas() if _plain(type_) in map(_plain, names)]
        id_ = ids[0] if len(ids) == 1 else "its object type id"
        return [
            Finding(
                health=Health.FAULT,
                what=f"{kind}: object type {type_}",
                said="it is given by its name, but webhooks carry the id: each would be ignored",
                mend=f'Set [objects] {kind} = "{id_}" in portal.toml',
            )
        ]

    def _no_such_type(self, kind: Kind, error: Refused) -> Finding:
        types = ", ".join(self._custom_types()) or "none that the token may see"
        return Finding(
            health=Health.FAULT,
            what=f"{kind}: object type {self.hub.portal.types[kind]}",
            said=str(error),
            mend=f'Set [objects] {kind} = "..." in portal.toml. Custom objects here: {types}',
        )

    def _custom_types(self) -> list[str]:
        return [f"{id_} ({name})" for id_, name, _ in self._schemas()]

    def _schemas(self) -> list[Schema]:
        """Id, name and fully qualified name of each custom type that the token may see."""
        try:
            told = self.hub.read(Call(what="inspect", path=self.hub.paths.schemas(), method="GET"))
        except GatewayError:
            return []  # only to help with the mending, of what is told anyway
        names = ("objectTypeId", "name", "fullyQualifiedName")
        return [
            (text(s.get(names[0])), text(s.get(names[1])), text(s.get(names[2])))
            for s in told.get("results") or ()
        ]

    def _definitions(self, kind: Kind) -> dict[str, Json]:
        path = self.hub.paths.properties(self.hub.portal.types[kind])
        told = self.hub.read(Call(what="inspect", path=path, method="GET"))
        return {text(one.get("name")): one for one in told.get("results") or ()}


def _plain(name: str) -> str:
    """HubSpot takes ``p_name`` for the ``p{portal}_name`` of the account that asks."""
    return NAME_OF_PORTAL.sub("", name.lower())


#: "2-50158943"
TYPE_ID = re.compile(r"\d+-\d+")
NAME_OF_PORTAL = re.compile(r"^p\d*_")
TOKEN = "Make a service key or private app in HubSpot and set its token as HUBSPOT_TOKEN"
ADDRESS = "Look at HUBSPOT_BASE_URL and at the way from this machine to it"
LATER = "Look at status.hubspot.com, and try again later"
