from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.fairness.metrics.permuting import BLOCK, blocks, coarsened, deal


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_everybody_is_dealt_and_every_group_gets_its_size(kinds: list[int], groups: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = rng.multinomial(sum(kinds), np.full(groups, 1 / groups))
    dealt = deal(rng, np.array(kinds), sizes, 20)
    assert (dealt >= 0).all()
    assert (dealt.sum(axis=1) == np.array(kinds)).all()
    assert (dealt.sum(axis=2) == sizes).all()


def test_dealing_has_the_means_and_covariances_of_sampling_without_replacement() -> None:
    kinds, sizes = np.array([30, 50, 20]), np.array([40, 25, 35])
    dealt = deal(np.random.default_rng(0), kinds, sizes, 40_000)
    share = kinds / 100
    for group, size in enumerate(sizes):
        assert dealt[:, group].mean(axis=0) == pytest.approx(size * share, abs=0.05)
        expected = size * (100 - size) / 99 * (np.diag(share) - np.outer(share, share))
        assert np.cov(dealt[:, group].T) == pytest.approx(expected, abs=0.12)


def test_permuting_rows_gives_the_same_distribution() -> None:
    rng = np.random.default_rng(1)
    rows = np.repeat([0, 1, 2], [4, 3, 2])
    by_rows = np.array([(np.bincount(rng.permutation(rows)[:4], minlength=3)) for _ in range(20_000)])
    dealt = deal(rng, np.array([4, 3, 2]), np.array([4, 5]), 20_000)[:, 0]
    for counts in np.unique(by_rows, axis=0):
        one, other = ((v == counts).all(axis=1).mean() for v in (by_rows, dealt))
        assert one == pytest.approx(other, abs=0.02)


def test_coarse_parts_keep_order_ties_and_about_equal_size() -> None:
    rng = np.random.default_rng(2)
    values, people = rng.permutation(1000) / 1000, rng.integers(1, 5, 1000)
    part = coarsened(values, people, 20)
    order = np.argsort(values)
    assert (np.diff(part[order]) >= 0).all()
    assert set(part) == set(range(20))
    size = np.bincount(part, people)
    assert size.min() > 0.9 * people.sum() / 20
    assert coarsened(np.array([0.3, 0.1, 0.3]), np.array([1, 1, 1])).tolist() == [1, 0, 1]


def test_one_value_of_almost_everybody_is_one_part() -> None:
    values = np.concatenate([np.zeros(1), np.arange(1, 50)])
    part = coarsened(values, np.array([10_000] + [1] * 49), 8)
    assert part[0] == 0
    assert set(part) == set(range(part.max() + 1))


def test_blocks_hold_all_replicates() -> None:
    found = blocks(10_000, BLOCK // 300)
    assert sum(found) == 10_000
    assert max(found) == 300
    assert blocks(0, 5) == []
