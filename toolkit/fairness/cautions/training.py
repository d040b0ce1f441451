"""Rows that cannot show what they seem to: seen in training, labelled only if selected, or cut by us."""

from __future__ import annotations

from typing import Any

from toolkit.fairness.cautions import chance
from toolkit.fairness.cautions.context import Context, listed, percent, warning

# Fewer mistakes than one in two hundred is rare for people; together with a coin's worth of classes it is
# the mark of a model that has seen the answers.
_ACCURACY, _ROWS, _RARER = 0.995, 50, 10


def trained_on(context: Context) -> list[dict[str, Any]]:
    """Warn where predictions were made on training rows, or are right so often that they must have been.

    Without word from the caller the evidence is accuracy: its Wilson lower limit is at least 99.5 %, and
    errors are at least ten times rarer than those of always guessing the more frequent label.
    """
    whole = context.everybody
    right, n = int(whole[0, 0] + whole[1, 1]), int(whole.sum())
    told = "Accuracy and error rates on training rows flatter the model, and they flatter unequally: a model "
    told += "remembers small groups best. Audit rows that it has not seen."
    title = "Predictions made on training rows"
    if context.trained_on:
        accuracy = right / n if context.labelled and n else None
        measured = f"Accuracy here is {percent(accuracy)}." if accuracy is not None else ""
        sentences = [f"The model was fitted to these {n:,} rows. {measured}", told]
        return [warning("trained-on", title, sentences, {"told": True, "n": n, "accuracy": accuracy})]
    if context.trained_on is not None or not context.labelled or n < _ROWS:
        return []
    low, high = chance.wilson(right, n)
    rarer = whole.sum(axis=1).min() / n
    if low < _ACCURACY or (n - right) * _RARER > rarer * n or rarer == 0:
        return []
    sentences = [
        f"{right:,} of {n:,} predictions are right ({percent(right / n)}; 95 % interval {percent(low)} to "
        f"{percent(high)}), where always guessing the more frequent label would be right for "
        f"{percent(1 - rarer)}. Predictions about people are hardly ever that good: were they made on the "
        "rows the model was fitted to, or is the label among its features?",
        told,
    ]
    evidence = {
        "told": False,
        "n": n,
        "accuracy": right / n,
        "low": low,
        "high": high,
        "guess": float(1 - rarer),
    }
    return [warning("trained-on", "Predictions look as if made on training rows", sentences, evidence)]


def labels_selected(context: Context) -> list[dict[str, Any]]:
    """Warn where labels are known only for people who were selected.

    Then nobody's true positive or false positive rate is known, whatever the table shows: both need the
    labels of the rejected. Seen in two ways: labels are missing almost only where the decision is 0, or no
    rejected person has a positive label although many selected ones have both.
    """
    told = context.settings.get("labels_observed_for")
    if told:
        sentences = [
            f"Labels are known only for {told}, as you said. Accuracy, true positive and false positive "
            "rates need everybody's labels and are not identified; rates among the selected (precision) are."
        ]
        evidence: dict[str, Any] = {"told": str(told)}
        return [warning("labels-selected", "Labels known only for some", sentences, evidence, level="note")]
    found = _missing(context) or _never_positive(context)
    if found is None:
        return []
    sentence, evidence = found
    sentences = [
        sentence,
        "If labels are known only for people who were selected (loans repaid, releases), true positive and "
        "false positive rates are not identified, and gaps in them mean nothing. "
        "--labels-observed-for selected limits the audit to what can be known.",
    ]
    return [warning("labels-selected", "Labels may be known only for the selected", sentences, evidence)]


def _missing(context: Context) -> tuple[str, dict[str, Any]] | None:
    if context.label_missing is None:
        return None
    (gone0, n0), (gone1, n1) = (context.label_missing.get(d, (0, 0)) for d in (0, 1))
    if min(n0, n1) < 10:
        return None
    difference, low, high = chance.newcombe(gone0, n0, gone1, n1)
    if low < 0.5:
        return None
    sentence = (
        f"The label is missing for {percent(gone0 / n0)} of {n0:,} people whose decision is 0, and for "
        f"{percent(gone1 / n1)} of {n1:,} whose decision is 1."
    )
    evidence = {
        "missing_rejected": gone0 / n0,
        "missing_selected": gone1 / n1,
        "rejected": n0,
        "selected": n1,
    }
    return sentence, evidence | {"difference": difference, "low": low, "high": high}


def _never_positive(context: Context) -> tuple[str, dict[str, Any]] | None:
    if not context.labelled:
        return None
    (tn, fp), (fn, tp) = context.everybody.tolist()
    # With both labels common among the selected, chance alone would leave some among this many rejected.
    if fn or tn < 30 or fp < 30 or tp < 30:
        return None
    sentence = (
        f"None of the {tn:,} people whose decision is 0 has a positive label, while of the {tp + fp:,} whose "
        f"decision is 1, {percent(tp / (tp + fp))} have one. It looks as if a rejected person's label were "
        "set to 0 rather than observed."
    )
    return sentence, {"tn": tn, "fp": fp, "fn": fn, "tp": tp}


def program_cuts(context: Context) -> list[dict[str, Any]]:
    """Say where the program, not the user, cut an ordered attribute into groups."""
    if not context.cuts:
        return []
    said = [f"{name} at {listed([f'{c:g}' for c in cuts])}" for name, cuts in context.cuts.items()]
    sentences = [
        f"The program cut {listed(said)} because no cut points were given.",
        "Other cut points give other groups and other gaps, and nothing in the data says which are right. "
        "Declare them with --cut before looking, or read the slope along the attribute instead.",
    ]
    evidence = {"cuts": {name: list(cuts) for name, cuts in context.cuts.items()}}
    return [warning("program-cuts", "Cut points chosen by the program", sentences, evidence)]
