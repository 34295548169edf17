"""``python -m core``."""

import sys

from core.cli.entry import Commands
from core.cli.logs import to_stderr
from core.cli.terminal import unforeseen

if __name__ == "__main__":
    to_stderr()
    sys.excepthook = unforeseen
    Commands()(prog_name="python -m core")
