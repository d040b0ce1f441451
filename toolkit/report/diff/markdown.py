"""A comparison as GitHub's Markdown, for a pull request; names from data stay text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.report.diff import words
from toolkit.report.diff.parts import DiffView, GroupView, RowView
from toolkit.report.diff.view import view
from toolkit.report.formats.pull_request import escape

SHAPE = {"changed": "▲", "cannot_say": "◇", "unchanged": "●", "same": "=", "not_compared": "–"}
MOST = 50  # rows of one table: a comment has its limits


def markdown(found: Mapping[str, Any]) -> str:
    """Write a comparison as Markdown."""
    seen = view(found)
    if seen.identical:
        return escape(seen.no_change) + "\n"
    return "\n".join(_lines(seen)).rstrip() + "\n"


def _lines(seen: DiffView) -> Iterator[str]:
    yield f"# {escape(seen.title)}"
    yield ""
    yield f"**{escape(seen.lead)}** {escape(' '.join((seen.crossed, seen.attribution)))}"
    yield ""
    yield from _table(("", "Before", "After"), seen.sides)
    yield "## What went in"
    yield ""
    changes = [(e.title, *change) for e in seen.differing for change in e.changes]
    if changes:
        yield from _table(("", "What", "Before", "After"), changes[:MOST])
        if len(changes) > MOST:
            yield f"And {len(changes) - MOST} more.\n"
    for entry in seen.differing:
        if entry.note:
            yield f"- {entry.title}: {escape(entry.note)}"
    yield escape(seen.alike)
    yield ""
    yield "## What came out"
    yield ""
    for group in seen.groups:
        yield from _group(group, seen.kind)
    for title, items in (("New", seen.appeared), ("Gone", seen.vanished)):
        if items:
            yield f"## {title}"
            yield ""
            yield from (f"- {what} **{escape(name)}**: {escape(said)}" for what, name, said in items)
            yield ""
    if seen.others:
        yield "## Also different"
        yield ""
        yield from _table(("", "Before", "After"), seen.others)


def _group(group: GroupView, kind: str) -> Iterator[str]:
    yield f"### {escape(f'{group.code} {group.title}'.strip())}"
    yield ""
    if group.ruling_changed:
        yield f"**The belief: {_rulings(kind, group.was, group.now)}.**"
        yield ""
    shown = sorted(group.rows, key=lambda row: not row.stands_out)
    kept = [row for row in shown if row.word not in {"same", "not_compared"} or row.ruling_changed]
    if kept:
        yield "| | Where | Ruling | Before | After | Change | Margin | |"
        yield "|---|---|---|---:|---:|---:|---:|---|"
        yield from (_row(row, kind) for row in kept[:MOST])
        yield ""
    for row in kept[:MOST]:
        for said in (row.note, row.because):
            if said:
                yield f"- {escape(row.name)}, {escape(row.where)}: {escape(said)}"
    left = [row.word for row in group.rows if row not in kept[:MOST]]
    parts = [f"{left.count(word)} {said.lower()}" for word, said in words.WORD.items() if word in left]
    if parts:
        yield f"Not listed: {', '.join(parts)}."
    yield ""


def _row(row: RowView, kind: str) -> str:
    cells = (
        row.name,
        row.where,
        _rulings(kind, row.was, row.now),
        row.before,
        row.after,
        row.change,
        row.margin,
    )
    said = f"{SHAPE[row.word]} {words.WORD[row.word]}"
    return f"| {' | '.join(escape(cell) for cell in cells)} | {said} |"


def _rulings(kind: str, was: str, now: str) -> str:
    before, after = words.ruling(kind, was), words.ruling(kind, now)
    return after if was == now else f"{before} → {after.lower()}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    titles = list(head)
    yield f"| {' | '.join(titles)} |"
    yield "|" + "---|" * len(titles)
    yield from (f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows)
    yield ""
