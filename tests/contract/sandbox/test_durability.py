"""A kill loses no acknowledged write; a read sees every write that was acknowledged before it."""

from __future__ import annotations

import os
import signal
import ssl
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from sandbox.hubspot.server import HubSpotServer

from .conftest import TOKEN, Sandbox, seed

CHILD = """
import signal, sys
from pathlib import Path
from sandbox.hubspot.server import HubSpotServer
server = HubSpotServer(Path(sys.argv[1]), token=sys.argv[2], rate_limit=1_000_000)
print(server.start(), flush=True)
signal.pause()
"""
ROOT = Path(__file__).resolve().parents[3]
PATH = "/crm/objects/2026-09/0-1"


def plain(url: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.Client(
        base_url=url, headers=headers, timeout=60, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    )


def write_until_dead(url: str, contact: str, done: dict[str, int], enough: threading.Event) -> None:
    with plain(url) as http:
        for n in range(1, 100_000):
            try:
                body = {"properties": {"sj_credits": str(n)}}
                http.patch(f"{PATH}/{contact}", json=body).raise_for_status()
            except httpx.TransportError:
                return
            done[contact] = n
            if n >= 25:
                enough.set()


def test_a_kill_loses_no_acknowledged_write(tmp_path: Path) -> None:
    with HubSpotServer(tmp_path, token=TOKEN) as server:
        server.store.load(*seed())
    command = [sys.executable, "-c", CHILD, str(tmp_path), TOKEN]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert child.stdout is not None
    url = child.stdout.readline().strip()
    done: dict[str, int] = {}
    enough = threading.Event()
    with ThreadPoolExecutor(4) as pool:
        for contact in ("101", "102", "103", "104"):
            pool.submit(write_until_dead, url, contact, done, enough)
        assert enough.wait(60)
        os.kill(child.pid, signal.SIGKILL)
    child.wait(60)
    child.stdout.close()

    with HubSpotServer(tmp_path, token=TOKEN) as server, plain(server.start()) as http:
        for contact, value in done.items():
            body = http.get(f"{PATH}/{contact}", params={"properties": "sj_credits"}).json()
            found = int(body["properties"]["sj_credits"])
            assert found in {value, value + 1}  # one more may have been written, its answer lost


def test_a_batch_read_sees_what_was_acknowledged_before_it(hubspot: Sandbox) -> None:
    def count(contact: int) -> None:
        with plain(hubspot.url) as http:
            for n in range(21, 32):
                values = {"sj_credits": str(n), "credit_desk_last_write": f"{contact}-{n}"}
                inputs = [{"id": str(contact), "properties": values}]
                http.post(f"{PATH}/batch/update", json={"inputs": inputs}).raise_for_status()
                asked = {"inputs": [{"id": str(contact)}], "properties": list(values)}
                (found,) = http.post(f"{PATH}/batch/read", json=asked).json()["results"]
                assert values == {name: found["properties"][name] for name in values}

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(count, range(101, 107)))
    for contact in range(101, 107):
        assert 12 == len(hubspot.history(str(contact), "sj_credits"))
