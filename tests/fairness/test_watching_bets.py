"""A bet's factor has an expectation of at most 1 wherever no gap exceeds the margin, by enumeration."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.fairness.watching import BETS, log_factors

BOTH = np.array([[0, 1], [1, 0]])


def factors(n, k, past=((0, 0), (0, 0)), margin=0.05):
    now, before = ((np.array(a, float), np.array(b, float)) for a, b in ((n, k), past))
    return np.exp(log_factors(now, before, BOTH, margin))


def chances(rates: list[float]) -> np.ndarray:
    """Return the distribution of how many of some people count as 1, each with a rate of their own."""
    found = np.array([1.0])
    for rate in rates:
        found = np.convolve(found, [1 - rate, rate])
    return found


def expectation(first: list[float], second: list[float], past, margin: float) -> np.ndarray:
    """Return the expected factor of each order and bet, over all outcomes of a block."""
    n = (len(first), len(second))
    return sum(
        a * b * factors(n, (i, j), past, margin)
        for (i, a), (j, b) in product(enumerate(chances(first)), enumerate(chances(second)))
    )


RATES = st.lists(st.floats(0, 1), min_size=1, max_size=6)
PAST = st.tuples(*[st.tuples(st.integers(0, 400), st.floats(0, 1))] * 2).map(
    lambda sides: (tuple(n for n, _ in sides), tuple(n * r for n, r in sides))
)


@settings(deadline=None, max_examples=150)
@given(RATES, RATES, PAST, st.floats(0.01, 0.9))
def test_no_bet_gains_in_the_mean_where_the_mean_rates_differ_by_no_more_than_the_margin(
    first, second, past, margin
):
    """People may all have rates of their own."""
    gap = np.mean(first) - np.mean(second)
    found = expectation(first, second, past, margin)
    for order, signed in ((0, gap), (1, -gap)):
        if signed <= margin:
            assert found[order].max() <= 1 + 1e-9
    assert found.min() >= 0


@pytest.mark.parametrize(("rates", "margin"), [((0.5, 0.45), 0.05), ((0.1, 0.0), 0.1), ((1.0, 0.95), 0.05)])
@pytest.mark.parametrize("n", [(5, 5), (12, 1), (1, 12)])
def test_at_the_boundary_of_the_null_the_mean_is_at_most_one(rates, margin, n):
    first, second = ([r] * m for r, m in zip(rates, n, strict=True))
    for past in (((0, 0), (0, 0)), ((300, 300), (150, 130))):
        assert expectation(first, second, past, margin)[0].max() <= 1 + 1e-12


def test_beyond_the_margin_a_bet_gains():
    found = expectation([0.6] * 8, [0.3] * 8, ((300, 300), (180, 90)), 0.05)
    assert (found[0] > 1).all()
    assert (found[1] < 1).all()


def test_a_factor_is_a_likelihood_ratio_against_rates_a_margin_apart():
    n, k, past, margin = (7, 4), (5, 1), ((600, 600), (300, 270)), 0.05
    found = factors(n, k, past, margin)[0]
    share = n[0] / sum(n)
    level = share * 300.5 / 601 + (1 - share) * 270.5 / 601
    null = (level + (1 - share) * margin, level - share * margin)
    stake = np.array(BETS) / sum(t * (1 - t) / m for t, m in zip(null, n, strict=True))
    other = [t + s * stake / m * t * (1 - t) for t, m, s in zip(null, n, (1, -1), strict=True)]
    ratio = np.prod(
        [
            (o / t) ** ones * ((1 - o) / (1 - t)) ** (m - ones)
            for o, t, m, ones in zip(other, null, n, k, strict=True)
        ],
        axis=0,
    )
    far = stake < 0.9 * min(n[0] / null[0], n[1] / (1 - null[1]))
    assert far.sum() >= 5
    np.testing.assert_allclose(found[far], ratio[far], rtol=1e-10)
    assert other[0][0] - other[1][0] == pytest.approx(margin + BETS[0])  # the gap a bet is best against


def test_a_block_without_one_of_the_groups_changes_nothing():
    assert (factors((9, 0), (4, 0)) == 1).all()
    assert (factors((0, 9), (0, 4), ((50, 50), (20, 20))) == 1).all()


def test_the_two_groups_change_places_with_the_two_orders():
    one = factors((7, 4), (5, 1), ((100, 90), (50, 40)))
    two = factors((4, 7), (1, 5), ((90, 100), (40, 50)))
    np.testing.assert_allclose(one, two[::-1], rtol=1e-12)


def test_ones_and_zeros_change_places_with_the_two_orders():
    one = factors((7, 4), (5, 1), ((99, 99), (50, 40)))
    two = factors((7, 4), (2, 3), ((99, 99), (49, 59)))
    np.testing.assert_allclose(one, two[::-1], rtol=1e-9)


def test_many_blocks_at_once_give_what_each_gives_alone():
    rng = np.random.default_rng(0)
    n = rng.integers(0, 30, (2, 5, 3)).astype(float)
    k = rng.binomial(n.astype(int), 0.4).astype(float)
    past_n = rng.integers(0, 60, (2, 5, 3)).astype(float)
    past = (past_n, past_n * 0.4)
    pairs = np.array([[0, 1], [2, 0], [1, 2]])
    whole = log_factors((n, k), past, pairs, 0.05)
    assert whole.shape == (2, 5, 3, len(BETS))
    for place in np.ndindex(2, 5):
        alone = log_factors((n[place], k[place]), (past[0][place], past[1][place]), pairs, 0.05)
        np.testing.assert_allclose(whole[place], alone, rtol=1e-10, atol=1e-12)


def test_the_enumeration_agrees_with_binomial_chances():
    assert chances([0.3] * 5) == pytest.approx([comb(5, k) * 0.3**k * 0.7 ** (5 - k) for k in range(6)])
