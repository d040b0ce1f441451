"""Text for a terminal, and JSON."""

from __future__ import annotations

from json import dumps

from toolkit.gate import words
from toolkit.gate.evaluating import Outcome


def text(outcome: Outcome) -> str:
    """Write the verdict, then a line for each finding, what fails first."""
    lines = [words.verdict(outcome), words.asked(outcome)]
    lines += [words.line(judged) for judged in outcome.judged]
    lines += [f"note: {note}" for note in outcome.notes]
    if outcome.failing:
        lines.append(
            "To accept one: toolkit gate accept RUN --finding KEY --owner WHO --reason WHY --until DAY"
        )
    return "\n".join(lines) + "\n"


def json(outcome: Outcome) -> str:
    """Write the whole answer as JSON (``toolkit.gate/1``)."""
    return dumps(outcome.to_dict(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
