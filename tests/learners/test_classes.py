from __future__ import annotations

import numpy as np
import pytest

from toolkit.learners.classes import common_classes
from toolkit.records import Dataset, NotApplicable


def table(counts: list[int]) -> Dataset:
    y = np.repeat(np.arange(len(counts)), counts)
    return Dataset(
        "t", "multiclass", y[:, None] * 1.0, y, ("f",), classes=tuple(f"c{i}" for i in range(len(counts)))
    )


def test_rare_classes_are_left_out_and_the_others_renumbered() -> None:
    kept = common_classes(table([40, 5, 50]))
    assert kept.classes == ("c0", "c2")
    assert np.array_equal(np.bincount(kept.y), [40, 50])
    assert set(kept.X[kept.y == 1, 0]) == {2.0}


def test_at_most_the_ten_commonest_classes_are_kept() -> None:
    assert len(common_classes(table([30 + i for i in range(14)])).classes) == 10


def test_one_common_class_is_not_enough() -> None:
    with pytest.raises(NotApplicable, match="30 rows"):
        common_classes(table([100, 5]))
