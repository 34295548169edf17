"""``Dockerfile`` and ``compose.yaml`` fit the code: parsed, and their commands run on a clean copy.

No container engine is needed. What only one can show stands in docs/deploy.md as not run.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from core.app.wiring import SERVER_GRACE_S
from core.settings.model import Settings
from core.workers.engine.versions import version_fault
from sandbox.ports import any_free
from scripts.processes import ROOT

#: Of Debian's releases, on which the images of Python stand.
SQLITE = {"bookworm": (3, 40, 1), "trixie": (3, 46, 1)}
STATE = "/var/lib/credit-desk"
COMPOSE: Mapping[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))
DESKS = ("desk", "worker")
#: An account that does not answer: what is asked here needs none.
ACCOUNT = {
    "HUBSPOT_TOKEN": "pat-na1-x",
    "HUBSPOT_BASE_URL": "http://127.0.0.1:9",
    "SUPABASE_URL": "http://127.0.0.1:9",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x",
    "CREDIT_DESK_ADMINS": "ann@example.test",
}


@dataclass
class Image:
    """The last stage of the ``Dockerfile``: what is in it, and how it is started."""

    base: str = ""
    bases: list[str] = field(default_factory=list)
    copies: list[tuple[list[str], str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    entry: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)
    others: dict[str, str] = field(default_factory=dict)


def read() -> Image:
    text = re.sub(
        r"^#.*\n", "", (ROOT / "Dockerfile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    image = Image()
    for line in text.replace("\\\n", " ").splitlines():
        word, _, rest = line.strip().partition(" ")
        match word:
            case "FROM":
                image = Image(base=rest.split()[0], bases=[*image.bases, rest.split()[0]])
            case "COPY" if not rest.startswith("--from"):
                *sources, to = rest.split()
                image.copies.append((sources, to))
            case "ENV":
                image.environment |= dict(each.split("=", 1) for each in shlex.split(rest))
            case "ENTRYPOINT":
                image.entry = json.loads(rest)
            case "CMD":
                image.command = json.loads(rest)
            case "HEALTHCHECK":
                image.health = json.loads(rest.partition("CMD ")[2])
            case _ if word:
                image.others[word] = f"{image.others.get(word, '')} {rest.strip()}".strip()
    return image


IMAGE = read()


@pytest.fixture(scope="module")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image's folder, of what is copied and nothing else."""
    to = tmp_path_factory.mktemp("image") / "credit-desk"
    for sources, target in IMAGE.copies:
        for source in sources:
            place = to / target / (source if target == "./" else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, place, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, place)
    return to


def environment(folder: Path) -> dict[str, str]:
    """Of a container: the image's, with its volume in ``folder``, and the settings it is given."""
    own = {name: value for name, value in IMAGE.environment.items() if name != "PATH"}
    moved = {name: value.replace(STATE, str(folder / "state")) for name, value in own.items()}
    return {"PATH": os.environ["PATH"], **moved, "HOME": str(folder), **ACCOUNT}


def started(*arguments: str) -> list[str]:
    """The image's entry point with these arguments, by the Python of the tests."""
    entry = [sys.executable if word == "python" else word for word in IMAGE.entry]
    return [*entry, *arguments]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_the_image_has_a_python_and_sqlite_on_which_the_engine_runs() -> None:
    for base in IMAGE.bases:
        found = re.fullmatch(r"python:3\.(\d+)-slim-(\w+)", base)
        assert found, base
        python = (3, int(found[1]), 0)
        assert "" == version_fault("sqlite:///x", python=python, sqlite=SQLITE[found[2]])
    assert 1 == len(set(IMAGE.bases)), "packages are made for the Python that runs them"


def test_the_image_runs_as_nobody_special_and_keeps_its_state_in_one_volume() -> None:
    assert re.fullmatch(r"[1-9]\d+", IMAGE.others["USER"])
    assert STATE == IMAGE.others["VOLUME"]
    assert f"sqlite:///{STATE}/desk.sqlite" == IMAGE.environment["OPS_DATABASE_URL"]
    assert f"-o credit-desk -g credit-desk {STATE}" in IMAGE.others["RUN"]


def test_what_is_copied_exists_and_reaches_the_build() -> None:
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    sources = {source for sources, _ in IMAGE.copies for source in sources}

    assert all((ROOT / source).exists() for source in sources)
    assert "*" in let_in
    assert {f"!{source}" for source in {*sources, "requirements.txt"}} == {
        line for line in let_in if line.startswith("!")
    }


def test_the_app_of_the_image_answers_its_own_health_check_and_writes_into_its_volume_alone(
    prefix: Path, tmp_path: Path
) -> None:
    port, before = str(any_free()), files(prefix)
    assert IMAGE.command[-1] == IMAGE.others["EXPOSE"]
    command = started(*IMAGE.command[:-3], "127.0.0.1", "--server.port", port)
    health = [sys.executable, *IMAGE.health[1:]]
    health[-1] = health[-1].replace(f":{IMAGE.others['EXPOSE']}/", f":{port}/")

    with running(command, prefix, environment(tmp_path)) as app:
        deadline = time.monotonic() + 90
        while subprocess.run(health, capture_output=True, check=False).returncode:
            assert app.poll() is None, "it ended"
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.2)

    assert before == files(prefix), "a read-only root would have refused it"
    assert (tmp_path / "state" / "desk.sqlite").exists()


def test_an_app_that_is_not_there_is_not_healthy() -> None:
    health = [sys.executable, *IMAGE.health[1:]]
    health[-1] = health[-1].replace(f":{IMAGE.others['EXPOSE']}/", f":{any_free()}/")

    assert 0 != subprocess.run(health, capture_output=True, check=False).returncode


def test_the_worker_of_compose_starts_from_the_image(prefix: Path, tmp_path: Path) -> None:
    before = files(prefix)
    command = started(*COMPOSE["services"]["worker"]["command"])

    with running(command, prefix, environment(tmp_path)) as worker:
        deadline = time.monotonic() + 60
        while not (tmp_path / "state" / "desk-engine.sqlite").exists():
            assert worker.poll() is None, "it ended"
            assert time.monotonic() < deadline, "its engine does not start"
            time.sleep(0.1)

    assert before == files(prefix)


class running:  # noqa: N801 - reads as the function that it is
    """A process of the image, ended with the block."""

    def __init__(self, command: list[str], folder: Path, env: dict[str, str]) -> None:
        self.command, self.folder, self.env = command, folder, env

    def __enter__(self) -> subprocess.Popen[bytes]:
        self.process = subprocess.Popen(
            self.command, cwd=self.folder, env=self.env, stdout=subprocess.DEVNULL
        )
        return self.process

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


@pytest.mark.parametrize("name", DESKS)
def test_each_desk_of_compose_has_the_same_store_and_may_write_nowhere_else(name: str) -> None:
    service, database = COMPOSE["services"][name], COMPOSE["services"]["database"]
    url = service["environment"]["OPS_DATABASE_URL"]
    user, name_of = (database["environment"][f"POSTGRES_{word}"] for word in ("USER", "DB"))

    password = database["environment"]["POSTGRES_PASSWORD"]
    assert f"postgresql://{user}:{password}@database:5432/{name_of}" == url
    assert service["read_only"] is True
    assert [IMAGE.environment["HOME"]] == service["tmpfs"]
    assert ["ALL"] == service["cap_drop"]
    assert "service_healthy" == service["depends_on"]["database"]["condition"]


@pytest.mark.parametrize("name", DESKS)
def test_compose_waits_for_the_graceful_stop(name: str) -> None:
    grace = str(COMPOSE["services"][name]["stop_grace_period"])

    assert int(grace.removesuffix("s")) > SERVER_GRACE_S + 10


def test_compose_lets_nobody_past_the_proxy() -> None:
    published = {name: service.get("ports", []) for name, service in COMPOSE["services"].items()}
    port = IMAGE.others["EXPOSE"]

    assert {"desk": [f"127.0.0.1:{port}:{port}"], "worker": [], "database": []} == published


def test_every_setting_that_compose_and_image_name_exists() -> None:
    text = "\n".join((ROOT / name).read_text() for name in ("Dockerfile", "compose.yaml"))
    named = set(re.findall(r"\b(?:CREDIT_DESK|HUBSPOT|SUPABASE|OPS|OIDC)_[A-Z_]+\b", text))

    assert named
    assert set() == named - {field.alias for field in Settings.model_fields.values()}
