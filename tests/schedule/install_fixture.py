"""A machine to install on: stand-ins of crontab and systemctl that record their calls and keep state."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from toolkit.cli import command

CRONTAB = """#!/bin/sh
echo "crontab $*" >> "$STAND_INS/log"
if [ -f "$STAND_INS/broken" ]; then cat "$STAND_INS/broken" >&2; exit 1; fi
case "$1" in
  -l) cat "$STAND_INS/tab" 2>/dev/null || { echo "no crontab for root" >&2; exit 1; } ;;
  -r) rm "$STAND_INS/tab" ;;
  -) if [ -f "$STAND_INS/refuses" ]; then cat "$STAND_INS/refuses" >&2; exit 1; fi; cat > "$STAND_INS/tab" ;;
  *) exit 64 ;;
esac
"""
SYSTEMCTL = """#!/bin/sh
echo "systemctl $*" >> "$STAND_INS/log"
[ "$1" = --user ] || exit 64
case "$2" in
  show-environment) [ -f "$STAND_INS/alive" ] || { echo "Failed to connect to bus" >&2; exit 1; } ;;
  is-enabled | is-active) [ -f "$STAND_INS/enabled" ] ;;
  enable)
    if [ -f "$STAND_INS/refuses" ]; then cat "$STAND_INS/refuses" >&2; exit 1; fi
    touch "$STAND_INS/enabled" ;;
  disable) rm -f "$STAND_INS/enabled" ;;
  restart | daemon-reload) ;;
  *) exit 64 ;;
esac
"""
JOBS = '[[schedule]]\nname = "weekly"\nrun = "check misconceptions"\ncron = "17 3 * * 1"\n'
THEIRS = b"MAILTO=me@example.org\n# caf\xe9 \t \n5 4 * * * /usr/bin/true %odd\\%even  \n"


class Machine:
    """A machine with a crontab and perhaps a user manager, both of them recorded stand-ins."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        self.programs = folder / "programs"
        self.programs.mkdir()
        for name, text in (("crontab", CRONTAB), ("systemctl", SYSTEMCTL)):
            (self.programs / name).write_text(text)
            (self.programs / name).chmod(0o755)
        self.state = folder / "state"
        self.state.mkdir()
        monkeypatch.setenv("STAND_INS", str(self.state))
        monkeypatch.setenv("PATH", f"{self.programs}:/usr/bin:/bin")
        monkeypatch.setenv("XDG_CONFIG_HOME", str(folder / "settings"))
        monkeypatch.delenv("TOOLKIT_ROOT", raising=False)
        self.monkeypatch = monkeypatch
        self.project("project")

    def project(self, name: str) -> Path:
        """Make a project with a job and go there."""
        where = self.folder / name
        where.mkdir(exist_ok=True)
        (where / "toolkit.toml").write_text(JOBS)
        self.monkeypatch.chdir(where)
        return where.resolve() / "toolkit.toml"

    def has(self, name: str, text: str = "") -> None:
        (self.state / name).write_text(text)

    @property
    def tab(self) -> bytes | None:
        path = self.state / "tab"
        return path.read_bytes() if path.exists() else None

    @tab.setter
    def tab(self, text: bytes) -> None:
        (self.state / "tab").write_bytes(text)

    @property
    def units(self) -> dict[str, str]:
        found = (self.folder / "settings").rglob("*")
        return {path.name: path.read_text() for path in found if path.is_file()}

    def log(self) -> list[str]:
        """Return the calls since the last time."""
        path = self.state / "log"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def changes(self) -> list[str]:
        """Return the calls that change something."""
        looks = ("show-environment", "is-enabled", "is-active", "crontab -l")
        return [line for line in self.log() if not any(look in line for look in looks)]


def schedule(*arguments: str, **given: str) -> Result:
    return CliRunner().invoke(command, ["schedule", *arguments], catch_exceptions=False, **given)  # type: ignore[arg-type]


def done(*arguments: str) -> Result:
    result = schedule(*arguments)
    assert result.exit_code == 0, result.output
    return result
