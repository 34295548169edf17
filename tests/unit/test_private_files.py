"""What commands write is for their owner's eyes alone."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from stat import S_IMODE

import pytest

from core.credits.private_files import make_private, private_output


@pytest.fixture(autouse=True)
def _generous_umask() -> Iterator[None]:
    """As a shell may have it: everybody reads and writes what is made."""
    before = os.umask(0)
    yield
    os.umask(before)


def test_an_export_is_its_owners_alone_also_where_a_file_was_open_to_others(tmp_path: Path) -> None:
    new, old = tmp_path / "new.csv", tmp_path / "old.csv"
    old.write_text("what was there is gone, however long it was")
    old.chmod(0o644)

    for file in (new, old):
        with private_output(file) as out:
            out.write(b"Ada")

    assert [b"Ada", b"Ada"] == [new.read_bytes(), old.read_bytes()]
    assert [0o600, 0o600] == [S_IMODE(file.stat().st_mode) for file in (new, old)]


def test_a_store_makes_its_folder_private_and_leaves_one_that_is_there(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir(mode=0o777)

    make_private(shared / "made" / "desk.sqlite")
    make_private(shared / "desk.sqlite")

    assert [0o777, 0o700] == [S_IMODE(f.stat().st_mode) for f in (shared, shared / "made")]
    files = (shared / "desk.sqlite", shared / "made" / "desk.sqlite")
    assert [0o600, 0o600] == [S_IMODE(each.stat().st_mode) for each in files]


def test_an_export_can_go_to_a_device() -> None:
    with private_output(Path("/dev/null")) as out:
        out.write(b"Ada")


def test_a_store_that_is_in_use_keeps_its_locks(tmp_path: Path) -> None:
    """Without them another process takes the log for nobody's, and what we write is lost."""
    path = tmp_path / "desk.sqlite"
    make_private(path)
    with closing(sqlite3.connect(path)) as ours:
        ours.execute("pragma journal_mode = wal")
        ours.execute("create table written (n)")
        ours.commit()

        make_private(path)

        assert 0 == counted_by_another_process(path)
        ours.execute("insert into written values (1)")
        ours.commit()
        assert 1 == counted_by_another_process(path)


def test_a_log_that_goes_away_meanwhile_is_no_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process ended just now, as the last one with the store open."""
    path, log = tmp_path / "desk.sqlite", tmp_path / "desk.sqlite-wal"
    log.write_bytes(b"")
    chmod = Path.chmod

    def too_late(each: Path, mode: int) -> None:
        each.unlink()
        chmod(each, mode)

    monkeypatch.setattr(Path, "chmod", too_late)
    make_private(path)

    assert [path] == list(tmp_path.iterdir())


def counted_by_another_process(path: Path) -> int:
    """It closes the store as the last one, as far as it knows."""
    code = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); "
        "print(c.execute('select count(*) from written').fetchone()[0]); c.close()"
    )
    command = [sys.executable, "-c", code, str(path)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
