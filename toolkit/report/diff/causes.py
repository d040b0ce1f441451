"""What differences can be put down to, in words: said only where it follows from what is recorded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.report.words import listed, sentence

Found = Mapping[str, Any]

CAUSE = {
    "data": "the data",
    "code": "the code",
    "versions": "the versions of libraries",
    "seed": "the seed",
    "effort": "the effort",
    "settings": "what was asked",
    "machine": "the machine",
}
MANY = {"data", "versions"}
ONE = {
    "noise": "Nothing but the seed differs: chance.",
    "nothing_recorded": "Nothing that is recorded differs.",
}
ALL = {
    "noise": "Only the seed differs: these are the differences of chance between draws.",
    "nothing_recorded": "Nothing that the documents record differs, yet numbers do: something that is not "
    "recorded made the difference.",
}


def because(answer: Found) -> str:
    """Say what one row's difference can be put down to; nothing where that does not follow."""
    follows = answer["follows"]
    if follows is None:
        return ""
    return ONE.get(follows) or f"It follows from {CAUSE[follows]}: nothing else that bears on it differs."


def attribution(found: Found) -> str:
    """Say what all differences together can be put down to, and what cannot be told."""
    answer = found["attribution"]
    kinds, follows = answer["candidates"], answer["follows"]
    doubt = _doubt(answer["unknown"])
    if not answer["moved"]:
        made = f"{_differ(kinds)}, and that made no difference to anything measured." if kinds else ""
        return f"{made or 'Nothing that was measured differs.'}{doubt}"
    if follows in ALL:
        return ALL[follows]
    if follows:
        so = "them" if follows in MANY else "it"
        return f"Only {_lower(_differ([follows]))}, so every difference follows from {so}."
    if not kinds:
        return f"Nothing that is recorded differs.{doubt} So what made the difference cannot be told."
    if len(kinds) == 1:
        return f"{_differ(kinds)}.{doubt}"
    apart = "and two runs alone cannot tell their shares apart: change one at a time to know."
    return f"{_differ(kinds)} at once, {apart}{doubt}"


def _differ(kinds: list[str]) -> str:
    many = len(kinds) > 1 or kinds[0] in MANY
    return f"{sentence(listed([CAUSE[kind] for kind in kinds]))} differ{'' if many else 's'}"


def _doubt(kinds: list[str]) -> str:
    if not kinds:
        return ""
    are = "are" if len(kinds) > 1 or kinds[0] in MANY else "is"
    return f" Whether {listed([CAUSE[kind] for kind in kinds])} {are} the same is not known."


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]
