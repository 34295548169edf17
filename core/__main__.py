"""``python -m core``."""

from core.cli import upkeep
from core.cli.logs import to_stderr

if __name__ == "__main__":
    to_stderr()
    upkeep.app(prog_name="python -m core")
