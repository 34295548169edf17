"""Finds the Chromium or Chrome that the browser tests drive. Prints its path."""

from __future__ import annotations

import os
import shutil
import sys

#: Without a sandbox of its own, graphics, or the small shared memory of containers.
FLAGS = ("--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu")
_CANDIDATES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def find_chromium() -> str | None:
    """The browser named by ``CHROMIUM``, else the first one this machine has."""
    named = os.environ.get("CHROMIUM")
    return next(filter(None, map(shutil.which, [named] if named else _CANDIDATES)), None)


if __name__ == "__main__":
    found = find_chromium()
    if found is None:
        sys.exit("no Chromium or Chrome found")
    print(found)
