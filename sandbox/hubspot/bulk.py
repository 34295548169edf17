"""The fast way in for seed data: streamed inserts in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from sandbox.hubspot.catalog import Catalog
from sandbox.hubspot.database import Database
from sandbox.hubspot.links import Links
from sandbox.hubspot.seed import SeedLink, SeedObject, SeedVersion
from sandbox.hubspot.values import to_ms


def load(
    database: Database,
    catalog: Catalog,
    links: Links,
    objects: Iterable[SeedObject],
    ties: Iterable[SeedLink],
) -> None:
    """Everything or nothing."""
    with database.writing() as connection:
        connection.execute("drop index if exists objects_modified")
        uniques: list[tuple[int, str, str, int]] = []
        connection.executemany(
            "insert or replace into objects values (?, ?, ?, ?, ?, ?, null, ?, null)",
            _rows(catalog, objects, uniques),
        )
        connection.executemany("insert or replace into uniques values (?, ?, ?, ?)", uniques)
        connection.executemany(
            "insert or ignore into links values (?, ?, ?, ?, ?)", _ties(catalog, links, ties)
        )
        connection.execute("create index objects_modified on objects (kind, updated_at)")


def _rows(
    catalog: Catalog, objects: Iterable[SeedObject], uniques: list[tuple[int, str, str, int]]
) -> Iterator[tuple[object, ...]]:
    for seed in objects:
        kind = catalog.kind(seed.object_type)
        id_ = int(seed.id)
        values = {name: v for name, v in seed.properties.items() if v is not None}
        if not seed.archived:
            held = {name: values.get(name) for name in kind.unique_names()}
            uniques += [(kind.no, name, v.lower(), id_) for name, v in held.items() if v]
        updated = to_ms(seed.updated_at)
        yield (
            kind.no,
            id_,
            orjson.dumps(values).decode(),
            to_ms(seed.created_at),
            updated,
            updated if seed.archived else None,
            _history(seed) if seed.history else None,
        )


def _history(seed: SeedObject) -> str:
    stored = {name: [_entry(v) for v in versions] for name, versions in seed.history.items()}
    return orjson.dumps(stored).decode()


def _entry(version: SeedVersion) -> list[object]:
    return [
        version.value,
        to_ms(version.at),
        version.source_type,
        version.source_id,
        None,
        version.user_id,
    ]


def _ties(
    catalog: Catalog, links: Links, ties: Iterable[SeedLink]
) -> Iterator[tuple[int, int, int, int, int]]:
    for tie in ties:
        kind, to = catalog.kind(tie.from_type), catalog.kind(tie.to_type)
        plain = links.default(kind, to)
        id_, to_id = int(tie.from_id), int(tie.to_id)
        yield kind.no, to.no, id_, to_id, plain.no
        yield to.no, kind.no, to_id, id_, plain.inverse
