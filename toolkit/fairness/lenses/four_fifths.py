"""The four-fifths rule as a test: each group's selection rate against the highest, and what chance does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.gaps.rulings import holm
from toolkit.fairness.lenses.fisher import fisher
from toolkit.fairness.lenses.four_fifths_words import RULE, notes, sentences, table_of
from toolkit.fairness.lenses.written import chosen, lens, not_applicable, plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DRAWS = 20_000
ABOUT = {
    "id": "four-fifths",
    "name": "Four-fifths rule",
    "question": "Is every group's selection rate at least four fifths of the highest group's?",
    "is_not": (
        "A definition of discrimination or of fairness, in US employment or anywhere else: it is a rule of "
        "thumb of US employment agencies for where to look closer. A ratio below 0.8 does not show adverse "
        "impact where chance explains it, and one above does not exclude it. Fairlearn's user guide (The "
        "Four Fifths Rule: Often Misapplied) argues that it has no validity outside US federal employment "
        "law."
    ),
    "source": (
        "Uniform Guidelines on Employee Selection Procedures (1978), 29 CFR 1607.4(D); Questions and "
        "Answers, 44 FR 11996 (1979); Fisher's exact test; score interval of a ratio, Koopman (1984)"
    ),
}


def four_fifths(
    cells: Cells,
    *,
    partitions_of: Sequence[Sequence[str]],
    gaps: Sequence[Mapping[str, Any]] = (),
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> dict[str, Any]:
    """Return the lens: ratios, intervals, Fisher's test, the flip of one person, and chance's own rate.

    Single attributes only, as in the Guidelines; `lenses.local_law_144` takes the intersections. People whose
    group is not known have a row and are not compared, nor are groups under `min_group` people.
    """
    if cells.decision is None:
        return not_applicable(ABOUT, "there are no decisions: nobody is selected or not")
    floor = int((settings or {}).get("min_group", 10))
    singles = [attributes for attributes in partitions_of if len(attributes) == 1]
    found = [_attribute(cells, name, gaps, floor, seed) for (name,) in singles]
    done = [entry for entry in found if entry["groups"]]
    if not done:
        reason = (
            "; ".join(dict.fromkeys(entry["reason"] for entry in found)) or "no single attribute was audited"
        )
        return not_applicable(ABOUT, reason)
    return lens(
        ABOUT,
        sentences=[sentence for entry in done for sentence in sentences(entry)] + notes(cells, found),
        tables=[table_of(entry) for entry in done],
        results={"rule": RULE, "attributes": done},
    )


def impact_ratios(x: NDArray[np.int64], n: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return each group's rate over the highest, shape (groups,); NaN where nobody at all is selected."""
    import numpy as np

    rates = x / n
    highest = rates.max()
    ratios: NDArray[np.float64] = rates / highest if highest > 0 else np.full(len(x), np.nan)
    return ratios


def fires_by_chance(n: NDArray[np.int64], rate: float, *, seed: int = 0, draws: int = DRAWS) -> float:
    """Return how often the smallest ratio is below .8 when all groups of these sizes share one rate.

    Parameters
    ----------
    n : ndarray of int, shape (groups,)
        People of each group.
    rate : float
        The selection rate all of them share.
    """
    import numpy as np

    rates = np.random.default_rng(seed).binomial(n, rate, size=(draws, len(n))) / n
    return float((rates.min(axis=1) < RULE * rates.max(axis=1)).mean())


def flips(x: NDArray[np.int64], n: NDArray[np.int64], group: int) -> dict[str, Any]:
    """Say whether one person's decision decides on which side of .8 a group is.

    Two changes are tried: one decision turned round, of this group or of the highest; and one person of this
    group selected in place of one of the highest (or the reverse), which is the example the Questions and
    Answers give of numbers too small.

    Returns
    -------
    dict
        `one_decision` and `one_exchange`: the ratio nearest to the other side after the change; and
        `crosses`: whether either of them is on the other side of .8.
    """
    import numpy as np

    below = bool(impact_ratios(x, n)[group] < RULE)
    step = 1 if below else -1  # towards the other side
    others = [g for g in range(len(x)) if g != group]
    top = max(others, key=lambda g: x[g] / n[g]) if others else group

    def after(*changes: tuple[int, int]) -> float | None:
        moved = np.array(x)
        for g, by in changes:
            moved[g] += by
        if (moved < 0).any() or (moved > n).any():
            return None
        ratio: float | None = plain(impact_ratios(moved, n)[group])
        return ratio

    single = [r for r in (after((group, step)), after((top, -step))) if r is not None]
    exchange = after((group, step), (top, -step)) if others else None
    decision = (max if below else min)(single) if single else None
    crosses = [r for r in (decision, exchange) if r is not None and (r < RULE) != below]
    return {"one_decision": decision, "one_exchange": exchange, "crosses": bool(crosses)}


def _attribute(
    cells: Cells, attribute: str, gaps: Sequence[Mapping[str, Any]], floor: int, seed: int
) -> dict[str, Any]:
    import numpy as np

    partition = cells.partition([attribute])
    x, n = chosen(cells, partition)
    compared = ~np.array(partition.missing) & (n >= floor)
    entry: dict[str, Any] = {"attribute": attribute, "groups": [], "reason": ""}
    if compared.sum() < 2:
        return entry | {"reason": f"{attribute} has fewer than two groups of {floor} people"}
    if x[compared].sum() == 0:
        return entry | {"reason": f"nobody in any group of {attribute} was selected, so no ratio exists"}
    places = np.flatnonzero(compared)
    ratios = impact_ratios(x[places], n[places])
    top = int(places[np.argmax(x[places] / n[places])])
    exact = cells.clusters is None
    for g, name in enumerate(partition.names):
        group: dict[str, Any] = {"name": name, "n": int(n[g]), "selected": int(x[g])}
        group["rate"] = plain(x[g] / n[g]) if n[g] else None
        group |= dict.fromkeys(("ratio", "low", "high", "p_value", "p_adjusted", "below", "flip"))
        if compared[g]:
            here = int(np.flatnonzero(places == g)[0])
            group |= {"ratio": float(ratios[here]), "below": bool(ratios[here] < RULE)}
            if g != top:
                group["flip"] = flips(x[places], n[places], here)
                if exact:
                    group |= _tested(x, n, g, top)
        entry["groups"].append(group)
    tested = [group for group in entry["groups"] if group["p_value"] is not None]
    for group, p_adjusted in zip(tested, holm([group["p_value"] for group in tested]), strict=True):
        group["p_adjusted"] = p_adjusted
    rate = float(x[places].sum() / n[places].sum())
    return entry | {
        "highest": partition.names[top],
        "minimum": {
            "group": partition.names[places[int(ratios.argmin())]],
            "ratio": float(ratios.min()),
            "test": _minimum(cells, partition, gaps, floor, seed),
        },
        "others": _others(x[places], n[places], int(np.flatnonzero(places == top)[0])) if exact else None,
        "overall_rate": rate,
        "fires_by_chance": fires_by_chance(n[places], rate, seed=seed),
        "left_out": [name for name, kept in zip(partition.names, compared, strict=True) if not kept],
    }


def _tested(x: NDArray[np.int64], n: NDArray[np.int64], g: int, top: int) -> dict[str, Any]:
    """Return a group's interval (Koopman's score method) and Fisher's p-value against the highest group."""
    import numpy as np

    from toolkit.fairness.gaps.pairs import koopman

    limits = koopman(np.array([x[g]]), np.array([n[g]]), np.array([x[top]]), np.array([n[top]]), 0.95)
    low, high = (float(np.asarray(limit).reshape(-1)[0]) for limit in limits)
    p_value = fisher(int(x[g]), int(n[g]), int(x[top]), int(n[top]))
    return {"low": plain(low), "high": plain(high), "p_value": p_value}


def _minimum(
    cells: Cells,
    partition: Partition,
    gaps: Sequence[Mapping[str, Any]],
    floor: int,
    seed: int,
) -> dict[str, Any]:
    """Return the smallest ratio with its interval and ruling by INFERENCE.md section 5.

    The audit's own where it has one at the margin .8, and otherwise the same procedure in a family of one.
    """
    from toolkit.fairness.gaps import GapSettings, adjust
    from toolkit.fairness.gaps import gaps as measured
    from toolkit.fairness.metrics.proportions import proportion

    (attribute,) = partition.attributes
    for gap in gaps:
        same = gap["attribute"] == attribute and gap["metric"] == "selection_rate" and gap["kind"] == "ratio"
        if same and gap.get("compare", "widest") == "widest" and gap.get("margin") == RULE:
            return {key: gap.get(key) for key in _OF_MINIMUM}
    settings = GapSettings(ratio_margin=RULE, min_group=floor, seed=seed, kinds=("ratio",))
    estimates = proportion(cells, partition, "selection_rate")
    (gap,) = (one.to_dict() for one in adjust(measured(estimates, partition, settings, "widest")))
    return {key: gap.get(key) for key in _OF_MINIMUM}


def _others(x: NDArray[np.int64], n: NDArray[np.int64], top: int) -> dict[str, Any] | None:
    """Return the other groups taken together against the highest; None where there is only one other."""
    if len(x) < 3:
        return None
    chosen_of, people_of = int(x.sum() - x[top]), int(n.sum() - n[top])
    rate = chosen_of / people_of
    p_value = fisher(chosen_of, people_of, int(x[top]), int(n[top]))
    ratio = rate / float(x[top] / n[top])
    return {"n": people_of, "selected": chosen_of, "rate": rate, "ratio": ratio, "p_value": p_value}


_OF_MINIMUM = ("value", "lowest", "low", "high", "low90", "ruling", "reason", "p_margin_adjusted")
