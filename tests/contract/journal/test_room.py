"""A store whose disk is full: nothing is saved, that is said, and it goes on when there is room."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, event

from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.credits import room
from core.credits.errors import JournalError, StoreFull
from core.credits.room import Room
from tests.contract.journal.cutting import Cut, wire
from tests.contract.journal.given import item, operation

#: What PostgreSQL raises when its disk is full, at the end of each statement that writes an item.
RAISES = """
create function credit_desk.full_disk() returns trigger language plpgsql as
$$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100';
end $$;
create trigger full_disk before insert on credit_desk.items
for each statement execute function credit_desk.full_disk()
"""

#: The same at the end of the transaction.
RAISES_LATE = """
drop trigger full_disk on credit_desk.items;
create constraint trigger full_disk_late after insert on credit_desk.items
deferrable initially deferred for each row execute function credit_desk.full_disk()
"""
_PANIC = b"SPANIC\0VPANIC\0C53100\0Mcould not write to file: No space left on device\0\0"
#: What PostgreSQL says, as its protocol has it, when its own log finds no room: it ends at once.
LAST_WORDS = b"E" + (len(_PANIC) + 4).to_bytes(4) + _PANIC


def test_a_fresh_store_has_room(journal: Journal) -> None:
    found = journal.room()

    assert not found.full
    on_sqlite = isinstance(journal, SqlJournal) and journal._db.on_sqlite
    assert on_sqlite == (found.free is not None)


def fill(journal: SqlJournal) -> None:
    """No disk of a test can be filled: SQLite may have no page more, PostgreSQL says so."""
    if not journal._db.on_sqlite:
        journal._db.write(lambda connection: connection.exec_driver_sql(RAISES))
        return

    @event.listens_for(journal._db.engine, "begin")
    def _no_more(connection: Connection) -> None:
        (pages,) = connection.exec_driver_sql("PRAGMA page_count").one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def empty(journal: SqlJournal) -> None:
    if not journal._db.on_sqlite:
        drop = "drop function credit_desk.full_disk() cascade"
        journal._db.write(lambda connection: connection.exec_driver_sql(drop))
        return

    @event.listens_for(journal._db.engine, "begin")
    def _enough(connection: Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1073741823")


def test_what_finds_no_room_is_not_saved_and_says_so_until_something_is(url: str) -> None:
    journal = SqlJournal(url)
    items = [item(n, operation_id="big") for n in range(3_000)]
    fill(journal)

    with pytest.raises(StoreFull, match=r"is full\. Nothing of this was saved; all that was saved"):
        journal.confirm(operation("big"), items)
    assert journal.room().full
    assert [] == journal.operations(), "nothing of it"
    assert journal.room().full, "reading shows nothing"

    empty(journal)
    assert journal.confirm(operation("big"), items)
    assert not journal.room().full
    journal.close()


def test_a_commit_that_finds_no_room_saved_nothing(postgres_journal_url: str) -> None:
    journal = SqlJournal(postgres_journal_url)
    fill(journal)
    journal._db.write(lambda connection: connection.exec_driver_sql(RAISES_LATE))

    with pytest.raises(StoreFull):
        journal.confirm(operation("big"), [item(0, operation_id="big")])
    assert journal.room().full
    assert [] == journal.operations()

    empty(journal)
    journal.close()


def test_a_server_that_ends_for_lack_of_room_at_a_commit_may_have_saved_it(
    postgres_journal_url: str, postgres_keeper: SqlJournal
) -> None:
    with wire(postgres_journal_url) as cut:
        journal = SqlJournal(cut.url)
        cut.last_words = LAST_WORDS
        cut.cut_at("COMMIT", Cut.AFTER)

        with pytest.raises(
            JournalError, match="broke while saving; it may be saved or not"
        ) as lost:
            journal.confirm(operation("big"), [item(0, operation_id="big")])

        assert not isinstance(lost.value, StoreFull)
        assert journal.room().full
        assert ["big"] == [each.id for each in postgres_keeper.operations()], "it is saved"
        journal.close()


def test_where_hardly_anything_is_left_sqlite_s_other_words_mean_the_same(
    sqlite_journal_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It cannot make its files beside the database: "disk I/O error"."""
    journal = SqlJournal(sqlite_journal_url)

    def fails(connection: Connection) -> Any:
        return connection.exec_driver_sql("ATTACH DATABASE '/nowhere/at/all.sqlite' AS other")

    with pytest.raises(JournalError) as enough:
        journal._db.read(fails)
    assert not isinstance(enough.value, StoreFull)
    assert not journal.room().full

    monkeypatch.setattr(room, "HARDLY_ANY", 1 << 62)
    with pytest.raises(StoreFull):
        journal._db.read(fails)
    assert journal.room().full
    journal.close()


@pytest.mark.parametrize(
    ("found", "short"),
    [
        (Room(full=False, free=None), False),
        (Room(full=True, free=None), True),
        (Room(full=False, free=room.LITTLE), False),
        (Room(full=False, free=room.LITTLE - 1), True),
        (Room(full=True, free=room.LITTLE), True),
    ],
)
def test_little_room_is_short_of_room(found: Room, short: bool) -> None:
    assert short == found.short
