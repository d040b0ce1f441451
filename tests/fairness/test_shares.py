from __future__ import annotations

import numpy as np
import pytest

from toolkit.fairness.parameters.shares import COMPONENTS, components, variance_shares

D, P, S, R = 5, 4, 12, 2


def grid(
    rng: np.random.Generator,
    data: float = 0.0,
    learner: float = 0.0,
    both: float = 0.0,
    sample: float = 0.02,
    seed: float = 0.02,
) -> np.ndarray:
    """Draw gaps with effects of known mean square, which are fixed, and noise by sample and by fit."""

    def effects(shape: tuple[int, ...], size: float) -> np.ndarray:
        e = np.random.default_rng(99).normal(size=shape)
        for axis in range(e.ndim):
            if e.shape[axis] > 1:
                e = e - e.mean(axis=axis, keepdims=True)
        return size * e / np.sqrt((e**2).mean()) if size else 0 * e

    fixed = effects((D, 1, 1, 1), data) + effects((1, P, 1, 1), learner) + effects((D, P, 1, 1), both)
    noise = sample * rng.normal(size=(D, P, S, 1)) + seed * rng.normal(size=(D, P, S, R))
    return fixed + noise


def test_components_are_unbiased_where_nothing_matters_and_the_plain_ones_are_not() -> None:
    rng = np.random.default_rng(1)
    draws = [grid(rng) for _ in range(1500)]
    found = np.array([components(g) for g in draws])
    error = found.std(axis=0) / np.sqrt(len(found))
    truth = np.array([0, 0, 0, 0.02**2, 0.02**2])
    assert (np.abs(found.mean(axis=0) - truth) < 4 * error).all()
    plain = np.mean([((g.mean(axis=(1, 2, 3)) - g.mean()) ** 2).mean() for g in draws])
    assert plain > 4 * error[0]


def test_components_are_unbiased_where_everything_matters() -> None:
    rng = np.random.default_rng(2)
    sizes = (0.05, 0.03, 0.02)
    found = np.array([components(grid(rng, *sizes)) for _ in range(800)])
    error = found.std(axis=0) / np.sqrt(len(found))
    truth = np.array([*(v**2 for v in sizes), 0.02**2, 0.02**2])
    assert (np.abs(found.mean(axis=0) - truth) < 4 * error).all()


def test_without_noise_the_shares_are_exact() -> None:
    rng = np.random.default_rng(3)
    found = variance_shares(grid(rng, 0.03, 0.04, 0.0, sample=0.0, seed=0.0))
    assert found.shares["data"].value == pytest.approx(9 / 25)
    assert found.shares["learner"].value == pytest.approx(16 / 25)
    assert found.shares["data minus learner"].value == pytest.approx(-7 / 25)
    assert sum(found.shares[name].value for name in COMPONENTS) == pytest.approx(1)


def test_no_share_is_given_where_nothing_is_shown_to_vary() -> None:
    rng = np.random.default_rng(4)
    given = [bool(variance_shares(grid(rng)).shares) for _ in range(200)]
    assert np.mean(given) < 0.06  # a one-sided 2.5 % test, with room for Monte Carlo


def test_intervals_cover_the_true_share() -> None:
    rng = np.random.default_rng(5)
    data, learner, both, sample, seed = 0.05, 0.03, 0.01, 0.02, 0.02
    total = data**2 + learner**2 + both**2 + sample**2 + seed**2
    truth = {"data": data**2, "learner": learner**2, "data minus learner": data**2 - learner**2}
    runs = 400
    covered = dict.fromkeys(truth, 0)
    for _ in range(runs):
        shares = variance_shares(grid(rng, data, learner, both)).shares
        for part, value in truth.items():
            covered[part] += shares[part].low <= value / total <= shares[part].high
    least = 0.95 - 4 * np.sqrt(0.95 * 0.05 / runs)
    assert {part: n / runs for part, n in covered.items() if n / runs <= least} == {}


def test_overlapping_splits_widen_the_interval_and_take_more_noise_off() -> None:
    gaps = grid(np.random.default_rng(6), 0.05, 0.03)
    fresh, fixed = variance_shares(gaps), variance_shares(gaps, 0.25)
    assert fixed.components["data"] < fresh.components["data"]
    assert fixed.components["sample"] > fresh.components["sample"]
    width = [s.shares["data"].high - s.shares["data"].low for s in (fresh, fixed)]
    assert width[1] > 1.5 * width[0]


def test_one_fit_per_cell_leaves_no_seed_component() -> None:
    gaps = grid(np.random.default_rng(7), 0.05)[..., :1]
    assert variance_shares(gaps).components["seed"] == 0.0
