"""``make licences``: which licence each package of a production machine is under."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from scripts.processes import ROOT

LIST = ROOT / "docs" / "licences.csv"
HEADER = ("package", "version", "licence")

#: What packages write in place of a name of the SPDX list.
NAMES = {
    "3-Clause BSD License": "BSD-3-Clause",
    "Apache 2": "Apache-2.0",
    "Apache License 2.0": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "ISC License": "ISC",
    "MIT License": "MIT",
    "The MIT License (MIT)": "MIT",
}


def pinned(requirements: Path = ROOT / "requirements.txt") -> list[tuple[str, str]]:
    """Each package with its version, as a production machine installs them."""
    text = requirements.read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE)


def rows() -> Iterator[tuple[str, str, str]]:
    """Read from the installed packages themselves."""
    for name, version in pinned():
        yield name, version, licence(metadata.metadata(name))


def licence(told: metadata.PackageMetadata) -> str:
    """In SPDX's words, from the newest of the three places where packages state it."""
    if "License-Expression" in told:
        return told["License-Expression"]
    classified = [
        each.rpartition(" :: ")[2]
        for each in told.get_all("Classifier") or []
        if each.startswith("License :: ")
    ]
    stated = "".join(told.get_all("License") or [])
    # some put the whole text there: then the classifier is the name
    name = stated if stated and "\n" not in stated and len(stated) < 40 else "".join(classified)
    return NAMES.get(name, name)


def main() -> int:
    with LIST.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows())
    return 0


if __name__ == "__main__":
    sys.exit(main())
