"""The door: ``toolkit`` and ``python -m toolkit`` come in here, and an exit code goes out."""

from __future__ import annotations

import sys

from toolkit.cli.exits import guarded


def main() -> int:
    """Run the command line and return its exit code."""
    from toolkit.cli import command

    return guarded(lambda: command.main(prog_name="toolkit", standalone_mode=False))


if __name__ == "__main__":
    sys.exit(main())
