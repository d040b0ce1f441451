"""How far an estimate moved: the arithmetic of the intervals, and the word that follows from them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.intervals import estimate
from toolkit.report.diff.change import Change, apart, none, paired, quotient, word


def spot(effect: float, half: float) -> dict[str, float]:
    return {
        "effect": effect,
        "low": effect - half,
        "high": effect + half,
        "low90": effect - 0.8 * half,
        "high90": effect + 0.8 * half,
    }


def test_square_and_add_agrees_with_newcombe_for_two_proportions() -> None:
    # Newcombe 1998, Statistics in Medicine 17:873, table II, method 10, 56/70 - 48/80: 0.0524 to 0.3339.
    first = {"effect": 48 / 80, "low": 0.4904, "high": 0.7004}
    second = {"effect": 56 / 70, "low": 0.6919, "high": 0.8768}
    found = apart(first, second)
    assert found is not None
    assert found.low == pytest.approx(0.0524, abs=2e-3)
    assert found.high == pytest.approx(0.3339, abs=2e-3)


def test_added_distances_are_never_narrower_than_squared_ones() -> None:
    squared, added = (apart(spot(0.1, 0.04), spot(0.2, 0.03), related=r) for r in (False, True))
    assert squared is not None
    assert added is not None
    assert added.method == "added"
    assert (added.low, added.high) == (pytest.approx(0.03), pytest.approx(0.17))
    assert squared.low == pytest.approx(0.1 - 0.05)


def test_paired_trials_give_the_interval_of_their_differences() -> None:
    before, after = [0.10, 0.20, 0.15, 0.12], [0.13, 0.22, 0.19, 0.15]
    found = paired(before, after, ratio=0.25, trimmed=False)
    reference = estimate([0.03, 0.02, 0.04, 0.03], ratio=0.25)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(reference.interval(0.95))
    assert (found.method, found.pairs) == ("paired", 4)


def test_two_trials_are_too_few_unless_they_are_the_same() -> None:
    assert paired([0.1, 0.2], [0.1, 0.3], ratio=None, trimmed=False) is None
    assert paired([0.1, 0.2], [0.1, 0.2], ratio=None, trimmed=False) == none(2)


def test_a_diverged_effect_is_not_compared() -> None:
    assert apart(spot(1.7e308, 0.0), spot(0.1, 0.1)) is None
    assert apart(spot(0.1, 0.1) | {"low": None}, spot(0.1, 0.1)) is None


def test_ratios_are_compared_as_factors() -> None:
    found = quotient(spot(0.8, 0.1), spot(0.4, 0.05), point="effect", related=False)
    assert found is not None
    assert found.value == pytest.approx(0.5)
    assert word(found, 0.8, ratio=True) == "changed"
    assert quotient(spot(0.8, 0.1), spot(0.0, 0.0), point="effect", related=False) is None


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ((0.011, 0.05, 0.012, 0.04), "changed"),
        ((-0.05, -0.011, -0.04, -0.012), "changed"),
        ((-0.011, 0.011, -0.009, 0.009), "unchanged"),
        ((-0.02, 0.02, -0.015, 0.015), "cannot_say"),
        ((0.009, 0.05, 0.011, 0.04), "cannot_say"),
    ],
)
def test_the_word_is_the_judges(ends: tuple[float, float, float, float], said: str) -> None:
    assert word(Change((ends[0] + ends[1]) / 2, *ends, method="independent"), 0.01) == said


def test_nothing_to_compare_and_nothing_changed_have_words_of_their_own() -> None:
    assert word(None, 0.01) == "not_compared"
    assert word(none(), 0.01) == "same"


@given(st.floats(-1, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_swapping_the_runs_mirrors_the_interval(
    a: float, b: float, x: float, y: float, related: bool
) -> None:
    there, back = (
        apart(f, s, related=related) for f, s in ((spot(a, x), spot(b, y)), (spot(b, y), spot(a, x)))
    )
    assert there is not None
    assert back is not None
    assert there.low is not None
    assert there.high is not None
    assert (back.low, back.high) == (pytest.approx(-there.high), pytest.approx(-there.low))
    assert word(there, 0.05) == word(back, 0.05)


def test_two_runs_of_the_same_are_rarely_told_apart() -> None:
    """No more than 5 % of pairs of runs without a true change may be called changed, at a margin of 0."""
    rng, false, runs = np.random.default_rng(5), 0, 600
    for _ in range(runs):
        sides = []
        for _ in range(2):
            low, high = (found := estimate(rng.normal(0.1, 0.05, 15).tolist())).interval(0.95)
            sides.append({"effect": found.effect, "low": low, "high": high})
        false += word(apart(*sides), 0.0) == "changed"
    assert false / runs <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / runs)
