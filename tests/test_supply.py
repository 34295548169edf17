"""What a production machine installs: past its known holes, under licences that we may use."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from importlib.metadata import packages_distributions
from itertools import chain
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from scripts.licences import LIST, pinned
from scripts.processes import ROOT
from tests.test_architecture import modules

PINNED = dict(pinned())

#: The oldest release of a package that we may install, and what older ones have wrong; each number
#: was looked up in November 2026 with the release that mended it. Streamlit asks for much older
#: ones than these. A new advisory is a new line here, or a higher number.
FLOORS = {
    "streamlit": ("1.54", "CVE-2026-33682: UNC paths; CVE-2026-10804 and CVE-2024-42474 before"),
    "starlette": ("1.3.1", "CVE-2026-54283, CVE-2026-54282, CVE-2026-48818, CVE-2026-48710"),
    "uvicorn": ("0.52.0", "headers that are not ASCII end websockets 17 in the handshake"),
    "websockets": ("15.0", "the sans-I/O server that uvicorn runs for Streamlit"),
    "h11": ("0.16.0", "CVE-2025-43859: request smuggling by chunked bodies"),
    "python-multipart": ("0.0.31", "CVE-2026-53538 to 53540, CVE-2026-40347, CVE-2026-24486"),
    "itsdangerous": ("2.2.0", "signs the sign-in cookie; older ones are not kept any more"),
    "fastapi": ("0.109.1", "CVE-2024-24762: a form's header that takes minutes"),
    "anyio": ("4.4.0", "a race of threads that look for their event loop in older ones"),
    "authlib": ("1.6.12", "CVE-2026-44681; CVE-2025-61920: tokens without end; CVE-2025-59420"),
    "cryptography": ("48.0.1", "GHSA-537c-gmf6-5ccf, CVE-2024-12797: OpenSSL that comes with it"),
    "pyjwt": ("2.13.0", "CVE-2026-48526: forged tokens; CVE-2026-32597; CVE-2024-53861"),
    "urllib3": ("2.7.0", "CVE-2026-44431 and 44432; CVE-2026-21441: decompression without end"),
    "requests": ("2.33.0", "CVE-2026-25645; CVE-2024-47081: credentials of .netrc for others"),
    "certifi": ("2024.7.4", "CVE-2024-39689: roots that are trusted no more"),
    "idna": ("3.15", "CVE-2026-45409, CVE-2024-3651: names that take minutes"),
    "h2": ("4.4.1", "CVE-2026-71554: two Host headers; CVE-2025-57804: request splitting"),
    "jinja2": ("3.1.6", "CVE-2025-27516: out of the sandbox"),
    "pillow": ("12.2.0", "CVE-2026-40192, CVE-2026-25990, CVE-2025-48379: writes past a buffer"),
    "protobuf": ("6.33.5", "CVE-2026-0994, CVE-2025-4565: recursion without end"),
    "pyarrow": ("14.0.1", "CVE-2023-47248: code in data files"),
}

#: Licences that a server may run under without giving anything of ours away. LGPL: psycopg, used
#: as it is. MPL: certifi's list of roots and parts of orjson, unchanged.
ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "ISC", "MIT", "MIT-0"),
    *("MIT-CMU", "PSF-2.0", "Zlib", "LGPL-3.0-only", "MPL-2.0"),
}

#: Named in requirements.in, and imported by no module: why it is there.
NOT_IMPORTED = {
    "fastapi-swagger": "the files of Swagger UI, which the page of the students' API serves",
    "psycopg": "SQLAlchemy loads it by the URL of the operational store",
}


@pytest.mark.parametrize("package", sorted(FLOORS))
def test_no_release_with_a_known_hole_is_installed(package: str) -> None:
    floor, why = FLOORS[package]

    assert Version(PINNED[package]) >= Version(floor), why


def test_everything_that_is_installed_is_pinned_by_hash() -> None:
    for name in ("requirements", "requirements-sandbox", "requirements-dev"):
        text = (ROOT / f"{name}.txt").read_text(encoding="utf-8")
        blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]

        assert [] == [block.split()[0] for block in blocks if "--hash=sha256:" not in block]


def licences() -> dict[tuple[str, str], str]:
    with LIST.open(encoding="utf-8", newline="") as file:
        return {(row["package"], row["version"]): row["licence"] for row in csv.DictReader(file)}


def test_the_list_of_licences_is_in_step() -> None:
    assert set(PINNED.items()) == set(licences()), "run `make licences`"


def test_the_bill_of_materials_names_what_is_pinned_with_its_hashes(tmp_path: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (command,) = re.findall(r"\$\(PY\) (-m cyclonedx_py .*) -o sbom", makefile)
    written = tmp_path / "sbom.json"
    args = [sys.executable, *command.split(), "-o", str(written)]

    subprocess.run(args, cwd=ROOT, check=True)

    told = json.loads(written.read_text(encoding="utf-8"))
    assert ("CycloneDX", "credit-desk") == (
        told["bomFormat"],
        told["metadata"]["component"]["name"],
    )
    assert PINNED == {each["name"]: each["version"] for each in told["components"]}
    assert all(each["externalReferences"][0]["hashes"] for each in told["components"])


def test_no_licence_asks_for_more_than_we_may_give() -> None:
    strange = {
        package: licence
        for package, licence in licences().items()
        if not set(re.findall(r"[\w.-]+", licence)) - {"AND", "OR"} <= ALLOWED or not licence
    }

    assert {} == strange


def test_nothing_is_required_that_is_not_used() -> None:
    imported = {
        name.partition(".")[0]
        for module in modules("api", "app", "asgi", "core", "pages")
        for name in module.imports()
    }
    brings: dict[str, set[str]] = defaultdict(set)
    for package, homes in packages_distributions().items():
        for home in homes:
            brings[normal(home)].add(package)
    lines = (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()
    stated = [line.partition("#")[0].strip() for line in lines]
    named = {normal(Requirement(line).name) for line in stated if line}

    assert set(NOT_IMPORTED) == {name for name in named if brings[name].isdisjoint(imported)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_security_rules_are_on_and_each_exception_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lint = tomllib.loads(text)["tool"]["ruff"]["lint"]
    ignored = chain(lint["ignore"], *lint["per-file-ignores"].values())
    lines = text.splitlines()

    assert ["ALL"] == lint["select"]
    for rule in {each for each in ignored if re.fullmatch(r"S\d*", each)}:
        where = [line for line in lines if f'"{rule}"' in line]
        assert [] == [line for line in where if "#" not in line], rule
