"""Holds the sandbox's answers to HubSpot's published specs: every served path, good and bad.

    git clone https://github.com/HubSpot/HubSpot-public-api-spec-collection /tmp/specs
    python -m tests.specs /tmp/specs

Ends with 1 when an answer differs in a way that no recording of a real portal has, or when a served
path was not asked.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from sandbox.hubspot.routes import RULES
from tests.contract.sandbox.conftest import Sandbox
from tests.specs.known import reason
from tests.specs.published import Fault, Published
from tests.specs.tour import Told, Tour, paths

VERSIONS = ("2026-03", "2026-09")
#: not of a dated version
ELSEWHERE = ("/links-v3", "/legacy", "/private-apps", "/email/send-statuses")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.specs", description=__doc__)
    parser.add_argument("folder", type=Path, help="with HubSpot's OpenAPI documents, at any depth")
    folder = parser.parse_args(argv).folder
    bad = False
    for version in VERSIONS:
        published = Published.read(folder, version)
        if not published.operations:
            print(f"{folder}: no OpenAPI document of version {version} there", file=sys.stderr)
            return 2
        told = toured(version)
        faults = Counter(
            fault
            for one in told
            for fault in published.faults(one.method, one.path, one.status, one.body)
        )
        bad |= _report(version, told, faults)
        bad |= unasked(version, told)
    return 1 if bad else 0


def toured(version: str) -> list[Told]:
    """What a fresh sandbox answers on the tour."""
    with tempfile.TemporaryDirectory() as folder:
        hubspot = Sandbox(Path(folder))
        try:
            return Tour(hubspot, version).walk()
        finally:
            hubspot.stop()


def _report(version: str, told: Sequence[Told], faults: Counter[Fault]) -> bool:
    ours = [fault for fault in faults if reason(fault) is None]
    theirs = Counter(why for fault in faults if (why := reason(fault)))
    asked = {(one.method, one.path, one.status) for one in told}
    print(f"{version}: {len(told)} answers, {len(asked)} paths and statuses, {len(ours)} faults")
    for why, times in sorted(theirs.items()):
        print(f"  as real portals ({times}): {why}")
    for fault in sorted(ours):
        print(f"  FAULT {fault}")
    return bool(ours)


def unasked(version: str, told: list[Told]) -> bool:
    """Whether a served path was not answered with success; tells which."""
    asked = set(paths(told))
    lacking = [
        f"{rule.method} {rule.template}"
        for rule in RULES
        if not rule.template.startswith(ELSEWHERE)
        and not any(m == rule.method and rule.pattern.fullmatch(path) for m, path in asked)
    ]
    for name in lacking:
        print(f"  {version}: served, and not asked with success: {name}")
    return bool(lacking)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
