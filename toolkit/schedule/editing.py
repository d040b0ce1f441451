"""Write a job into the configuration file, and take one out: every other byte of the file stays as it was.

The file is edited as text, line by line, and what comes out is read again and compared before it replaces the
file: the jobs must be the old ones with this one more, or one less, and every other setting the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from toolkit.journal import write_atomic
from toolkit.records import BadInputError
from toolkit.schedule import locating
from toolkit.schedule.jobs import Config, Job, near, survey

BY_HAND = "edit the file by hand"


@dataclass(frozen=True)
class Edit:
    """A file as it was and as it would be; `before` is None where there was none."""

    path: Path
    before: str | None
    after: str

    def write(self) -> None:
        """Replace the file, whole or not at all; its permissions stay, and a link stays a link.

        Raises
        ------
        BadInputError
            If it cannot be written, or somebody else changed it since it was read. (No lock is held: who
            writes within the same instant wins.)
        """
        path = self.path.resolve()
        try:
            now = locating.text_of(path) if path.exists() else None
            if now != self.before:
                raise BadInputError(
                    f"{self.path}: the file was changed meanwhile and is left alone; try again"
                )
            mode = path.stat().st_mode & 0o7777 if path.exists() else None
            write_atomic(path, self.after)
            if mode is not None:
                path.chmod(mode)
        except OSError as error:
            raise BadInputError(
                f"{self.path}: the file cannot be written ({error.strerror}) and is as it was; mend that"
            ) from error


def added(path: Path, job: Mapping[str, Any], *, at: datetime | None = None) -> tuple[Edit, Config, Job]:
    """Put a job at the end of a configuration file, which need not exist.

    Parameters
    ----------
    job : mapping
        The keys of ``[[schedule]]`` as they are to stand in the file, in order.

    Returns
    -------
    tuple of Edit, Config and Job
        What is to be written, and how it reads.

    Raises
    ------
    BadInputError
        If a job of this name is there already, or the jobs would not be valid with it.
    """
    before = locating.text_of(path) if path.exists() else None
    old = locating.read(path, before or "")
    _refuse_double(old, str(job.get("name")))
    after = _appended(before or "", _table(path, job, "\r\n" if "\r\n" in (before or "") else "\n"))
    try:
        new = locating.read(path, after)
    except BadInputError as error:
        raise BadInputError(
            f"{path}: schedule is an array in one place, to which no table can be added; write each job "
            f"under a line {_header(path)} of its own"
        ) from error
    _same_but_jobs(path, old, new)
    config, troubles = survey(path, text=after, at=at)
    if troubles:
        raise BadInputError("\n".join(troubles) + "; nothing was written")
    return Edit(path, before, after), config, config.job(str(job["name"]))


def removed(path: Path, name: str) -> Edit:
    """Take a job out of a configuration file, with the comment lines that stand right above it.

    Other jobs may be faulty: this is how one is got rid of.

    Raises
    ------
    BadInputError
        If there is no job of this name, or two, or the file cannot be edited safely.
    """
    old = locating.read(path)
    names = [table.get("name") for table in old.table.get("schedule", [])]
    places = [place for place, found in enumerate(names) if found == name]
    if len(places) != 1:
        known = [str(found) for found in names if isinstance(found, str)]
        hint = near(name, known) or (
            f"; there are {', '.join(known)}" if known else "; there are no jobs yet"
        )
        lines = " and ".join(str(old.lines[place]) for place in places)
        raise BadInputError(
            f"{path}, lines {lines}: {len(places)} jobs are called {name!r}; {BY_HAND}"
            if places
            else f"{path}: there is no job {name!r}{hint}"
        )
    place = places[0]
    if not old.lines[place]:
        raise BadInputError(f"{path}: the place of job {name!r} in the file is not clear; {BY_HAND}")
    edit = Edit(path, old.text, _cut(old.text, old.lines[place] - 1))
    unsafe = BadInputError(f"{path}: job {name!r} cannot be taken out safely; {BY_HAND}")
    try:
        new = locating.read(path, edit.after)
    except BadInputError:
        raise unsafe from None
    _same_but_jobs(path, old, new)
    left = old.table["schedule"][:place] + old.table["schedule"][place + 1 :]
    if new.table.get("schedule", []) != left:
        raise unsafe
    return edit


def _refuse_double(old: locating.Source, name: str) -> None:
    for place, table in enumerate(old.table.get("schedule", [])):
        if table.get("name") == name:
            line = f", line {old.lines[place]}" if old.lines[place] else ""
            raise BadInputError(
                f"{old.path}{line}: there is a job {name!r} already; take another name, or first "
                f"`toolkit schedule remove {name}`"
            )


def _same_but_jobs(path: Path, old: locating.Source, new: locating.Source) -> None:
    """Refuse an edit that would change anything but the jobs."""

    def others(source: locating.Source) -> dict[str, Any]:
        whole = locating.parsed(path, source.text)
        table = whole if path.name != locating.SHARED else whole.get("tool", {}).get("toolkit", {})
        table.pop("schedule", None)
        return whole

    if others(old) != others(new):
        raise BadInputError(f"{path}: the file cannot be edited safely; {BY_HAND}")


def _header(path: Path) -> str:
    return "[[tool.toolkit.schedule]]" if path.name == locating.SHARED else "[[schedule]]"


def _table(path: Path, job: Mapping[str, Any], end: str) -> str:
    """Write one job as TOML."""
    import tomlkit

    lines = [_header(path)] + [f"{key} = {tomlkit.item(value).as_string()}" for key, value in job.items()]
    return "".join(f"{line}{end}" for line in lines)


def _appended(text: str, table: str) -> str:
    """Put a table after a text, a blank line between them."""
    end = "\r\n" if table.endswith("\r\n") else "\n"
    if not text.strip():
        return text + table
    if not text.endswith("\n"):
        text += end
    blank = not text.removesuffix("\n").removesuffix("\r").endswith("\n")
    return text + (end if blank else "") + table


def _cut(text: str, header: int) -> str:
    """Cut out the job whose header is line `header` (from 0).

    What goes: the comment lines right above the header, the job down to its last key, and the blank lines
    after it. A comment further down, above the next table, stays.
    """
    lines, bare = (locating.lines_of(whole) for whole in (text, locating.masked(text)))
    start = header
    while start and bare[start - 1].lstrip().startswith("#"):
        start -= 1
    stop = header + 1
    while stop < len(bare) and not re.match(r"\s*\[", bare[stop]):
        stop += 1
    while stop > header + 1 and _is_idle(bare[stop - 1]):
        stop -= 1
    while stop < len(bare) and not bare[stop].strip():
        stop += 1
    if stop == len(bare):  # the blank lines that set it off from what is above would be left at the end
        while start and not bare[start - 1].strip():
            start -= 1
    return "".join(lines[:start] + lines[stop:])


def _is_idle(line: str) -> bool:
    """Tell whether a line is blank or a comment."""
    return not line.strip() or line.lstrip().startswith("#")
