"""The tick as a line of the user's crontab, between two marks that hold the configuration's path.

Every other line stays as it is, byte for byte. No MAILTO is written: it would count for all lines after it,
and they are not ours; the tick's words go to a file beside the history instead.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from toolkit.records import BadInputError
from toolkit.schedule.exports.cron import LONGEST
from toolkit.schedule.install import LISTED, NO_PROGRAM, Call, Plan, called

NONE_YET = b"no crontab for"
MINUTES = "7-57/10 * * * *"
ABOUT = (
    "# Runs what is due, every ten minutes, never at a full hour; `toolkit schedule uninstall` removes it."
)


def plan(config: Path, root: Path, command: Sequence[str]) -> Plan:
    """Plan the new crontab; nothing where it holds the line already."""
    before = current()
    block = lines_of(config, root, command)
    parts = _parted(before, config)
    if parts is None:
        # A last line without its end is no line to cron; ours must not become part of it.
        missing = b"" if not before or before.endswith(b"\n") else b"\n"
        return _planned(before, before + missing + block)
    return _planned(before, parts[0] + block + parts[1])


def plan_away(config: Path) -> Plan:
    """Plan the crontab without our lines; nothing where there are none, or no crontab at all."""
    if called(LISTED).returncode == NO_PROGRAM:
        return Plan("crontab", ())
    before = current()
    parts = _parted(before, config)
    if parts is None:
        return Plan("crontab", ())
    return _planned(before, parts[0] + parts[1])


def holds(config: Path) -> bool:
    """Whether the crontab has our lines; False where it cannot be read."""
    ended = called(LISTED)
    return ended.returncode == 0 and _marks(config)[0] in ended.stdout.splitlines()


def current() -> bytes:
    """Return the crontab as it is; empty where the user has none yet.

    Raises
    ------
    BadInputError
        If it cannot be read: then nothing may be written over it.
    """
    ended = called(LISTED)
    if ended.returncode == 0:
        return ended.stdout
    if ended.returncode == NO_PROGRAM:
        raise BadInputError(
            "there is no crontab here, and no systemd user manager answers; use `toolkit schedule serve`, or "
            "`toolkit schedule export` for the scheduler there is"
        )
    if NONE_YET in ended.stderr.lower():
        return b""
    said = ended.stderr.decode("utf-8", "replace").strip()
    raise BadInputError(
        f"crontab -l ended with {ended.returncode} and said {said!r}; the crontab is left alone. Mend "
        "that, or use `toolkit schedule serve`"
    )


def lines_of(config: Path, root: Path, command: Sequence[str]) -> bytes:
    """Return our lines of the crontab, with their marks.

    Raises
    ------
    BadInputError
        If a path holds what no line of a crontab can: a line break, another control character, a backslash.
    """
    state = root / ".toolkit"
    words = shlex.join((*command, "schedule", "run-due"))
    whole = (
        f"mkdir -p {shlex.quote(str(state))} && cd {shlex.quote(str(config.parent))} && "
        f"{words} >{shlex.quote(str(state / 'cron.log'))} 2>&1"
    )
    hidden = [c for c in f"{whole}{config}" if c == "\\" or ord(c) < 32 or ord(c) == 127]
    if hidden:
        raise BadInputError(
            f"{str(config)!a}: no line of a crontab can hold {hidden[0]!a}, which is in a path of its "
            "command; rename the folder, or use `toolkit schedule serve`"
        )
    escaped = whole.replace("%", "\\%")  # a bare percent sign would end the command
    if len(os.fsencode(escaped)) > LONGEST:
        raise BadInputError(
            f"{config}: the command would have {len(escaped)} characters, and cron cuts it at 1000; move the "
            "project to a shorter path"
        )
    begin, end = _marks(config)
    return b"\n".join((begin, os.fsencode(ABOUT), os.fsencode(f"{MINUTES} {escaped}"), end, b""))


def _marks(config: Path) -> tuple[bytes, bytes]:
    path = os.fsencode(config)
    return b"# >>> toolkit schedule " + path + b" >>>", b"# <<< toolkit schedule " + path + b" <<<"


def _parted(crontab: bytes, config: Path) -> tuple[bytes, bytes] | None:
    """Return what stands before and after our lines, None where there are none."""
    begin, end = _marks(config)
    lines = crontab.splitlines(keepends=True)
    bare = [line.rstrip(b"\r\n") for line in lines]
    if begin not in bare and end not in bare:
        return None
    if bare.count(begin) != 1 or bare.count(end) != 1 or bare.index(begin) > bare.index(end):
        raise BadInputError(
            f"the crontab does not hold the two lines {begin.decode(errors='replace')!r} and "
            f"{end.decode(errors='replace')!r} once each and in this order; mend it with crontab -e"
        )
    return b"".join(lines[: bare.index(begin)]), b"".join(lines[bare.index(end) + 1 :])


def _planned(before: bytes, after: bytes) -> Plan:
    """Return the plan that puts a crontab in the place of another; an empty one is removed."""
    if before == after:
        return Plan("crontab", ())
    if not after:
        return Plan("crontab", (Call(("crontab", "-r"), None, _change(before, after), before),))
    return Plan("crontab", (Call(("crontab", "-"), after, _change(before, after), before),))


def _change(before: bytes, after: bytes) -> str:
    """Show what goes and what comes."""
    old, new = before.splitlines(), after.splitlines()
    gone = [b"- " + line for line in old if line not in new]
    come = [b"+ " + line for line in new if line not in old]
    return b"\n".join((*gone, *come)).decode("utf-8", "replace")
