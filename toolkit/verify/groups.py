"""Every group of an audit again, from its counts: sums, values, intervals."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from toolkit.fairness.cells import MISSING_GROUP
from toolkit.fairness.metrics.measures import measure
from toolkit.verify.checked import Check
from toolkit.verify.counted import HIDDEN, Counts

if TYPE_CHECKING:
    from toolkit.fairness.estimates import Estimates

NOT_APPLICABLE = "not applicable"
NOTHING = {"value": None, "low": None, "high": None, "n": 0}


def groups(counts: Counts) -> list[Check]:
    """Recompute the figures of every group, and see that the counts add up."""
    return [_sums(counts), *_metrics(counts)]


def named(group: Mapping[str, Any]) -> str:
    """Return a group in a few words."""
    return ", ".join(f"{name} {level}" for name, level in group.get("attributes", {}).items()) or "everybody"


def _sums(counts: Counts) -> Check:
    """See that a group's counts make its rows, and that the groups of each attribute make everybody."""
    check = Check("counts", "Counts, which must add up")
    document = counts.document
    overall, floor = document["overall"], document["settings"].get("min_group", 0)
    for group in (overall, *document["groups"]):
        _few(check, group, counts, floor)
        if group.get("counts") is None or None in group["counts"].values():
            check.skip(HIDDEN)
            continue
        found: dict[str, Any] = {"n": sum(group["counts"].values())}
        if group is not overall:
            found["share"] = group["n"] / overall["n"] if overall["n"] else None
            found["missing"] = MISSING_GROUP in group["attributes"].values()
        check.agree(f"counts of {named(group)}", group, found, found)
    for names, members in counts.groups.items():
        for title, whole, parts in _margins(counts, names, members):
            if counts.redacted or any(part is None or None in part.values() for part in (whole, *parts)):
                check.skip(counts.redacted or HIDDEN)
                continue
            assert whole is not None
            total: Counter[str] = Counter()
            for part in parts:
                total.update(part)
            check.agree(title, whole, total, whole)
    return check


def _few(check: Check, group: Mapping[str, Any], counts: Counts, floor: int) -> None:
    """See that the metrics with too few rows are those listed."""
    if "too_few" in group:
        rows = {metric: group["metrics"].get(metric, {}).get("n", 0) for metric in counts.metrics}
        if None in rows.values():
            check.skip(HIDDEN)
            return
        few = [metric for metric, n in rows.items() if n < floor]
        check.agree(f"too few in {named(group)}", group, {"too_few": few}, ("too_few",))


def _margins(
    counts: Counts, names: tuple[str, ...], members: list[Mapping[str, Any]]
) -> Iterator[tuple[str, Mapping[str, Any] | None, list[Any]]]:
    """Yield what groups must add up to: everybody, and of an intersection each group of one attribute."""
    by = " & ".join(names)
    yield f"groups by {by} together", counts.document["overall"].get("counts"), [g["counts"] for g in members]
    for name in names if len(names) > 1 else ():
        for single in counts.groups.get((name,), ()):
            level = single["attributes"][name]
            parts = [g["counts"] for g in members if g["attributes"][name] == level]
            yield f"groups by {by} within {name} {level}", single["counts"], parts


def _metrics(counts: Counts) -> list[Check]:
    """Recompute every metric of every group, with its interval where the counts are enough for that."""
    values = Check("metrics", "Metrics of groups, from the counts", counts.excuse)
    intervals = Check("intervals", "Their intervals, from the counts", counts.excuse)
    everybody: dict[tuple[str, ...], list[Mapping[str, Any]]] = {(): [counts.document["overall"]]}
    for names, members in {**everybody, **counts.groups}.items():
        cells = counts.cells(names)
        for metric in members[0]["metrics"]:
            said = [group["metrics"].get(metric, {}) for group in members]
            if any(str(one.get("note") or "").startswith(NOT_APPLICABLE) for one in said):
                for group, one in zip(members, said, strict=True):
                    values.agree(f"{metric} of {named(group)}", one, NOTHING, NOTHING)
                continue
            why = counts.why_no_value(metric) or ("" if cells is not None else HIDDEN)
            if why or cells is None:
                values.skip(why, len(said))
                intervals.skip(why, len(said))
                continue
            found = measure(cells, cells.partition(names), metric)
            _compare(values, intervals, counts=counts, metric=metric, members=members, found=found)
    return [values, intervals]


def _compare(
    values: Check,
    intervals: Check,
    *,
    counts: Counts,
    metric: str,
    members: list[Mapping[str, Any]],
    found: Estimates,
) -> None:
    """Compare one metric of the groups of one partition with its estimates."""
    why = counts.why_no_interval(metric)
    census = bool(counts.document["settings"].get("census"))
    for place, group in enumerate(members):
        said, where = group["metrics"].get(metric, {}), f"{metric} of {named(group)}"
        value = _plain(found.value[place])
        again = {"value": value, "n": int(found.n[place]), "note": found.notes[place]}
        values.agree(where, said, again, again)
        if why:
            intervals.skip(why)
            continue
        limits = (value, value) if census else (_plain(found.low[place]), _plain(found.high[place]))
        low, high = limits if found.shown[place] else (None, None)
        intervals.agree(where, said, {"low": low, "high": high}, ("low", "high"))


def _plain(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None
