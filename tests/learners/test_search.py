from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.learners import search
from toolkit.learners.search import Curves, Setting, Space, Stage


def pool(count: int, rungs: int = 4, seed: int = 0) -> Curves:
    rng = np.random.default_rng(seed)
    truth = rng.random(count)
    noise = 0.1 * rng.normal(size=(count, rungs))
    return Curves(truth[:, None] + noise, truth)


@pytest.mark.parametrize(("trials", "chance"), [(1, 0.05), (30, 0.785), (60, 0.954)])
def test_the_best_of_k_random_trials_is_in_the_top_five_percent_as_bergstra_and_bengio_say(trials, chance):
    assert search.chance_of_top(0.05, trials) == pytest.approx(chance, abs=5e-4)


def test_simulated_random_search_reaches_the_top_five_percent_as_often_as_the_closed_form_says():
    draws = np.random.default_rng(1).random((20_000, 30, 4))
    badness = draws.prod(axis=2)  # any score: only its rank over the space counts
    cut = np.quantile(np.random.default_rng(2).random((400_000, 4)).prod(axis=1), 0.05)
    assert (badness.min(axis=1) < cut).mean() == pytest.approx(search.chance_of_top(0.05, 30), abs=0.012)


def test_random_search_averaged_over_orders_equals_going_through_every_subset():
    curves = pool(7)
    for trials in (1, 3, 7):
        by_hand = [
            curves.test[min(chosen, key=lambda i: curves.full[i])]
            for chosen in itertools.combinations(range(7), trials)
        ]
        assert search.expected_random(curves, trials) == pytest.approx(np.mean(by_hand))


@given(st.integers(0, 10_000), st.integers(2, 40))
def test_more_random_trials_never_have_a_worse_expected_validation_score(seed, count):
    curves = pool(count, seed=seed)
    honest = Curves(curves.validation, curves.full)
    errors = [search.expected_random(honest, k) for k in range(1, count + 1)]
    assert all(b <= a + 1e-12 for a, b in itertools.pairwise(errors))
    assert errors[-1] == pytest.approx(curves.full.min())


def test_halving_costs_half_of_training_everything_and_finds_the_best_when_rungs_agree():
    truth = np.random.default_rng(0).permutation(60) / 60
    found = search.halving(Curves(np.repeat(truth[:, None], 4, axis=1), truth))
    assert found.error == truth.min()
    assert found.fits == 60 / 8 + 30 / 4 + 15 / 2 + 7


def test_halving_loses_a_late_bloomer_that_full_training_would_have_found():
    validation = np.tile(np.arange(8.0)[:, None], (1, 4))
    validation[7, -1] = -1.0  # best in the end, worst until then
    curves = Curves(validation, validation[:, -1])
    assert search.best(curves).error == -1.0
    assert search.halving(curves).error == 0.0


def test_no_search_reads_the_test_error():
    curves = pool(40)
    swapped = Curves(curves.validation, curves.test[::-1])
    places = np.random.default_rng(3).random((40, 2))
    assert search.halving(curves).score == search.halving(swapped).score
    first, second = (search.bayesian(places, c, 20, seed=1) for c in (curves, swapped))
    assert first.score == second.score


def test_a_diverged_setting_is_never_chosen():
    validation = np.array([[np.nan, np.nan], [0.4, 0.3], [0.2, np.inf]])
    curves = Curves(validation, np.array([0.0, 0.3, 0.0]))
    assert search.best(curves).error == 0.3
    assert search.expected_random(curves, 3) == pytest.approx(0.3)


def test_the_bayesian_search_beats_random_search_where_scores_are_smooth_and_says_the_same_twice():
    gains = []
    for seed in range(12):
        places = np.random.default_rng(seed).random((200, 2))
        score = ((places - 0.3) ** 2).sum(axis=1)
        curves = Curves(score[:, None], score)
        found = search.bayesian(places, curves, 30, seed)
        assert found == search.bayesian(places, curves, 30, seed)
        assert found.fits == 30
        gains.append(search.expected_random(curves, 30) - found.error)
    assert np.mean(gains) > 0
    assert sum(g > 0 for g in gains) >= 9


def test_the_bayesian_search_may_exhaust_a_small_pool():
    places = np.random.default_rng(0).random((12, 1))
    score = places[:, 0]
    assert search.bayesian(places, Curves(score[:, None], score), 30, 0).error == score.min()


def test_a_staged_script_finds_separate_valleys_that_thirty_random_settings_miss():
    centre = np.array([0.15, 0.85, 0.45])

    def evaluate(tries):
        u = np.array([[one["a"], one["b"], one["c"]] for one in tries])
        error = 1 - np.exp(-(((u - centre) / 0.05) ** 2)).mean(axis=1)
        return Curves(error[:, None], error)

    levels = [0.05 + 0.1 * i for i in range(10)]
    script = [Stage(search.grid(**{name: levels})) for name in "abc"]
    found = search.staged(evaluate, {"a": 0.5, "b": 0.5, "c": 0.5}, script)
    assert found.fits == 30
    assert found.error < 0.01
    drawn = np.random.default_rng(0).random((200, 3))
    curves = evaluate([dict(zip("abc", row, strict=True)) for row in drawn])
    assert search.expected_random(curves, 30) > 0.2


def test_a_relative_stage_moves_around_the_best_so_far():
    stage = Stage(({"rate": 0.5}, {"rate": 2.0}), relative=True)
    assert stage.around({"rate": 0.1, "width": 4}) == [{"rate": 0.05, "width": 4}, {"rate": 0.2, "width": 4}]


@given(st.floats(0, 1), st.floats(1e-4, 1), st.floats(1.5, 1e4))
def test_a_setting_stays_in_its_range_and_rises_with_its_place(u, low, ratio):
    setting = Setting("x", low, low * ratio)
    assert low * (1 - 1e-9) <= setting.real(u) <= low * ratio * (1 + 1e-9)
    assert setting.real(0.0) == pytest.approx(low)
    assert setting.real(1.0) == pytest.approx(low * ratio)


def test_widened_ranges_reach_ten_times_further_and_stop_at_what_is_legal():
    rate, share = (
        Space((Setting("rate", 0.01, 1.0), Setting("share", 0.5, 1.0, 0.1, 1.0, log=False)))
        .widened()
        .settings
    )
    assert (rate.low, rate.high) == pytest.approx((0.001, 10.0))
    assert (share.low, share.high) == (0.1, 1.0)


@settings(max_examples=20)
@given(st.integers(0, 1000))
def test_half_of_a_log_range_lies_below_its_geometric_middle(seed):
    space = Space((Setting("x", 0.01, 100.0),))
    drawn = [one["x"] for one in space.real(space.draw(np.random.default_rng(seed), 400))]
    assert abs(sum(x < 1.0 for x in drawn) / 400 - 0.5) < 0.12
    assert not math.isnan(sum(drawn))
