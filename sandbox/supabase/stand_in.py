"""Who PostgreSQL runs as: it refuses to run as root, as which containers often do."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

from sandbox.processes import SandboxError

NAME = "pgserver"  # the name that the wheel itself uses


def other_user() -> str | None:
    """PostgreSQL refuses to run as root: a user of its own stands in. None for anybody else."""
    if os.geteuid() != 0:
        return None
    if not _exists(NAME):
        command = ["useradd", "--system", "--no-create-home", NAME]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        # Two starts at once: one of them makes the user, the other finds the file locked.
        deadline = time.monotonic() + 5
        while not _exists(NAME):
            if time.monotonic() > deadline:
                raise SandboxError(
                    "running as root, which PostgreSQL refuses, and no user could be made for it: "
                    f"{' '.join(command)}: {done.stderr.strip()}"
                )
            time.sleep(0.05)
    return NAME


def _exists(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def prefix(user: str | None, *folders: Path) -> list[str]:
    """How another user gets to folders that only root may enter (a project below /root, say).

    ``setpriv`` (util-linux) hands over the one capability that is needed, so that no folder has to
    be opened to everybody. Empty where the folders are open anyway.
    """
    if user is None or all(_reachable(folder) for folder in folders):
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise SandboxError(
            f"running as root, and the user {user} may not enter "
            f"{' or '.join(map(str, folders))}: install util-linux (setpriv), "
            "or name a state folder below /tmp or /var with --state"
        )
    capability = "+dac_override,+dac_read_search"
    return [
        setpriv,
        f"--reuid={user}",
        f"--regid={user}",
        "--clear-groups",
        "--pdeathsig=INT",  # what the leash had set went with the old user
        f"--inh-caps={capability}",
        f"--ambient-caps={capability}",
        "--",
    ]


def _reachable(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))
