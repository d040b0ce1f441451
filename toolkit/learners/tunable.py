"""Three learners with the ranges, the defaults and the published script by which people tune them.

Sources of ranges and scripts: *linear*, the coarse-then-fine grid of Hsu, Chang and Lin's "A practical
guide to support vector classification" (2003), applied to rate and penalty; *boosting*, the order of the
XGBoost documentation's notes on parameter tuning (complexity, then randomness, then step and shrinkage);
*network*, Bengio's "Practical recommendations" (2012, arXiv:1206.5533): the rate first, then size and
penalty, then finer. Each script is three stages of ten fits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from toolkit.learners.search import Curves, Setting, Settings, Space, Stage, grid

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RUNGS = 4
STEPS = 120
ROUNDS = 16
STAGE = 10


@dataclass(frozen=True, eq=False)
class Parts:
    """Rows to fit on, rows to choose by, rows to report on; `classes` is 0 for a regression."""

    X: NDArray[np.float64]
    y: NDArray[Any]
    X_validation: NDArray[np.float64]
    y_validation: NDArray[Any]
    X_test: NDArray[np.float64]
    y_test: NDArray[Any]
    classes: int

    def score(self, error: float, loss: float) -> float:
        """Order settings by validation error, ties by loss (which is squeezed below one row's error)."""
        step = 1 / (len(self.y_validation) + 1)
        return math.nan if math.isnan(loss) else error + step * min(loss / (1 + loss), 1.0)


class Tunable(Protocol):
    """A learner that a search can tune."""

    space: Space
    start: Settings
    script: Sequence[Stage]

    def evaluate(self, tries: Sequence[Settings]) -> Curves:
        """Fit every setting and return its curves."""


LINEAR_SPACE = Space((Setting("rate", 1e-3, 1.0, 1e-5, 10.0), Setting("decay", 1e-3, 10.0, 1e-5, 100.0)))
NETWORK_SPACE = Space(
    (
        Setting("rate", 1e-3, 1.0, 1e-5, 10.0),
        Setting("decay", 1e-3, 10.0, 1e-5, 100.0),
        Setting("width", 2, 16, 1, 16, whole=True),
    )
)
BOOSTING_SPACE = Space(
    (
        Setting("eta", 0.03, 1.0, 0.003, 1.0),
        Setting("max_depth", 1, 8, 1, 20, whole=True),
        Setting("min_child_weight", 0.1, 10, 0.0001, 100),
        Setting("lambda", 0.1, 10, 0.0001, 100),
        Setting("subsample", 0.5, 1.0, 0.05, 1.0, log=False),
        Setting("colsample_bytree", 0.3, 1.0, 0.05, 1.0, log=False),
    )
)
BOOSTING_DEFAULTS: Settings = {
    "eta": 0.3,
    "max_depth": 6,
    "min_child_weight": 1,
    "lambda": 1,
    "subsample": 1.0,
    "colsample_bytree": 1.0,
}
BOOSTING_SCRIPT = (
    Stage(grid(max_depth=(1, 2, 3, 5, 8), min_child_weight=(1, 5))),
    Stage(grid(subsample=(0.6, 0.7, 0.8, 0.9, 1.0), colsample_bytree=(0.5, 1.0))),
    Stage(grid(eta=(0.05, 0.1, 0.2, 0.3, 0.5), **{"lambda": (1, 5)})),
)
RATES = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
DECAYS = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 2.0, 5.0, 10.0)
FINER: tuple[Settings, ...] = (*grid(rate=(0.5, 1.0, 2.0), decay=(0.3, 1.0, 3.0)), {"rate": 1.4})


class Networks:
    """Linear models (depth 0) or networks of one hidden layer, trained by Adam on all rows at once.

    `start` holds scikit-learn's MLPClassifier defaults: rate 0.001, penalty 0.0001 of the loss (here next to
    none, as decoupled decay), and 100 units, cut to the widest of the range.
    """

    def __init__(self, parts: Parts, depth: int, seed: int) -> None:
        self.parts, self.depth, self.seed = parts, depth, seed
        self.space = NETWORK_SPACE if depth else LINEAR_SPACE
        self.start: Settings = {"rate": 0.001, "decay": 0.0001} | ({"width": 16} if depth else {})
        second = grid(width=(4, 16), decay=(0.01, 0.1, 0.5, 2.0, 8.0)) if depth else grid(decay=DECAYS)
        self.script: Sequence[Stage] = (
            Stage(grid(rate=RATES)),
            Stage(second),
            Stage(FINER, relative=True),
        )

    def evaluate(self, tries: Sequence[Settings]) -> Curves:
        """Train all settings in one compiled program."""
        import numpy as np

        from toolkit.learners.networks import sweep

        p = self.parts
        found = sweep(
            p.X,
            p.y,
            p.X_test,
            p.y_test,
            X_validation=p.X_validation,
            y_validation=p.y_validation,
            arms=[self._arm(one) for one in tries],
            steps=STEPS,
            classes=p.classes,
            checkpoints=2 ** (RUNGS - 1),
        )
        unit, test_unit = _units(p)
        rungs = [2**r - 1 for r in range(RUNGS)]
        validation = [
            [r["validation_curve"][c] / unit for c in rungs[:-1]]
            + [
                float("nan")
                if r["diverged"] or r["validation_loss"] is None  # finite on its own rows only
                else p.score(r["validation_error"] / unit, r["validation_loss"] / unit)
            ]
            for r in found
        ]
        test = [r["test_error"] / test_unit for r in found]
        return Curves(np.array(validation), np.array(test))

    def _arm(self, one: Settings) -> Mapping[str, Any]:
        width = {"width": int(one["width"])} if self.depth else {}
        return {
            "rate": one["rate"],
            "decay": one["decay"],
            "depth": self.depth,
            "seed": self.seed,
            "init": "he" if self.depth else "zero",
            **width,
        }


class Boosting:
    """Boosted trees by xgboost, 16 rounds, of which the halving search may look at 2, 4 and 8.

    `start` holds xgboost's defaults.
    """

    def __init__(self, parts: Parts, seed: int) -> None:
        import xgboost

        self.parts, self.seed = parts, seed
        self.space = BOOSTING_SPACE
        self.start: Settings = BOOSTING_DEFAULTS
        self.script: Sequence[Stage] = BOOSTING_SCRIPT
        # Exact splits are the faster way on few columns, histograms on many.
        self.method = "exact" if parts.X.shape[1] <= 40 else "hist"
        self.train = xgboost.DMatrix(parts.X, parts.y, nthread=1)
        self.held = [
            (xgboost.DMatrix(X, nthread=1), y)
            for X, y in ((parts.X_validation, parts.y_validation), (parts.X_test, parts.y_test))
        ]

    def evaluate(self, tries: Sequence[Settings]) -> Curves:
        """Fit every setting once; its first rounds are the smaller budgets."""
        import numpy as np

        fits = [self._fit(one) for one in tries]
        return Curves(np.array([v for v, _ in fits]), np.array([t for _, t in fits]))

    def _fit(self, one: Settings) -> tuple[list[float], float]:
        import xgboost

        p = self.parts
        objective: dict[str, Any] = {"objective": "reg:squarederror"}
        if p.classes:
            objective = {"objective": "multi:softprob", "num_class": p.classes}
        if p.classes == 2:
            objective = {"objective": "binary:logistic"}
        plain = {"nthread": 1, "verbosity": 0, "tree_method": self.method, "seed": self.seed}
        setting = {**one, "max_depth": int(one["max_depth"]), **objective, **plain}
        booster = xgboost.train(setting, self.train, ROUNDS)
        (validation, y), (test, y_test) = self.held
        rungs = [ROUNDS // 2 ** (RUNGS - 1 - r) for r in range(RUNGS)]
        unit, test_unit = _units(p)
        scores = []
        for rounds in rungs:
            error, loss = _wrong(booster.predict(validation, iteration_range=(0, rounds)), y, p.classes)
            scores.append(p.score(error / unit, loss / unit))
        return scores, _wrong(booster.predict(test), y_test, p.classes)[0] / test_unit


def _units(p: Parts) -> tuple[float, float]:
    """Return what errors are divided by: a regression's become shares of the variance left unexplained."""
    if p.classes:
        return 1.0, 1.0
    return float(p.y_validation.var()) or 1.0, float(p.y_test.var()) or 1.0


def _wrong(scores: NDArray[Any], y: NDArray[Any], classes: int) -> tuple[float, float]:
    """Return (share wrong, log-loss in nats), or the mean squared error twice."""
    import numpy as np

    if not classes:
        squared = float(((scores - y) ** 2).mean())
        return squared, squared
    both = scores if classes > 2 else np.stack([1 - scores, scores], axis=1)
    chosen = both[np.arange(len(y)), y]
    return float((both.argmax(axis=1) != y).mean()), float(-np.log(np.clip(chosen, 1e-12, 1)).mean())


class Planted:
    """A response surface whose best setting is known: no learner, only what a search sees of one.

    Validation scores are the true error plus noise of standard deviation 0.003; smaller budgets add 0.05
    each and four times the noise; the test error is the truth.
    """

    def __init__(self, kind: str, settings: int, seed: int) -> None:
        from toolkit.experiment import generator

        self.kind = kind
        self.rng = generator(seed, "planted surface", kind)
        names = [f"s{i}" for i in range(settings)]
        self.space = Space(tuple(Setting(n, 0.0, 1.0, 0.0, 10.0, log=False) for n in names))
        self.best = self.rng.random(settings)
        if kind in {"equal", "dominant"}:  # the same place for all, so that they truly add the same
            self.best[:] = self.best[0]
        self.start: Settings = dict.fromkeys(names, 0.5)
        levels = [(i + 0.5) / STAGE for i in range(STAGE)]
        self.script: Sequence[Stage] = tuple(Stage(grid(**{n: levels})) for n in names)

    def evaluate(self, tries: Sequence[Settings]) -> Curves:
        """Look the settings up on the surface."""
        import numpy as np

        from toolkit.worlds import tuning

        places = np.array([list(one.values()) for one in tries])
        truth = tuning.surface(self.kind, places, self.best)
        early = np.arange(RUNGS - 1, -1, -1)
        noise = self.rng.normal(size=(len(tries), RUNGS)) * np.where(early > 0, 0.012, 0.003)
        return Curves(truth[:, None] + 0.05 * early + noise, truth)
