"""The package as a stranger meets it: its wheel in a fresh environment, its README step by step."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.contract.npm import tool

ROOT = Path(__file__).resolve().parents[3]
README = ROOT / "sandbox" / "README.md"
UNREACHABLE = re.compile("Failed to fetch|error sending request|dns error|timed out")
FILES = re.compile(r"^`([\w.-]+)`:\n\n```\w+\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def uv(*args: str | Path) -> None:
    command = [sys.executable, "-m", "uv", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    if done.returncode and UNREACHABLE.search(done.stderr) and not os.environ.get("CI"):
        pytest.skip(f"the package registry cannot be reached: {done.stderr[-300:]}")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that has the wheel and pytest, and nothing of this project."""
    folder = tmp_path_factory.mktemp("stranger")
    uv("build", "--quiet", "--wheel", "--out-dir", folder / "wheel", ROOT / "sandbox")
    uv("venv", "--quiet", "--python", sys.executable, folder / "venv")
    (wheel,) = (folder / "wheel").glob("*.whl")
    python = folder / "venv" / "bin" / "python"
    uv("pip", "install", "--quiet", "--python", python, wheel, "pytest")
    return folder / "venv" / "bin"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with every file that the README names."""
    found = FILES.findall(README.read_text())
    assert {"my-portal.toml", "data.json", "test_points.py", "points.test.js"} <= dict(found).keys()
    for name, text in found:
        (tmp_path / name).write_text(text)
    return tmp_path


def run(
    bin_: Path, folder: Path, *command: str, status: int = 0
) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": f"{bin_}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120,
        check=False,
    )  # fmt: skip
    assert status == done.returncode, done.stdout + done.stderr
    return done


def test_five_minutes_with_python_work(stranger: Path, project: Path) -> None:
    done = run(stranger, project, str(stranger / "pytest"), "-q", "-W", "error")

    assert "2 passed" in done.stdout


def test_five_minutes_with_node_work(stranger: Path, project: Path) -> None:
    done = run(stranger, project, *tool("node"), "--test", "points.test.js")

    assert re.search(r"pass 2$", done.stdout, re.MULTILINE), done.stdout


def test_the_installed_package_holds_nothing_of_the_product(stranger: Path, project: Path) -> None:
    (packages,) = stranger.parent.glob("lib/python*/site-packages")
    texts = [path.read_text() for path in (packages / "hubspot_sandbox").rglob("*.py")]

    assert len(texts) > 40
    assert [] == [
        line
        for text in texts
        for line in text.splitlines()
        if re.match(r"\s*(from|import) (sandbox|core|scripts|api|pages)\b", line)
    ]
    assert not (packages / "sandbox").exists()
    run(stranger, project, "hubspot-sandbox", "check")


def test_the_installed_command_serves_until_its_parent_ends(stranger: Path, project: Path) -> None:
    command = [str(stranger / "hubspot-sandbox"), "serve", "--until-stdin-closes"]
    with subprocess.Popen(
        command, cwd=project, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        said = json.loads(child.stdout.readline())
        headers = {"Authorization": f"Bearer {said['token']}"}
        answer = httpx.get(f"{said['url']}/crm/v3/objects/contacts", headers=headers, timeout=60)
        assert (200, []) == (answer.status_code, answer.json()["results"])
        child.stdin.close()
        assert 0 == child.wait(30)


def test_the_installed_command_keeps_its_state_over_a_restart(
    stranger: Path, project: Path
) -> None:
    files = ["--schema", "my-portal.toml", "--seed", "data.json", "--state", "kept"]
    command = [str(stranger / "hubspot-sandbox"), "serve", *files]
    seen = []
    for points in ("8", "9"):
        with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            said = json.loads(child.stdout.readline())
            headers = {"Authorization": f"Bearer {said['token']}"}
            url = f"{said['url']}/crm/v3/objects/contacts/101"
            before = httpx.get(url, params={"properties": "points"}, headers=headers, timeout=60)
            seen.append(before.json()["properties"]["points"])
            body = {"properties": {"points": points}}
            assert 200 == httpx.patch(url, json=body, headers=headers, timeout=60).status_code
            child.send_signal(signal.SIGTERM)
            assert 0 == child.wait(30)
    assert ["3", "8"] == seen

    shutil.copy(project / "data.json", project / "other.json")
    (project / "data.json").write_text('{"contacts": []}')
    refused = run(stranger, project, "hubspot-sandbox", "serve", *files, status=1)
    assert "made of another schema or seed; begin again with --fresh" in refused.stderr
