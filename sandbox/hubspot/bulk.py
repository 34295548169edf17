"""The fast way in for seed data: streamed inserts in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import orjson

from sandbox.hubspot.catalog import Catalog
from sandbox.hubspot.database import Database
from sandbox.hubspot.links import Links
from sandbox.hubspot.seed import SeedLink, SeedObject, SeedVersion
from sandbox.hubspot.values import to_ms
from sandbox.hubspot.words import text_of


def load(
    database: Database,
    catalog: Catalog,
    links: Links,
    objects: Iterable[SeedObject],
    ties: Iterable[SeedLink],
) -> None:
    """Everything or nothing."""
    with database.writing() as connection:
        uniques: list[tuple[int, str, str, int]] = []
        texts: list[tuple[int, int, str]] = []
        connection.executemany(
            "insert or replace into objects values (?, ?, ?, ?, ?, ?, null, ?, null)",
            _rows(catalog, objects, uniques, texts),
        )
        texts.sort()
        connection.executemany("insert or replace into words values (?, ?, ?)", texts)
        uniques.sort()
        connection.executemany("insert or replace into uniques values (?, ?, ?, ?)", uniques)
        connection.execute("create temp table ties as select * from links limit 0")
        connection.executemany(
            "insert into ties values (?, ?, ?, ?, ?)", _ties(catalog, links, ties)
        )
        # in the order of the table's key, each page of it is written once
        connection.execute("insert or ignore into links select * from ties order by 1, 2, 3, 4, 5")
        connection.execute("drop table ties")


def _rows(
    catalog: Catalog,
    objects: Iterable[SeedObject],
    uniques: list[tuple[int, str, str, int]],
    texts: list[tuple[int, int, str]],
) -> Iterator[tuple[object, ...]]:
    for seed in objects:
        kind = catalog.kind(seed.object_type)
        id_ = int(seed.id)
        values = {name: v for name, v in seed.properties.items() if v is not None}
        if not seed.archived:
            held = {name: values.get(name) for name in kind.unique_names()}
            uniques += [(kind.no, name, v.lower(), id_) for name, v in held.items() if v]
        texts.append((kind.no, id_, text_of(kind, values)))
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
