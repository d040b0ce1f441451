"""Scores, decisions or a positive class that look the wrong way round."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cautions import chance
from toolkit.fairness.cautions.context import Context, listed, percent, warning

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Values that say "no" when they stand alone as the name of a class.
# fmt: off
_NO = frozenset([
    "0", "-1", "no", "n", "false", "f", "none", "never", "negative", "neg", "denied", "deny",
    "rejected", "reject", "refused", "declined", "fail", "failed", "unselected", "ineligible",
    "disapproved",
])
# fmt: on
# Outcomes nobody wishes for; a higher rate of them is a burden, not a benefit.
# fmt: off
_UNWANTED = frozenset([
    "default", "defaulted", "bad", "fraud", "recidivated", "recidivism", "reoffended", "rearrested",
    "arrested", "arrest", "charged", "churned", "churn", "dropout", "delinquent", "denied",
    "rejected", "refused", "reject", "bankrupt", "high-risk",
])
# fmt: on


def inverted_scores(context: Context) -> list[dict[str, Any]]:
    """Warn where scores or decisions run against the labels, beyond chance.

    Scores: the area under the curve is below .5 and so is its 95 % interval (DeLong). Decisions: people with
    label 1 are selected less often than people with label 0, and Newcombe's interval of the difference stays
    below 0. Accuracy alone would not do: 15 % of agreement is inverted, yet so low an accuracy can also come
    from a harsh threshold where almost everybody is positive.
    """
    if not context.labelled:
        return []
    scores, decisions = _scores(context), _decisions(context)
    if not scores and not decisions:
        return []
    sentences = []
    if scores:
        sentences.append(
            f"The scores rank people with label 0 above people with label 1: the area under the curve is "
            f"{scores['auc']:.3f} (95 % interval {scores['low']:.3f} to {scores['high']:.3f}), where chance "
            f"gives 0.5 and a useful score more."
        )
    if decisions:
        sentences.append(
            f"People with label 1 are selected less often than people with label 0: "
            f"{percent(decisions['selected_of_positive'])} against "
            f"{percent(decisions['selected_of_negative'])}. Decisions and labels agree for "
            f"{percent(decisions['agreement'])} of {decisions['n']:,} people; the opposite decisions would "
            f"agree for {percent(1 - decisions['agreement'])}."
        )
    sentences.append(
        "Check which value of the target and of the prediction is the positive one, and whether a high score "
        "means more or less of it. Every error rate below has its opposite meaning if they are turned round."
    )
    evidence = {"scores": scores, "decisions": decisions}
    return [warning("inverted-scores", "Scores or decisions look inverted", sentences, evidence)]


def _scores(context: Context) -> dict[str, float] | None:
    import numpy as np

    from toolkit.fairness.metrics.discrimination import roc_auc

    cells = context.cells
    if cells.score is None or not np.isfinite(cells.score).any():
        return None
    known = np.isfinite(cells.score)
    cells = cells if known.all() else cells.take(known)
    area = roc_auc(cells, cells.partition([]))
    value, low, high = (float(ends[0]) for ends in (area.value, area.low, area.high))
    return {"auc": value, "low": low, "high": high} if high < 0.5 else None


def _decisions(context: Context) -> dict[str, Any] | None:
    whole = context.everybody
    negative, positive = whole.sum(axis=1)
    if min(negative, positive) < 2:
        return None
    value, low, high = chance.newcombe(whole[1, 1], positive, whole[0, 1], negative)
    if high >= 0:
        return None
    return {
        "n": int(whole.sum()),
        "agreement": float((whole[0, 0] + whole[1, 1]) / whole.sum()),
        "selected_of_positive": float(whole[1, 1] / positive),
        "selected_of_negative": float(whole[0, 1] / negative),
        "difference": value,
        "low": low,
        "high": high,
    }


def positive_class(context: Context) -> list[dict[str, Any]]:
    """Warn where the value counted as positive reads like the other one; say it where it is no benefit.

    Only names are looked at, and only two patterns: the positive value is a plain "no" while the other is
    not ("denied", "0", "<=50K"), which is a warning; the positive value or the target is an outcome nobody
    wishes for ("default"), which is a note, because it may be meant.
    """
    positive, negative = (_word(context.decisions.get(key)) for key in ("positive", "negative"))
    target = _word(context.decisions.get("target"))
    counts = context.everybody
    shares = _shares(context, counts)
    if positive and _refuses(positive) and not (negative and _refuses(negative)):
        other = f", and {negative!r} as the other" if negative else ""
        sentences = [
            f"The audit counts {positive!r} as the positive value{other}; that reads like the opposite. "
            f"{_said(shares)}",
            "If it is not meant, name the positive value with --positive. All rates and gaps turn round with "
            "it.",
        ]
        evidence: Mapping[str, Any] = {"positive": positive, "negative": negative, **shares}
        return [warning("positive-class", "The positive class looks wrong", sentences, evidence)]
    unwanted = [
        name
        for name in (positive, target)
        if name and _parts(name) & _UNWANTED and not _parts(name) & {"not", "no", "non"}
    ]
    if unwanted and not (positive and _refuses(positive)):
        sentences = [
            f"A positive decision here means {listed(sorted(set(unwanted)))}, which nobody wishes for. "
            f"{_said(shares)}",
            "A group with the higher selection rate is then the one that is worse off, and the four-fifths "
            "rule, which is about being chosen, does not read that way.",
        ]
        evidence = {"positive": positive, "target": target, **shares}
        title = "The positive class is not a benefit"
        return [warning("positive-class", title, sentences, evidence, level="note")]
    return []


def _shares(context: Context, counts: NDArray[np.int64]) -> dict[str, Any]:
    """Return the shares of positives, as far as there are any: a warning about a class shows its size."""
    total = int(counts.sum())
    label = float(counts[1].sum() / total) if total and context.cells.label is not None else None
    decided = float(counts[:, 1].sum() / total) if total and context.cells.decision is not None else None
    return {"n": total, "share_of_labels": label, "share_of_decisions": decided}


def _said(shares: Mapping[str, Any]) -> str:
    parts = []
    if shares["share_of_labels"] is not None:
        parts.append(f"{percent(shares['share_of_labels'])} of the labels")
    if shares["share_of_decisions"] is not None:
        parts.append(f"{percent(shares['share_of_decisions'])} of the decisions")
    return f"It is {' and '.join(parts)}." if parts else ""


def _word(value: object) -> str:
    return "" if value is None else str(value).strip()


def _parts(name: str) -> set[str]:
    low = name.casefold()
    return {low, *low.replace("_", " ").replace("-", " ").replace(".", " ").split()}


def _refuses(value: str) -> bool:
    """Whether a value alone reads as the lesser of two: a no, or an income below something."""
    low = value.casefold().removesuffix(".0")
    return low in _NO or low.startswith(("<", "not ", "no ", "non-", "not-", "not_", "below "))
