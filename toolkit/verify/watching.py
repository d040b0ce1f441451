"""A watch: every e-value follows from the wealth that stands beside it, and an alarm from an e-value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from toolkit.fairness.watching import Evidence
from toolkit.verify.checked import Check, same


def watching(document: Mapping[str, Any]) -> list[Check]:
    """Recompute e-values from the state that the next run would go on from.

    The rows of earlier runs are not in the document, so that the wealth itself is taken as it stands.
    """
    check = Check("watch", "The watch: e-values, from the wealth of all bets")
    watch = document.get("watch")
    if not watch:
        return [check]
    for gap in watch["gaps"]:
        where = str(gap["series"])
        evidence = Evidence.of(gap["state"], gap["margin"])
        pairs = {(p["highest"], p["lowest"]): p["log_e"] for p in gap["e_values_by_pair"]}
        said = {"log_e": gap["log_e"], "by_pair": sorted(pairs.items()), "e_value": gap["e_value"]}
        found = {
            "log_e": evidence.log_e,
            "by_pair": sorted(evidence.by_pair().items()),
            "e_value": math.exp(min(evidence.log_e, 700.0)),
        }
        check.agree(where, said, found, found)
        pair = gap["pair"] and (gap["pair"]["highest"], gap["pair"]["lowest"])
        check.hold(f"{where}, its pair", pair == evidence.leading(), f"{pair} has not the most evidence")
        last = gap["history"][-1][1] if gap["history"] else 0.0
        check.hold(
            f"{where}, history", same(last, gap["log_e"]), f"it ends at {last!r}, not {gap['log_e']!r}"
        )
        check.hold(f"{where}, alarm", *_alarm(gap, watch))
    counted = sum(row["n"] for row in watch["cells"]["rows"])
    if watch["grown"] is None:
        check.hold(
            "rows seen", counted == watch["rows_seen"], f"{watch['rows_seen']} of {counted} in the cells"
        )
    return [check]


def _alarm(gap: Mapping[str, Any], watch: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether an alarm stands exactly where an e-value that is told has reached the threshold."""
    threshold = -math.log(watch["alpha"])
    reached = any(log_e >= threshold for _, log_e in gap["history"])
    alarm = gap["alarm"]
    if alarm is None:
        return not reached, "an e-value reached the threshold and no alarm stands"
    whole = len(gap["history"]) >= watch["nights"]
    return alarm["e"] >= 1 / watch["alpha"] * (1 - 1e-9) and (reached or not whole), (
        "an alarm stands and no e-value reached the threshold"
    )
