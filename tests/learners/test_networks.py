from __future__ import annotations

import numpy as np
import pytest

from toolkit.learners import networks_train
from toolkit.learners.networks import ACTIVATIONS, INITIALISERS, Network, count, prepare, sweep
from toolkit.learners.networks_init import initial, sizes


def task(rows: int = 60, features: int = 5, classes: int = 3, seed: int = 0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((2 * rows, features))
    y = np.argmax(X @ rng.standard_normal((features, classes)) + 0.5 * X[:, :1] ** 2, axis=1)
    return X[:rows], y[:rows], X[rows:], y[rows:]


def by_hand(start: Network, X, y, steps: int, rate: float, decay: float) -> Network:
    """Full-batch gradient descent on log-loss at the true width in float64, written out."""
    (W, b), (V, c) = ([part.astype(float) for part in layer] for layer in start.weights)
    one = np.eye(V.shape[1])[y]
    for _ in range(steps):
        H = np.maximum(X @ W + b, 0)
        Z = H @ V + c
        P = np.exp(Z - Z.max(1, keepdims=True))
        G = (P / P.sum(1, keepdims=True) - one) / len(y)
        D = (G @ V.T) * (H > 0)
        V, c = V - rate * (H.T @ G + decay * V), c - rate * G.sum(0)
        W, b = W - rate * (X.T @ D + decay * W), b - rate * D.sum(0)
    return Network(((W, b), (V, c)))


def test_training_follows_gradient_descent_written_out_by_hand_at_the_true_width():
    X, y, X_test, y_test = task()
    arm = {"width": 5, "rate": 0.3, "decay": 0.01, "optimiser": "sgd", "seed": 3}
    (start,) = sweep(X, y, X_test, y_test, arms=[arm | {"rate": 0.0}], steps=1, classes=3)
    (found,) = sweep(X, y, X_test, y_test, arms=[arm], steps=50, classes=3)
    expected = by_hand(start["network"], X, y, 50, 0.3, 0.01)
    assert found["network"].vector() == pytest.approx(expected.vector(), abs=1e-5)


@pytest.mark.parametrize("init", INITIALISERS)
def test_initial_weights_do_not_depend_on_the_padding(init):
    true = sizes(5, 7, 2, 3)
    (narrow,) = initial([(init, 11, true)], true, 1.5)
    (wide,) = initial([(init, 11, true)], sizes(8, 16, 2, 4), 1.5)
    for (W, b), (V, c), (inputs, units) in zip(narrow, wide, true, strict=True):
        assert np.array_equal(W, V[:inputs, :units])
        assert np.array_equal(b, c[:units])
        assert not V[inputs:].any()
        assert not V[:, units:].any()


@pytest.mark.parametrize(("init", "deviation"), [("lecun", 40**-0.5), ("he", (2 / 40) ** 0.5), ("unit", 1.0)])
def test_initial_weights_have_the_published_spread(init, deviation):
    (layers,) = initial([(init, 0, [(40, 500)])], [(40, 500)], 1.0)
    assert layers[0][0].std() == pytest.approx(deviation, rel=0.03)
    assert layers[0][0].mean() == pytest.approx(0, abs=4 * deviation / 20_000**0.5)


def test_orthogonal_layers_keep_lengths():
    (layers,) = initial([("orthogonal", 0, [(30, 30), (30, 4)])], [(32, 32), (32, 4)], 2**0.5)
    W, V = layers[0][0][:30, :30], layers[1][0][:30]
    assert np.allclose(W.T @ W, 2 * np.eye(30), atol=1e-5)
    assert np.allclose(V.T @ V, np.eye(4), atol=1e-5)


def test_padding_to_a_wider_program_changes_nothing_and_dead_units_stay_zero(monkeypatch):
    X, y, X_test, y_test = task()
    arms = [{"width": 5, "activation": a, "depth": 2, "seed": 1} for a in ACTIVATIONS]
    true = sweep(X, y, X_test, y_test, arms=arms, steps=40, classes=3)
    seen = []
    compiled = networks_train.program
    monkeypatch.setattr(
        "toolkit.learners.networks_batch.program",
        lambda plan: lambda *parts: seen.append(compiled(plan)(*parts)) or seen[-1],
    )
    monkeypatch.setattr("toolkit.learners.networks_batch.BUCKETS", (32,))
    pad = {"rows": 100, "held": 90, "features": 12, "classes": 6}
    wide = sweep(X, y, X_test, y_test, arms=arms, steps=40, classes=3, pad=pad)
    for one, other in zip(true, wide, strict=True):
        assert one["network"].vector() == pytest.approx(other["network"].vector(), abs=1e-5)
        assert one["scores"] == pytest.approx(other["scores"], abs=1e-4)
    for weights, *_ in seen:
        for W, b in weights[:-1]:
            assert not np.asarray(W)[..., 5:].any()
            assert not np.asarray(b)[..., 5:].any()
        assert not np.asarray(weights[1][0])[:, 5:].any()
        assert not np.asarray(weights[-1][0])[:, 5:].any()
        assert not np.asarray(weights[-1][0])[..., 3:].any()


@pytest.mark.parametrize(
    ("width", "depth", "expected"), [(0, 0, 5 * 3 + 3), (7, 1, 42 + 24), (7, 3, 42 + 112 + 24)]
)
def test_parameters_are_counted_exactly(width, depth, expected):
    X, y, X_test, y_test = task()
    (found,) = sweep(X, y, X_test, y_test, arms=[{"width": width, "depth": depth}], steps=1, classes=3)
    assert found["parameters"] == expected == count(5, width, depth, 3)
    assert len(found["network"].vector()) == expected


def test_reported_errors_are_those_of_the_returned_network():
    X, y, X_test, y_test = task()
    arms = [{"width": w, "activation": a, "seed": w} for w in (3, 20) for a in ACTIVATIONS]
    for row in sweep(X, y, X_test, y_test, arms=arms, steps=30, classes=3, checkpoints=3):
        assert row["network"].error(X_test, y_test) == pytest.approx(row["test_error"], abs=0.02)
        assert row["network"].scores(X_test) == pytest.approx(row["scores"], abs=1e-4)
        assert row["test_curve"][-1] == row["test_error"]
        assert row["path"].shape == (30,)


def test_the_linear_network_agrees_with_scikit_learns_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    X, y, X_test, y_test = task()
    arm = {"depth": 0, "optimiser": "sgd", "rate": 0.5, "decay": 0.02, "init": "zero"}
    (found,) = sweep(X, y, X_test, y_test, arms=[arm], steps=3000, classes=3)
    peer = LogisticRegression(C=1 / (0.02 * len(y)), tol=1e-10, max_iter=2000).fit(X, y)
    assert found["scores"] == pytest.approx(peer.predict_proba(X_test), abs=2e-3)


def test_linear_regression_reaches_least_squares_in_the_targets_unit():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((80, 4))
    y = 300 + 50 * X @ [1, 2, 0, -1] + 10 * rng.standard_normal(80)
    arm = {"depth": 0, "optimiser": "sgd", "rate": 0.2}
    (found,) = sweep(X[:60], y[:60], X[60:], y[60:], arms=[arm], steps=500)
    A = np.c_[np.ones(60), X[:60]]
    expected = np.c_[np.ones(20), X[60:]] @ np.linalg.lstsq(A, y[:60], rcond=None)[0]
    assert found["scores"] == pytest.approx(expected, abs=0.05)
    assert found["test_error"] == pytest.approx(((expected - y[60:]) ** 2).mean(), rel=0.01)


def test_a_diverged_network_takes_the_cap_and_says_so():
    X, _, X_test, _ = task()
    y = X[:, 0] * 7
    arm = {"optimiser": "sgd", "rate": 1e6}
    (found,) = sweep(X, y, X_test, X_test[:, 0] * 7, arms=[arm], steps=60)
    assert found["diverged"]
    assert found["test_error"] == pytest.approx(3 * y.var())
    assert found["test_loss"] is None


def test_going_on_from_a_network_is_the_same_as_not_stopping():
    X, y, X_test, y_test = task()
    arm = {"width": 6, "optimiser": "sgd", "rate": 0.1, "seed": 5}
    (whole,) = sweep(X, y, X_test, y_test, arms=[arm], steps=40, classes=3)
    (half,) = sweep(X, y, X_test, y_test, arms=[arm | {"steps": 20}], steps=40, classes=3)
    (rest,) = sweep(X, y, X_test, y_test, arms=[arm | {"start": half["network"]}], steps=20, classes=3)
    assert rest["network"].vector() == pytest.approx(whole["network"].vector(), abs=1e-6)
    assert half["network"].sha256() != whole["network"].sha256()


def test_frozen_layers_do_not_move_and_free_ones_do():
    X, y, X_test, y_test = task()
    (first,) = sweep(X, y, X_test, y_test, arms=[{"width": 6}], steps=5, classes=3)
    arm = {"start": first["network"], "free": (0.0, 1.0)}
    (second,) = sweep(X, y, X_test, y_test, arms=[arm], steps=5, classes=3)
    (W, b), (V, _) = first["network"].weights
    assert np.array_equal(W, second["network"].weights[0][0])
    assert np.array_equal(b, second["network"].weights[0][1])
    assert not np.array_equal(V, second["network"].weights[1][0])


def test_a_strong_anchor_holds_the_parameters():
    X, y, X_test, y_test = task()
    (first,) = sweep(X, y, X_test, y_test, arms=[{"width": 6}], steps=50, classes=3)
    network = first["network"]
    moved = []
    for strength in (0.0, 1000.0):
        anchor = (network, np.ones(network.parameters), strength)
        arm = {"start": network, "anchor": anchor, "optimiser": "sgd", "rate": 1e-3}
        (again,) = sweep(X, (y + 1) % 3, X_test, y_test, arms=[arm], steps=50, classes=3)
        moved.append(np.linalg.norm(again["network"].vector() - network.vector()))
    assert moved[1] < 0.1 * moved[0]


def test_arms_may_bring_their_own_rows_and_get_what_they_would_get_alone():
    one, two = task(60, seed=1), task(40, seed=2)
    names = ("X", "y", "X_test", "y_test")
    arms = [{"width": 6, "seed": 4} | dict(zip(names, rows, strict=True)) for rows in (one, two)]
    both = sweep(*one, arms=arms, steps=20, classes=3)
    for row, rows in zip(both, (one, two), strict=True):
        (alone,) = sweep(*rows, arms=[{"width": 6, "seed": 4}], steps=20, classes=3)
        assert row["network"].vector() == pytest.approx(alone["network"].vector(), abs=1e-5)
        assert row["test_error"] == alone["test_error"]


def test_validation_rows_are_scored_apart_from_test_rows():
    X, y, X_test, y_test = task()
    (row,) = sweep(
        X, y, X_test[:20], y_test[:20], arms=[{"width": 9}], steps=20, classes=3,
        X_validation=X_test[20:], y_validation=y_test[20:],
    )  # fmt: skip
    assert row["validation_error"] == row["network"].error(X_test[20:], y_test[20:])
    assert row["test_error"] == row["network"].error(X_test[:20], y_test[:20])
    assert row["scores"].shape == (20, 3)


def test_label_noise_replaces_the_share_asked_for_and_is_nested():
    from toolkit.learners.networks_batch import _targets

    y = np.arange(5000) % 4
    little, much = (_targets(y, {"seed": 1, "noise": n}, 4)[0] for n in (0.1, 0.3))
    assert np.mean(little != y) == pytest.approx(0.1, abs=0.02)
    assert np.mean(much != y) == pytest.approx(0.3, abs=0.02)
    assert ((little == y) | (much == little)).all()


def test_batches_pass_over_every_row_before_any_comes_again():
    X, y, X_test, y_test = task()
    (row,) = sweep(X, y, X_test, y_test, arms=[{"batch": 20, "dropout": 0.3}], steps=30, classes=3)
    assert row["train_error"] < 0.5
    from toolkit.learners.networks import _complete
    from toolkit.learners.networks_batch import Batch

    arms = [_complete({"batch": 20}, 30)]
    batch = Batch(arms, (X, y, X_test, y_test), None, steps=30, classes=3, checkpoints=1)
    order = batch._order(0)
    assert all(sorted(order[i : i + 3].ravel()) == list(range(60)) for i in range(0, 30, 3))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not():
    X, y, X_test, y_test = task()
    arms = [{"width": 6, "seed": s} for s in (1, 1, 2)]
    one, two, three = (
        r["network"].sha256() for r in sweep(X, y, X_test, y_test, arms=arms, steps=5, classes=3)
    )
    assert one == two != three


def test_the_compilation_cache_is_where_the_environment_says(tmp_path, monkeypatch):
    import jax

    before = jax.config.jax_compilation_cache_dir
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", str(tmp_path / "cache"))
    prepare.cache_clear()
    try:
        assert prepare() == tmp_path / "cache"
        assert (tmp_path / "cache").is_dir()
    finally:
        prepare.cache_clear()
        jax.config.update("jax_compilation_cache_dir", before)
