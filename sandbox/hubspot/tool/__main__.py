import sys

from sandbox.hubspot.tool.cli import main

if __name__ == "__main__":
    sys.exit(main())
