from __future__ import annotations

import numpy as np
import pytest

from toolkit import catalogue
from toolkit.datasets.importance import VARIANTS
from toolkit.worlds import importance, tuning


def drawn(kind: str, rows: int = 20_000):
    return importance.draw(kind, rows, np.random.default_rng(0))


@pytest.mark.parametrize("kind", VARIANTS)
def test_a_draw_is_fresh_for_each_seed_and_the_same_for_the_same_seed(kind):
    data = catalogue.dataset(f"importance:{kind}")
    first, again, other = (data.draw(seed, 50) for seed in (1, 1, 2))
    assert np.array_equal(first.X, again.X)
    assert np.array_equal(first.y, again.y)
    assert not np.array_equal(first.X, other.X)
    assert first.X.shape == (50, importance.FEATURES[kind])


def test_only_carriers_correlate_with_the_label_and_by_falling_weight():
    X, y = drawn("planted")
    strength = np.abs([np.corrcoef(x, y)[0, 1] for x in X.T])
    carriers = list(importance.CARRIERS["planted"])
    assert np.delete(strength, carriers).max() < 0.03
    assert list(np.argsort(-strength[carriers])) == [0, 1, 2, 3, 4]


def test_equal_features_correlate_equally_and_noise_features_not_at_all():
    X, y = drawn("equal")
    strength = [np.corrcoef(x, y)[0, 1] for x in X.T]
    assert np.ptp(strength) < 0.04
    assert min(strength) > 0.15
    X, y = drawn("noise")
    assert max(abs(np.corrcoef(x, y)[0, 1]) for x in X.T) < 0.03


def test_twins_copy_the_carriers_closely():
    X, _ = drawn("twins")
    for twin, original in enumerate(importance.CARRIERS["twins"], start=20):
        assert np.corrcoef(X[:, twin], X[:, original])[0, 1] == pytest.approx(0.995, abs=0.001)


def test_parity_shows_in_no_feature_and_no_pair():
    X, y = drawn("parity")
    signs = np.sign(X)
    assert max(abs(np.corrcoef(s, y)[0, 1]) for s in signs.T) < 0.03
    pairs = [signs[:, i] * signs[:, j] for i in range(6) for j in range(i)]
    assert max(abs(np.corrcoef(p, y)[0, 1]) for p in pairs) < 0.03
    assert np.array_equal(signs[:, [1, 3, 4]].prod(axis=1) > 0, y == 1)


def test_friedman_agrees_with_scikit_learn_s():
    from sklearn.datasets import make_friedman1

    X, y = drawn("friedman")
    _, reference = make_friedman1(20_000, noise=1.0, random_state=0)
    assert y.mean() == pytest.approx(reference.mean(), abs=0.15)
    assert y.std() == pytest.approx(reference.std(), abs=0.1)
    clean = 10 * np.sin(np.pi * X[:, 0] * X[:, 1]) + 20 * (X[:, 2] - 0.5) ** 2 + 10 * X[:, 3] + 5 * X[:, 4]
    assert (y - clean).std() == pytest.approx(1, abs=0.03)


def test_the_tuning_world_is_balanced():
    _, y = tuning.draw(20_000, np.random.default_rng(1))
    assert y.mean() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("kind", tuning.SURFACES)
def test_no_setting_beats_the_best_of_a_surface(kind):
    rng = np.random.default_rng(2)
    best = np.full(3, 0.4)
    floor = tuning.surface(kind, best[None], best)[0]
    assert (tuning.surface(kind, rng.random((2000, 3)), best) >= floor).all()


def test_settings_add_equally_to_the_equal_surface_and_only_one_to_the_dominant():
    best = np.full(3, 0.4)
    moved = best + 0.3 * np.eye(3)
    assert np.ptp(tuning.surface("equal", moved, best)) == pytest.approx(0)
    assert list(tuning.surface("dominant", moved, best) > 0.1001) == [True, False, False]
