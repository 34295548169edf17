"""SIGTERM to the server in the middle of an operation: what is in hand is finished first."""

from __future__ import annotations

import base64
import itertools
import json
import secrets
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from core.app.wiring import SERVER_GRACE_S
from core.mirror.webhook_rules import signature
from core.mirror.webhooks import PATH
from sandbox.ports import any_free
from tests.crash.desk import Desk, expected, write_csv
from tests.crash.waiting import wait_for
from tests.e2e.conftest import healthy

SIZE = 60
#: HubSpot is this slow meanwhile, so that the signal comes in the middle.
SLOW_MS, USUAL_MS = 1_000, 40


class Deliveries:
    """HubSpot's webhooks, one after the other, and what became of each."""

    def __init__(self, desk: Desk, origin: str) -> None:
        self.desk, self.origin = desk, origin
        self.statuses: Counter[int] = Counter()
        self.ended = threading.Event()

    def run(self) -> None:
        for n in itertools.count():
            if self.ended.is_set():
                return
            try:
                self.statuses[self._deliver(n)] += 1
            except httpx.TransportError:  # never taken: HubSpot sends it again
                self.statuses[0] += 1

    def _deliver(self, n: int) -> int:
        body = json.dumps([{"subscriptionType": "contact.creation", "objectId": n + 1}]).encode()
        stamp = str(int(time.time() * 1000))
        secret = self.desk.stack["HUBSPOT_CLIENT_SECRET"]
        headers = {
            "X-HubSpot-Signature-v3": signature(
                secret, "POST", f"{self.origin}{PATH}", body, stamp
            ),
            "X-HubSpot-Request-Timestamp": stamp,
        }
        return httpx.post(
            f"{self.origin}{PATH}", content=body, headers=headers, timeout=60
        ).status_code


def open_tab(port: int) -> socket.socket:
    """A browser's websocket, left open."""
    tab = socket.create_connection(("127.0.0.1", port), timeout=30)
    key = base64.b64encode(secrets.token_bytes(16)).decode()
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: localhost:{port}",
        f"Origin: http://localhost:{port}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    tab.sendall("\r\n".join([*lines, "", ""]).encode())
    assert b"101" in tab.recv(64)
    return tab


@pytest.mark.timeout(300)
def test_a_server_told_to_stop_finishes_what_is_in_hand_and_the_next_goes_on(
    desk: Desk, tmp_path: Path
) -> None:
    port = any_free()
    origin = f"http://localhost:{port}"
    chosen = write_csv(tmp_path / "bookings.csv", desk.rested_bookings(SIZE))
    promise = expected(desk, desk.core("cancel", "--bookings", str(chosen), "--dry-run"))
    begun = desk.updates_made()
    deliveries = Deliveries(desk, origin)

    with desk.server(port) as process:
        wait_for(lambda: healthy(origin))
        sender = threading.Thread(target=deliveries.run, daemon=True)
        sender.start()
        wait_for(lambda: deliveries.statuses[200])
        desk.latency(SLOW_MS)
        with open_tab(port), ThreadPoolExecutor(1) as person:
            confirmed = person.submit(
                desk.core, "cancel", "--bookings", str(chosen), "--reason", "a stop"
            )
            wait_for(lambda: desk.updates_made() > begun)  # cancelling: no credit is back yet
            told_at = time.monotonic()
            process.send_signal(signal.SIGTERM)
            code = process.wait(SERVER_GRACE_S + 20)
            operation = confirmed.result()
        took_s = time.monotonic() - told_at
        wait_for(lambda: deliveries.statuses[0])
        deliveries.ended.set()
        sender.join()

    assert code in {0, -signal.SIGTERM}, took_s
    assert {200, 0} == deliveries.statuses.keys(), deliveries.statuses
    assert not desk.ended(operation), "it was to be stopped in the middle"
    assert [] == desk.journal.open_writes(), "a write was left without its outcome"
    assert [] == desk.journal.workers(), "a server that ends in peace says so"
    desk.latency(USUAL_MS)
    with desk.worker():
        desk.until_ended(operation)
        desk.core("outbox", "--wait", fails=None)
    assert promise.after == desk.balances(promise.after)
