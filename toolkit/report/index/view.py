"""Everything a front page says, computed from what was found; the template only lays it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from toolkit.report import words
from toolkit.report.audit import words as audit_words
from toolkit.report.index.parts import Detail, HistoryView
from toolkit.report.index.standing import standing
from toolkit.report.words import clean, count, listed

Run = Mapping[str, Any]
COLUMNS = 16  # runs in a strip
ROWS = 12  # rulings in a strip
GATE = {"shown": "failed", "small": "held", "open": "open"}
KIND = {"check": "check", "audit": "audit"}


@dataclass(frozen=True)
class Cell:
    """One ruling of one run in a strip; `breaks` where code, data or versions differ from the run before."""

    ruling: str | None
    said: str
    breaks: bool


@dataclass(frozen=True)
class StripRow:
    """One belief or gap over time, oldest run first."""

    key: str
    text: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class RunView:
    """One run as a row: when, what it was made with, what it found, and where its report is."""

    when: str
    day: str
    link: str
    path: str
    made: str
    tally: tuple[tuple[str, str, int], ...]
    gate: str
    troubles: str


@dataclass(frozen=True)
class NameView:
    """All runs of one name."""

    anchor: str
    kind: str
    name: str
    said: str
    strip: tuple[StripRow, ...]
    shown: int
    more: int
    runs: tuple[RunView, ...]


@dataclass(frozen=True)
class IndexView:
    """The whole front page."""

    title: str
    lead: str
    newest: str
    names: tuple[NameView, ...]
    damaged: tuple[tuple[str, str], ...]
    left_out: str
    history: HistoryView | None


def view(found: Mapping[str, Any], detail: Detail, *, title: str, prefix: str = "") -> IndexView:
    """Compute the front page.

    Parameters
    ----------
    found : mapping
        What `toolkit.report.index.scan` returned.
    detail : Detail
        How much of each trend is shown.
    title : str
        The folder's name.
    prefix : str
        What leads from the page's folder to the one that was read, ending in a slash; empty if they are one.
    """
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in found["runs"]:
        groups.setdefault((run["kind"], run["name"]), []).append(run)
    names = tuple(_name(place, runs, prefix) for place, runs in enumerate(groups.values(), 1))
    history = standing(found["history"], prefix, detail) if found.get("history") else None
    return IndexView(
        title=clean(title),
        lead=_lead(found, names, history),
        newest=_newest(found["runs"]),
        names=names,
        damaged=tuple((clean(d["path"]), clean(d["reason"])) for d in found["damaged"]),
        left_out=_left_out(found["left_out"]),
        history=history,
    )


def _lead(found: Mapping[str, Any], names: Sequence[NameView], history: HistoryView | None) -> str:
    runs, damaged = found["runs"], len(found["damaged"])
    unread = f" {count(damaged, 'document')} could not be read." if damaged else ""
    if history and history.jobs:
        others = f" Besides, {_runs(runs, names)}." if runs else ""
        return f"{_jobs(history)}{others}{unread}"
    return f"{_runs(runs, names)}.{unread}"


def _jobs(history: HistoryView) -> str:
    many, of = len(history.looked), len(history.jobs)
    who = "none" if not many else "it" if of == 1 else "all of them" if many == of else f"{many:,} of them"
    return f"{count(of, 'scheduled job')}; {who} {'wants' if many < 2 else 'want'} a look."


def _runs(runs: Sequence[Run], names: Sequence[NameView]) -> str:
    parts = [
        count(sum(run["kind"] == kind for run in runs), word)
        for kind, word in KIND.items()
        if any(run["kind"] == kind for run in runs)
    ]
    text = f"{listed(parts) or 'No run'}, of {count(len(names), 'name')}"
    newest = _newest(runs)
    return f"{text}; the newest is of {newest}" if newest else text


def _newest(runs: Sequence[Run]) -> str:
    """Return when the newest run began, as the lead says it; empty where nobody knows."""
    return _when(runs[0]["started"]) if runs and runs[0]["started"] else ""


def _left_out(many: int) -> str:
    return (
        f"{count(many, 'further run document')} below this folder: only the first ones found were read."
        if many
        else ""
    )


def _name(place: int, runs: Sequence[Run], prefix: str) -> NameView:
    """Describe the runs of one name, newest first."""
    strip = _strip(list(reversed(runs[:COLUMNS])))
    return NameView(
        anchor=f"name-{place}",
        kind=KIND[runs[0]["kind"]],
        name=clean(runs[0]["name"]),
        said=_latest(runs),
        strip=strip[:ROWS],
        shown=min(len(runs), COLUMNS),
        more=max(0, len(strip) - ROWS),
        runs=tuple(_run(run, prefix) for run in runs),
    )


def _latest(runs: Sequence[Run]) -> str:
    """Say what the newest run found, and which rulings differ from those of the run before."""
    first = runs[0]
    text = f"Newest: {_tally_text(first)}."
    if len(runs) == 1:
        return text
    before = {ruled["key"]: ruled["ruling"] for ruled in runs[1]["rulings"]}
    turned = [r for r in first["rulings"] if r["key"] in before and before[r["key"]] != r["ruling"]]
    if not turned:
        return f"{text} No ruling differs from the run before."
    said = [f"{clean(r['key'])} was {_ruling(first, before[r['key']])}" for r in turned[:3]]
    more = f" and {len(turned) - 3} more" if len(turned) > 3 else ""
    return f"{text} Since the run before: {'; '.join(said)}{more}."


def _ruling(run: Run, ruling: str) -> str:
    known = audit_words.RULING if run["kind"] == "audit" else words.RULING
    return known[ruling].lower()


def _tally(run: Run) -> tuple[tuple[str, str, int], ...]:
    """Count a run's rulings: ruling, word, how many."""
    known = audit_words.RULING if run["kind"] == "audit" else words.RULING
    found = [ruled["ruling"] for ruled in run["rulings"]]
    return tuple((key, word, found.count(key)) for key, word in known.items() if key in found)


def _tally_text(run: Run) -> str:
    return ", ".join(f"{many} {word.lower()}" for _, word, many in _tally(run)) or "nothing ruled on"


def _strip(runs: Sequence[Run]) -> tuple[StripRow, ...]:
    """Lay rulings over time: one row per belief or gap, one cell per run."""
    texts = {ruled["key"]: ruled["text"] for run in reversed(runs) for ruled in run["rulings"]}
    by_run = [{ruled["key"]: ruled["ruling"] for ruled in run["rulings"]} for run in runs]
    breaks = [False, *(_remade(a, b) for a, b in pairwise(runs))]
    return tuple(
        StripRow(
            clean(key),
            "" if text == key else clean(text),
            tuple(
                Cell(found.get(key), _said(run, found.get(key)), broken)
                for run, found, broken in zip(runs, by_run, breaks, strict=True)
            ),
        )
        for key, text in (sorted(texts.items()) if runs[0]["kind"] == "check" else texts.items())
    )


def _said(run: Run, ruling: str | None) -> str:
    return f"{_when(run['started'])}: {_ruling(run, ruling) if ruling else 'not ruled on'}"


def _remade(before: Run, after: Run) -> bool:
    """Whether code, data, versions, effort, or what was audited differ between two runs."""
    return any(before[key] != after[key] for key in ("commit", "data", "versions", "effort", "about"))


def _run(run: Run, prefix: str) -> RunView:
    effort = f"{clean(run['effort'])} effort, " if run["effort"] else ""
    about = f"{clean(run['about'])}, " if run["about"] else ""
    return RunView(
        when=_when(run["started"]),
        day=clean(run["started"]),
        link=quote(prefix + run["report"]) if run["report"] else "",
        path=clean(run["path"]),
        made=f"{about}{effort}seed {clean(run['seed'])}, {_commit(run['commit'])}",
        tally=_tally(run),
        gate=GATE.get(run["gate"], ""),
        troubles=_troubles(run),
    )


def _troubles(run: Run) -> str:
    parts: Iterable[tuple[int, str]] = ((run["warnings"], "warning"), (run["failures"], "failure"))
    return listed([count(many, word) for many, word in parts if many])


def _when(started: object) -> str:
    text = clean(started)
    if len(text) < 16:
        return text or "at an unknown time"
    return f"{text[:10]} {text[11:16]}"


def _commit(commit: object) -> str:
    text = clean(commit)
    return f"commit {text[:10]}{'+' * text.endswith('+')}" if text else "no commit"
