"""What the verbs of ``toolkit history`` share: which history, which job, how a record is said in words."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.cli.exits import say
from toolkit.cli.settings import find_config, near
from toolkit.history.home import STATE
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.history import History


def as_history(root: str | None) -> History:
    """Return the history of the folder of reports: as given, as the configuration file says, or ``reports``.

    A relative folder is taken from the file's own, as `toolkit schedule` does.
    """
    from toolkit.history import History

    config = find_config()
    where = config.path.parent if config.path else Path.cwd()
    folder = where / (root or str(config.values.get("root", "reports")))
    there = next(place for place in (folder / STATE, folder, *folder.parents) if place.exists())
    if not there.is_dir():
        raise BadInputError(f"{there}: this is no folder; --root names the folder of reports")
    return History(folder / STATE)


def job_of(history: History, job: str | None) -> None:
    """Refuse a job that never ran, naming the nearest that did."""
    known = history.jobs()
    if job is not None and job not in known:
        hint = near(job, known) or (f"; there are {', '.join(known)}" if known else "")
        raise BadInputError(f"{history.home.folder}: there are no runs of a job {job!r}{hint}")


def finished(history: History) -> None:
    """Say what was wrong on the way and did not stop us."""
    for line in history.troubles:
        say(f"Note: {line}")


def outcome_of(record: Mapping[str, Any]) -> str:
    """Say how a run ended."""
    if record["kind"] == "missed":
        return "missed" if record["count"] == 1 else f"{record['count']} missed"
    said = str(record["outcome"]).replace("_", " ")
    return said if record["exit"] in (0, 1, None) else f"{said} (exit {record['exit']})"


def span_of(record: Mapping[str, Any]) -> str:
    """Say when a record was due, from when to when a range of misses was, or when a run by hand began."""
    if record["due"] is None:
        return f"{short(record['started'])} by hand"
    first = record["first_due"]
    return (
        f"{short(first)} to {short(record['due'])}"
        if first and first != record["due"]
        else short(record["due"])
    )


def short(instant: str | None) -> str:
    """Write an instant without seconds and zone; the column says that it is UTC."""
    return str(instant or "")[:16].replace("T", " ")
