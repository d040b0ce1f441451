"""Markdown for a pull request: the verdict in one line, what fails, then what is accepted and gone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from toolkit.gate import words
from toolkit.gate.evaluating import FAILED, HELD, Judged, Outcome
from toolkit.report.formats.pull_request import escape

SHAPE = {HELD: "●", FAILED: "✕"}
MOST = 50  # rows of one table: a comment has its limits


def markdown(outcome: Outcome) -> str:
    """Write an answer as GitHub's Markdown; names from data stay text."""
    return "\n".join(_lines(outcome)).rstrip() + "\n"


def _lines(outcome: Outcome) -> Iterator[str]:
    yield f"{SHAPE.get(outcome.exit, '◇')} **{escape(words.verdict(outcome))}**"
    yield ""
    yield escape(words.asked(outcome))
    yield ""
    yield from _table("What fails", outcome.failing)
    yield from _table("Open", outcome.of("open"))
    yield from _table("Accepted", outcome.of("accepted"))
    yield from _table("Gone", outcome.of("gone"))
    yield from (f"- {escape(note)}" for note in outcome.notes)


def _table(title: str, judged: Sequence[Judged]) -> Iterator[str]:
    if not judged:
        return
    yield f"## {title}"
    yield ""
    yield "| | Finding | In a sentence | Accepted |"
    yield "|---|---|---|---|"
    for one in judged[:MOST]:
        cells = (words.WORD[one.status], one.key, words.sentence(one), words.why(one) or "no")
        yield f"| {' | '.join(map(escape, cells))} |"
    yield ""
    if len(judged) > MOST:
        yield f"And {len(judged) - MOST:,} more."
        yield ""
