"""Pruning must remove exactly what it says, and a small model must be small."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.learners.networks import Network
from toolkit.learners.shrinking import prune


def _network(seed: int) -> Network:
    rng = np.random.default_rng(seed)

    def layer(inputs: int, units: int) -> tuple[np.ndarray, np.ndarray]:
        return rng.standard_normal((inputs, units), dtype=np.float32), np.ones(units, dtype=np.float32)

    return Network((layer(5, 8), layer(8, 3)))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.floats(0, 1))
def test_pruning_zeroes_each_layers_smallest_weights_and_no_bias(seed: int, share: float) -> None:
    whole = _network(seed)
    for (W, b), (after, kept) in zip(whole.weights, prune(whole, share).weights, strict=True):
        assert (after == 0).sum() == round(share * W.size)
        assert np.abs(W[after == 0]).max(initial=0) <= np.abs(after[after != 0]).min(initial=np.inf)
        np.testing.assert_array_equal(after[after != 0], W[after != 0])
        np.testing.assert_array_equal(b, kept)


def test_removing_nothing_changes_nothing() -> None:
    whole = _network(1)
    assert prune(whole, 0.0).sha256() == whole.sha256()


def test_removing_everything_leaves_the_biases_to_speak() -> None:
    scores = prune(_network(1), 1.0).scores(np.zeros((2, 5)))
    assert scores == pytest.approx(1 / 3)
