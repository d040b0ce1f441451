"""A coin lands on heads; and what happens to a trial that crashes, hangs or kills its worker.

Every measurement leaves a line in the file that ``STUB_LEDGER`` names, so that a test can count which trials
were really run. ``STUB_TROUBLE`` is a JSON object of "dataset/seed" to what shall happen there.
"""

from __future__ import annotations

import json
import os
import time

from toolkit.experiment import Claim, Control, Dataset, Effort, Experiment, Figure, Needs, NotApplicable, Rows
from toolkit.records import Row, Ruling


def measure(data: Dataset, seed: int, effort: Effort) -> list[Row]:
    """Throw a coin two thousand times."""
    place = f"{data.name}/{seed}"
    if ledger := os.environ.get("STUB_LEDGER"):
        with open(ledger, "a", encoding="utf-8") as file:  # noqa: PTH123 - one append, no more
            file.write(f"{place} {os.getpid()}\n")
    _trouble(json.loads(os.environ.get("STUB_TROUBLE", "{}")).get(place))
    time.sleep(float(os.environ.get("STUB_SLEEP", "0")))
    if data.draw is None:
        from toolkit.experiment import split

        parts = split(data, seed, train=160, test=40)
        heads, sizes = parts.y_test == 1, dict(parts.sizes)
    else:
        heads, sizes = data.draw(seed, 2000).y, {}
    throws = len(heads)
    return [
        {"side": "heads", "share": heads.mean(), "part": part, **sizes} for part in range(throws // 1000 or 1)
    ]


def _trouble(what: str | None) -> None:
    if what == "raise":
        raise RuntimeError("<b>no luck</b>\x1b[31m\nsecond line")
    if what == "die":
        os._exit(9)
    if what == "hang":
        time.sleep(600)
    if what == "not applicable":
        raise NotApplicable("the coin rolled away")


def surplus(rows: Rows) -> float:
    """Return the share of heads above one half."""
    return rows.mean("share", side="heads") - 0.5


def rule(rulings) -> tuple[Ruling, str]:  # type: ignore[no-untyped-def]
    """The belief is its one claim."""
    found: Ruling = rulings.ruling("mostly-heads")
    return found, f"Coins land on heads: {found}."


def _experiment(code: str, belief: str) -> Experiment:
    return Experiment(
        code=code,
        belief=belief,
        measure=measure,
        datasets=("coins:fair",),
        claims=(
            Claim("mostly-heads", "A coin lands on heads.", surplus, "share", "increase", 0.05),
            Claim("even", "A coin is even.", surplus, "share", "no_change", 0.05, stance="description"),
        ),
        controls=(
            Control("coins:loaded", {"mostly-heads": "supported", "even": "refuted"}, "a loaded coin"),
            Control("coins:reversed", {"mostly-heads": "refuted"}, "a coin loaded the other way"),
        ),
        rule=rule,
        figures=(
            Figure("shares", "Shares", x="side", y="share", x_title="Side", y_title="Share", kind="bar"),
        ),
        needs=Needs(tasks=("binary",)),
        replicates=(4, 6, 8),
        control_replicates=(3, 4, 5),
        seconds=1.0,
    )


experiment = _experiment("Z001", "Coins land on heads.")
