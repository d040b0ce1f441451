"""How well other columns tell the sensitive attribute: together, and each alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.fairness.metrics.discrimination import Area, score_limits, stretched
from toolkit.fairness.parameters.contrasts import Interval
from toolkit.fairness.parameters.problem import LEAST, Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

MOST, FOLDS, Z95 = 20_000, 5, 1.959963984540054


def area(score: Floats, member: NDArray[np.bool_]) -> Interval:
    """Return the area under the ROC curve with its 95 % interval, as `discrimination.roc_auc` has it.

    Parameters
    ----------
    score : ndarray, shape (rows,)
        Ties count half.
    member : ndarray of bool, shape (rows,)
        At least two of either kind.
    """
    import numpy as np

    inside, outside = np.sort(score[member]), np.sort(score[~member])

    def placed(values: Floats, among: Floats) -> Floats:
        below = np.searchsorted(among, values, "left") + np.searchsorted(among, values, "right")
        return np.asarray(below / (2 * len(among)))

    above, under = placed(inside, outside), 1 - placed(outside, inside)
    value = float(above.mean())
    variance = above.var(ddof=1) / len(above) + under.var(ddof=1) / len(under)
    found = Area(*(np.array([float(v)]) for v in (value, variance, len(inside), len(outside))))
    low, high = score_limits(found, stretched(found), Z95)
    return Interval(value, float(low[0]), float(high[0]))


def proxies(problem: Problem, pair: tuple[int, int], seed: int) -> dict[str, Any]:
    """Say how well the features but the sensitive ones tell the first group from the second.

    Together: boosted trees, each row scored by trees that never saw it (5 folds). Alone: see `alone`.
    Measured on the training part, or where there is none on the test part.

    Returns
    -------
    dict
        The document's `attribution.proxies`; `auc` is None with fewer than 10 people in a group.
    """
    rows, member = _people(problem, pair, seed)
    if min(member.sum(), (~member).sum()) < LEAST:
        return _none(f"a group has fewer than {LEAST} people")
    kept = [j for j in range(problem.X.shape[1]) if j not in problem.sensitive]
    if not kept:
        return _none("there is no other column")
    X = problem.X[rows][:, kept]
    together = area(_out_of_fold(X, member, seed), member)
    listed = sorted(alone(problem, pair, seed).items(), key=lambda item: (-item[1].value, item[0]))
    features = [
        {"feature": name, "auc": found.value, "low": found.low, "high": found.high} for name, found in listed
    ]
    names = problem.pair(pair)
    return {
        "auc": together.value,
        "low": together.low,
        "high": together.high,
        "features": features,
        "sentence": _sentence(together, features, names),
    }


def alone(problem: Problem, pair: tuple[int, int], seed: int = 0) -> dict[str, Interval]:
    """Return how well each of the table's columns alone tells the pair's groups, but the sensitive ones.

    The area under the ROC curve of the column's values, in the direction that tells. A column of several
    features, such as the kinds of a category, tells by the share of the first group at each of its values,
    taken from other rows (5 folds), or as the best of its features where that tells more. Columns that fewer
    than 10 people of a group have are left out.
    """
    import numpy as np

    rows, member = _people(problem, pair, seed)
    X = problem.X[rows]
    own = {problem.source[j] for j in problem.sensitive}
    found: dict[str, Interval] = {}
    for name in problem.columns:
        if name in own:
            continue
        features = X[:, [j for j, source in enumerate(problem.source) if source == name]]
        there = np.isfinite(features).all(axis=1)
        if min(member[there].sum(), (~member[there]).sum()) < LEAST:
            continue
        known, inside = features[there], member[there]
        told = [_folded(area(column, inside)) for column in known.T]
        if len(told) > 1:
            told.append(area(_shares(known, inside, seed), inside))
        found[name] = max(told, key=lambda interval: interval.value)
    return found


def _people(
    problem: Problem, pair: tuple[int, int], seed: int
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return rows to measure on, at most MOST, and which are of the first group."""
    import numpy as np

    rows = problem.train if len(problem.train) else problem.test
    rows = rows[np.isin(problem.group[rows], pair)]
    if len(rows) > MOST:
        rows = np.sort(np.random.default_rng([seed, 5]).choice(rows, MOST, replace=False))
    return rows, problem.group[rows] == pair[0]


def _shares(features: Floats, member: NDArray[np.bool_], seed: int) -> Floats:
    """Return for each row the share of members among the other folds' rows that have the same values."""
    import numpy as np

    _, value = np.unique(features, axis=0, return_inverse=True)
    value, fold = value.reshape(-1), _folds(member, seed)
    score = np.empty(len(member))
    overall = member.mean()
    for number in range(FOLDS):
        out = fold == number
        many = np.bincount(value[~out], minlength=int(value.max()) + 1)
        inside = np.bincount(value[~out], member[~out], minlength=len(many))
        # One more person of the overall kind, so that rare values say little.
        score[out] = ((inside + overall) / (many + 1))[value[out]]
    return score


def _folds(member: NDArray[np.bool_], seed: int) -> NDArray[np.int64]:
    """Deal rows into folds, both groups evenly."""
    import numpy as np

    rng = np.random.default_rng([seed, 6])
    fold = np.empty(len(member), dtype=np.int64)
    for side in (member, ~member):
        fold[side] = rng.permutation(np.arange(int(side.sum())) % FOLDS)
    return fold


def _none(reason: str) -> dict[str, Any]:
    """Return the section where nothing can be said."""
    sentence = f"How well other columns tell the group was not measured: {reason}."
    return {"auc": None, "low": None, "high": None, "features": [], "sentence": sentence}


def _folded(found: Interval) -> Interval:
    """Drop the direction: a column that tells backwards tells as much."""
    if found.value >= 0.5:
        return Interval(found.value, max(0.5, found.low), found.high)
    return Interval(1 - found.value, max(0.5, 1 - found.high), 1 - found.low)


def _out_of_fold(X: Floats, member: NDArray[np.bool_], seed: int) -> Floats:
    """Score each row by boosted trees trained without its fold."""
    import numpy as np
    import xgboost

    fold = _folds(member, seed)
    setting = {"objective": "binary:logistic", "max_depth": 3, "eta": 0.2, "nthread": 1, "seed": seed}
    setting |= {"verbosity": 0, "tree_method": "hist", "max_bin": 64}
    score = np.empty(len(X))
    for number in range(FOLDS):
        out = fold == number
        rows = xgboost.DMatrix(X[~out], member[~out].astype(np.int64), nthread=1)
        grown = xgboost.train(setting, rows, 40)
        score[out] = grown.inplace_predict(X[out])
    return score


def _sentence(together: Interval, features: list[dict[str, Any]], names: dict[str, str]) -> str:
    """Say what tells the groups."""
    text = (
        f"Without {names['attribute']} the other features tell {names['first']} from {names['second']} with "
        f"an area under the curve of {together.value:.2f} ({together.low:.2f} to {together.high:.2f}; "
        "0.5 tells nothing)"
    )
    if features:
        best = ", ".join(f"{row['feature']} {row['auc']:.2f}" for row in features[:3])
        text += f"; alone, most by {best}"
    return text + "."
