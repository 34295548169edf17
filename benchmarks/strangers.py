"""What 50 strangers who send as fast as they can cost a person who is signed in.

The app's own server (``streamlit run asgi.py``) on the local stack. The attack is a process of its
own: 50 signed-out websockets, each sending small rerun messages without a pause and coming back at
once when it is closed, and 200 tries to leave a file of 10 MB. Meanwhile an admin's tab asks for a
page again and again, and a probe asks ``/api/healthz`` on a new connection each time. On a small
machine the attack takes a core away from the server as well, which is part of what is measured.
Alone: ``python -m benchmarks.strangers``.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psutil  # type: ignore[import-untyped]
from streamlit.proto.BackMsg_pb2 import BackMsg

from benchmarks.browser import app
from benchmarks.report import Report, at_most
from tests.contract.gate.visitor import USER, XSRF, Server
from tests.crash.desk import ADMIN
from tests.pages.stage import come_in, signed_in

BUDGETS = (
    at_most("rerun_max_s", 1.0),
    at_most("healthz_p99_s", 0.1),
    at_most("grown_mb", 50.0),
    at_most("left_mb", 25.0),
)
LEFT_OUT = "the network and a proxy before the server; the attack's own CPU time is in the measure"
SOCKETS, UPLOADS, UPLOAD_BYTES = 50, 200, 10_000_000
#: Frames in one write; many more than any browser sends.
BURST = 200
PAGE = "operations"
#: Streamlit keeps what a tab left behind for two minutes.
FORGOTTEN_S = 150
MB = 1_000_000


# ------------------------------------------------------------------------------------ the attack


def frames() -> bytes:
    """Rerun messages as a browser frames them, masked with zeros."""
    asked = BackMsg()
    asked.rerun_script.page_name = PAGE
    body: bytes = asked.SerializeToString()
    return (bytes([0x82, 0x80 | len(body)]) + bytes(4) + body) * BURST


def handshake(origin: str) -> bytes:
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {urlsplit(origin).netloc}",
        f"Origin: {origin}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Protocol: streamlit",
    ]
    return "\r\n".join([*lines, "", ""]).encode()


async def flood(origin: str, until: float, seen: Counter[str]) -> None:
    """One stranger: opens, sends without a pause, comes back when it is closed."""
    hello, burst, port = handshake(origin), frames(), urlsplit(origin).port
    while time.monotonic() < until:
        seen["tried"] += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(hello)
            head = await reader.readuntil(b"\r\n\r\n")
            seen[head.split()[1].decode()] += 1
            if head.split()[1] == b"101":
                await asyncio.gather(_send(writer, burst, until), _drain(reader, writer))
            writer.close()


async def _send(writer: asyncio.StreamWriter, burst: bytes, until: float) -> None:
    with suppress(OSError):
        while time.monotonic() < until and not writer.is_closing():
            writer.write(burst)
            await writer.drain()
            await asyncio.sleep(0)
    writer.close()


async def _drain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while await reader.read(65536):
            pass
    writer.close()


def upload(origin: str, until: float, seen: Counter[str]) -> None:
    """Leave files in a session of nobody's, as its own page would."""
    server = Server(urlsplit(origin).port or 0)
    with suppress(Exception), server.tab() as tab:
        session = ""
        tab.rerun(PAGE)
        for _, message in tab.until_drawn():
            session = session or message.new_session.initialize.session_id
        for _ in range(UPLOADS):
            if time.monotonic() > until:
                return
            seen[f"upload {_put(server, session, tab.token)}"] += 1
    while time.monotonic() < until and sum(seen[k] for k in seen if "upload" in k) < UPLOADS:
        seen[f"upload {_put(server, str(uuid4()), 'x')}"] += 1


def _put(server: Server, session: str, token: str) -> str:
    head = b'--x\r\nContent-Disposition: form-data; name="f"; filename="f.csv"\r\n\r\n'
    body = head + bytes(UPLOAD_BYTES) + b"\r\n--x--\r\n"
    line = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {
        "Host": f"localhost:{server.port}",
        "Origin": server.origin,
        "Content-Type": "multipart/form-data; boundary=x",
        "Cookie": f"{XSRF}={token}",
        "X-Xsrftoken": token,
    }
    try:
        line.request("PUT", f"/_stcore/upload_file/{session}/{uuid4()}", body, headers)
        return str(line.getresponse().status)
    except (OSError, http.client.HTTPException):
        return "closed"
    finally:
        line.close()


async def attack(origin: str, seconds: float) -> Counter[str]:
    seen, until = Counter[str](), time.monotonic() + seconds
    uploading = asyncio.to_thread(upload, origin, until, seen)
    await asyncio.gather(uploading, *(flood(origin, until, seen) for _ in range(SOCKETS)))
    return seen


# --------------------------------------------------------------------------------- what is felt


class Probe(threading.Thread):
    """Repeats an act until it is stopped, and keeps how long each took."""

    def __init__(self, act: Callable[[], object], every_s: float) -> None:
        super().__init__(daemon=True)
        self.act, self.every_s = act, every_s
        self.took_s: list[float] = []
        self.failed = ""
        self.ended = threading.Event()

    def run(self) -> None:
        while not self.ended.wait(self.every_s):
            began = time.perf_counter()
            try:
                self.act()
            except Exception as error:  # noqa: BLE001 - what fails has missed every budget
                self.failed = f"{type(error).__name__} after {time.perf_counter() - began:.0f} s"
                return
            self.took_s.append(time.perf_counter() - began)

    def stopped(self) -> list[float]:
        """Seconds, the shortest first; at the end one without bounds if it failed."""
        self.ended.set()
        self.join()
        if self.failed:
            print(f"a probe gave up: {self.failed}", flush=True)
        return [*sorted(self.took_s), *([float("inf")] if self.failed else [])]


def healthy(port: int) -> None:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    line.request("GET", "/api/healthz")
    if line.getresponse().status != 200:
        raise RuntimeError("the server says that it is not healthy")
    line.close()


def server_process() -> psutil.Process:
    ours = psutil.Process().children(recursive=True)
    return next(p for p in ours if "asgi.py" in p.cmdline() and "--" not in p.cmdline())


def measure(seconds: float) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with app(folder, "--contacts", "200", "--bookings", "400", "--exams", "6") as (
            origin,
            desk,
        ):
            port = urlsplit(origin).port or 0
            secrets = tomllib.loads((folder / "secrets.toml").read_text(encoding="utf-8"))
            server = Server(port)
            claims = come_in(desk.journal, signed_in(email=ADMIN, iat=time.time()))
            cookie = server.cookie(claims, secret=secrets["auth"]["cookie_secret"])
            process = server_process()
            with server.tab(cookies={USER: cookie}) as tab:
                for _ in range(20):
                    tab.draw(PAGE)
                calm = _watched(lambda: time.sleep(5), lambda: tab.draw(PAGE), port)
                before = process.memory_info().rss
                command = [sys.executable, "-m", "benchmarks.strangers"]
                command += ["--attack", origin, "--seconds", str(seconds)]
                peak = Probe(lambda: peaks.append(process.memory_info().rss), 0.1)
                peaks = [before]
                peak.start()
                felt = _watched(
                    lambda: subprocess.run(command, check=True), lambda: tab.draw(PAGE), port
                )
                peak.stopped()
                after = _forgotten(process)
    grown, left = (max(peaks) - before) / MB, (after - before) / MB
    return {
        **{f"calm_{k}": v for k, v in calm.items()},
        **felt,
        "grown_mb": round(grown, 1),
        "left_mb": round(left, 1),
    }


def _forgotten(process: psutil.Process) -> int:
    """Resident bytes when the server has had the time to forget what strangers left."""
    time.sleep(FORGOTTEN_S)
    return int(process.memory_info().rss)


def _watched(
    meanwhile: Callable[[], object], draw: Callable[[], object], port: int
) -> dict[str, float]:
    reruns, probes = Probe(draw, 0.2), Probe(lambda: healthy(port), 0.02)
    reruns.start()
    probes.start()
    meanwhile()
    drawn, asked = reruns.stopped(), probes.stopped()
    return {
        "reruns": len(drawn),
        "rerun_p50_s": round(drawn[len(drawn) // 2], 3),
        "rerun_max_s": round(drawn[-1], 3),
        "healthz": len(asked),
        "healthz_p50_s": round(asked[len(asked) // 2], 4),
        "healthz_p99_s": round(asked[-1 - len(asked) // 100], 4),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="of the attack")
    parser.add_argument("--attack", metavar="ORIGIN", help="only attack this server")
    given = parser.parse_args()
    if given.attack:
        print(json.dumps({"attack": asyncio.run(attack(given.attack, given.seconds))}), flush=True)
        return 0
    found = measure(given.seconds)
    return Report("strangers", BUDGETS, found, left_out=LEFT_OUT).tell()


if __name__ == "__main__":
    sys.exit(main())
