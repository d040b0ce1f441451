"""A year of nightly audits through the real tick, with time injected and four events planted.

    python benchmarks/scheduled_year.py [--nights 365] [--output FOLDER]

A table of decisions grows every night. Planted: the machine is off for a week (nights 60 to 66); the table
is gone for one night (90); old rows are corrected (night 120); a library gets another version (night 200,
said by the run document only: the numbers are made by what is installed); the gap between the groups drifts
from nothing to .20 (from night 250). Printed: what the history says of each event, when the e-process raised
its alarm, how often the nightly ruling by itself cried before the drift, and how long a tick took. The front
page is written to FOLDER/reports/index.html. No clock is read to decide anything and nothing sleeps.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import io
import os
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

from toolkit.cli import command as toolkit
from toolkit.cli.exits import guarded
from toolkit.history import History
from toolkit.report.index import render, scan
from toolkit.schedule.jobs import read_jobs
from toolkit.schedule.outcomes import Ended
from toolkit.schedule.tick import tick

FIRST = date(2025, 11, 1)
ROWS = 60  # people a night
OFF = range(60, 67)
GONE, CORRECTED, UPGRADED, DRIFTS = 90, 120, 200, 250
RATE, DRIFT = 0.40, 0.20
CONFIG = """\
[[schedule]]
name = "loans"
run = "audit decisions.csv --sensitive group --target repaid --prediction granted --watch decided"
cron = "17 3 * * *"
timezone = "Europe/Berlin"
retries = 0
keep = 30
"""


@dataclass
class Here:
    """A runner that works in this process, so that imports are paid for once."""

    upgraded: bool = False
    seconds: list[float] = field(default_factory=list)

    @property
    def said(self) -> dict[str, str]:
        """What the run document says instead of the truth."""
        return {"scikit-learn": "9.0.0"} if self.upgraded else {}

    def run(self, job, attempt, staging, *, timeout, held):  # noqa: ARG002 - the protocol's names
        """Run the command line of one attempt."""
        from toolkit import provenance

        told, began = io.StringIO(), time.perf_counter()
        real = provenance.versions
        with (
            contextlib.chdir(attempt.cwd),
            contextlib.redirect_stderr(told),
            contextlib.redirect_stdout(io.StringIO()),
            patch.object(provenance, "versions", lambda *more: dict(real(*more)) | self.said),
        ):
            code = guarded(lambda: toolkit.main(list(attempt.arguments), standalone_mode=False))
        self.seconds.append(time.perf_counter() - began)
        lines = [line for line in told.getvalue().splitlines() if line.startswith("Error")]
        return Ended(code, lines[-1] if lines else "")


def people(night: int, draw: random.Random) -> list[list[object]]:
    """Draw one night's decisions: two groups, a third of them in the smaller one."""
    rows = []
    for _ in range(ROWS):
        group = "b" if draw.random() < 1 / 3 else "a"
        rate = RATE - (DRIFT if night >= DRIFTS and group == "b" else 0)
        day = FIRST + timedelta(days=night)
        rows.append([day.isoformat(), group, int(draw.random() < 0.5), int(draw.random() < rate)])
    return rows


def write(path: Path, rows: list[list[object]]) -> None:
    """Write the whole table."""
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["decided", "group", "repaid", "granted"], *rows])


def year(folder: Path, nights: int) -> tuple[History, Here, list[str]]:
    """Live through the nights and return the history."""
    (folder / "toolkit.toml").write_text(CONFIG, encoding="utf-8")
    table, draw, rows, runner, said = folder / "decisions.csv", random.Random(7), [], Here(), []
    config = read_jobs(folder / "toolkit.toml")
    history = History(config.home)
    for night in range(nights):
        rows += people(night, draw)
        if night == CORRECTED:  # 40 decisions of the first month were entered wrongly
            for row in draw.sample(rows[: 30 * ROWS], 40):
                row[3] = 1 - int(row[3])
        runner.upgraded = night >= UPGRADED
        write(table, rows)
        if night in OFF:
            continue
        if night == GONE:
            table.unlink()
        day = FIRST + timedelta(days=night + 1)
        at = datetime(day.year, day.month, day.day, 4, 20, tzinfo=UTC)
        result = tick(config, at=at, history=history, runner=runner, clock=lambda at=at: at)
        said += [f"night {night}: {line}" for line in result.troubles]
        if night % 30 == 0:
            print(f"night {night}: exit {result.exit}", file=sys.stderr)
    return history, runner, said


def main() -> None:
    """Run the year and print what came of it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--nights", type=int, default=365)
    parser.add_argument("--output", type=Path)
    asked = parser.parse_args()
    folder = (asked.output or Path(tempfile.mkdtemp(prefix="scheduled-year-"))).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    os.environ.pop("TOOLKIT_ROOT", None)
    history, runner, said = year(folder, asked.nights)
    report(history, runner, said)
    page = folder / "reports" / "index.html"
    page.write_text(render(scan(folder / "reports"), title="reports"), encoding="utf-8")
    print(f"front page: {page} ({page.stat().st_size:,} bytes)")


def night_of(at: datetime) -> int:
    """Return the night whose rows a run was the first to see."""
    return (at.date() - FIRST).days - 1


def report(history: History, runner: Here, said: list[str]) -> None:
    """Print the year."""
    records = history.records("loans", newest_first=False)
    runs = [record for record in records if record["kind"] == "run"]
    print(f"{len(runs)} runs, {sum(r['count'] for r in records if r['kind'] == 'missed')} instants missed")
    for record in records:
        if record["outcome"] not in {"done"}:
            print(f"  {record['outcome']}: {record['due']} ({record['count']}) {record['reason']}")
    for series in history.series("loans"):
        breaks = [(night_of(point.at), point.breaks) for point in series.points if point.breaks]
        shown = [night_of(point.at) for point in series.points if point.ruling == "shown"]
        alarms = [point for point in series.points if point.alarm]
        print(f"{series.key}: {len(series.points)} points; breaks {breaks}")
        early = sum(night < DRIFTS for night in shown)
        print(f"  'shown' on {len(shown)} nights, {early} of them before the drift; first {shown[:1]}")
        if alarms:
            print(f"  alarm from night {night_of(alarms[0].at)}: e = {alarms[0].e_value:.3g}")
    typical = sorted(runner.seconds)[len(runner.seconds) // 2]
    print(f"an audit with its report took {typical:.2f} s (median), {sum(runner.seconds):.0f} s in all")
    for line in said:
        print(f"  {line}")


if __name__ == "__main__":
    main()
