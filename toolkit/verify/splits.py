"""Splits of a gap: the parts and what is left over must make the gap."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from toolkit.verify.checked import Check

# A hundred parts rounded to doubles; the explainer's own looseness is in the residual.
NEAR = 1e-9
MEANING = {
    "decomposition": ("tables", "metric", "Split of the gap by what accounts for it"),
    "attribution": ("scales", "scale", "Attribution of the gap to features"),
}


def splits(document: Mapping[str, Any]) -> list[Check]:
    """See that the parts of every split sum to the gap."""
    checks = []
    for section, (tables, name, title) in MEANING.items():
        check = Check(section, f"{title}: parts and residual make the gap")
        for table in (document.get(section) or {}).get(tables) or ():
            values = [part["value"] for part in table["parts"]]
            if None in values:
                check.skip("a part has no value")
                continue
            total = math.fsum([*values, table.get("residual") or 0.0])
            size = math.fsum(map(abs, values)) + abs(table["gap"])
            check.hold(
                f"{section} of {table[name]}",
                abs(total - table["gap"]) <= NEAR * max(1.0, size),
                f"the parts sum to {total!r}, the gap is {table['gap']!r}",
            )
        checks.append(check)
    return checks
