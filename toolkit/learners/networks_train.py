"""The compiled heart of `networks`: one ``jit(vmap(train))`` over all arms that share a padded shape."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

ACTIVATIONS = ("relu", "tanh", "gelu", "sigmoid", "identity")
OPTIMISERS = ("sgd", "momentum", "adam")


class Plan(NamedTuple):
    """What a compiled program is fixed to; everything else (seed, rate, decay, widths) is traced.

    ``segments`` evaluations are made, each after ``stride`` steps; ``batch`` 0 is full batch; ``shared``
    says that all arms learn from the same inputs, so that they are held, and multiplied, once.
    """

    activation: str
    optimiser: str
    regression: bool
    stride: int
    segments: int
    batch: bool
    dropout: bool
    anchored: bool
    shared: bool


def forward(activation: str, weights: Any, alive: Any, X: Any, drop: Any = None) -> Any:
    """Return the outputs (rows, outputs) of one network; units that are not alive stay exactly zero."""
    import jax

    act = {
        "relu": jax.nn.relu,
        "tanh": jax.numpy.tanh,
        "gelu": jax.nn.gelu,
        "sigmoid": jax.nn.sigmoid,
        "identity": lambda z: z,
    }[activation]
    hidden = X
    for number, (W, b) in enumerate(weights[:-1]):
        hidden = act(hidden @ W + b) * alive
        if drop is not None:
            key, rate = drop
            kept = jax.random.bernoulli(jax.random.fold_in(key, number), 1 - rate, hidden.shape)
            hidden = hidden * kept / (1 - rate)
    W, b = weights[-1]
    return hidden @ W + b


def losses(regression: bool, outputs: Any, y: Any, classes: Any) -> tuple[Any, Any]:
    """Return each row's loss and error: log-loss and 0/1 error, or squared error twice."""
    import jax
    import jax.numpy as jnp

    if regression:
        squared = (outputs[:, 0] - y) ** 2
        return squared, squared
    logits = jnp.where(classes, outputs, -1e9)
    picked = jnp.take_along_axis(logits, y[:, None], axis=1)[:, 0]
    return jax.nn.logsumexp(logits, axis=1) - picked, (jnp.argmax(logits, axis=1) != y) * 1.0


def _mean(values: Any, weight: Any) -> Any:
    """Average over the rows that are really there."""
    import jax.numpy as jnp

    return jnp.sum(values * weight) / jnp.maximum(jnp.sum(weight), 1.0)


def _direction(plan: Plan) -> Any:
    """Return the optimiser as a rule for directions; the rate is applied by hand because it is traced."""
    import optax

    return {
        "sgd": optax.identity,
        "momentum": lambda: optax.trace(decay=0.9),
        "adam": optax.scale_by_adam,
    }[plan.optimiser]()


def _train_one(plan: Plan, weights: Any, arm: Any, data: Any) -> Any:
    """Train one network; `arm` holds its traced settings, `data` its rows."""
    import jax
    import jax.numpy as jnp

    rule = _direction(plan)
    # Far from the layers of the start; only where it is asked for, as it doubles the program.
    noise = jax.random.fold_in(jax.random.key(arm["seed"]), 2**20) if plan.dropout else None

    def loss(p: Any, t: Any) -> Any:
        rows = arm["order"][t] if plan.batch else slice(None)
        drop = (jax.random.fold_in(noise, t), arm["dropout"]) if plan.dropout else None
        outputs = forward(plan.activation, p, arm["alive"], data["X"][rows], drop)
        return _mean(losses(plan.regression, outputs, data["y"][rows], data["classes"])[0], data["w"][rows])

    def step(state: Any, t: Any) -> Any:
        p, memory = state
        value, slope = jax.value_and_grad(loss)(p, t)
        if plan.anchored:
            pull = jax.tree.map(lambda f, a, b: arm["pull"] * f * (a - b), arm["fisher"], p, arm["anchor"])
            slope = jax.tree.map(jnp.add, slope, pull)
        toward, memory = rule.update(slope, memory, p)
        live = (t < arm["steps"]) * arm["rate"]
        moved = tuple(
            (W - live * f * (dW + arm["decay"] * W), b - live * f * db)
            for (W, b), (dW, db), f in zip(p, toward, arm["free"], strict=True)
        )
        return (moved, memory), value

    def segment(state: Any, number: Any) -> Any:
        state, path = jax.lax.scan(step, state, number * plan.stride + jnp.arange(plan.stride))
        outputs = forward(plan.activation, state[0], arm["alive"], data["X"])
        held = forward(plan.activation, state[0], arm["alive"], data["X_held"])
        train = losses(plan.regression, outputs, data["y"], data["classes"])
        other = losses(plan.regression, held, data["y_held"], data["classes"])
        seen = {
            "train": [_mean(v, data["w"]) for v in train],
            "validation": [_mean(v, data["w_validation"]) for v in other],
            "test": [_mean(v, data["w_test"]) for v in other],
        }
        return state, (path, seen)

    (weights, _), (path, seen) = jax.lax.scan(
        segment, (weights, rule.init(weights)), jnp.arange(plan.segments)
    )
    return weights, path.reshape(-1), seen, forward(plan.activation, weights, arm["alive"], data["X_held"])


@lru_cache
def program(plan: Plan) -> Any:
    """Return the compiled trainer of one plan: (weights, arms, data) -> (weights, path, seen, outputs)."""
    import jax

    axes = {"X": None, "w": None, "X_held": None, "w_validation": None, "w_test": None, "y_held": None}
    shared = {"y": 0, "classes": None} | axes
    own = {"y": 0, "classes": None} | dict.fromkeys(axes, 0)

    def train(weights: Any, arm: Any, data: Any) -> Any:
        return _train_one(plan, weights, arm, data)

    return jax.jit(jax.vmap(train, in_axes=(0, 0, shared if plan.shared else own)))
