"""``python -m core``."""

from core.cli.app import app
from core.cli.logs import to_stderr

if __name__ == "__main__":
    to_stderr()
    app(prog_name="python -m core")
