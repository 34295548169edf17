"""A search request, read and turned into SQL over the table `objects`. Pure.

The rules are HubSpot's: filters of a group AND, groups OR, one sort, a cap of 10,000 results.
Property names reach the SQL text only after they were found among the object type's properties.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sandbox.hubspot import errors, words
from sandbox.hubspot.calls import whole
from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.definitions import NAME
from sandbox.hubspot.inputs import names, optional_text
from sandbox.hubspot.values import as_text, iso, moment_ms

PAGE_MAX, CAP = 200, 10_000
GROUPS_MAX, FILTERS_MAX, TOTAL_MAX, QUERY_MAX, VALUES_MAX = 5, 6, 18, 3_000, 100
SIGNS = {"EQ": "=", "NEQ": "!=", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
ORDERED = {"number", "date", "datetime", "moment", "id"}
Value = str | int | float


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A search, ready to run: `where` has one `?` for each of `args`."""

    where: str
    args: tuple[Value, ...]
    order: str
    descending: bool
    limit: int
    offset: int
    properties: list[str]


@dataclass(frozen=True, slots=True)
class Column:
    """A property as SQL: the expression, and how a filter's text becomes its value."""

    sql: str
    type: str
    read: Callable[[str], Value]


def read(kind: Kind, body: Mapping[str, Any], *, anywhere: bool = False) -> Search:
    """Raises ApiError 400 for whatever HubSpot refuses."""
    parts, args = _groups(kind, body.get("filterGroups") or [])
    query = optional_text(body, "query")
    if query:
        parts, args = _with_words(words.clause(kind, query, anywhere=anywhere), query, parts, args)
    order, descending = _sort(kind, body.get("sorts") or [])
    limit = whole(body.get("limit") or 10, "limit", most=PAGE_MAX, least=1)
    offset = whole(body.get("after") or 0, "after")
    if offset + limit > CAP:
        raise errors.validation(
            f"The search can only return {CAP} results: after + limit was {offset + limit}"
        )
    return Search(
        where=parts or "1",
        args=tuple(args),
        order=order,
        descending=descending,
        limit=limit,
        offset=offset,
        properties=names(body, "properties"),
    )


def _groups(kind: Kind, groups: Any) -> tuple[str, list[Value]]:
    _listed(groups, "filterGroups", GROUPS_MAX)
    clauses: list[str] = []
    args: list[Value] = []
    total = 0
    for group in groups:
        filters = group.get("filters") or []
        _listed(filters, "filters", FILTERS_MAX)
        total += len(filters)
        made = [_filter(kind, one) for one in filters]
        clauses.append(" and ".join(sql for sql, _ in made) or "1")
        args.extend(value for _, values in made for value in values)
    if total > TOTAL_MAX:
        raise errors.validation(f"No more than {TOTAL_MAX} filters are allowed, found {total}")
    return " or ".join(f"({clause})" for clause in clauses), args


def _listed(value: Any, what: str, most: int) -> None:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise errors.invalid_json(f": {what} is not a list of objects")
    if len(value) > most:
        raise errors.validation(f"No more than {most} {what} are allowed, found {len(value)}")


def _with_words(
    found: tuple[str, list[str]], query: str, parts: str, args: list[Value]
) -> tuple[str, list[Value]]:
    if len(query) > QUERY_MAX:
        raise errors.validation(f"The query is longer than {QUERY_MAX} characters")
    clause, like = found
    return (f"({parts}) and {clause}" if parts else clause), [*args, *like]


def _filter(kind: Kind, one: Mapping[str, Any]) -> tuple[str, list[Value]]:
    name, operator = one.get("propertyName"), one.get("operator")
    column = column_of(kind, name)
    if operator == "HAS_PROPERTY":
        return f"{column.sql} is not null", []
    if operator == "NOT_HAS_PROPERTY":
        return f"{column.sql} is null", []
    if operator in SIGNS:
        return _compare(column, str(operator), _value(column, one, "value"))
    if operator == "BETWEEN":
        _needs_order(column, "BETWEEN")
        bounds = [_value(column, one, "value"), _value(column, one, "highValue")]
        return f"{column.sql} between ? and ?", bounds
    if operator in {"IN", "NOT_IN"}:
        return _among(column, str(operator), one.get("values"))
    if operator in {"CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"}:
        sign = "not " if operator.startswith("NOT") else ""
        pattern = str(_value(column, one, "value"))
        return f"{sign}has_token({column.sql}, ?)", [pattern]
    raise errors.invalid_json(f": {operator!r} is not a search operator")


def _compare(column: Column, operator: str, value: Value) -> tuple[str, list[Value]]:
    if operator not in {"EQ", "NEQ"}:
        _needs_order(column, operator)
    return f"{column.sql} {SIGNS[operator]} ?", [value]


def _needs_order(column: Column, operator: str) -> None:
    if column.type not in ORDERED:
        raise errors.validation(
            f"Operator {operator} is not supported for a {column.type} property"
        )


def _among(column: Column, operator: str, raw: Any) -> tuple[str, list[Value]]:
    if not isinstance(raw, list) or not 0 < len(raw) <= VALUES_MAX:
        raise errors.validation(f"{operator} takes 1 to {VALUES_MAX} values")
    # text is compared in lower case: a value with capitals matches nothing
    values = [_read(column, as_is, keep_case=True) for as_is in raw]
    sign = "not in" if operator == "NOT_IN" else "in"
    return f"{column.sql} {sign} ({', '.join('?' for _ in values)})", values


def _value(column: Column, one: Mapping[str, Any], key: str) -> Value:
    return _read(column, one.get(key))


def _read(column: Column, raw: Any, *, keep_case: bool = False) -> Value:
    try:
        text = as_text(raw)
        if text is None:
            raise errors.validation("A filter needs a value")
        return text if keep_case and column.type == "string" else column.read(text)
    except (TypeError, ValueError, OverflowError):
        raise errors.validation(f"{raw!r} is not a valid value of a {column.type} filter") from None


def column_of(kind: Kind, name: object) -> Column:
    """The SQL of a property. Raises ApiError 400 when there is none."""
    definition = kind.live(name) if isinstance(name, str) else None
    if definition is None or not NAME.fullmatch(definition.name):
        raise errors.validation(f"There was a problem with the request: no property {name!r}")
    if name == "hs_object_id":
        return Column("id", "id", _whole)
    if name == kind.type.created:
        return Column("created_at", "moment", _moment)
    if name == kind.type.modified:
        return Column("updated_at", "moment", _moment)
    return _stored(_json(definition.name), definition.type)


def _json(name: str) -> str:
    return f"json_extract(properties, '$.{name}')"


def _stored(sql: str, type_: str) -> Column:
    match type_:
        case "number":
            return Column(f"cast({sql} as real)", type_, float)
        case "date":
            return Column(sql, type_, lambda text: iso(_moment(text))[:10])
        case "datetime":  # without the Z, texts of moments sort as the moments do
            return Column(f"rtrim({sql}, 'Z')", type_, lambda text: iso(_moment(text))[:-1])
        case "enumeration" | "bool":
            return Column(sql, type_, str)
        case _:
            return Column(f"lower({sql})", "string", str.lower)


def _whole(text: str) -> int:
    return whole(text, "hs_object_id")


def _moment(text: str) -> int:
    ms = moment_ms(text)
    if ms is None:
        raise ValueError(text)
    return ms


def _sort(kind: Kind, sorts: Any) -> tuple[str, bool]:
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise errors.validation("Only one sort is allowed")
    if not sorts:
        return "id", False
    one = sorts[0]
    if isinstance(one, str):
        return column_of(kind, one.removeprefix("-")).sql, one.startswith("-")
    if not isinstance(one, dict) or one.get("direction", "ASCENDING") not in {
        "ASCENDING",
        "DESCENDING",
    }:
        raise errors.invalid_json(": a sort has a propertyName and a direction")
    return column_of(kind, one.get("propertyName")).sql, one.get("direction") == "DESCENDING"
