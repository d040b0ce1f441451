"""What M005 describes beside its claims, from all trials together: shares, attribution, frozen models.

Runs in the parent process, so it needs numpy alone. Nothing here rules on anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from toolkit.records import Row, Rows, Table, Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Outcomes = Mapping[str, Mapping[int, Rows]]

WITHIN = 0.05
MECHANISMS = (
    "fair",
    "label_bias",
    "under_representation",
    "no_proxy",
    "selection",
    "measurement",
    "together",
)


def tables(outcomes: Outcomes) -> list[Table]:
    """Return every table, those that nothing could be put into left out."""
    found = (shares(outcomes), frozen(outcomes), learners(outcomes), attribution(outcomes), proxies(outcomes))
    return [table for table in found if table.rows]


def shares(outcomes: Outcomes) -> Table:
    """Split the variance of the true-positive-rate gap, once over all worlds and once for each table."""
    from toolkit.fairness.parameters.shares import variance_shares

    rows: list[tuple[Value, ...]] = []
    for where, grids, ratio in _grids(outcomes):
        gaps, names = _cube(grids)
        if gaps is None:
            continue
        found = variance_shares(gaps, ratio)
        size = f"{gaps.shape[0]} x {gaps.shape[1]} x {gaps.shape[2]} x {gaps.shape[3]}"
        for name, value in found.components.items():
            share = found.shares.get(name)
            low, high = (share.low, share.high) if share else (None, None)
            rows.append((where, size, name, value, share.value if share else None, low, high))
        for name in ("learner and seed", "data minus learner"):
            if name in found.shares:
                share = found.shares[name]
                rows.append((where, size, name, None, share.value, share.low, share.high))
        if not found.shares:
            rows.append((where, size, f"no share: not shown to vary ({', '.join(names)})", *[None] * 4))
    return Table(
        "shares",
        "How the variation of the gap divides between data and learner",
        ("where", "conditions x learners x samples x fits", "part", "variance", "share", "low", "high"),
        tuple(rows),
        "Unbiased components of the variance of the true-positive-rate gap, so a component may be negative; "
        "95 % jackknife intervals over samples. On worlds the data conditions are the ways in which a record "
        "goes wrong, on tables the remedies. Learners within 0.05 of the best accuracy on the first quarter "
        "of the samples enter, the shares come from the other samples. On tables approximate, since splits "
        "overlap. A share depends on the ranges that were declared and never stands alone: the claims above "
        "carry the ruling.",
    )


Grid = dict[tuple[str, str, int, int], float]
"""The gap by (data condition, learner, sample, fit)."""


def _grids(outcomes: Outcomes) -> Iterator[tuple[str, tuple[Grid, Grid], float | None]]:
    """Yield where, the gaps and accuracies of each factorial, and n_test / n_train."""
    worlds: tuple[Grid, Grid] = ({}, {})
    for mechanism in MECHANISMS:
        for seed, rows in outcomes.get(f"lending:{mechanism}", {}).items():
            _fill(worlds, rows.where(condition="recorded"), mechanism, seed)
    if worlds[0]:
        yield "lending (known truth)", worlds, None
    for name, trials in outcomes.items():
        if name.startswith("lending:"):
            continue
        grids: tuple[Grid, Grid] = ({}, {})
        ratio = None
        for seed, rows in trials.items():
            _fill(grids, rows.where(kind="cell"), "", seed)
            ratio = max((r["n_test"] / r["n_train"] for r in rows if r.get("n_train")), default=None)  # type: ignore[operator]
        if grids[0]:
            yield name, grids, ratio


def _fill(grids: tuple[Grid, Grid], rows: Rows, condition: str, seed: int) -> None:
    for row in rows:
        if row["true_positive_rate_gap"] is not None:
            key = (condition or str(row["condition"]), str(row["learner"]), seed, int(row["fit"]))  # type: ignore[arg-type]
            grids[0][key] = float(row["true_positive_rate_gap"])
            grids[1][key] = float(row["accuracy"])  # type: ignore[arg-type]


def _cube(grids: tuple[Grid, Grid]) -> tuple[NDArray[np.float64] | None, list[str]]:
    """Return gaps as a complete grid of (condition, learner, sample, fit), and the conditions' names.

    Samples that lack a cell are left out. Learners are admitted on the first quarter of the samples, over all
    conditions; the rest of the samples is what is returned. None where fewer than two conditions, two
    learners or four samples would remain.
    """
    import numpy as np

    gaps, accuracies = grids
    conditions, learners = (list(dict.fromkeys(str(k[i]) for k in gaps)) for i in (0, 1))
    seeds, fits = (list(dict.fromkeys(int(k[i]) for k in gaps)) for i in (2, 3))
    full = [
        s
        for s in sorted(seeds)
        if all((c, m, s, f) in gaps for c in conditions for m in learners for f in fits)
    ]
    pilot, rest = full[: len(full) // 4], full[len(full) // 4 :]
    if len(conditions) < 2 or len(rest) < 4 or not pilot:
        return None, []
    accuracy = {
        m: float(np.mean([accuracies[c, m, s, f] for c in conditions for s in pilot for f in fits]))
        for m in learners
    }
    enter = [m for m in learners if accuracy[m] >= max(accuracy.values()) - WITHIN]
    if len(enter) < 2:
        return None, []
    cube = [[[[gaps[c, m, s, f] for f in fits] for s in rest] for m in enter] for c in conditions]
    return np.array(cube), [str(c) for c in conditions]


def frozen(outcomes: Outcomes) -> Table:
    """Show what moved thresholds changed: the metric asked for, those not asked for, and accuracy."""
    rows: list[tuple[Value, ...]] = []
    columns = (
        "true_positive_rate_gap",
        "selection_rate_gap",
        "false_positive_rate_gap",
        "accuracy",
    )
    for name, every in _all(outcomes, "thresholds"):
        for learner in dict.fromkeys(str(r["learner"]) for r in every):
            stages = [every.where(learner=learner, stage=stage) for stage in ("before", "after")]
            if not stages[1]:
                continue
            same = sum(a == b for a, b in zip(*(_hashes(s) for s in stages), strict=False))
            shown = [_mean(s, c) for c in columns for s in stages]
            rows.append((name, learner, *shown, f"{same} of {len(stages[1])}"))
    heads = [f"{c.replace('_', ' ')}, {stage}" for c in columns for stage in ("before", "after")]
    return Table(
        "frozen",
        "What moving the thresholds of a finished model changed",
        ("where", "learner", *heads, "parameters identical"),
        tuple(rows),
        "fairlearn's ThresholdOptimizer was asked for equal true positive rates, on people neither trained "
        "on nor tested on; expected rates, not one random draw of decisions. The other gaps were not "
        "asked for and may widen: criteria conflict. Each person's group must be known when the decision is "
        "made. The last column counts trials whose SHA-256 of the parameters was the same before and after.",
    )


def _hashes(rows: Rows) -> list[Any]:
    return rows.column("sha256")


def learners(outcomes: Outcomes) -> Table:
    """Show accuracy and gaps of every learner on the recorded data."""
    rows: list[tuple[Value, ...]] = []
    for name, every in _all(outcomes, "cell"):
        recorded = every.where(condition="recorded")
        for learner in dict.fromkeys(str(r["learner"]) for r in recorded):
            own = recorded.where(learner=learner)
            shown = [
                _mean(own, c)
                for c in (
                    "parameters",
                    "accuracy",
                    "true_positive_rate_gap",
                    "selection_rate_gap",
                    "false_positive_rate_gap",
                )
            ]
            used = [own.items[0].get(part) for part in ("n_train", "n_test")]
            rows.append((name, *used, str(own.items[0]["groups"]), learner, *shown))
    return Table(
        "learners",
        "Accuracy and gaps of each learner on the recorded data",
        (
            "where",
            "rows trained and calibrated on",
            "rows tested on",
            "gap",
            "learner",
            "parameters",
            "accuracy",
            "true positive rate gap",
            "selection rate gap",
            "false positive rate gap",
        ),
        tuple(rows),
        "Means over trials and fits. Large tables are sub-sampled to the rows shown; worlds draw afresh. On "
        "worlds the labels tested against are true; on tables they are the recorded ones, which may "
        "themselves be biased.",
    )


def attribution(outcomes: Outcomes) -> Table:
    """Show what each column accounts for in the gap of mean scores, and how nearly the parts sum to it."""
    rows: list[tuple[Value, ...]] = []
    for name, every in _all(_shown(outcomes), "attribution"):
        sums = dict(_all({name: outcomes[name]}, "attributed"))[name]
        for scale in dict.fromkeys(str(r["scale"]) for r in every):
            own = every.where(scale=scale)
            parts = {
                str(f): _mean(own.where(feature=f), "contribution")
                for f in dict.fromkeys(own.column("feature"))
            }
            largest = sorted(parts, key=lambda f: -abs(parts[f] or 0.0))
            rows.extend((name, scale, f, parts[f]) for f in largest[:SHOWN])
            rest = sum(parts[f] or 0.0 for f in largest[SHOWN:])
            if len(largest) > SHOWN:
                rows.append((name, scale, f"(the other {len(largest) - SHOWN} columns)", rest))
            total = sums.where(scale=scale)
            rows.append((name, scale, "(gap of mean scores)", _mean(total, "gap")))
            worst = max(abs(float(r["residual"])) for r in total)  # type: ignore[arg-type]
            rows.append((name, scale, "(largest difference between gap and sum)", worst))
    return Table(
        "attribution",
        "What each column accounts for in the gap of the large booster's scores",
        ("where", "scale", "column", "part of the gap"),
        tuple(rows),
        "Differences between the groups in mean Shapley values, means over trials; the booster was given the "
        "sensitive column. Log-odds: TreeSHAP along the training paths. Probability: interventional, against "
        "20 training rows, on a sample of people and a quarter of the trials. They sum to the gap in mean "
        "scores, not in decisions, and accounting for a gap is not causing it.",
    )


SHOWN = 8


def proxies(outcomes: Outcomes) -> Table:
    """Show which columns tell the group, and were dropped as proxies."""
    rows: list[tuple[Value, ...]] = []
    for name, every in _all(_shown(outcomes), "column"):
        found = []
        for feature in dict.fromkeys(str(r["feature"]) for r in every):
            own = every.where(feature=feature)
            dropped = len(own.where(proxy=True)) / len(own)
            found.append((name, feature, _mean(own, "telling"), dropped))
        found.sort(key=lambda row: -(row[2] or 0.0))
        rows.extend(row for row in found if row[3] > 0)
    return Table(
        "proxies",
        "Columns that tell the group, dropped as its proxies",
        (
            "where",
            "column",
            "how well it alone tells the groups apart (AUC)",
            "share of trials in which dropped",
        ),
        tuple(rows),
        "A proxy is a column that alone tells the two groups apart with an area under the ROC curve of 0.6 "
        "or more among the training rows. It may carry honest information too.",
    )


def _shown(outcomes: Outcomes) -> Outcomes:
    """Leave the worlds out but one: their columns are known, and alike."""
    return {
        name: trials
        for name, trials in outcomes.items()
        if not name.startswith("lending:") or name == "lending:label_bias"
    }


def _all(outcomes: Outcomes, kind: str) -> Iterator[tuple[str, Rows]]:
    """Yield each dataset with its rows of one kind over all trials, datasets without any left out."""
    for name, trials in outcomes.items():
        rows: list[Row] = [row for seed in sorted(trials) for row in trials[seed].where(kind=kind)]
        if rows:
            yield name, Rows(tuple(rows))


def _mean(rows: Rows, column: str) -> float | None:
    known = [float(v) for v in (row.get(column) for row in rows) if v is not None]
    return sum(known) / len(known) if known else None
