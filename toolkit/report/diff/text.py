"""A comparison as plain text for a terminal: what stands out in full, the rest counted or listed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.diff import words
from toolkit.report.diff.parts import DiffView, GroupView, RowView
from toolkit.report.diff.view import view
from toolkit.report.words import NOTHING

WIDTH = 96
MOST = 8  # of what is new or gone
ARROW = "→"


def text(found: Mapping[str, Any], *, everything: bool = False) -> str:
    """Write a comparison as text; `everything` lists the rows that do not stand out too."""
    seen = view(found)
    if seen.identical:
        return seen.no_change + "\n"
    return "\n".join(_lines(seen, everything=everything)).rstrip() + "\n"


def _lines(seen: DiffView, *, everything: bool) -> Iterator[str]:
    yield from _wrapped(f"{seen.lead} {seen.crossed}")
    yield ""
    for name, before, after in seen.sides:
        if name in {"Run", "Started"} and (before != after or name == "Run"):
            yield f"{name:8} {before} {ARROW} {after}" if before != after else f"{name:8} {after}"
    yield ""
    yield from _inputs(seen)
    yield "What came out"
    for group in seen.groups:
        yield from _group(group, seen.kind, everything=everything)
    yield ""
    yield from _listed("New", "+", seen.appeared, everything=everything)
    yield from _listed("Gone", "-", seen.vanished, everything=everything)
    if seen.others:
        yield "Also different"
        for what, before, after in seen.others:
            yield from _wrapped(f"{what}: {before} {ARROW} {after}", "  ")
        yield ""
    yield "What it can be put down to"
    yield from _wrapped(seen.attribution, "  ")


def _inputs(seen: DiffView) -> Iterator[str]:
    yield "What went in"
    for entry in seen.differing:
        for what, before, after in entry.changes:
            named = f"{entry.title}: {what}".rstrip()
            yield from _wrapped(f"{named} {before} {ARROW} {after}", "  ")
        if entry.note:
            yield from _wrapped(f"{entry.title}: {entry.note}", "  ")
    if seen.alike:
        yield from _wrapped(seen.alike, "  ")
    yield ""


def _group(group: GroupView, kind: str, *, everything: bool) -> Iterator[str]:
    shown = [row for row in group.rows if everything or row.stands_out]
    if not shown and not group.ruling_changed:
        yield from _wrapped(f"{_title(group).rstrip('.')}: {_rest(group.rows)}", "  ")
        return
    yield from _wrapped(_title(group), "  ")
    if group.ruling_changed:
        yield f"    the belief: {_rulings(kind, group.was, group.now)}"
    for row in shown:
        yield from _row(row, kind)
    rest = [row for row in group.rows if row not in shown]
    if rest:
        yield from _wrapped(f"the rest: {_rest(rest)}", "    ")


def _title(group: GroupView) -> str:
    return f"{group.code} {group.title}".strip()


def _row(row: RowView, kind: str) -> Iterator[str]:
    yield f"    {row.name}, {row.where}: {_rulings(kind, row.was, row.now)}"
    how = f" [{row.how}]" if row.how else ""
    if row.change != NOTHING:
        yield f"      {row.before} {ARROW} {row.after}"
        yield f"      {words.WORD[row.word].lower()}: {row.change} against {row.margin}{how}"
    elif row.how:
        yield from _wrapped(f"{words.WORD[row.word].lower()}: {row.how}", "      ")
    for said in (row.note, row.because):
        if said:
            yield from _wrapped(said, "      ")


def _rulings(kind: str, was: str, now: str) -> str:
    before, after = (words.ruling(kind, value).lower() for value in (was, now))
    return f"{before}, as before" if was == now else f"{before} {ARROW} {after}"


def _rest(rows: Iterable[RowView]) -> str:
    """Count rows by their word."""
    found = [row.word for row in rows]
    parts = [f"{found.count(word)} {said.lower()}" for word, said in words.WORD.items() if word in found]
    return ", ".join(parts) or "nothing to compare"


def _listed(
    title: str, sign: str, items: Sequence[tuple[str, str, str]], *, everything: bool
) -> Iterator[str]:
    if not items:
        return
    yield title
    most = len(items) if everything or len(items) <= MOST + 1 else MOST
    for item in items[:most]:
        yield from _wrapped(_item(*item), f"  {sign} ")
    if most < len(items):
        yield f"  and {len(items) - most} more"
    yield ""


def _item(what: str, name: str, said: str) -> str:
    return f"{what} {name}: {said}" if said else f"{what} {name}"


def _wrapped(said: str, indent: str = "") -> list[str]:
    later = " " * (len(indent) + 2 * bool(indent))
    return textwrap.wrap(said, WIDTH, initial_indent=indent, subsequent_indent=later) or [""]
