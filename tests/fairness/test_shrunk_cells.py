from __future__ import annotations

import numpy as np
import pytest
from rows_to_cells import cells_of
from scipy.special import expit

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.finer.shrinking import additive, shrunk
from toolkit.fairness.metrics.measures import measure


def grid(x: np.ndarray, n: np.ndarray) -> tuple[Cells, Partition]:
    """Counts of a 3 by 2 table of cells as people."""
    a, b = np.indices((3, 2)).reshape(2, -1)
    pair = np.repeat(np.column_stack([a, b]), n.reshape(-1), axis=0)
    d = np.concatenate(
        [np.r_[np.ones(h), np.zeros(m - h)] for h, m in zip(x.reshape(-1), n.reshape(-1), strict=True)]
    )
    cells = cells_of(pair, decision=d)
    return cells, cells.partition(["a", "b"])


N = np.array([[600, 600], [300, 300], [100, 100]])


def test_one_column_per_further_level() -> None:
    cells, partition = grid(N // 2, N)
    design = additive(partition)
    assert design.shape == (6, 4)
    assert np.linalg.matrix_rank(design) == 4
    assert len(cells.n) == 12


def test_cells_that_follow_their_attributes_take_the_additive_prediction() -> None:
    truth = expit(np.array([-1.0, -0.5, 0.5])[:, None] + np.array([0.0, 0.8]))
    cells, partition = grid(np.rint(N * truth).astype(int), N)
    own = measure(cells, partition, "selection_rate")
    assert shrunk(partition, own) == pytest.approx(truth.reshape(-1), abs=0.005)


def test_a_cell_that_stands_out_keeps_most_of_its_own_value() -> None:
    x = np.rint(0.3 * N).astype(int)
    x[2, 1] = 60
    cells, partition = grid(x, N)
    own = measure(cells, partition, "selection_rate")
    found = shrunk(partition, own)
    assert 0.55 < found[5] < 0.6
    assert found[4] > own.value[4]


@pytest.mark.parametrize("metric", ["selection_rate", "brier"])
def test_drawn_values_are_nearer_the_truth_than_raw_ones_where_attributes_add(metric: str) -> None:
    rng = np.random.default_rng(0)
    share = np.outer([0.6, 0.3, 0.1], [0.5, 0.5]).reshape(-1)
    raw, drawn = 0.0, 0.0
    for _ in range(60):
        cell = rng.choice(6, 400, p=share)
        pair = np.column_stack(np.unravel_index(cell, (3, 2)))
        p = np.round(0.25 + 0.05 * pair[:, 0] + 0.1 * pair[:, 1], 2)
        y = (rng.random(400) < p).astype(int)
        cells = cells_of(pair, y, y, p)
        partition = cells.partition(["a", "b"])
        own = measure(cells, partition, metric)
        centre = np.array([0.25 + 0.05 * int(g["a"][1]) + 0.1 * int(g["b"][1]) for g in partition.groups])
        truth = centre if metric == "selection_rate" else centre * (1 - centre)
        raw += ((own.value - truth) ** 2).sum()
        drawn += ((shrunk(partition, own) - truth) ** 2).sum()
    assert drawn < 0.85 * raw


def test_nobody_or_everybody_succeeding_in_a_level_is_no_trouble() -> None:
    x = np.array([[0, 0], [300, 300], [30, 40]])
    cells, partition = grid(x, N)
    found = shrunk(partition, measure(cells, partition, "selection_rate"))
    assert ((found >= 0) & (found <= 1)).all()
    assert found[0] < 0.02
    assert found[2] > 0.98


def test_unknown_values_stay_unknown() -> None:
    x = np.rint(0.3 * N).astype(int)
    cells, partition = grid(x, N)
    own = measure(cells, partition, "selection_rate")
    object.__setattr__(own, "value", np.where(np.arange(6) == 3, np.nan, own.value))
    assert np.isnan(shrunk(partition, own)).tolist() == [False, False, False, True, False, False]
