"""Runs a client's program on the sandbox and holds what it counted to what there is."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field

from tests.clients import account
from tests.clients.environments import HERE, Client, command

RUN_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a client counted, and what is wrong with it."""

    counts: dict[str, int] = field(default_factory=dict)
    fault: str = ""


def run(client: Client, url: str) -> Result:
    """Raises Unavailable when the client cannot be installed."""
    program = command(client)
    environment = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "HUBSPOT"))},
        "HUBSPOT_BASE_URL": url,
        "HUBSPOT_TOKEN": account.TOKEN,
    }
    if client.rebased:
        environment["PYTHONPATH"] = str(HERE / "rebase")
    try:
        done = subprocess.run(
            program, capture_output=True, text=True, timeout=RUN_S, check=False, env=environment
        )
    except subprocess.TimeoutExpired:
        return Result(fault=f"was not done after {RUN_S} s")
    if done.returncode:
        return Result(fault=f"ended with {done.returncode}: {done.stderr.strip()[-300:]}")
    counts: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    wrong = [
        f"{what}: {count}" for what, count in account.WHOLE.items() if counts.get(what) != count
    ]
    return Result(counts=counts, fault=f"there are {', '.join(wrong)}" if wrong else "")
