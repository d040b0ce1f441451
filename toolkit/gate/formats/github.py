"""Workflow commands of GitHub Actions: errors for what fails, warnings for what is open, else notices.

The escapes are those of GitHub's own ``@actions/core`` (``command.ts``): a message hides ``%`` and line
breaks, a property ``:`` and ``,`` too, so that no name from data can end a command or begin another one.
"""

from __future__ import annotations

from toolkit.gate import words
from toolkit.gate.evaluating import Judged, Outcome
from toolkit.report.words import clean

MESSAGE = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = MESSAGE | {":": "%3A", ",": "%2C"}


def github(outcome: Outcome) -> str:
    """Write the verdict and each finding as one workflow command a line, what fails first.

    GitHub shows the first ten errors, warnings and notices of a step, so the verdict comes first.
    """
    level = {0: "notice", 1: "error"}.get(outcome.exit, "warning")
    lines = [_command(level, "gate", f"{words.verdict(outcome)} {words.asked(outcome)}")]
    lines += [_finding(judged) for judged in outcome.judged]
    lines += [_command("notice", "gate", note) for note in outcome.notes]
    return "\n".join(lines) + "\n"


def _finding(judged: Judged) -> str:
    level = "error" if judged.failing else "warning" if judged.status == "open" else "notice"
    said = "; ".join(filter(None, (words.sentence(judged), words.why(judged))))
    return _command(level, f"{words.WORD[judged.status]}: {judged.key}", said)


def _command(level: str, title: str, message: str) -> str:
    return f"::{level} title={_escaped(title, PROPERTY)}::{_escaped(message, MESSAGE)}"


def _escaped(text: str, signs: dict[str, str]) -> str:
    r"""Hide what would end a command.

    >>> _escaped("50 %\n::error::x", PROPERTY)
    '50 %25%0A%3A%3Aerror%3A%3Ax'
    """
    return "".join(signs.get(sign, sign) for sign in clean(text))
