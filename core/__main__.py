"""``python -m core``."""

import gc
import sys

from core.cli.entry import Commands
from core.cli.logs import to_stderr
from core.cli.terminal import unforeseen

if __name__ == "__main__":
    gc.disable()  # what is imported stays; ``opened_store`` begins to look for cycles after it
    to_stderr()
    sys.excepthook = unforeseen
    try:
        Commands()(prog_name="python -m core")
    finally:
        gc.freeze()  # else Python looks for cycles in all that was imported, only to end: a fifth
