"""All scheduled jobs of a folder as the front page tells them: what wants a look, the heartbeat, each job."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from toolkit.report.index import breaks, pulse, strips, times, trends
from toolkit.report.index.parts import Detail, HistoryView, JobView, RunRow, SeriesView
from toolkit.report.words import clean, count, shorten

Job = Mapping[str, Any]
OPEN = 6  # trends that are shown without asking
TOLD = 12  # changes of what went in that are listed
LOOKS = 3
LONGEST = 240  # letters of a reason among what wants a look; the table has it whole


def standing(history: Mapping[str, Any], prefix: str, detail: Detail) -> HistoryView:
    """Describe every job.

    Parameters
    ----------
    history : mapping
        ``history`` of ``toolkit.index/1``.
    prefix : str
        What leads from the page's folder to the one that was read, ending in a slash; empty if they are one.
    detail : Detail
        How much of each trend is shown.
    """
    now, given = times.instant(history["at"]), bool(history["given"])
    ordered = sorted(history["jobs"], key=_order)
    beat = history["heartbeat"]
    return HistoryView(
        beat=pulse.said(beat, now),
        stale=pulse.stale(beat, now) if given else "",
        jobs=tuple(
            _job(job, now if given else None, f"job-{place}", prefix, detail, now=now)
            for place, job in enumerate(ordered, 1)
        ),
        troubles=tuple(clean(trouble) for trouble in history["troubles"]),
        as_of=times.spoken(history["at"]) if given else "",
        coarse=_coarse(history, detail),
    )


def _coarse(history: Mapping[str, Any], detail: Detail) -> str:
    """Say what a page of many points draws more coarsely than it is; empty where it leaves out nothing."""
    longest = max((len(one["points"]) for job in history["jobs"] for one in job["series"]), default=0)
    if longest <= detail.places:
        return ""
    return "Where a line has more runs than places, neighbours are drawn by their least and greatest value."


def _order(job: Job) -> tuple[bool, tuple[int, float, str], str]:
    """Sort jobs: those whose last run did not end well, then by their most stirred series, then by name."""
    fine = not job["runs"] or job["runs"][0]["outcome"] in strips.FINE
    first = min(map(trends.order, job["series"]), default=(2, 0.0, ""))
    return fine, first, str(job["job"])


def _job(
    job: Job, clock: datetime | None, anchor: str, prefix: str, detail: Detail, *, now: datetime | None
) -> JobView:
    """Describe one job; `clock` is the time that was given, `now` what stands for it where none was."""
    runs = job["runs"]
    shown = strips.recent(runs)
    overdue = _overdue(job, clock)
    drawn = _trends(anchor, job, detail)
    many = min(2 * OPEN, max(OPEN, sum(view.stirred for view in drawn)))
    rows = strips.rows(runs, prefix)
    return JobView(
        anchor=anchor,
        name=clean(job["job"]),
        said=strips.said(shown, now, given=clock is not None),
        due=overdue or (f"Next due {times.spoken(job['next_due'])}." if job["next_due"] else ""),
        newest=next((row.link for row in rows if row.link), ""),
        overdue=bool(overdue),
        cells=strips.cells(shown, overdue),
        tally=strips.tally(shown, overdue=bool(overdue)),
        troubled=strips.troubled(shown, prefix),
        runs=rows,
        more_runs=len(runs) - len(rows),
        open=drawn[:many],
        folded=drawn[many:],
        left_out=max(0, len(job["series"]) - detail.series),
        looks=tuple(_looks(anchor, overdue, rows, drawn)),
        changes=_anew(runs),
    )


def _trends(anchor: str, job: Job, detail: Detail) -> tuple[SeriesView, ...]:
    known = [at for run in job["runs"] for at in [strips.when(run)] if at]
    if not known:
        return ()
    span = min(known), max(known)
    chosen = sorted(job["series"], key=trends.order)[: detail.series]
    return tuple(
        trends.trend(series, span, f"{anchor}-{place}", rows=detail.rows)
        for place, series in enumerate(chosen, 1)
    )


def _anew(runs: Sequence[Mapping[str, Any]]) -> tuple[tuple[str, str, str], ...]:
    """List where what went in changed, newest first; the same kind at run after run is one entry."""
    made = [run for run in runs if run["kind"] == "run" and run["outcome"] not in strips.FRUITLESS]
    found = []
    for kinds, group in groupby(made, key=lambda run: tuple(run["breaks"])):
        same = list(group)
        if kinds:
            first, last = (times.said(run["due"] or run["started"]) for run in (same[-1], same[0]))
            when = last if len(same) == 1 else f"{first} to {last}"
            many = "" if len(same) == 1 else f"at each of {len(same)} runs, lastly "
            found.append((when, breaks.letters(kinds), many + clean(same[0]["changes"])))
    return tuple(found[:TOLD])


def _overdue(job: Job, now: datetime | None) -> str:
    """Say since when a job is due and has not run; empty where it is not, or where nobody knows."""
    due = times.instant(job["next_due"])
    if due is None or now is None or now - due < pulse.GRACE:
        return ""
    newest = max((at for run in job["runs"] for at in [times.instant(run["due"])] if at), default=None)
    if newest is not None and newest >= due:
        return ""
    return f"Due since {times.spoken(job['next_due'])} ({times.lasting(now - due)}), and no record of it."


def _looks(
    anchor: str, overdue: str, rows: Sequence[RunRow], drawn: Sequence[SeriesView]
) -> Iterator[tuple[str, str, str]]:
    """Name what in a job wants a look, each with where it is shown."""
    if overdue:
        yield anchor, "", overdue
    if rows and rows[0].outcome not in strips.FINE:
        yield anchor, "", f"The last run {_ended(rows[0])}{_because(rows[0].reason)}."
    stirred = [series for series in drawn if series.stirred]
    for series in stirred[:LOOKS]:
        yield series.anchor, series.label, f"{series.word.lower()}. {series.said}"
    if len(stirred) > LOOKS:
        yield anchor, "", f"{count(len(stirred) - LOOKS, 'other trend')} changed within the last runs."


def _because(reason: str) -> str:
    """Write a record's reason as the end of our own sentence, which says already that the gate failed."""
    text = shorten(reason.removeprefix("The gate failed: "), LONGEST).rstrip(".")
    return f": {text}" if text else ""


def _ended(row: RunRow) -> str:
    return strips.ENDED[row.outcome][0] if row.outcome in strips.ENDED else "did not come"
