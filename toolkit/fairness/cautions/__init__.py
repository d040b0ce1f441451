"""Warnings before anyone concludes: each looks at the counts, says what it saw, and how to silence it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from toolkit.fairness.cautions.context import Column, Context
from toolkit.fairness.cautions.dropped import missing_rule
from toolkit.fairness.cautions.inverted import inverted_scores, positive_class
from toolkit.fairness.cautions.labels import base_rates, label_error
from toolkit.fairness.cautions.leaks import label_leak
from toolkit.fairness.cautions.reversal import simpson_reversal
from toolkit.fairness.cautions.ruling import widest_ruling
from toolkit.fairness.cautions.size import fragile_rulings, small_groups
from toolkit.fairness.cautions.training import labels_selected, program_cuts, trained_on
from toolkit.records import BadInputError

__all__ = ["CODES", "Column", "Context", "cautions", "check_codes", "raised", "silenced", "widest_ruling"]

# In the order a reader should meet them: what makes everything wrong first.
_ALL: dict[str, Callable[[Context], list[dict[str, Any]]]] = {
    "inverted-scores": inverted_scores,
    "positive-class": positive_class,
    "label-leak": label_leak,
    "trained-on": trained_on,
    "labels-selected": labels_selected,
    "missing-rule": missing_rule,
    "simpson-reversal": simpson_reversal,
    "fragile-rulings": fragile_rulings,
    "label-error": label_error,
    "base-rates": base_rates,
    "small-groups": small_groups,
    "program-cuts": program_cuts,
}
CODES = tuple(_ALL)


def raised(context: Context) -> list[dict[str, Any]]:
    """Return every warning that the counts give rise to, silenced or not, warnings before notes."""
    found = [one for look in _ALL.values() for one in look(context)]
    return sorted(found, key=lambda one: one["level"] != "warning")


def cautions(context: Context) -> list[dict[str, Any]]:
    """Return the warnings of an audit, without those its user silenced; `silenced` lists these.

    Raises
    ------
    BadInputError
        If the user silenced a code that does not exist.
    """
    check_codes(context.silence)
    return [one for one in raised(context) if one["code"] not in set(context.silence)]


def silenced(context: Context, found: Iterable[dict[str, Any]] | None = None) -> list[str]:
    """Return the codes of warnings that would have been given had they not been silenced.

    Parameters
    ----------
    context : Context
    found : iterable of dict, optional
        What `raised` gave, where it is at hand.
    """
    found = raised(context) if found is None else found
    codes = {one["code"] for one in found}
    return [code for code in CODES if code in codes and code in set(context.silence)]


def check_codes(codes: Sequence[str]) -> None:
    """Refuse to silence a warning that does not exist.

    Raises
    ------
    BadInputError
        Naming the code, the nearest one that exists, and all others.
    """
    from difflib import get_close_matches

    for code in codes:
        if code not in _ALL:
            near = get_close_matches(code, CODES, n=1)
            meant = f"; did you mean {near[0]}?" if near else "."
            raise BadInputError(
                f"--silence {code}: there is no such warning{meant} Known are {', '.join(CODES)}."
            )
