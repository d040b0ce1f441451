"""Neural networks (JAX) for every study of them: many settings trained in one compiled program.

`sweep` is the way in. Arms that share a padded shape are trained together; the seed, rate, decay, width
within its bucket and label noise are traced, so a program is compiled once and serves every trial.
"""

from __future__ import annotations

import hashlib
import os
import platform
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.learners.networks_batch import Batch, bucket
from toolkit.learners.networks_init import INITIALISERS, count
from toolkit.learners.networks_model import Network
from toolkit.learners.networks_train import ACTIVATIONS, OPTIMISERS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "OPTIMISERS",
    "Network",
    "count",
    "prepare",
    "small_tables",
    "sweep",
]


@lru_cache
def prepare() -> Path:
    """Turn on the persistent compilation cache and return its folder.

    The folder is ``JAX_COMPILATION_CACHE_DIR`` or the user's cache folder, one per model of processor,
    since a program compiled for one may not run on another.
    """
    import jax
    import platformdirs

    cpu = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").exists():
        kept = ("model name", "flags", "Features", "CPU part")
        cpu += "".join(
            sorted({s for s in Path("/proc/cpuinfo").read_text().splitlines() if s.startswith(kept)})
        )
    key = hashlib.sha256(cpu.encode()).hexdigest()[:12]
    chosen = os.environ.get("JAX_COMPILATION_CACHE_DIR")
    folder = Path(chosen) if chosen else platformdirs.user_cache_path("misconception-toolkit") / f"xla-{key}"
    folder.mkdir(parents=True, exist_ok=True)
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", 0)
    return folder


DEFAULTS: Mapping[str, Any] = {
    "width": 64,
    "depth": 1,
    "rate": 0.01,
    "decay": 0.0,
    "seed": 0,
    "init": "he",
    "activation": "relu",
    "optimiser": "adam",
    "batch": 0,
    "dropout": 0.0,
    "noise": 0.0,
    "start": None,
    "free": None,
    "anchor": None,
    "X": None,
    "y": None,
    "X_test": None,
    "y_test": None,
}


def small_tables(classes: int) -> Mapping[str, int]:
    """Return a `pad` for `sweep` under which all small tables share one program.

    Tracing a program anew costs as much as a second of training, and each dataset would pay it.
    """
    return {"features": 64, "held": 1024} | ({"classes": 10} if classes else {})


def sweep(
    X: NDArray[np.float64],
    y: NDArray[Any],
    X_test: NDArray[np.float64],
    y_test: NDArray[Any],
    *,
    arms: Sequence[Mapping[str, Any]],
    steps: int,
    classes: int = 0,
    X_validation: NDArray[np.float64] | None = None,
    y_validation: NDArray[Any] | None = None,
    checkpoints: int = 1,
    pad: Mapping[str, int] | None = None,
) -> list[dict[str, Any]]:
    """Train one network per arm on the same rows and return what each came to.

    ::

        arms = [{"width": w, "rate": 0.01, "decay": 0.0, "seed": seed} for w in (4, 16, 64, 256)]
        found = sweep(s.X, s.y, s.X_test, s.y_test, arms=arms, steps=300, classes=10)
        [(r["parameters"], r["test_error"]) for r in found]

    Parameters
    ----------
    X, y, X_test, y_test : ndarray
        Scaled inputs (rows, features); class codes from 0, or a regression's target (any unit).
    arms : sequence of mapping
        Settings, each with a default: ``width`` 64, ``depth`` 1 (hidden layers; 0 is multinomial logistic
        or linear regression), ``rate`` 0.01, ``decay`` 0 (decoupled, weights only, times the rate),
        ``seed`` 0, ``init`` "he" (see INITIALISERS), ``activation`` "relu", ``optimiser`` "adam"
        (rates of 0.003-0.03; about ten times that for "sgd"), ``batch`` 0 (rows per step; 0 is all),
        ``steps`` (fewer than the call's: the arm stops early), ``dropout`` 0, ``noise`` 0 (share of
        training labels replaced by another class, or standard deviations added to a target; drawn from
        ``seed``, and nested: more noise keeps the wrong labels of less). ``start``: a Network to go on
        from instead of drawing weights. ``free``: per layer a factor of the rate, 0 freezes a layer.
        ``anchor``: (Network, importance vector, strength) pulls parameters back quadratically, as in
        elastic weight consolidation. ``X``, ``y``, ``X_test``, ``y_test``: this arm's own rows (then
        every array is padded to the largest). Any other key is carried into the result.
    steps : int
        Steps of the optimiser (rounded up to a multiple of `checkpoints`, the rest idle).
    classes : int
        0 for a regression.
    checkpoints : int
        Evaluations, evenly spaced, the last at the end.
    pad : mapping, optional
        ``rows``, ``held``, ``features``, ``classes``: at least this size, so that tables of different
        sizes share one compiled program.

    Returns
    -------
    list of dict
        Per arm its settings and: ``parameters`` (exact count), ``train_error``, ``validation_error``
        (None without), ``test_error`` (share wrong, or mean squared error in the target's unit),
        ``train_loss``, ``validation_loss``, ``test_loss`` (nats, or squared error), ``diverged`` (then every
        error is the cap, three times that of a constant guess, at most 1 for classes), ``checkpoints``
        (steps), ``train_curve``, ``test_curve``, ``validation_curve`` (errors at them), ``path`` (ndarray
        (steps,): loss before each step, on the batch), ``network`` (a Network), ``scores`` (ndarray:
        test probabilities (rows, classes) or predictions).
    """
    prepare()
    held = (X_validation, y_validation) if X_validation is not None else None
    full = [_complete(arm, steps) for arm in arms]
    groups: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    for number, arm in enumerate(full):
        groups[_program_key(arm)].append(number)
    found: dict[int, dict[str, Any]] = {}
    for members in groups.values():
        own = [full[i] for i in members]
        batch = Batch(
            own, (X, y, X_test, y_test), held, steps=steps, classes=classes, checkpoints=checkpoints
        )
        found |= dict(zip(members, batch.train(pad or {}), strict=True))
    return [found[i] for i in range(len(full))]


def _complete(arm: Mapping[str, Any], steps: int) -> dict[str, Any]:
    """Fill in the defaults; a network that goes on keeps its own shape."""
    full = dict(DEFAULTS) | {"steps": steps} | dict(arm)
    if full["depth"] == 0:
        full["width"] = 0
    if full["start"] is not None:
        start: Network = full["start"]
        full |= {"depth": len(start.weights) - 1, "activation": start.activation, "init": "start"}
        full["width"] = start.weights[0][0].shape[1] if len(start.weights) > 1 else 0
    return full


def _program_key(arm: Mapping[str, Any]) -> tuple[Any, ...]:
    """Say what arms must share to be trained by one program."""
    kept = ("depth", "activation", "optimiser", "batch")
    return (
        bucket(arm["width"]),
        *(arm[k] for k in kept),
        arm["dropout"] > 0,
        arm["anchor"] is not None,
        any(arm[k] is not None for k in ("X", "X_test", "y_test")),
    )
