"""What is said to be true in a capacity world must be true in it."""

from __future__ import annotations

import numpy as np
import pytest

from toolkit import catalogue
from toolkit.worlds import capacity, tasks


def _draw(kind: str, rows: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    return capacity.draw(kind, rows, np.random.default_rng(1))


def test_coins_are_fair_and_tied_to_nothing() -> None:
    X, y = _draw("coin")
    assert y.mean() == pytest.approx(0.5, abs=0.03)
    assert np.abs(np.corrcoef(X.T, y)[-1, :-1]).max() < 0.06


def test_a_stump_errs_in_a_fifth_of_the_rising_world() -> None:
    X, y = _draw("rise")
    assert ((X[:, 0] > 0) != y).mean() == pytest.approx(capacity.FLIPPED, abs=0.02)


@pytest.mark.parametrize(("kind", "carriers"), [("early", slice(0, 25)), ("late", slice(100, 125))])
def test_only_the_planted_columns_carry_the_label(kind: str, carriers: slice) -> None:
    X, y = _draw(kind, 1500)
    tied = np.abs((X / X.std(axis=0)).T @ (y - y.mean())) / len(y)
    assert np.delete(tied, np.arange(2000)[carriers]).max() < 0.06
    fitted = np.linalg.lstsq(X[:, carriers], y - 0.5, rcond=None)[0]
    assert ((X[:, carriers] @ fitted > 0) != y).mean() < 0.05


def test_neighbours_in_the_misleading_world_differ_in_label() -> None:
    X, y = _draw("anti")
    labels = {tuple(row): label for row, label in zip(X, y, strict=True)}
    for row, label in list(labels.items())[:50]:
        for i in range(capacity.BITS):
            neighbour = (*row[:i], -row[i], *row[i + 1 :])
            assert labels.get(neighbour, 1 - label) != label


def test_the_line_has_the_noise_it_says() -> None:
    for kind, noise in (("linear", capacity.NOISE), ("blur", capacity.BLUR)):
        X, y = _draw(kind)
        left = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        assert left.var() == pytest.approx(noise, rel=0.1)
        assert y.var() - left.var() == pytest.approx(capacity.SIGNAL, abs=0.2)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
def test_parity_is_the_product_of_the_first_signs(bits: int) -> None:
    X, y = tasks.parity(bits, 6, 500, np.random.default_rng(0))
    assert ((np.sign(X[:, :bits]).prod(axis=1) > 0) == y).mean() > 0.99
    assert y.mean() == pytest.approx(0.5, abs=0.1)


def test_a_teacher_leaves_no_class_rare() -> None:
    for seed in range(5):
        _, y = tasks.teacher(8, 20, 3, 2000, np.random.default_rng(seed))
        assert np.bincount(y, minlength=3).min() > 100


@pytest.mark.parametrize("name", [n for n in catalogue.datasets() if n.startswith(("capacity:", "ladder:"))])
def test_each_draw_is_fresh_and_repeatable(name: str) -> None:
    data = catalogue.dataset(name)
    assert data.draw is not None
    first, again, other = data.draw(1, 60), data.draw(1, 60), data.draw(2, 60)
    np.testing.assert_array_equal(first.X, again.X)
    np.testing.assert_array_equal(first.y, again.y)
    assert not np.array_equal(first.X, other.X)
    assert len(first.feature_names) == first.X.shape[1]
