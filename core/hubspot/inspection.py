"""``doctor`` and ``provision`` for HubSpot: token, scopes, object types, properties, marker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass

from core.credits.errors import Forbidden, GatewayError, NotSent, Refused, Unauthorized
from core.credits.records import Kind
from core.hubspot.hub import Hub
from core.hubspot.ports.channels import Channel
from core.hubspot.ports.inspection import Finding, Health, Heard, Quota
from core.hubspot.ports.scopes import FOR_MAILS, FOR_NAMES, FOR_PROVISION, NEEDED
from core.hubspot.transport import Call
from core.hubspot.type_ids import TYPE_ID, custom_types
from core.hubspot.type_names import Schema, meant, other_name
from core.hubspot.wire import definitions, telling
from core.hubspot.wire.records import Json
from core.hubspot.wire.values import text
from core.work.context_pool import ContextPool

#: An empty batch does nothing, and HubSpot looks at scopes before it looks at the batch.
EMPTY: dict[str, list[str]] = {"inputs": []}
#: How long a knock waits for its turn.
KNOCK_WITHIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Inspection:
    """One account, looked at through its API."""

    hub: Hub
    #: The desk's own app by the settings; empty: not set.
    app_id: str = ""
    #: By which way students are told.
    channel: Channel = Channel.OFF

    def inspect(self) -> list[Finding]:
        """Everything that was looked at, fine or not. Never raises ``GatewayError``."""
        way = self._way_there()
        if way.health is Health.FAULT:
            return [way]
        with ContextPool(3, "inspect") as pool:  # none of these follows another
            reading = pool.submit(self._objects)
            token = pool.submit(self._token_info)
            allowed = pool.submit(self._scopes)
        objects = reading.result()
        unmarked = any(each.mend == definitions.PROVISION for each in objects)
        return [way, *self._limits(), *self._token(token, unmarked), *allowed.result(), *objects]

    def quota(self) -> Quota:
        """The limits, as the last answers told them."""
        return self.hub.transport.limiter.quota()

    def heard(self) -> Heard:
        """What the calls of this process came to."""
        return self.hub.transport.hearing.heard()

    def knock(self) -> None:
        """An answer that refuses an empty batch is a sign of life, unless it refuses the token."""
        try:
            self.hub.knock(within_s=KNOCK_WITHIN_S)
        except Refused as error:
            if isinstance(error, Unauthorized | Forbidden):
                raise

    def provision(self) -> list[str]:
        """Make our own properties where they are missing; what was made.

        Raises:
            Refused: an object type is another object by its own name; nothing was made.
            GatewayError: HubSpot did not let us.
        """
        schemas = self._schemas()
        for another in filter(None, (self._another(kind, schemas) for kind in Kind)):
            raise Refused(f"{another.what}: {another.said}. {another.mend}")
        made = []
        for kind in Kind:
            held = self._definitions(kind)
            for own in self._missing(kind, held):
                call = Call(
                    what="write properties",
                    path=self.hub.paths.properties(self.hub.types.of(kind)),
                    body=own,
                )
                self.hub.transport.write(call, self.hub.priority)
                made.append(f"property {own['name']} of {kind}")
        return made

    def _missing(self, kind: Kind, held: Mapping[str, Json]) -> list[dict[str, str]]:
        """Our own properties that this kind lacks; of contacts those that tell students, too."""
        missing = list(definitions.missing_own(self.hub.portal, kind, held))
        if kind is Kind.CONTACT and self.channel is Channel.PROPERTIES:
            group = definitions.group_of(self.hub.portal, kind, held)
            told = telling.property_definitions(group)
            missing += [one for one in told if one["name"] not in held]
        return missing

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
        hub, known = self.hub, self._known()
        for kind in known:
            yield f"reading {kind}", hub.batch(kind, "read")
            yield f"writing {kind}", hub.batch(kind, "update")
        notes = hub.portal.note_type
        yield "writing notes", hub.paths.objects(notes, "batch", "create")
        yield "reading notes", hub.paths.objects(notes, "batch", "read")
        for to in (Kind.CONTACT, Kind.EXAM):
            if not {Kind.BOOKING, to} <= known.keys():
                continue
            path = hub.paths.associations(known[Kind.BOOKING], known[to], "batch", "read")
            yield f"reading associations of bookings with {to}", path

    def _known(self) -> dict[Kind, str]:
        """The ids of the object types; those that cannot be found are told of their own."""
        known = {}
        for kind in Kind:
            with suppress(GatewayError):
                known[kind] = self.hub.types.of(kind)
        return known

    def _token_info(self) -> Json:
        body = {"tokenKey": self.hub.transport.token}
        return self.hub.read(Call(what="inspect", path=self.hub.paths.token_info(), body=body))

    def _token(self, info: Future[Json], unmarked: bool) -> Iterator[Finding]:
        """What HubSpot says of the token. ``unmarked``: a marker property is still to be made."""
        try:
            told = info.result()
        except GatewayError as error:
            said = f"HubSpot does not tell them ({error}); each call was tried instead"
            yield Finding(health=Health.FINE, what="scopes", said=said)
            return
        granted = frozenset(map(text, told.get("scopes") or ()))
        mails = self.channel is Channel.SINGLE_SEND
        yield _judged(granted, unmarked=unmarked, mails=mails)
        yield from self._app(text(told.get("appId")), text(told.get("hubId")))

    def _app(self, app: str, account: str) -> Iterator[Finding]:
        if not app:
            return
        said = f"the token is of app {app} in account {account}"
        if self.app_id in {"", app}:
            yield Finding(health=Health.FINE, what="app", said=said)
            return
        yield Finding(
            health=Health.WARNING,
            what="app",
            said=f"{said}, but HUBSPOT_APP_ID is {self.app_id}: what another app writes would pass "
            "for the desk's own",
            mend=f"Set HUBSPOT_APP_ID to {app}, or HUBSPOT_TOKEN to the token of the other app",
        )

    def _objects(self) -> list[Finding]:
        with ContextPool(1 + len(Kind), "inspect") as pool:
            schemas = pool.submit(self._schemas)
            held = {kind: pool.submit(self._definitions, kind) for kind in Kind}
        return [
            found for kind in Kind for found in self._object(kind, schemas.result(), held[kind])
        ]

    def _object(
        self, kind: Kind, schemas: Sequence[Schema], definitions_: Future[dict[str, Json]]
    ) -> list[Finding]:
        try:
            if another := self._another(kind, schemas):
                return [another]  # what it lacks is nothing to add: it is not the one that is meant
            held = definitions_.result()
        except Forbidden as error:
            mend = f"Grant {', '.join(error.missing) or 'it'} to the token in HubSpot"
            what = f"{kind}: properties"
            return [Finding(health=Health.FAULT, what=what, said=str(error), mend=mend)]
        except Refused as error:
            return [_no_such_type(kind, self.hub.portal.types[kind], error, schemas)]
        except GatewayError as error:
            return [Finding(health=Health.FAULT, what=str(kind), said=str(error), mend=LATER)]
        listens = kind is Kind.CONTACT and self.channel is Channel.PROPERTIES
        shown = telling.judge(held) if listens else ()
        return [*self._named(kind), *definitions.judge(self.hub.portal, kind, held), *shown]

    def _another(self, kind: Kind, schemas: Sequence[Schema]) -> Finding | None:
        """The fault when the type's own name contradicts what it is set as."""
        type_ = self.hub.types.of(kind)
        name = other_name(kind, type_, schemas)
        if not name:
            return None
        right = meant(kind, schemas) or "..."
        types = _listed(schemas) or "none that are visible"
        return Finding(
            health=Health.FAULT,
            what=f"{kind}: object type {type_}",
            said=f"portal.toml says that this object holds {kind}, its own name is {name}",
            mend=f'Set [objects] {kind} = "{right}" in portal.toml, and leave {name} as it is. '
            f"Custom objects here: {types}",
        )

    def _named(self, kind: Kind) -> list[Finding]:
        """The id that a name was found to be."""
        given, id_ = self.hub.portal.types[kind], self.hub.types.of(kind)
        if given == id_:
            return []
        said = f"is {id_}"
        return [Finding(health=Health.FINE, what=f"{kind}: object type {given}", said=said)]

    def _schemas(self) -> list[Schema]:
        """Id, name and fully qualified name of each custom type that the token may see."""
        try:
            return custom_types(self.hub.transport, self.hub.paths, self.hub.priority)
        except GatewayError:
            return []  # only to help with the mending, of what is told anyway

    def _definitions(self, kind: Kind) -> dict[str, Json]:
        path = self.hub.paths.properties(self.hub.types.of(kind))
        told = self.hub.read(Call(what="inspect", path=path, method="GET"))
        return {text(one.get("name")): one for one in told.get("results") or ()}


def _judged(granted: frozenset[str], *, unmarked: bool, mails: bool = False) -> Finding:
    """Holds the scopes of a token against the list.

    ``unmarked``: ``provision`` is still to run. ``mails``: students are told by e-mails.
    """
    wanted = {**NEEDED, **(FOR_PROVISION if unmarked else {}), **(FOR_MAILS if mails else {})}
    lacking = [scope for scope in wanted if scope not in granted]
    if not lacking:
        spare = len(granted - wanted.keys() - FOR_NAMES.keys())
        beside = f", and {spare} that it does not need" if spare else ""
        said = f"the token has the {len(wanted)} that the desk needs{beside}"
        return Finding(health=Health.FINE, what="scopes", said=said)
    told = "; ".join(f"{scope} (to {wanted[scope]})" for scope in lacking)
    return Finding(
        # what a scope of schemas allows, one of objects may allow as well: each call is tried, too
        health=Health.FAULT if any(".objects." in scope for scope in lacking) else Health.WARNING,
        what="scopes",
        said=f"the token lacks {told}",
        mend=f"Grant {', '.join(lacking)} to the token's app or service key in HubSpot",
    )


def _no_such_type(kind: Kind, given: str, error: Refused, schemas: Sequence[Schema]) -> Finding:
    types = _listed(schemas) or "none that the token may see"
    mend = f'Set [objects] {kind} = "..." in portal.toml. Custom objects here: {types}'
    return Finding(
        health=Health.FAULT,
        what=f"{kind}: object type {given}",
        said=str(error),
        mend=mend if TYPE_ID.fullmatch(given) else "Set it to the id or name of one of these",
    )


def _listed(schemas: Sequence[Schema]) -> str:
    return ", ".join(f"{id_} ({name})" for id_, name, _ in schemas)


TOKEN = (
    "Make a service key or an app in HubSpot (docs/hubspot-access.md) and set its token as "
    "HUBSPOT_TOKEN"
)
ADDRESS = "Look at HUBSPOT_BASE_URL and at the way from this machine to it"
LATER = "Look at status.hubspot.com, and try again later"
