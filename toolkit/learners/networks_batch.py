"""Arms that share one compiled program: padded, stacked, trained once, cut back; the engine of `networks`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolkit.learners.networks_init import Weights, initial, sizes
from toolkit.learners.networks_model import Network
from toolkit.learners.networks_train import Plan, program

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BUCKETS = (16, 64, 256, 1024)
CAP = 3.0
OWN = ("X", "y", "X_test", "y_test")
HEAVY = ("start", "anchor", "free", *OWN)


def bucket(width: int) -> int:
    """Return the padded width that a true width is trained at."""
    return next((b for b in BUCKETS if b >= width), -(-width // 1024) * 1024) if width else 0


def _round_up(number: int) -> int:
    """Pad a size so that similar tables share a program: to 8, then 16, 64, 256 at a time."""
    step = 8 if number <= 32 else 16 if number <= 128 else 64 if number <= 1024 else 256
    return -(-number // step) * step


class Batch:
    """Arms of one program, padded and stacked; trained once, then cut back to their true sizes."""

    def __init__(
        self,
        arms: list[dict[str, Any]],
        rows: tuple[Any, Any, Any, Any],
        held: tuple[Any, Any] | None,
        *,
        steps: int,
        classes: int,
        checkpoints: int,
    ) -> None:
        self.arms, self.steps, self.classes, self.held = arms, steps, classes, held
        self.shared = all(arm[k] is None for arm in arms for k in ("X", "X_test", "y_test"))
        self.rows = [
            tuple(
                own if own is not None else given for own, given in zip(map(arm.get, OWN), rows, strict=True)
            )
            for arm in arms
        ]
        self.stride = -(-steps // checkpoints)
        first = arms[0]
        self.plan = Plan(
            first["activation"],
            first["optimiser"],
            classes == 0,
            self.stride,
            checkpoints,
            first["batch"] > 0,
            first["dropout"] > 0,
            first["anchor"] is not None,
            self.shared,
        )
        self.targets = [_targets(r[1], arm, classes) for r, arm in zip(self.rows, arms, strict=True)]

    def train(self, pad: Mapping[str, int]) -> list[dict[str, Any]]:
        """Run the compiled program and read its arrays."""
        import jax
        import numpy as np

        features = max(pad.get("features", 0), *(_round_up(r[0].shape[1]) for r in self.rows))
        outputs = max(pad.get("classes", 0), self.classes, 1)
        padded = sizes(features, bucket(self.arms[0]["width"]), self.arms[0]["depth"], outputs)
        weights = self._start(padded)
        arms = self._settings(padded)
        data = self._data(features, pad)
        data["classes"] = np.arange(outputs) < max(self.classes, 1)
        stacked = jax.tree.map(lambda *parts: np.stack(parts), *weights)
        answer = jax.device_get(program(self.plan)(stacked, arms, data))
        return [self._read(number, *answer) for number in range(len(self.arms))]

    def _true(self, arm: Mapping[str, Any], number: int) -> list[tuple[int, int]]:
        return sizes(self.rows[number][0].shape[1], arm["width"], arm["depth"], max(self.classes, 1))

    def _start(self, padded: list[tuple[int, int]]) -> list[Weights]:
        """Draw the initial weights, or pad those of networks that go on."""
        fresh = [i for i, arm in enumerate(self.arms) if arm["start"] is None]
        gain = 2**0.5 if self.plan.activation == "relu" else 1.0
        asked = [(self.arms[i]["init"], self.arms[i]["seed"], self._true(self.arms[i], i)) for i in fresh]
        drawn = dict(zip(fresh, initial(asked, padded, gain) if fresh else [], strict=True))
        return [
            drawn[i] if i in drawn else _padded(arm["start"].weights, padded)
            for i, arm in enumerate(self.arms)
        ]

    def _settings(self, padded: list[tuple[int, int]]) -> dict[str, Any]:
        """Stack what differs between arms and is traced."""
        import jax
        import numpy as np

        wide = bucket(self.arms[0]["width"])
        arms: dict[str, Any] = {
            name: np.array([arm[name] for arm in self.arms], dtype=np.float32)
            for name in ("rate", "decay", "dropout", "steps")
        }
        arms["seed"] = np.array([arm["seed"] % 2**32 for arm in self.arms], dtype=np.uint32)
        arms["alive"] = np.array([np.arange(wide) < arm["width"] for arm in self.arms], dtype=np.float32)
        ones = (1.0,) * len(padded)
        arms["free"] = np.array([arm["free"] or ones for arm in self.arms], dtype=np.float32).T
        arms["free"] = tuple(arms["free"])
        if self.plan.batch:
            arms["order"] = np.stack([self._order(i) for i in range(len(self.arms))])
        if self.plan.anchored:
            kept = [arm["anchor"] for arm in self.arms]
            arms["pull"] = np.array([strength for _, _, strength in kept], dtype=np.float32)
            for name, networks in (
                ("anchor", [a for a, _, _ in kept]),
                ("fisher", [a.with_vector(f) for a, f, _ in kept]),
            ):
                each = [_padded(network.weights, padded) for network in networks]
                arms[name] = jax.tree.map(lambda *parts: np.stack(parts), *each)
        return arms

    def _order(self, number: int) -> NDArray[np.int32]:
        """Shuffle the rows anew for each pass and cut them into batches, shape (steps, batch)."""
        import numpy as np

        rows, size = len(self.rows[number][1]), min(self.arms[number]["batch"], len(self.rows[number][1]))
        rng = np.random.default_rng([self.arms[number]["seed"] % 2**32, 7])
        needed = self.stride * self.plan.segments * size
        passes = [rng.permutation(rows) for _ in range(-(-needed // rows))]
        return np.concatenate(passes)[:needed].reshape(-1, size).astype(np.int32)

    def _data(self, features: int, pad: Mapping[str, int]) -> dict[str, Any]:
        """Stack the rows, padded by rows of no weight."""
        import numpy as np

        extra = len(self.held[1]) if self.held else 0
        n = max(pad.get("rows", 0), *(_round_up(len(r[1])) for r in self.rows))
        m = max(pad.get("held", 0), *(_round_up(len(r[3]) + extra) for r in self.rows))
        kind = np.float32 if self.plan.regression else np.int32
        each: dict[str, list[Any]] = defaultdict(list)
        for (X, _, X_test, y_test), (y, centre, scale) in zip(self.rows, self.targets, strict=True):
            X_held, y_held = (
                (np.vstack([X_test, self.held[0]]), np.concatenate([y_test, self.held[1]]))
                if self.held
                else (X_test, y_test)
            )
            place = np.arange(m)
            each["X"].append(_fill(X, (n, features), np.float32))
            each["y"].append(_fill(y, (n,), kind))
            each["w"].append((np.arange(n) < len(y)).astype(np.float32))
            each["X_held"].append(_fill(X_held, (m, features), np.float32))
            each["y_held"].append(
                _fill((y_held - centre) / scale if not self.classes else y_held, (m,), kind)
            )
            each["w_test"].append((place < len(y_test)).astype(np.float32))
            each["w_validation"].append(((place >= len(y_test)) & (place < len(y_held))).astype(np.float32))
        if self.shared:
            return {k: np.stack(v) if k == "y" else v[0] for k, v in each.items()}
        return {k: np.stack(v) for k, v in each.items()}

    def _read(self, number: int, weights: Any, path: Any, seen: Any, outputs: Any) -> dict[str, Any]:
        """Cut one arm's arrays to its true sizes and bring a regression back to its unit."""
        import numpy as np

        arm = self.arms[number]
        y, centre, scale = self.targets[number]
        layers = tuple(
            (W[number, :inputs, :units], b[number, :units])
            for (W, b), (inputs, units) in zip(weights, self._true(arm, number), strict=True)
        )
        network = Network(layers, self.plan.activation, not self.classes, centre, scale)
        diverged = not all(np.isfinite(network.vector())) or not np.isfinite(seen["train"][0][number][-1])
        dummy = 1 - np.bincount(y).max() / len(y) if self.classes else scale**2
        cap = float(min(1.0, CAP * dummy) if self.classes else CAP * dummy)
        unit = 1.0 if self.classes else scale**2
        row = {k: v for k, v in arm.items() if k not in HEAVY}
        row |= {"parameters": network.parameters, "diverged": diverged, "network": network}
        n_test = len(self.rows[number][3])
        counts = {"train": len(y), "validation": len(self.held[1]) if self.held else 1, "test": n_test}
        for part, n in counts.items():
            loss, error = (np.asarray(v[number], dtype=np.float64) * unit for v in seen[part])
            error = np.round(error * n) / n if self.classes else error  # float32 means of 0 and 1
            bad = ~np.isfinite(loss)
            error = np.where(bad, cap, error if self.classes else np.minimum(error, cap))
            absent = part == "validation" and not self.held
            row[f"{part}_curve"] = None if absent else [float(e) for e in error]
            row[f"{part}_error"] = None if absent else cap if diverged else float(error[-1])
            row[f"{part}_loss"] = None if absent or bad[-1] else float(loss[-1])
        row["checkpoints"] = [min(self.steps, self.stride * (i + 1)) for i in range(self.plan.segments)]
        row["path"] = np.asarray(path[number][: self.steps])
        row["scores"] = _scores(np.asarray(outputs[number][:n_test]), self.classes, centre, scale)
        return row


def _scores(outputs: NDArray[Any], classes: int, centre: float, scale: float) -> NDArray[np.float32]:
    """Turn outputs into probabilities or into predictions in the target's unit."""
    import numpy as np

    with np.errstate(all="ignore"):  # a diverged network may overflow; its error is the cap
        if not classes:
            return np.asarray(outputs[:, 0] * scale + centre)
        outputs = outputs[:, :classes]
        raised = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _targets(y: NDArray[Any], arm: Mapping[str, Any], classes: int) -> tuple[NDArray[Any], float, float]:
    """Return the targets an arm learns, with its noise, and a regression's centre and scale."""
    import numpy as np

    rng = np.random.default_rng([arm["seed"] % 2**32, 11])
    if not classes:
        spread = float(np.std(y)) or 1.0
        noisy = y + arm["noise"] * spread * rng.standard_normal(len(y)) if arm["noise"] else y
        centre, scale = float(np.mean(noisy)), float(np.std(noisy)) or 1.0
        return (noisy - centre) / scale, centre, scale
    wrong = rng.random(len(y)) < arm["noise"]
    other = (y + rng.integers(1, max(classes, 2), len(y))) % classes
    return np.where(wrong, other, y).astype(np.int64), 0.0, 1.0


def _padded(weights: Weights, padded: list[tuple[int, int]]) -> Weights:
    """Pad a network's true arrays with zeros to the shape of a program."""
    import numpy as np

    return tuple(
        (_fill(W, shape, np.float32), _fill(b, shape[1:], np.float32))
        for (W, b), shape in zip(weights, padded, strict=True)
    )


def _fill(values: Any, shape: tuple[int, ...], kind: Any) -> Any:
    """Put an array into the corner of zeros of the shape given."""
    import numpy as np

    filled = np.zeros(shape, dtype=kind)
    filled[tuple(slice(0, n) for n in np.shape(values))] = values
    return filled
