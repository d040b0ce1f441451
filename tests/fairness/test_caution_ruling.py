"""The short rule of the warnings gives the ruling that the audit gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.fairness.cautions.ruling import widest_ruling
from toolkit.fairness.cells import Partition
from toolkit.fairness.gaps import GapSettings, adjust, gaps
from toolkit.fairness.metrics.proportions import counted


def audited(x: np.ndarray, n: np.ndarray, margin: float) -> str:
    names = tuple({"g": str(i)} for i in range(len(x)))
    partition = Partition(("g",), names, np.arange(len(x)))
    measured = GapSettings(margin=margin, min_group=1, kinds=("difference",))
    (gap,) = adjust(gaps(counted("selection_rate", x, n), partition, measured))
    return gap.ruling


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.integers(1, 4000)), min_size=2, max_size=5),
    st.sampled_from([0.02, 0.05, 0.2]),
)
def test_the_short_rule_rules_as_the_audit_does(table: list[tuple[float, int]], margin: float) -> None:
    n = np.array([size for _, size in table])
    x = np.rint([share * size for share, size in table]).astype(np.int64)
    assert widest_ruling(margin)(x, n) == audited(x, n, margin)


@pytest.mark.parametrize(
    ("x", "n", "ruling"),
    [
        ([700, 300], [1000, 1000], "shown"),
        ([5000, 5010], [10_000, 10_000], "small"),
        ([50, 55], [100, 100], "not_enough_evidence"),
        ([0, 0, 0], [5000, 5000, 5000], "small"),
    ],
)
def test_clear_cases_are_clear(x: list[int], n: list[int], ruling: str) -> None:
    assert widest_ruling()(np.array(x), np.array(n)) == ruling
