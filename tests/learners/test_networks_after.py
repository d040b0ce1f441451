from __future__ import annotations

import numpy as np
import pytest

from toolkit.learners import continual, networks_after, updates
from toolkit.learners.networks import Network, sweep
from toolkit.learners.networks_train import forward


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((120, 6))
    return X, (X @ rng.standard_normal((6, 3))).argmax(axis=1)


@pytest.fixture(scope="module")
def network(rows) -> Network:
    arm = {"width": 12, "seed": 2}
    return sweep(*rows, *rows, arms=[arm], steps=60, classes=3)[0]["network"]


def test_pruning_zeroes_the_smallest_weights_and_only_so_many(network):
    weights = np.concatenate([W.ravel() for W, _ in network.weights])
    kept = np.concatenate([W.ravel() for W, _ in networks_after.pruned(network, 0.5).weights])
    assert (kept == 0).sum() == len(weights) // 2
    assert np.abs(weights[kept == 0]).max() <= np.abs(weights[kept != 0]).min()


def test_rounding_to_int8_leaves_at_most_255_values_and_moves_none_by_more_than_half_a_step(network):
    for (W, _), (V, _) in zip(network.weights, networks_after.rounded(network).weights, strict=True):
        step = np.abs(W).max() / 127
        assert np.abs(W - V).max() <= step / 2 + 1e-7
        assert len(np.unique(np.round(V / step))) <= 255


def test_shrinking_the_last_layer_keeps_every_answer_and_never_costs_on_the_rows_it_chose_by(network, rows):
    shrunk = networks_after.shrunk(network, *rows)
    assert np.array_equal(shrunk.predict(rows[0]), network.predict(rows[0]))
    assert networks_after.log_loss(shrunk, *rows) <= networks_after.log_loss(network, *rows) + 1e-6


def test_moved_thresholds_give_the_shares_of_the_held_out_rows(network, rows):
    X, y = rows
    moved = networks_after.recentred(network, X, y)
    shares = (np.bincount(y) + 0.5) / (len(y) + 1.5)
    assert moved.scores(X).mean(axis=0) == pytest.approx(shares, abs=1e-3)


def test_the_last_layer_by_ridge_is_scikit_learns_ridge_at_its_leave_one_out_penalty(network, rows):
    from sklearn.linear_model import RidgeCV

    X, y = rows
    peer = RidgeCV(alphas=10.0 ** np.arange(-3, 4)).fit(network.hidden(X).astype(float), np.eye(3)[y])
    W, b = networks_after.resolved(network, X, y).weights[-1]
    assert pytest.approx(W, abs=1e-3) == peer.coef_.T
    assert pytest.approx(b, abs=1e-3) == peer.intercept_


@pytest.mark.parametrize("activation", ["relu", "tanh", "identity"])
def test_fisher_information_is_the_expected_squared_gradient(rows, activation):
    import jax
    import jax.numpy as jnp

    X = rows[0][:7].astype(np.float32)
    arm = {"width": 4, "depth": 2, "activation": activation}
    net = sweep(*rows, *rows, arms=[arm], steps=20, classes=3)[0]["network"]

    def log_p(weights, x):
        return jax.nn.log_softmax(forward(activation, weights, 1.0, x[None]))[0]

    @jax.jit
    def squared(weights, x):
        slopes = jax.tree.leaves(jax.jacobian(log_p)(weights, x))
        return sum(
            jnp.exp(log_p(weights, x))[c] * jnp.concatenate([s[c].ravel() for s in slopes]) ** 2
            for c in range(3)
        )

    total = np.sum([squared(net.weights, x) for x in X], axis=0)
    assert networks_after.fisher(net, X) == pytest.approx(total / len(X), rel=1e-3, abs=1e-7)


def test_distance_is_relative_and_a_longer_vector_is_compared_with_zeros():
    assert networks_after.distance(np.array([3.0, 4.0]), np.array([3.0, 4.0])) == 0
    assert networks_after.distance(np.array([3.0, 4.0]), np.array([3.0, 4.0, 5.0])) == pytest.approx(1)


def test_averaging_one_network_with_itself_changes_nothing(network):
    assert networks_after.averaged([network, network]).sha256() == network.sha256()


def test_updates_change_a_copy_and_leave_the_model_they_were_given(rows):
    models = updates.fitted(rows, 3, seed=1)
    before = {name: updates.sha256(model) for name, model in models.items()}
    changed = updates.renewed(models, (-rows[0], rows[1]), 3, seed=1)
    assert {name: updates.sha256(model) for name, model in models.items()} == before
    for learner, method, after, _ in changed:
        assert updates.sha256(after) != before[learner], method
        assert updates.moved(models[learner], after) > 0.01


def test_continuation_keeps_the_old_trees_bit_for_bit_and_refreshing_does_not(rows):
    models = updates.fitted(rows, 3, seed=1)
    changed = {m: after for _, m, after, _ in updates.renewed(models, (-rows[0], rows[1]), 3, seed=1)}
    assert updates.old_trees_intact(models["booster"], changed["continuation"])
    assert not updates.old_trees_intact(models["booster"], changed["leaves refreshed"])


def test_asking_changes_nothing_unless_the_model_learns_from_its_own_answers(rows):
    models = updates.fitted(rows, 3, seed=1)
    assert not any(changed for *_, changed in updates.read_only(models, rows, adapting=False))
    found = updates.read_only(models, rows, adapting=True)
    assert {(m, a) for m, a, changed in found if changed} == {("sgd", "predict"), ("sgd", "score")}


def test_shifts_of_images_are_undone_by_their_inverse():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((5, 64))
    kinds = continual.shifts(True, 64, rng)
    turned = kinds["turned"][1]
    assert np.array_equal(turned(turned(turned(turned(X)))), X)
    assert np.array_equal(kinds["inverted"][1](kinds["inverted"][1](X)), X)
    for _, change in kinds.values():
        assert not np.array_equal(change(X), X)
        assert np.allclose(np.sort(np.abs(change(X)), axis=1), np.sort(np.abs(X), axis=1))


def test_a_stream_without_change_forgets_nothing_and_one_with_change_does(rows):
    X, y = rows
    net = continual.first_network((X, y), (X, y), 3, seed=0, depth=1, steps=80)
    settings = {"seed": 0, "steps": 60, "memory": 40, "pull": 10.0}
    same = continual.stream(net, [((X, y), (X, y))] * 2, 3, **settings)
    other = continual.stream(net, [((X, y), (X, y)), ((-X, y), (-X, y))], 3, **settings)

    def first(found, method):
        return [r["error"] for r in found if r["method"] == method and r["task"] == 1]

    assert first(same, "naive")[-1] <= first(same, "naive")[0]
    assert first(other, "naive")[-1] > first(other, "naive")[0] + 0.2
    assert first(other, "replay")[-1] < first(other, "naive")[-1]
    assert first(other, "consolidation")[-1] <= first(other, "naive")[-1]
