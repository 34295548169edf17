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
    known = {kind.type.id: (kind, kind.unique_names()) for kind in catalog.kinds()}
    for seed in objects:
        kind, unique = known[seed.object_type]
        id_ = int(seed.id)
        values = {name: v for name, v in seed.properties.items() if v is not None}
        if not seed.archived:
            held = ((name, values.get(name)) for name in unique)
            uniques += [(kind.no, name, value.lower(), id_) for name, value in held if value]
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
    ends: dict[tuple[str, str], tuple[int, int, int, int]] = {}
    for tie in ties:
        pair = tie.from_type, tie.to_type
        if pair not in ends:
            kind, to = catalog.kind(pair[0]), catalog.kind(pair[1])
            plain = links.default(kind, to)
            ends[pair] = kind.no, to.no, plain.no, plain.inverse
        here, there, forth, back = ends[pair]
        id_, to_id = int(tie.from_id), int(tie.to_id)
        yield here, there, id_, to_id, forth
        yield there, here, to_id, id_, back
