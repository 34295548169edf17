#!/usr/bin/env bash
# Makes .venv and installs what the app, the local stack and the checks need.
# Called by `make setup`; safe to run again. Works with bash 3.2 (macOS).
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$@" >&2; }
die() { say "$@"; exit 1; }

# As root on a Debian kind of machine we may install what is missing; elsewhere we only say what.
can_apt() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
apt_install() {
  local log
  log=$(mktemp)
  say "Installing $* with apt-get ..."
  if ! { apt-get update -qq && apt-get install -y -qq --no-install-recommends "$@"; } \
    </dev/null >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    return 1
  fi
  rm -f "$log"
}
export DEBIAN_FRONTEND=noninteractive

# CPython 3.11 to 3.14: the PostgreSQL wheel of the local stack exists for these. From 3.12 on the
# engine needs SQLite 3.42 (core/workers/engine/versions.py).
suits() {
  "$1" -c 'import sqlite3, sys; sys.exit(not ((3, 11) <= sys.version_info[:2] < (3, 15) and sys.implementation.name == "cpython" and (sys.version_info < (3, 12) or sqlite3.sqlite_version_info >= (3, 42))))' \
    >/dev/null 2>&1
}

find_python() {
  local name
  for name in "${PYTHON:-}" python3 python3.13 python3.12 python3.14 python3.11 python; do
    if [ -n "$name" ] && command -v "$name" >/dev/null && suits "$name"; then echo "$name"; return; fi
  done
  return 1
}

make_venv() {
  local python
  python=$(find_python) || die "Credit Desk needs Python 3.11, or 3.12, 3.13 or 3.14 with SQLite 3.42 or newer, and none was found." \
    "  Debian, Ubuntu:  apt-get install python3 python3-venv" \
    "  macOS:           brew install python@3.13" \
    "Or name one:       make setup PYTHON=/path/to/python3"
  if ! "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
    can_apt || die "$python lacks its venv module. Install it, then run make again:" \
      "  sudo apt-get install python3-venv"
    apt_install python3-venv
  fi
  say "Making .venv with $("$python" -V 2>&1) ..."
  rm -rf .venv
  "$python" -m venv .venv
}

# uv, pinned like everything else: its lines are taken out of requirements-dev.txt.
install_uv() {
  local pinned=.venv/uv.txt
  awk '/^uv==/ {on = 1} on && /^    # via/ {exit} on' requirements-dev.txt >"$pinned"
  if ! .venv/bin/python -m uv --version 2>/dev/null | grep -qF "$(sed -n 's/^uv==\([^ ]*\).*/\1/p' "$pinned")"; then
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pinned"
  fi
}

# Compiled once here: else each of the many processes of a test run compiles pandas anew, 2 s each.
install_packages() {
  say "Installing the pinned packages ..."
  .venv/bin/python -m uv pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes \
    requirements.txt requirements-sandbox.txt requirements-dev.txt
}

install_local_stack() {
  [ -e sandbox/__main__.py ] || return 0
  .venv/bin/python -m sandbox install >/dev/null
}

# The app runs without a browser on this machine; only the browser tests need one.
ensure_chromium() {
  .venv/bin/python -m scripts.chromium >/dev/null 2>&1 && return
  if can_apt && apt_install chromium; then return; fi
  say "Note: no Chromium found, so the browser tests will be skipped. To have them:" \
    "  Debian, Ubuntu:  sudo apt-get install chromium" \
    "  macOS:           brew install --cask google-chrome" \
    "or set CHROMIUM=/path/to/a/chromium/or/chrome."
}

# Playwright drives it with a Node of its own, which a minimal Debian lacks one library for.
ensure_driver() {
  .venv/bin/python -m playwright --version >/dev/null 2>&1 && return
  if can_apt && apt_install libatomic1; then return; fi
  say "Note: Playwright does not run here, so the browser tests will fail. It says:"
  .venv/bin/python -m playwright --version >&2 || true
  say "On Debian and Ubuntu:  sudo apt-get install libatomic1"
}

if ! [ -x .venv/bin/python ] || ! suits .venv/bin/python; then make_venv; fi
install_uv
install_packages
install_local_stack
ensure_chromium
ensure_driver
say "Ready."
