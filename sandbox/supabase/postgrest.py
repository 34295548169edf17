"""PostgREST, set up as a hosted Supabase project sets it up, tuned for short answers."""

from __future__ import annotations

import http.client
import signal
from collections.abc import Sequence
from pathlib import Path

from sandbox.processes import HOST, Child, write_private
from sandbox.supabase.install import install, postgrest_path

#: As hosted: a longer answer is cut off there, silently, in functions' answers too.
MAX_ROWS = 1000


def make(
    folder: Path,
    *,
    port: int,
    db_port: int,
    db_password: str,
    jwt_secret: str,
    schemas: Sequence[str] = ("public",),
) -> Child:
    """The process, not started yet. Its configuration holds secrets: only its owner may read it."""
    config = folder / "postgrest.conf"
    settings = {
        "db-uri": f"postgresql://authenticator:{db_password}@{HOST}:{db_port}/postgres",
        "db-schemas": ", ".join(schemas),
        "db-extra-search-path": "public, extensions",
        "db-anon-role": "anon",
        "db-max-rows": MAX_ROWS,
        "db-prepared-statements": True,
        "db-pool": 16,
        "db-pool-acquisition-timeout": 5,
        # A pool that lets go of its connections makes the first call after a pause slow.
        "db-pool-max-idletime": 86_400,
        "db-pool-max-lifetime": 86_400,
        "db-config": False,
        "jwt-secret": jwt_secret,
        # Checking a signature takes longer than running the function.
        "jwt-cache-max-lifetime": 3600,
        "server-host": HOST,
        "server-port": port,
        "log-level": "error",
    }
    write_private(
        config, "".join(f"{key} = {_literal(value)}\n" for key, value in settings.items())
    )
    return Child(
        name="PostgREST",
        command=[str(postgrest_path()), str(config)],
        log=folder / "postgrest.log",
        stop_signal=signal.SIGTERM,
        # One core is enough, and leaves the other to PostgreSQL; and no tidying up in pauses, which
        # the next call would wait for.
        env={"GHCRTS": "-N1 -I0 -A16m"},
    )


def ready(port: int, service_role_key: str) -> bool:
    """Whether it answers a call of ours, that is: has connected and has read the schema."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request(
            "GET",
            "/",
            headers={"Authorization": f"Bearer {service_role_key}"},
        )
        return connection.getresponse().status == http.client.OK
    except OSError:
        return False
    finally:
        connection.close()


def ensure_installed() -> None:
    install()


def _literal(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else f'"{value}"'
