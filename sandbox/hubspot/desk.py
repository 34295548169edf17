"""What every handler is given, and the rules that single writes and batches share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sandbox.hubspot import errors, numbers, versions, wire
from sandbox.hubspot.apps import Apps
from sandbox.hubspot.calculations import calculated
from sandbox.hubspot.calls import Answer, Call, object_id
from sandbox.hubspot.catalog import Catalog, Kind
from sandbox.hubspot.exporting import Exports
from sandbox.hubspot.inputs import Input, Values
from sandbox.hubspot.journal import Journal
from sandbox.hubspot.lag import Lag
from sandbox.hubspot.links import LinkType
from sandbox.hubspot.mailing import Mailing
from sandbox.hubspot.portal import Portal
from sandbox.hubspot.rollups import Rollups
from sandbox.hubspot.rows import Row, Source
from sandbox.hubspot.rules import Rules
from sandbox.hubspot.searching import Searcher
from sandbox.hubspot.store import Store

Target = tuple[Kind, int, LinkType]


@dataclass(slots=True, kw_only=True)
class Options:
    """Where HubSpot's behaviour is not known for sure, the choice; the default is the harder."""

    #: batches come back in another order than they were sent
    shuffle: bool = True
    #: a write to a merged contact's old id changes what it became (else: not found)
    write_through_merge: bool = True
    #: associations asked by an id from before a merge are those of what it became (else: none)
    ties_by_old_id: bool = False
    #: a read of associations does not tell an object that is gone from one without ties
    gone_without_ties: bool = True
    #: versions whose associations have ids as numbers (else: as text)
    number_ids: frozenset[str] = frozenset({"v4", "2025-09", "2026-03"})
    #: dated versions answer a partial batch with 200 or 201: their spec has no 207
    plain_partial: bool = False
    #: how numbers are kept and sent: one of numbers.TEXTS
    number_text: str = "kept"
    #: the API takes 1e3
    number_exponents: bool = False
    #: digits of the longest number that the API takes
    number_digits: int = 100
    #: a taken e-mail is told of with the id in a field too, not in the words alone
    existing_id: bool = False
    #: a conditional rule also refuses a write that touches neither of its properties
    rules_on_any_write: bool = True
    #: a search for text finds it anywhere in a word, not at its beginning only
    query_anywhere: bool = False
    #: what an unknown path is answered with: a page of "html", or "json"
    unknown_route: str = "html"
    #: a write of the same values moves the modified time
    touch_always: bool = False
    #: batches that a unique objectWriteTraceId in each input makes partial
    traced: frozenset[str] = frozenset({"create", "upsert"})


@dataclass(slots=True, kw_only=True)
class Desk:
    """The account, as the handlers work on it."""

    store: Store
    portal: Portal
    searcher: Searcher
    rollups: Rollups
    lag: Lag
    exports: Exports
    journal: Journal
    mailing: Mailing
    apps: Apps
    rules: Rules = field(default_factory=Rules)
    options: Options = field(default_factory=Options)

    def batch(
        self, call: Call, status: int, results: Sequence[Any], problems: Sequence[Any], started: int
    ) -> Answer:
        """A batch's answer: `status`, or 207 when some of it failed."""
        done = self.store.now_ms()
        body = wire.batch(results, problems, started_ms=started, completed_ms=done)
        plain = not problems or (call.dated and self.options.plain_partial)
        return Answer(status if plain else 207, body)

    def write(self, kind: Kind, pairs: Sequence[tuple[Row, Values]], call: Call) -> list[Row]:
        """Set the values of objects, in the name of the app that calls."""
        touch = self.options.touch_always
        whole = [(row, self.final(kind, values)) for row, values in pairs]
        return self.store.update(kind, whole, call.source, touch=touch)

    def final(self, kind: Kind, values: Values) -> Values:
        """The values that a write keeps, with those that follow from them."""
        return calculated(kind, numbers.rewritten(kind, values, self.options.number_text))

    @property
    def catalog(self) -> Catalog:
        """Object types and properties."""
        return self.store.catalog

    def kind(self, call: Call, key: str = "type") -> Kind:
        """The object type in the path."""
        return self.catalog.kind(call.params[key])

    def find(self, kind: Kind, call: Call, *, writing: bool = False) -> Row:
        """The object in the path, by id or by a unique property. Raises ApiError 404."""
        name = call.query.get("idProperty", [""])[-1]
        archived = call.flag("archived") and not writing
        row = self.by_key(kind, call.params["id"], name or None, writing=writing)
        if row is None or (row.archived_at is not None) is not archived:
            raise errors.resource_not_found()
        return row

    def by_key(self, kind: Kind, key: str, name: str | None, *, writing: bool) -> Row | None:
        """An object by its id, or by the value of a unique property."""
        id_ = object_id(key) if name is None else self.holder(kind, name, key)
        row = None if id_ is None else self.store.rows(kind, [id_]).get(id_)
        merged_away = row is not None and row.id != id_
        return None if merged_away and writing and not self.options.write_through_merge else row

    def holder(self, kind: Kind, name: str, value: str) -> int | None:
        """Who has this unique value. Raises ApiError 400 for a property that is not unique."""
        if name not in kind.unique_names():
            raise errors.validation(
                f"Unable to perform update/upsert by non-unique {kind.type.id} property {name}"
            )
        return self.store.holder(kind, name, value)

    def check(self, kind: Kind, wanted: Input, row: Row | None, taken: set[Any]) -> None:
        """Add to the input's problems what only the other objects and the options tell.

        `taken` holds the unique values of the inputs before it in the same batch.
        """
        wanted.problems += numbers.problems(
            kind,
            wanted.values,
            exponents=self.options.number_exponents,
            digits_max=self.options.number_digits,
        )
        for name in kind.unique_names():
            value = wanted.values.get(name)
            if value is None:
                continue
            holder = self.store.holder(kind, name, value)
            if (holder is not None and (row is None or holder != row.id)) or (
                (name, value.lower()) in taken
            ):
                wanted.problems.append(self._conflict(kind, name, value, row, holder))
            taken.add((name, value.lower()))

    def _conflict(
        self, kind: Kind, name: str, value: str, row: Row | None, holder: int | None
    ) -> dict[str, Any]:
        if name == "email":
            text = f"Contact already exists. Existing ID: {holder}"
            code = "CONTACT_EXISTS"
            return {"name": name, "code": code, "message": text, "value": value, "holder": holder}
        where = (
            f"PropertyValueCoordinates{{portalId={self.portal.id}, "
            f"objectTypeId={kind.type.id}, propertyName={name}, value={value}}}"
        )
        on = row.id if row else "a new object"
        text = f"Cannot set {where} on {on}. {holder} already has that value."
        return {"name": name, "code": "CONFLICTING_UNIQUE_VALUE", "message": text, "value": value}

    def refusal(self, problems: Sequence[dict[str, Any]]) -> errors.ApiError:
        """The answer for an input with problems."""
        codes = {problem["code"] for problem in problems}
        first = problems[0]
        if "CONTACT_EXISTS" in codes:
            named = self.options.existing_id
            more = {"context": {"existingId": [str(first["holder"])]}} if named else {}
            return errors.conflict(first["message"], **more)
        if codes == {"CONFLICTING_UNIQUE_VALUE"}:
            details = [errors.problem_detail(problem) for problem in problems]
            return errors.validation(first["message"], errors=details)
        return errors.bad_properties(self.portal.id, problems)

    def require(self, kind: Kind, wanted: Input, call: Call) -> errors.ApiError | None:
        """The refusal of a new object that lacks what its type requires."""
        lacking = [name for name in kind.type.required if wanted.values.get(name) is None]
        if versions.since(call.version, versions.RULES_SINCE):
            return self.obey(kind, wanted, None, call, also=lacking)
        if not lacking:
            return None
        message = f"Error creating {kind.type.name.upper()}. Some required properties were not set."
        return errors.validation(message, context={"properties": lacking})

    def obey(
        self, kind: Kind, wanted: Input, row: Row | None, call: Call, also: Sequence[str] = ()
    ) -> errors.ApiError | None:
        """The refusal of a write that an admin's rules forbid; older versions know no rules."""
        if not versions.since(call.version, versions.RULES_SINCE):
            return None
        details = [errors.missing_required(name) for name in also]
        details += self.rules.lacking(
            kind,
            wanted.values,
            None if row is None else row.properties,
            any_write=self.options.rules_on_any_write,
        )
        return errors.rules_broken(details) if details else None

    def targets(self, kind: Kind, associations: Iterable[Any]) -> list[Target]:
        """The other ends of a new object's associations. Raises ApiError 400."""
        found: list[Target] = []
        for entry in associations:
            try:
                to_id = object_id(str(entry["to"]["id"]))
                specs = [
                    (str(t["associationCategory"]), int(t["associationTypeId"]))
                    for t in entry["types"]
                ]
            except (KeyError, TypeError, ValueError, errors.ApiError):
                raise errors.invalid_json(": an association needs to.id and types") from None
            found += [self._target(kind, to_id, *spec) for spec in specs]
        return found

    def _target(self, kind: Kind, to_id: int, category: str, type_id: int) -> Target:
        for other in self.catalog.kinds():
            link_type = self.store.links.find(kind, other, category, type_id)
            if link_type is None:
                continue
            row = self.store.rows(other, [to_id]).get(to_id)
            if row is None or row.archived_at is not None:
                raise errors.validation(f"No {other.type.name} with ID {to_id} exists")
            return other, row.id, link_type
        raise errors.validation(
            f"No association type {category} {type_id} leads from {kind.type.name}"
        )

    def tie(self, kind: Kind, row: Row, targets: Sequence[Target], source: Source) -> Row:
        """Associate a new object; returns it as it is then."""
        for other, to_id, link_type in targets:
            self.store.links.put(kind, other, [(row.id, to_id, link_type)], source)
            self.rollups.linked(kind, other, [(row.id, to_id)])
        return self.store.rows(kind, [row.id])[row.id] if targets else row
