"""What is wrong with the schedule on this machine, and what to do about it; looked at, nothing mended."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from toolkit.history import History
from toolkit.history.instants import instant_of, iso
from toolkit.records import BadInputError
from toolkit.schedule import heartbeat, install_crontab, install_timer
from toolkit.schedule.deciding import ON_TIME, decide, unfinished
from toolkit.schedule.due import offset
from toolkit.schedule.home import Home
from toolkit.schedule.jobs import Config, Job, survey
from toolkit.schedule.lease import standing
from toolkit.schedule.lock import holder
from toolkit.schedule.work import ROOM

Level = Literal["fine", "note", "trouble", "configuration"]
MARKS: dict[Level, str] = {"fine": "ok  ", "note": "note", "trouble": "BAD ", "configuration": "BAD "}
SILENT = timedelta(minutes=30)  # three ticks
SLACK = timedelta(minutes=1)  # by which two clocks may differ and nobody minds
GOOD = ("done", "open", "gate_failed", "missed")


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what, how it is, and the way out where it is bad."""

    what: str
    level: Level
    text: str

    @property
    def mark(self) -> str:
        """Four letters for a terminal."""
        return MARKS[self.level]

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def exit_of(findings: list[Finding]) -> int:
    """Return 2 where the configuration is wrong, 3 where anything else is, 0 where nothing is."""
    levels = {finding.level for finding in findings}
    return 2 if "configuration" in levels else 3 if "trouble" in levels else 0


def examine(
    path: Path | None = None, *, root: str | Path | None = None, at: datetime, room: int = ROOM
) -> list[Finding]:
    """Look at everything a schedule needs.

    Parameters
    ----------
    at : datetime
        Now.
    room : int
        Bytes that must be free for an attempt to begin.
    """
    try:
        config, troubles = survey(path, root=root, at=at)
    except BadInputError as error:
        return [Finding("configuration", "configuration", str(error))]
    found = list(_configuration(config, troubles))
    if config.path is None:
        return found
    home, history = Home(config.home), History(config.home)
    looks: tuple[Callable[[], Iterator[Finding]], ...] = (
        lambda: _folder(home, room),
        lambda: _holder(home),
        lambda: _timer(config),
        lambda: _heartbeat(config, home, at),
        lambda: _unfinished(home),
        lambda: (finding for job in config.jobs for finding in _job(job, home, history, at)),
        lambda: _history(history),
    )
    for look in looks:
        try:
            found += look()
        except (BadInputError, OSError) as error:
            said = f"{error.strerror} ({error.filename})" if isinstance(error, OSError) else str(error)
            found.append(Finding("state folder", "trouble", said))
    return found


def _configuration(config: Config, troubles: list[str]) -> Iterator[Finding]:
    if config.path is None:
        yield Finding(
            "configuration",
            "configuration",
            "no toolkit.toml here or above: call this in your project's folder",
        )
        return
    for trouble in troubles:
        yield Finding("configuration", "configuration", trouble)
    able = sum(job.enabled for job in config.jobs)
    if not troubles:
        yield Finding(
            "configuration", "fine", f"{config.path}: {able} of {len(config.jobs)} jobs are enabled"
        )
    yield Finding(
        "zones", "fine", f"{_zones()}, for {', '.join(sorted({j.timezone for j in config.jobs})) or 'no job'}"
    )


def _zones() -> str:
    """Say whose table of time zones is read."""
    import zoneinfo

    found = next((place for place in zoneinfo.TZPATH if Path(place, "UTC").exists()), None)
    return f"the system's time zones in {found}" if found else "the time zones of the package tzdata"


def _folder(home: Home, room: int) -> Iterator[Finding]:
    """Try to write where state and reports go, or would go."""
    place = home.path
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0" * 4096)
    except OSError as error:
        yield Finding(
            "state folder", "trouble", f"{home.path} cannot be written: {error.strerror}; mend that first"
        )
        return
    free = shutil.disk_usage(place).free
    said = f"{free / 2**20:.0f} MiB are free"
    if free < room:
        text = f"{said} at {place} and {room // 2**20} are needed: nothing is run until there is room"
        yield Finding("state folder", "trouble", text)
    else:
        yield Finding("state folder", "fine", f"{home.path} can be written; {said}")


def _holder(home: Home) -> Iterator[Finding]:
    now = standing(home.path / "leases")
    who = holder(home.path)
    if who and now:
        yield Finding("lock", "note", f"{who} is at work, and said so {now.age:.0f} s ago")
    elif now and not now.free:
        yield Finding("lock", "note", f"{now.who} was killed at work; the next tick brings that in order")
    else:
        yield Finding("lock", "fine", "nobody holds the folder")


def _timer(config: Config) -> Iterator[Finding]:
    """Say what `toolkit schedule install` put here; nothing is no fault, for other things call too."""
    if config.path is None:
        return
    text = "none was installed here; something else must call run-due, or `schedule serve` stay"
    installed = _installed(config.path)
    yield Finding("timer", "fine", installed) if installed else Finding("timer", "note", text)


def _installed(path: Path) -> str:
    """Say what calls the tick for a configuration file; empty where nothing was installed here."""
    timer = install_timer.units(path)[1]
    if timer.is_file():
        return f"the systemd timer {timer.name} is installed"
    return "the crontab has a line for this file" if install_crontab.holds(path) else ""


def _heartbeat(config: Config, home: Home, at: datetime) -> Iterator[Finding]:
    """Compare the last sign of life with the rhythm that the jobs themselves have."""
    if not any(job.enabled for job in config.jobs):
        return
    beat = heartbeat.last(home)
    if beat is None and not home.heartbeat.exists():
        how = "have this machine call it: toolkit schedule install"
        if config.path and _installed(config.path):
            how = "what was installed calls it within ten minutes; if nothing comes, look at the log of cron"
        yield Finding("heartbeat", "trouble", f"no tick ever came to {home.path}; {how}")
        return
    try:
        beat = beat or {}
        came = instant_of(str(beat["at"]))
        due = min((instant_of(text) for text in beat["next_due"].values()), default=None)
    except (KeyError, ValueError, TypeError, AttributeError):
        yield Finding("heartbeat", "trouble", f"{home.heartbeat} is damaged; the next tick writes it anew")
        return
    yield _silence(beat, came, due, at)
    if came - at > SLACK:
        yield Finding(
            "clock",
            "trouble",
            f"the last tick came at {iso(came)}, which is still to come: compare the clocks",
        )


def _silence(beat: dict[str, Any], came: datetime, due: datetime | None, at: datetime) -> Finding:
    said = f"the last tick came {_ago(at - came)} ago on {beat.get('host')}"
    if due and at - due > SILENT and came < due:
        how = "nothing calls run-due any more; see `toolkit schedule install`, or the log of cron"
        return Finding("heartbeat", "trouble", f"{said}, though something was due {iso(due)}: {how}")
    if beat.get("finished") is None:
        return Finding("heartbeat", "note", f"{said}, and is still at work or was killed")
    return Finding("heartbeat", "fine", f"{said} and ended with {beat.get('exit')}")


def _unfinished(home: Home) -> Iterator[Finding]:
    for run in unfinished(home):
        yield Finding(f"{run['job']} {run['id']}", "note", run["state"])


def _job(job: Job, home: Home, history: History, at: datetime) -> Iterator[Finding]:
    """Say of a job whether it is overdue, and how its last run ended."""
    if not job.enabled:
        yield Finding(job.name, "note", "it is turned off (enabled = false)")
        return
    decision = decide(job, home, history, at=at, now=at)
    oldest = decision.missed.first if decision.missed else decision.due
    late = at - oldest - offset(job, oldest) if oldest else timedelta(0)
    if oldest and late > ON_TIME:
        yield Finding(job.name, "trouble", f"what was due {iso(oldest)} has not run, {_ago(late)} late")
    newest = history.records(job.name, kind="run", limit=1)
    if not newest:
        yield Finding(job.name, "note", "it never ran")
        return
    record = newest[0]
    outcome = record["outcome"].replace("_", " ")
    when = record["due"] or record["started"]
    said = f"its last run ({when}): {outcome}" + (f": {record['reason']}" if record["reason"] else "")
    yield Finding(job.name, "fine" if record["outcome"] in GOOD else "trouble", said)


def _history(history: History) -> Iterator[Finding]:
    found = history.check()
    for trouble in found:
        yield Finding("history", "trouble", trouble)
    if not found:
        yield Finding("history", "fine", "records, documents and index agree")


def _ago(span: timedelta) -> str:
    """Write a span in the two largest units that it has."""
    minutes = max(0, int(span.total_seconds()) // 60)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"
