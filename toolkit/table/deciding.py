"""Which value of the target is the positive one, and what the predictions say in its terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.records import BadInputError
from toolkit.table.canonical import as_number, natural
from toolkit.table.outcome import MOST_NUMERIC_CLASSES

TRUTH = {"1": True, "0": False, "true": True, "false": False, "yes": True, "no": False}
MOST_SHOWN = 8


@dataclass(frozen=True)
class Coding:
    """How a column's values become 0 and 1.

    Attributes
    ----------
    positive, negative : str
        The value that counts as 1, and what the others are called.
    code : mapping of str to int
    notes : tuple of str
    """

    positive: str
    negative: str
    code: Mapping[str, int]
    notes: tuple[str, ...] = ()


def is_measured(values: tuple[str, ...]) -> bool:
    """Whether a column of numbers is a measurement rather than a code for a class: many, or with decimals."""
    numbers = [as_number(text) for text in values]
    if None in numbers:
        return False
    return len(values) > MOST_NUMERIC_CLASSES or (
        len(values) > 2 and any(number != int(number) for number in numbers if number is not None)
    )


def coding(
    what: str,
    name: str,
    rows: Mapping[str, int],
    positive: str | None,
    label: str,
) -> Coding:
    """Choose the positive value of a target, or of decisions without one.

    Parameters
    ----------
    what, name : str
        What the column is ("target", "prediction") and its name.
    rows : mapping of str to int
        How many rows hold each value.
    positive : str, optional
        The value asked for; without it a column of two values takes the larger one.

    Raises
    ------
    BadInputError
        If there is no such value, one value only, or three and none was asked for.
    """
    values = sorted(rows, key=natural)
    if not values:
        raise BadInputError(f"{label}: the {what} {name!r} is missing in every row; name another {what}")
    if positive is not None:
        chosen, notes = _spelt(what, name, values, positive, label), []
        others = [value for value in values if value != chosen]
        if not others and what == "target":
            raise BadInputError(_one_value(what, name, values[0], label))
        if len(others) > 1:
            notes = [f"the {what} {name} has {len(values):,} values; {chosen} is 1 and all others are 0"]
        negative = others[0] if len(others) == 1 else f"not {chosen}"
        return Coding(chosen, negative, {value: int(value == chosen) for value in values}, tuple(notes))
    if len(values) == 1:
        if what == "target" or values[0].lower() not in TRUTH:
            raise BadInputError(_one_value(what, name, values[0], label))
        one = TRUTH[values[0].lower()]
        yes = values[0] if one else {"0": "1", "false": "true", "no": "yes"}[values[0].lower()]
        return Coding(yes, f"not {yes}" if one else values[0], {values[0]: int(one)})
    if len(values) > 2:
        raise BadInputError(
            f"{label}: the {what} {name!r} has {len(values):,} values, {shown(values)}; say which one is the "
            f"positive with --positive (the others together are then the negative)"
        )
    negative, chosen = values
    truths = [TRUTH.get(value.lower()) for value in values]
    if truths == [True, False]:
        negative, chosen = chosen, negative
    note = f"the positive value of the {what} {name} is {chosen}, against {negative} (--positive chooses)"
    return Coding(chosen, negative, {chosen: 1, negative: 0}, (note,))


def decisions(
    name: str, rows: Mapping[str, int], target: Coding, target_name: str, label: str
) -> tuple[dict[str, int], tuple[str, ...]]:
    """Return each prediction's code in the terms of the target, with a note where its spelling differs.

    Raises
    ------
    BadInputError
        If the predictions are not values of the target, nor 0 and 1 or the like.
    """
    if set(rows) <= set(target.code):
        return {value: target.code[value] for value in rows}, ()
    folded = {value.casefold(): code for value, code in target.code.items()}
    if len(folded) == len(target.code) and all(value.casefold() in folded for value in rows):
        return {value: folded[value.casefold()] for value in rows}, ()
    truths = {value: TRUTH[value.lower()] for value in rows if value.lower() in TRUTH}
    if len(truths) == len(rows) and not set(rows) & set(target.code):
        if all(value.lower() in TRUTH for value in target.code):
            wanted = TRUTH[target.positive.lower()]
            code = {value: int(truth == wanted) for value, truth in truths.items()}
        else:
            code = {value: int(truth) for value, truth in truths.items()}
        yes = " and ".join(sorted(value for value, one in code.items() if one)) or "nothing"
        return code, (f"the prediction {name} is {yes} where {target_name} would be {target.positive}",)
    raise BadInputError(_strange(name, rows, target, target_name, label))


def shown(values: list[str]) -> str:
    """List values for a message."""
    return ", ".join(repr(value[:40]) for value in values[:MOST_SHOWN]) + (
        ", ..." if len(values) > MOST_SHOWN else ""
    )


def looks_like_a_score(values: tuple[str, ...] | list[str]) -> bool:
    """Whether predictions are numbers with decimals, or too many to be classes."""
    numbers = [as_number(text) for text in values]
    known = [number for number in numbers if number is not None]
    return len(known) == len(numbers) > 0 and (
        any(number != int(number) for number in known if abs(number) < 1e300)
        or len(known) > MOST_NUMERIC_CLASSES
    )


def _strange(name: str, rows: Mapping[str, int], target: Coding, target_name: str, label: str) -> str:
    found, known = sorted(rows, key=natural), sorted(target.code, key=natural)
    way = (
        f"it looks like a score: give it with --score {name} and --threshold"
        if looks_like_a_score(found)
        else "give predictions in the target's values, or 0 and 1"
    )
    return (
        f"{label}: the prediction {name!r} holds {shown(found)} and the target {target_name!r} holds "
        f"{shown(known)}; {way}"
    )


def _one_value(what: str, name: str, value: str, label: str) -> str:
    return (
        f"{label}: the {what} {name!r} is {value!r} in every row: there is nothing to compare; name another "
        f"{what}"
    )


def _spelt(what: str, name: str, values: list[str], positive: str, label: str) -> str:
    """Return the column's own spelling of the value asked for."""
    from toolkit.table.outcome import number_text

    wanted = positive.strip()
    options = [wanted]
    number = as_number(wanted)
    if number is not None and abs(number) < 1e300:
        options.append(number_text(number))
    folded = {value.casefold(): value for value in values}
    if {value.lower() for value in values} <= {"true", "false"}:
        folded |= {"1": "true", "0": "false", "yes": "true", "no": "false"}
    for option in options:
        found = option if option in values else folded.get(option.casefold())
        if found is not None and found in values:
            return found
    if what == "prediction" and all(value.lower() in TRUTH for value in (*values, wanted)):
        return wanted  # nobody was chosen, which is a finding and no mistake
    raise BadInputError(f"{label}: the {what} {name!r} is never {wanted!r}; its values are {shown(values)}")
