"""Numbers on a command line, for argparse."""

from __future__ import annotations

import argparse

PORT_MAX = 65_535


def count(text: str) -> int:
    """Raises ArgumentTypeError."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 up")
    return int(text)


def port(text: str) -> int:
    """0: any. Raises ArgumentTypeError."""
    if not text.isdecimal() or int(text) > PORT_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to {PORT_MAX}")
    return int(text)
