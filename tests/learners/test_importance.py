from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.learners import importance, pruning
from toolkit.learners.explained import Boosted, decide, error, row_losses
from toolkit.learners.factorial import main_effects
from toolkit.learners.networks import Network


@cache
def fitted(classes: int) -> tuple[Any, Any, Boosted]:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    score = 2 * X[:, 1] - X[:, 2]
    y = score if not classes else np.digitize(score, np.quantile(score, np.arange(1, classes) / classes))
    return X, y, Boosted(X[:200], y[:200], classes)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_contributions_and_the_bias_sum_to_the_margin(classes):
    X, _, model = fitted(classes)
    rest = model.margins(X) - model.contributions(X).sum(axis=2)
    assert np.ptp(rest, axis=0) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_trees_and_the_base_sum_to_the_margin_and_the_base_is_constant(classes):
    X, _, model = fitted(classes)
    added, gain, base = model.trees(X)
    assert added.sum(axis=2) + base == pytest.approx(model.margins(X), abs=1e-5)
    assert np.ptp(base, axis=0) == pytest.approx(0, abs=1e-4)
    assert gain.shape == (model.outputs, 40)
    assert (gain >= 0).all()
    assert gain[:, 0].mean() > gain[:, -1].mean()


@pytest.mark.parametrize("classes", [0, 2, 3])
def test_decisions_losses_and_errors_agree_with_scikit_learn(classes):
    from sklearn.metrics import log_loss, mean_squared_error, r2_score

    X, y, model = fitted(classes)
    margins, y = model.margins(X[200:]), y[200:]
    said = decide(margins, classes)
    if not classes:
        assert row_losses(margins, y, 0).mean() == pytest.approx(mean_squared_error(y, said))
        assert error(said, y, 0) == pytest.approx(1 - r2_score(y, said))
        return
    full = margins if classes > 2 else np.hstack([0 * margins, margins])
    p = np.exp(full) / np.exp(full).sum(axis=1, keepdims=True)
    assert row_losses(margins, y, classes).mean() == pytest.approx(log_loss(y, p), rel=1e-5)
    assert error(said, y, classes) == np.mean(p.argmax(axis=1) != y)


def test_permutation_importance_is_nothing_for_a_feature_the_model_never_reads():
    rng = np.random.default_rng(1)
    X = rng.normal(size=(500, 3))
    found = importance.permutation(lambda rows: rows[:, :1] * 3, X, 3 * X[:, 0], 0, rng)
    assert found[1] == found[2] == 0
    # Shuffling doubles the variance of what was explained exactly (Breiman 2001).
    assert found[0] == pytest.approx(2 * 9 * X[:, 0].var(), rel=0.15)


@given(st.lists(st.floats(0, 100), min_size=2, max_size=12).filter(lambda v: sum(v) > 1e-3))
def test_concentration_along_its_own_order_is_gini_s_index(values):
    x = np.array(values)
    by_hand = np.abs(x[:, None] - x[None]).sum() / (2 * len(x) ** 2 * x.mean())
    assert importance.concentration(x, x) == pytest.approx(by_hand, abs=1e-9)
    assert importance.concentration(-x, x) == pytest.approx(-by_hand, abs=1e-9)


def test_concentration_along_an_independent_order_is_zero_on_average_though_gini_is_not():
    rng = np.random.default_rng(2)
    x, z = rng.random((2, 4000, 10))
    crossed = [importance.concentration(a, b) for a, b in zip(x, z, strict=True)]
    own = [importance.concentration(a, a) for a in x]
    assert np.mean(crossed) == pytest.approx(0, abs=0.01)
    assert np.mean(own) > 0.25
    assert importance.concentration(x[0], np.zeros(10)) == 0


def test_recall_counts_planted_features_among_as_many_of_the_top():
    assert importance.recall(np.array([0.0, 5.0, 1.0, 4.0]), (1, 3)) == 1
    assert importance.recall(np.array([0.0, 5.0, 4.5, 4.0]), (1, 3)) == 0.5


def test_agreement_is_pearson_s_and_undefined_without_variation():
    a, b = np.random.default_rng(3).normal(size=(2, 50))
    assert importance.agreement(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert importance.agreement(a, np.ones(50)) is None


def test_surrogates_foretell_what_they_can_express_and_not_an_interaction():
    rng = np.random.default_rng(4)
    X, held = rng.normal(size=(2, 800, 3))

    def additive(rows):
        return (np.sin(rows[:, 0]) + rows[:, 1] ** 2 - 1)[:, None]

    def parity(rows):
        return np.sign(rows[:, :1] * rows[:, 1:2] * rows[:, 2:])

    for model, expected in ((additive, True), (parity, False)):
        curves = importance.additive_surrogate(X, model(X))
        kept = importance.fidelity(curves(held), model(held), model(X), 0)
        assert kept > 0.6 if expected else kept < 0.1
    tree = importance.tree_surrogate(X, np.where(X[:, :1] > 0.2, 1.0, -1.0), 8, 0)
    assert importance.fidelity(tree(held), np.where(held[:, :1] > 0.2, 1.0, -1.0), X[:, :1] - 9, 2) > 0.95


def test_fidelity_is_one_for_the_model_itself_and_undefined_for_a_constant_model():
    margins = np.random.default_rng(5).normal(size=(100, 1))
    assert importance.fidelity(margins, margins, margins, 2) == 1
    assert importance.fidelity(margins, np.ones((100, 1)), np.ones((9, 1)), 2) is None


def test_deleting_what_matters_changes_answers_and_deleting_the_rest_does_not():
    rng = np.random.default_rng(6)
    X = rng.normal(size=(2000, 10))
    weight = np.zeros_like(X)
    weight[:, 3] = 1

    def margins(rows):
        return rows[:, 3:4] - 1e-9

    explained, blind = importance.deletion(margins, X, weight, 2, share=0.1, rng=rng)
    assert explained == pytest.approx(0.5, abs=0.05)  # everybody who was above the mean
    assert blind == pytest.approx(0.05, abs=0.01)  # one of ten features, half of the people


def network(W, b, V, c) -> Network:
    layers = ((W, b), (V, c))
    return Network(tuple((np.asarray(p, np.float32), np.asarray(q, np.float32)) for p, q in layers))


def test_gradient_times_input_agrees_with_finite_differences():
    rng = np.random.default_rng(7)
    net = network(rng.normal(size=(4, 6)), rng.normal(size=6), rng.normal(size=(6, 2)), [0, 0])
    X = rng.normal(size=(5, 4))

    def margin(rows):
        (W, b), (V, _) = net.weights
        out = np.maximum(rows @ W + b, 0) @ V
        return out[:, 1] - out[:, 0]

    step = 1e-6
    by_hand = np.stack(
        [(margin(X + step * np.eye(4)[j]) - margin(X - step * np.eye(4)[j])) / (2 * step) for j in range(4)],
        axis=1,
    )
    assert importance.input_gradients(net, X, 2) == pytest.approx(X * by_hand, abs=1e-4)


def test_a_network_with_its_units_shuffled_is_recognised_and_an_unrelated_one_is_not():
    rng = np.random.default_rng(8)
    W, b, V = rng.normal(size=(20, 16)), rng.normal(size=16), rng.normal(size=(16, 2))
    order = rng.permutation(16)
    one, same = network(W, b, V, [0, 0]), network(W[:, order], b[order], V[order], [0, 0])
    assert importance.agreement(*importance.matched_weights(one, same)) == pytest.approx(1)
    strange = []
    for _ in range(30):
        other = network(rng.normal(size=(20, 16)), rng.normal(size=16), rng.normal(size=(16, 2)), [0, 0])
        strange.append(importance.agreement(*importance.matched_weights(one, other)))
    assert np.mean(strange) == pytest.approx(0, abs=0.05)


def test_pruning_nothing_leaves_the_network_s_own_error_and_pruning_by_size_keeps_the_large():
    rng = np.random.default_rng(9)
    W = 0.01 * rng.normal(size=(6, 8))
    W[0] = 3.0
    net = network(W, np.zeros(8), np.stack([-np.ones(8), np.ones(8)], axis=1), [6.0, -6.0])
    X = rng.normal(size=(400, 6))
    y = net.predict(X)
    found = {(rule, share): e for rule, share, e in pruning.network(net, X, y, 2, rng=rng)}
    assert found["magnitude", 0.0] == found["random", 0.0] == 0
    assert found["magnitude", 0.5] < 0.02
    assert found["random", 0.5] > 0.05


def test_pruning_a_linear_model_of_two_classes_removes_whole_coefficients():
    rng = np.random.default_rng(10)
    X = rng.normal(size=(500, 10))
    w = np.array([4.0, *[0.001] * 9])
    net = Network(((np.stack([-w, w], axis=1).astype(np.float32), np.zeros(2, np.float32)),))
    y = (X @ w > 0).astype(int)
    found = {(rule, share): e for rule, share, e in pruning.network(net, X, y, 2, rng=rng, repeats=40)}
    assert found["magnitude", 0.8] < 0.01
    # The one coefficient that counts is kept in one of five random prunings, else it is a coin.
    assert found["random", 0.8] == pytest.approx(0.4, abs=0.08)


def test_pruning_no_tree_leaves_the_boosted_model_s_own_error():
    X, y, model = fitted(2)
    found = {(r, s): e for r, s, e in pruning.boosted(model, X[200:], y[200:], rng=np.random.default_rng(0))}
    whole = error(decide(model.margins(X[200:]), 2), y[200:], 2)
    assert found["magnitude", 0.0] == found["random", 0.0] == whole


def test_main_effects_are_unbiased_where_the_plain_shares_are_not():
    rng = np.random.default_rng(11)
    truth = np.add.outer(np.array([-1.0, 0.0, 1.0]), np.zeros(3))
    found, plain, totals = [], [], []
    for _ in range(3000):
        table = truth + rng.normal(size=(2, 3, 3))
        effects, total = main_effects(table)
        found.append(effects)
        totals.append(total)
        mean = table.mean(axis=0)
        plain.append(((mean.mean(axis=0) - mean.mean()) ** 2).mean())
    assert np.mean(found, axis=0) == pytest.approx([2 / 3, 0.0], abs=0.02)
    assert np.mean(totals) == pytest.approx(2 / 3, abs=0.03)
    assert np.mean(plain) > 0.1  # the setting that does nothing
