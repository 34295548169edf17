"""Many copies of the same rows at once: no deadlock, and the newest version stands."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
from psycopg.types.json import Jsonb

from sandbox.supabase import SupabaseSettings

CALL = "select outcome from credit_desk_copy('contacts', %s)"
DELETE = "select outcome from credit_desk_delete('contacts', %s)"


def _row(id_: str, version: int) -> dict[str, object]:
    minute, second = divmod(version, 60)
    moment = f"2026-11-23T10:{minute:02d}:{second:02d}Z"
    return {"hubspot_id": id_, "source_modified_at": moment, "cs_credits": version}


def test_copies_from_many_sides_settle_on_the_newest(settings: SupabaseSettings) -> None:
    ids = [f"many{number:03d}" for number in range(60)]
    newest = 200

    def one_writer(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(settings.db_url, autocommit=True) as connection:
            for version in chance.sample(range(newest), 25):
                some = chance.sample(ids, 30)
                rows = [_row(id_, version) for id_ in some]
                if chance.random() < 0.2:  # an unfit one sends the call down its slow way
                    rows.insert(chance.randrange(30), {"hubspot_id": "bad"})
                connection.execute(CALL, [Jsonb(rows)]).fetchall()
            every = chance.sample(ids, len(ids))
            connection.execute(CALL, [Jsonb([_row(id_, newest) for id_ in every])]).fetchall()

    with ThreadPoolExecutor(6) as pool:
        for done in [pool.submit(one_writer, seed) for seed in range(6)]:
            done.result(timeout=60)

    with psycopg.connect(settings.db_url) as connection:
        found = connection.execute(
            "select distinct cs_credits from hubspot_contact_credits where hubspot_id like 'many%'"
        ).fetchall()
    assert found == [(newest,)]


def test_deletions_among_copies_never_take_a_row_that_is_newer_than_was_compared(
    settings: SupabaseSettings,
) -> None:
    ids = [f"gone{number:02d}" for number in range(40)]
    newest = 150

    def copier(seed: int) -> None:
        chance = random.Random(seed)
        with psycopg.connect(settings.db_url, autocommit=True) as connection:
            for version in sorted(chance.sample(range(newest), 30)):
                rows = [_row(id_, version) for id_ in chance.sample(ids, 20)]
                connection.execute(CALL, [Jsonb(rows)]).fetchall()
            left = list(ids)
            while left:  # a row deleted while it was copied is told so, and copied again
                rows = [_row(id_, newest) for id_ in left]
                outcomes = connection.execute(CALL, [Jsonb(rows)]).fetchall()
                left = [
                    id_
                    for id_, (outcome,) in zip(left, outcomes, strict=True)
                    if outcome.startswith("refused")
                ]

    def deleter(seed: int) -> None:
        """Compares old versions, waits for a while, deletes."""
        chance = random.Random(seed)
        with psycopg.connect(settings.db_url, autocommit=True) as connection:
            for _ in range(60):
                held = connection.execute(
                    "select hubspot_id, source_modified_at, credit_desk_synced_at"
                    " from hubspot_contact_credits"
                    " where hubspot_id = any(%s) and cs_credits < %s",
                    [chance.sample(ids, 10), newest],
                ).fetchall()
                connection.execute("select pg_sleep(%s)", [chance.random() / 100])
                rows = [
                    {
                        "hubspot_id": id_,
                        "source_modified_at": modified.isoformat(),
                        "synced_at": synced.isoformat(),
                    }
                    for id_, modified, synced in held
                ]
                connection.execute(DELETE, [Jsonb(rows)]).fetchall()

    with ThreadPoolExecutor(6) as pool:
        work = [pool.submit(each, n) for n in range(3) for each in (copier, deleter)]
        for done in work:
            done.result(timeout=60)

    with psycopg.connect(settings.db_url) as connection:
        found = connection.execute(
            "select hubspot_id, cs_credits from hubspot_contact_credits"
            " where hubspot_id like 'gone%' order by 1"
        ).fetchall()
    assert found == [(id_, newest) for id_ in ids]


def test_a_thousand_rows_take_a_moment(settings: SupabaseSettings) -> None:
    """The budget is 30 ms on a quiet machine; a shared one gets ten times that, once in 8."""
    with psycopg.connect(settings.db_url, autocommit=True) as connection:
        best_s = 9.0
        for version in range(8):
            rows = Jsonb([_row(f"bulk{number}", version) for number in range(1000)])
            began = time.perf_counter()
            outcomes = connection.execute(CALL, [rows]).fetchall()
            best_s = min(best_s, time.perf_counter() - began)
            assert outcomes == [("written",)] * 1000

    assert best_s < 0.3
