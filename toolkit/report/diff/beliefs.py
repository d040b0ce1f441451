"""Two checks, claim by claim and dataset by dataset: rulings and effects before and after, and the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from toolkit.report.diff.change import LEAST, Change, apart, none, of_estimate, paired, word
from toolkit.report.diff.inputs import same_data

Document = Mapping[str, Any]
POOLED = "pooled"
KEPT = ("ruling", "effect", "low", "high", "low90", "high90", "replicates", "reason")


@dataclass(frozen=True)
class Found:
    """One claim on one dataset in both runs: whether the data agree, the paired effects, and the change."""

    same: bool | None
    pairs: list[tuple[float, float]]
    ratio: float | None
    change: Change | None


def beliefs(old: Document, new: Document) -> list[dict[str, Any]]:
    """Return the rulings of the beliefs that both checks have."""
    first, second = _experiments(old), _experiments(new)
    return [
        {
            "code": code,
            "belief": second[code]["belief"],
            "before": e["ruling"],
            "after": second[code]["ruling"],
            "ruling_changed": e["ruling"] != second[code]["ruling"],
        }
        for code, e in first.items()
        if code in second
    ]


def rows(old: Document, new: Document) -> Iterator[dict[str, Any]]:
    """Yield one comparison for each claim pooled, and one for each dataset that both have."""
    first, second = _experiments(old), _experiments(new)
    for code, e in first.items():
        claims = {c["id"]: c for c in second[code]["claims"]} if code in second else {}
        for claim in e["claims"]:
            if claim["id"] in claims:
                yield from _claim(old, new, (e, second[code]), (claim, claims[claim["id"]]))


def controls(old: Document, new: Document) -> list[dict[str, Any]]:
    """Return the controls whose ruling is no longer what it was."""
    first, second = _controls(old), _controls(new)
    return [
        {"code": k[0], "claim": k[1], "dataset": k[2], "expects": second[k]["expects"]}
        | {"before": c["ruling"], "after": second[k]["ruling"]}
        for k, c in first.items()
        if k in second and c["ruling"] != second[k]["ruling"]
    ]


def trials(old: Document, new: Document) -> list[dict[str, Any]]:
    """Return what became of the trials of each belief, where that differs."""
    first, second = ({c: _counts(e) for c, e in _experiments(d).items()} for d in (old, new))
    return [
        {"code": code, "before": counts, "after": second[code]}
        for code, counts in first.items()
        if code in second and counts != second[code]
    ]


def names(document: Document) -> dict[tuple[str, ...], str]:
    """Return what can appear and vanish: beliefs, their claims, and the datasets of each claim."""
    found: dict[tuple[str, ...], str] = {}
    for e in document["experiments"]:
        found["belief", e["code"]] = e["belief"]
        for c in e["claims"]:
            found["claim", e["code"], c["id"]] = c["statement"]
            for v in c["verdicts"]:
                found["dataset", e["code"], c["id"], v["dataset"]] = v["ruling"]
    return found


def _experiments(document: Document) -> dict[str, Document]:
    return {e["code"]: e for e in document["experiments"]}


def _controls(document: Document) -> dict[tuple[str, str, str], Document]:
    return {
        (e["code"], c["id"], control["dataset"]): control
        for e in document["experiments"]
        for c in e["claims"]
        for control in c.get("controls") or ()
    }


def _counts(experiment: Document) -> dict[str, int]:
    counts = experiment.get("trials") or {}
    return {str(status): int(n) for status, n in sorted(counts.items())}


def _claim(
    old: Document, new: Document, experiments: tuple[Document, Document], claims: tuple[Document, Document]
) -> Iterator[dict[str, Any]]:
    first, second = ({v["dataset"]: v for v in claim["verdicts"]} for claim in claims)
    both = [name for name in first if name in second]
    trimmed = any(bool(claim.get("trimmed")) for claim in claims)
    found = {}
    for name in both:
        same = same_data(old, new, name)
        pairs = _pairs(experiments, (first[name], second[name]), name, same)
        ratio = _ratio((first[name], second[name]))
        found[name] = Found(same, pairs, ratio, _moved((first[name], second[name]), pairs, ratio, trimmed))
    pooled = claims[0]["pooled"], claims[1]["pooled"]
    whole = set(first) == set(second)
    yield _row(experiments[1], claims, POOLED, pooled, _pooled(pooled, found, trimmed, whole))
    for name, one in found.items():
        row = _row(experiments[1], claims, name, (first[name], second[name]), one.change)
        yield row | {"same_data": one.same}


def _row(
    experiment: Document,
    claims: tuple[Document, Document],
    dataset: str,
    verdicts: tuple[Document, Document],
    change: Change | None,
) -> dict[str, Any]:
    margins = [float(claim["margin"]) for claim in claims]
    units = [claim["unit"] for claim in claims]
    if units[0] != units[1]:
        change = None
    before, after = ({key: verdict.get(key) for key in KEPT} for verdict in verdicts)
    return {
        "code": experiment["code"],
        "name": claims[1]["id"],
        "statement": claims[1]["statement"],
        "dataset": dataset,
        "unit": claims[1]["unit"],
        "predicts": claims[1]["predicts"],
        "kind": "difference",
        "margin": {"before": margins[0], "after": margins[1]},
        "before": before,
        "after": after,
        "ruling_changed": before["ruling"] != after["ruling"],
        "change": change.to_dict() if change else None,
        "word": _both(change, margins),
        "why": "" if change else _why(dataset, verdicts, units),
        "same_data": None,
    }


def _both(change: Change | None, margins: Sequence[float]) -> str:
    """Judge by both margins: a change must clear the larger one, and stay within the smaller one."""
    words = {word(change, margin) for margin in margins}
    return words.pop() if len(words) == 1 else "cannot_say"


def _why(dataset: str, verdicts: tuple[Document, Document], units: Sequence[str]) -> str:
    if dataset == POOLED and all(verdict.get("effect") is None for verdict in verdicts):
        return "no effect over all datasets"
    if units[0] != units[1]:
        return "the two runs measure it in different units"
    sides = [side for side, v in zip(("before", "after"), verdicts, strict=True) if v.get("low") is None]
    return f"no effect with an interval {' and '.join(sides) or 'to compare'}"


def _pairs(
    experiments: tuple[Document, Document],
    verdicts: tuple[Document, Document],
    dataset: str,
    same: bool | None,
) -> list[tuple[float, float]]:
    """Return effects of trials that both measured on the same data; a few shared ones count as none."""
    sides = [_by_seed(e, v, dataset) for e, v in zip(experiments, verdicts, strict=True)]
    shared = sorted(sides[0].keys() & sides[1].keys()) if same else []
    if 2 * len(shared) < min(len(side) for side in sides):
        return []
    return [(sides[0][seed], sides[1][seed]) for seed in shared]


def _by_seed(experiment: Document, verdict: Document, dataset: str) -> dict[int, float]:
    """Give each effect its trial's seed; effects stand in the order of the seeds, missing ones as null."""
    effects = verdict.get("effects") or ()
    seeds = sorted(o["seed"] for o in experiment.get("outcomes") or () if o["dataset"] == dataset)
    if len(seeds) != len(effects):
        return {}
    return {seed: float(e) for seed, e in zip(seeds, effects, strict=True) if e is not None}


def _moved(
    verdicts: tuple[Document, Document],
    pairs: Sequence[tuple[float, float]],
    ratio: float | None,
    trimmed: bool,
) -> Change | None:
    """Compare one dataset's effects: by trial where they pair, by their intervals otherwise."""
    before, after = verdicts
    if before.get("effects") and before["effects"] == after.get("effects"):
        return (
            none(sum(e is not None for e in before["effects"])) if before.get("effect") is not None else None
        )
    change = None
    if pairs:
        change = paired(*zip(*pairs, strict=True), ratio=ratio, trimmed=trimmed)
    if change is None:
        return apart(before, after)
    most = max(sum(e is not None for e in verdict["effects"]) for verdict in verdicts)
    return replace(change, partial=change.pairs < most)


def _ratio(verdicts: tuple[Document, Document]) -> float | None:
    ratios = [float(v["test_train_ratio"]) for v in verdicts if v.get("test_train_ratio") is not None]
    return max(ratios, default=None)


def _pooled(
    verdicts: tuple[Document, Document], found: Mapping[str, Found], trimmed: bool, whole: bool
) -> Change | None:
    """Compare two pooled effects: over the datasets if all their trials pair, else by their intervals."""
    before, after = verdicts
    if before.get("effect") is None or after.get("effect") is None:
        return None
    measured = [one for one in found.values() if one.change is not None]
    if whole and measured and all(one.change and one.change.method == "same" for one in measured):
        pairs = sum(one.change.pairs for one in measured if one.change)
        return none(pairs, partial=_partial(measured))
    if whole and len(measured) > 1 and all(len(one.pairs) >= LEAST for one in measured):
        return _over_datasets(measured, trimmed) or apart(before, after)
    return apart(before, after)


def _over_datasets(measured: Sequence[Found], trimmed: bool) -> Change | None:
    """Pool the paired differences of several datasets as effects are pooled: with random effects."""
    from toolkit.intervals import estimate, random_effects

    estimates = [
        estimate([b - a for a, b in one.pairs], ratio=one.ratio, trimmed=trimmed and one.ratio is None)
        for one in measured
    ]
    if not all(e.finite for e in estimates):
        return None
    pairs = sum(len(one.pairs) for one in measured)
    return of_estimate(random_effects(estimates)[0], pairs, partial=_partial(measured))


def _partial(measured: Sequence[Found]) -> bool:
    return any(one.change is not None and one.change.partial for one in measured)
