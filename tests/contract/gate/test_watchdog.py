"""What systemd is told, over a real socket."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from api.watchdog import Supervisor, supervised


@pytest.mark.parametrize("abstract", [False, True])
def test_systemd_is_told_that_the_server_is_ready_lives_and_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, abstract: bool
) -> None:
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(30)
        listening.bind("\0" + path[1:] if abstract else path)
        monkeypatch.setenv("NOTIFY_SOCKET", "@" + path[1:] if abstract else path)
        monkeypatch.setenv("WATCHDOG_USEC", "30000")

        async def served() -> list[bytes]:
            async with supervised():
                return [await asyncio.to_thread(listening.recv, 99) for _ in range(4)]

        told = asyncio.run(served())

        assert [b"READY=1", *[b"WATCHDOG=1"] * 3] == told
        while (last := listening.recv(99)) == b"WATCHDOG=1":
            pass
        assert b"STOPPING=1" == last


def test_it_is_told_three_times_as_often_as_it_waits() -> None:
    assert 20 == Supervisor.of({"WATCHDOG_USEC": "60000000"}).every_s


def test_without_systemd_nobody_is_told_anything() -> None:
    supervisor = Supervisor.of({})

    supervisor.tell("READY=1")

    assert not supervisor.every_s


def test_a_socket_at_which_nobody_listens_keeps_no_server_from_its_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As of a shell that inherited it from a service that is gone."""
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    monkeypatch.setenv("WATCHDOG_USEC", "3000")

    async def served() -> None:
        async with supervised():
            await asyncio.sleep(0)  # the first beat has its turn

    asyncio.run(served())

    told = [f"NOTIFY_SOCKET was not told {what}" for what in ("READY", "WATCHDOG", "STOPPING")]
    assert [] == [each for each in told if each not in caplog.text]
