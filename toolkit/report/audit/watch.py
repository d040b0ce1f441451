"""The watch's part of the page: what the new rows add, gap by gap, and the evidence over the nights."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.lookup import Document
from toolkit.report.audit.nights import Nights
from toolkit.report.audit.parts import Block, Figure, Listing, Numbers, Section, Text
from toolkit.report.tables import Table
from toolkit.report.words import NOTHING, clean, count

HEAD = ("Gap", "Margin", "New people", "e-value", "Most evidence for", "Alarm")
LARGE = 1e6
Watch = Mapping[str, Any]


def watch(document: Document, numbers: Iterator[int]) -> Section | None:
    """Compute the section; None where nothing was watched."""
    found: Watch | None = document.get("watch")
    if not found:
        return None
    blocks: list[Block] = [Text(summary(found)), Text(_rows(found))]
    blocks.append(Numbers("Evidence that a gap exceeds its margin", Table(HEAD, tuple(_lines(found)))))
    drawn = _figure(found, numbers)
    if drawn is not None:
        blocks.append(drawn)
    blocks.append(Text(_meaning(found), "small"))
    blocks.append(Listing(tuple(_remarks(found))))
    return Section("watch", "Watched over time", tuple(blocks), "Watch")


def summary(found: Watch) -> str:
    """Say in one sentence whether an alarm stands, and for which gaps."""
    alarmed = [gap for gap in found["gaps"] if gap.get("alarm")]
    nights = count(int(found["nights"]), "run")
    if not alarmed:
        most = max(found["gaps"], key=lambda g: g["log_e"], default=None)
        told = f"; the largest e-value is {e_value(most)}, {words.subject(_gap(most))}" if most else ""
        return f"No alarm in {nights} with new rows{told}. The alarm is at {threshold(found)}."
    told = "; ".join(f"{words.subject(_gap(gap))}, {alarm(gap)}" for gap in alarmed)
    stand = "An alarm stands" if len(alarmed) == 1 else f"{len(alarmed)} alarms stand"
    return f"{stand}: {told}. The alarm is at {threshold(found)}."


def alarm(gap: Watch) -> str:
    """Say when a gap's alarm began and for which pair; empty without one."""
    found = gap.get("alarm")
    if not found:
        return ""
    at = (
        f"run {found['night']}"
        if found["at"] == found["night"]
        else f"run {found['night']} ({clean(found['at'])})"
    )
    return f"{between(found['pair'])}, since {at} after {int(found['rows']):,} rows"


def between(pair: Mapping[str, Any] | None) -> str:
    """Name an ordered pair."""
    return NOTHING if not pair else f"{clean(pair['highest'])} above {clean(pair['lowest'])}"


def e_value(gap: Watch) -> str:
    """Write an e-value: three figures, large ones as a power of ten.

    >>> e_value({"log_e": 0.0}), e_value({"log_e": 5.0}), e_value({"log_e": 1000.0})
    ('1.00', '148', '10^434')
    """
    log_e = float(gap["log_e"])
    if log_e >= math.log(LARGE):
        return f"10^{int(log_e / math.log(10))}"
    value = math.exp(log_e)
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def threshold(found: Watch) -> str:
    """Write the e-value at which the alarm is raised."""
    return f"{1 / float(found['alpha']):g}"


def rows(found: Watch) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Yield a line of text for each gap, under `HEAD`."""
    yield from _lines(found)


def _gap(gap: Watch) -> dict[str, Any]:
    return {**gap, "kind": "difference"}


def _lines(found: Watch) -> Iterator[tuple[str, str, str, str, str, str]]:
    for gap in found["gaps"]:
        yield (
            words.subject(_gap(gap)),
            f"{100 * float(gap['margin']):g} points",
            f"{int(gap.get('rows_new') or 0):,}",
            e_value(gap),
            between(gap.get("pair")),
            f"since run {gap['alarm']['night']}" if gap.get("alarm") else "none",
        )


def _rows(found: Watch) -> str:
    """Say which rows are new and how they are told."""
    column = clean(found["column"])
    mark = clean((found.get("mark") or {}).get("text"))
    how = f"values of {column} above those seen before, now up to {mark}"
    if found["kind"] == "ids":
        how = f"ids in {column} that were not seen before"
    new, seen = int(found["rows_new"]), int(found["rows_seen"])
    first = " This is the first run: its rows are the first evidence." if found.get("grown") is None else ""
    is_new = "is new" if new == 1 else "are new"
    return f"{count(new, 'row')} of this run {is_new}, told by {how}; {seen:,} in all runs.{first}"


def _meaning(found: Watch) -> str:
    alpha = 100 * float(found["alpha"])
    many = len(found["gaps"])
    several = (
        f" That holds for each of the {many} gaps; of all of them together at least one alarms falsely with "
        f"probability at most {min(100.0, alpha * many):g} %."
        if many > 1
        else ""
    )
    text = (
        "An e-value multiplies with the evidence of every new row that a gap exceeds its margin. As long as "
        f"none does, it reaches {threshold(found)} with a probability of at most {alpha:g} %, however often "
        "and for however long one looks; so no look needs a correction, and a look without new rows changes "
        f"nothing.{several} Rows are taken to be independent, and each counts once. People are compared with "
        "those of the same run only, so rates may differ from run to run; people of one group alone add "
        "nothing. A small e-value does not show a small gap: for that, see the verdicts."
    )
    measured = found.get("calibration")
    if measured:
        text += (
            f" Measured in {measured['worlds']} simulated settings with no gap beyond the margin "
            f"({measured['years']:,} years of nightly looks): at most "
            f"{100 * measured['false_alarms_worst']:.1f} % of the years of a setting had a false alarm; of "
            f"an ordinary 95 % interval looked at every night, up to {100 * measured['peeking_worst']:.0f} %."
        )
    return text


def _remarks(found: Watch) -> Iterator[str]:
    """Yield what was not counted, and what changed among rows that were."""
    column = clean(found["column"])
    if found.get("late"):
        yield (
            f"{count(int(found['late']), 'row')} came late, at or below the mark of the run before, and will "
            "never count. Watch after a day has ended, or by a time of day or an id."
        )
    if found.get("missing"):
        yield f"{count(int(found['missing']), 'row')} without a value in {column} never count."
    if found.get("grown") is False:
        yield (
            f"Rows seen before are not as they were: at least {int(found['changed']):,} changed, "
            f"{int(found['gone']):,} are gone. The evidence of the earlier runs stands as it was, and "
            "nothing is counted twice."
        )
    elif found.get("grown"):
        yield "All rows seen before are still there, with the same groups, labels and decisions."
    yield from (clean(note) for note in found.get("notes") or ())


def _figure(found: Watch, numbers: Iterator[int]) -> Figure | None:
    """Draw log e over the nights, the gap with most evidence in front."""
    gaps: Sequence[Watch] = [gap for gap in found["gaps"] if len(gap["history"]) > 1]
    if not gaps:
        return None
    ordered = sorted(gaps, key=lambda gap: gap["log_e"])
    front = ordered[-1]
    lines = tuple((words.subject(_gap(g)), tuple(float(e) for _, e in g["history"])) for g in ordered)
    first, last = (clean(front["history"][i][0]) for i in (0, -1))
    runs, most = len(front["history"]), words.subject(_gap(front))
    label = f"e-value of {most} over {runs} runs: {e_value(front)} at the end"
    return Figure(
        number=next(numbers),
        title="Evidence over the nights",
        finding=f"Most evidence: {most}.",
        caption=(
            "One line per gap, on a scale of powers of ten; the strong one has most evidence now. Above the "
            f"dashed line ({threshold(found)}) the alarm is raised."
        ),
        drawing=Nights(label, lines, math.log(1 / float(found["alpha"])), first, last),
        level=3,
        table=Table(
            ("Run", *(name for name, _ in lines)),
            tuple(
                (
                    clean(front["history"][i][0]),
                    *(_at(values, i - len(front["history"])) for _, values in lines),
                )
                for i in range(len(front["history"]))
            )[-60:],
        ),
    )


def _at(values: Sequence[float], place: int) -> str:
    return e_value({"log_e": values[place]}) if -place <= len(values) else NOTHING
