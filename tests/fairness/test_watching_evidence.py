"""The wealth of all bets: one recursion for all times of starting, in a state that a document holds."""

from __future__ import annotations

import json
import math
from itertools import pairwise, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.fairness.watching import ALPHA, BETS, Evidence, log_factors, watched
from toolkit.fairness.watching.evidence import MEMORY, not_laid_out, remembered

NIGHT = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.integers(0, 60), st.floats(0, 1)), max_size=4
).map(lambda night: {g: (n, round(n * r)) for g, (n, r) in night.items()})


def after(nights, margin=0.05, start=None):
    evidence = start or Evidence(margin)
    for night in nights:
        evidence, _ = watched(evidence, night)
    return evidence


def drawn(rates, sizes, nights, seed=0):
    rng = np.random.default_rng(seed)
    return [
        {g: (n, int(rng.binomial(n, r))) for (g, r), n in zip(rates.items(), sizes, strict=True)}
        for _ in range(nights)
    ]


def test_the_shares_that_are_laid_out_sum_to_one():
    assert not_laid_out(0) == 1
    left = [not_laid_out(s) for s in range(10_000)]
    assert all(a > b > 0 for a, b in pairwise(left))
    assert not_laid_out(30) == 0.5
    assert not_laid_out(10**300) < 0.002


def test_the_recursion_is_the_mixture_over_all_times_of_starting():
    nights = drawn({"a": 0.6, "b": 0.45, "c": 0.5}, (15, 9, 11), 12)
    pairs = np.array(list(permutations(range(3), 2)))
    past, factors = (np.zeros(3), np.zeros(3)), []
    for night in nights:
        now = tuple(np.array([night[g][i] for g in "abc"], float) for i in (0, 1))
        factors.append(log_factors(now, past, pairs, 0.05))
        past = remembered(*past, *now)
    total = not_laid_out(len(nights))
    for start in range(1, len(nights) + 1):
        share = not_laid_out(start - 1) - not_laid_out(start)
        total += share * np.exp(np.sum(factors[start - 1 :], axis=0)).mean()
    assert after(nights).log_e == pytest.approx(math.log(total), abs=1e-10)


def test_it_begins_at_one_and_a_night_without_people_changes_nothing():
    begun = Evidence(0.05)
    assert begun.log_e == 0
    assert begun.leading() is None
    evidence = after(drawn({"a": 0.5, "b": 0.4}, (30, 30), 5))
    for nothing in ({}, {"a": (0, 0)}, {"z": (0, 0)}):
        again, night = watched(evidence, nothing)
        assert (again, night.log_e, night.moved) == (evidence, evidence.log_e, False)


def chances(n, rate):
    return [math.comb(n, k) * rate**k * (1 - rate) ** (n - k) for k in range(n + 1)]


def outcomes(sizes, rates):
    """Yield each outcome of a night with its probability."""
    drawn = (enumerate(chances(n, r)) for n, r in zip(sizes, rates, strict=True))
    for (a, p), (b, q) in product(*drawn):
        yield p * q, {"a": (sizes[0], a), "b": (sizes[1], b)}


@pytest.mark.parametrize("start", [Evidence(0.05), after(drawn({"a": 0.5, "b": 0.45}, (40, 40), 40))])
def test_rates_and_who_comes_may_depend_on_how_small_nights_before_went(start):
    """By enumeration: a group that was lucky comes less the next night, when all rates are other ones."""
    total = 0.0
    for p, first in outcomes((5, 5), (0.5, 0.45)):
        lucky = first["a"][1] >= first["b"][1]
        sizes, rates = ((1, 9), (0.15, 0.1)) if lucky else ((9, 1), (0.95, 0.9))
        for q, second in outcomes(sizes, rates):
            total += p * q * math.exp(after([first, second], start=start).log_e)
    assert total <= math.exp(start.log_e) + 1e-9


def test_people_are_not_compared_with_those_of_another_night():
    """Each night's gap is none; of both together it would be eighty points."""
    apart = after([{"a": (10, 9), "b": (0, 0)}, {"a": (0, 0), "b": (10, 1)}] * 30)
    assert apart.log_e <= 1e-12


def test_one_group_alone_only_says_what_its_level_is():
    evidence = after([{"a": (100, 50)}] * 3)
    assert (evidence.block, evidence.log_e, evidence.past) == (0, 0.0, {"a": (300, 150)})
    assert after([{"a": (1, 1), "b": (1, 1)}], start=evidence).block == 1


def test_a_night_without_one_of_two_known_groups_loses_only_what_was_laid_out_on_nothing():
    evidence = after(drawn({"a": 0.5, "b": 0.5}, (40, 40), 3))
    later = after([{"a": (50, 25)}], start=evidence)
    assert later.log_e == pytest.approx(evidence.log_e, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(st.lists(NIGHT, max_size=8), st.lists(NIGHT, max_size=4))
def test_going_on_from_plain_data_is_going_on(first, second):
    evidence = after(first)
    read = Evidence.of(json.loads(json.dumps(evidence.to_dict())), 0.05)
    assert read == evidence
    assert after(second, start=read) == after(second, start=evidence)


@settings(deadline=None, max_examples=60)
@given(st.lists(NIGHT, max_size=8))
def test_the_e_value_is_the_mean_over_ordered_pairs_and_never_less_than_what_is_not_laid_out(nights):
    evidence = after(nights)
    pairs = evidence.by_pair()
    if pairs:
        assert np.logaddexp.reduce([*pairs.values()]) - math.log(len(pairs)) == pytest.approx(evidence.log_e)
        assert pairs[evidence.leading()] == max(pairs.values())
    assert evidence.log_e >= math.log(not_laid_out(evidence.block)) - 1e-12
    groups = len(evidence.groups)
    assert not evidence.block or len(pairs) == groups * (groups - 1)


@settings(deadline=None, max_examples=40)
@given(st.lists(NIGHT, min_size=1, max_size=6))
def test_the_names_of_groups_do_not_matter(nights):
    named = {"a": "y", "b": "x", "c": "w", "d": "v"}
    other = after([{named[g]: counts for g, counts in reversed(night.items())} for night in nights])
    assert other.log_e == pytest.approx(after(nights).log_e, abs=1e-9)


def test_the_pair_with_most_evidence_is_named_highest_first():
    evidence = after(drawn({"a": 0.5, "b": 0.75, "c": 0.5, "d": 0.3}, (40,) * 4, 20))
    assert evidence.leading() == ("b", "d")
    assert evidence.log_e > math.log(1 / ALPHA)


def test_a_gap_that_opens_after_a_quiet_year_is_found_soon():
    quiet = after(drawn({"a": 0.5, "b": 0.5}, (50, 50), 365))
    assert quiet.log_e < 0
    evidence, nights = quiet, 0
    for night in drawn({"a": 0.5, "b": 0.3}, (50, 50), 60, seed=1):
        evidence, nights = watched(evidence, night)[0], nights + 1
        if evidence.log_e >= math.log(1 / ALPHA):
            break
    assert nights < 30


def test_a_group_that_joins_is_bet_on_from_then_on():
    evidence = after(drawn({"a": 0.5, "b": 0.5}, (40, 40), 30))
    later = after(drawn({"a": 0.5, "b": 0.5, "c": 0.2}, (40, 40, 40), 20, seed=2), start=evidence)
    assert later.leading()[1] == "c"
    assert later.log_e > math.log(1 / ALPHA)


def test_the_state_does_not_grow_with_the_nights():
    short, long = (
        len(json.dumps(after(drawn({"a": 0.5, "b": 0.5}, (30, 30), n)).to_dict())) for n in (20, 400)
    )
    assert long < 1.2 * short


def test_levels_follow_the_last_rows():
    n, k = np.array([0.0]), np.array([0.0])
    for rate in (0.2,) * 20 + (0.8,) * 20:
        n, k = remembered(n, k, np.array([500.0]), np.array([500.0 * rate]))
    assert n[0] == MEMORY
    assert k[0] / n[0] > 0.75


def test_evidence_of_a_thousand_nights_is_a_number():
    evidence = after([{"a": (5_000, 4_999), "b": (5_000, 1)}] * 1_000)
    assert math.isfinite(evidence.log_e)
    assert evidence.log_e > 1e6
    back = after([{"a": (5_000, 1), "b": (5_000, 4_999)}] * 1_000)
    assert back.leading() == ("b", "a")
    assert all(math.isfinite(v) for values in back.log_v.values() for v in values)


@pytest.mark.parametrize(
    "broken",
    [
        {"log_wealth": [{"highest": "a", "lowest": "b", "bets": [0.0]}]},
        {"log_wealth": [{"highest": "a", "lowest": "b", "bets": [math.nan] * len(BETS)}]},
        {"log_wealth": [{"bets": []}]},
        {"past": {"a": 3}},
    ],
)
def test_a_state_that_is_none_is_an_error(broken):
    with pytest.raises((KeyError, TypeError, ValueError)):
        Evidence.of(Evidence(0.05).to_dict() | broken, 0.05)
