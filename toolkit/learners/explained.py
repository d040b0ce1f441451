"""A boosted model that can be taken apart: contributions of features to one answer, and of trees to all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


class Boosted:
    """Boosted trees by xgboost with exact Shapley contributions (Lundberg et al. 2020).

    Parameters
    ----------
    X, y : ndarray
        Inputs (rows, features); class codes, or a regression's target.
    classes : int
        0 for a regression.
    rounds, depth, rate
        Moderate, so that the model neither underfits nor memorises. By default 40 rounds, and 16 where more
        than four classes take a tree each.
    """

    def __init__(
        self,
        X: Floats,
        y: NDArray[Any],
        classes: int,
        *,
        seed: int = 0,
        rounds: int | None = None,
        depth: int = 3,
        rate: float = 0.2,
    ) -> None:
        import xgboost

        self.classes = classes
        self.outputs = classes if classes > 2 else 1
        rounds = rounds or (40 if self.outputs <= 4 else 16)
        setting: dict[str, Any] = {"objective": "reg:squarederror"}
        if classes:
            setting = {"objective": "multi:softprob", "num_class": classes}
        if classes == 2:
            setting = {"objective": "binary:logistic"}
        setting |= {"max_depth": depth, "eta": rate, "seed": seed, "nthread": 1, "verbosity": 0}
        setting |= {"tree_method": "hist", "max_bin": 64}
        self.booster = xgboost.train(setting, xgboost.DMatrix(X, y, nthread=1), rounds)

    def _rows(self, X: Floats) -> Any:
        import xgboost

        return xgboost.DMatrix(X, nthread=1)

    def margins(self, X: Floats) -> Floats:
        """Return log-odds (one or one per class) or predictions, shape (rows, outputs)."""
        import numpy as np

        raw = self.booster.inplace_predict(X, predict_type="margin")
        return np.asarray(raw, dtype=np.float64).reshape(len(X), self.outputs)

    def contributions(self, X: Floats) -> Floats:
        """Return each feature's share of each margin, shape (rows, outputs, features); the bias is left out.

        With the bias they sum to the margins (to float32).
        """
        import numpy as np

        raw = np.asarray(self.booster.predict(self._rows(X), pred_contribs=True), dtype=np.float64)
        return raw.reshape(len(X), self.outputs, -1)[:, :, :-1]

    def trees(self, X: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what each tree adds, its gain, and the margin without any tree.

        Returns
        -------
        added : ndarray, shape (rows, outputs, trees of that output)
        gain : ndarray, shape (outputs, trees of that output)
            Total loss reduction of the tree's splits in training.
        base : ndarray, shape (rows, outputs)
        """
        import numpy as np

        model = json.loads(self.booster.save_raw("json"))["learner"]["gradient_booster"]["model"]
        leaves = np.asarray(self.booster.predict(self._rows(X), pred_leaf=True)).astype(np.int64)
        leaves = leaves.reshape(len(X), -1)
        values = [np.array(tree["split_conditions"])[leaves[:, t]] for t, tree in enumerate(model["trees"])]
        gains = [sum(tree["loss_changes"]) for tree in model["trees"]]
        owner = np.array(model["tree_info"])
        added = np.stack(
            [
                np.stack([v for v, o in zip(values, owner, strict=True) if o == c], axis=1)
                for c in range(self.outputs)
            ],
            axis=1,
        )
        gain = np.array(
            [[g for g, o in zip(gains, owner, strict=True) if o == c] for c in range(self.outputs)]
        )
        return added, gain, self.margins(X) - added.sum(axis=2)


def decide(margins: Floats, classes: int) -> NDArray[Any]:
    """Return class codes, or a regression's predictions, from margins (rows, outputs)."""
    import numpy as np

    if classes > 2:
        return np.asarray(margins.argmax(axis=1))
    return np.asarray((margins[:, 0] > 0).astype(np.int64)) if classes else margins[:, 0]


def row_losses(margins: Floats, y: NDArray[Any], classes: int) -> Floats:
    """Return each row's log-loss (nats) or squared error."""
    import numpy as np

    if not classes:
        return np.asarray((margins[:, 0] - y) ** 2)
    if classes == 2:
        return np.asarray(np.logaddexp(0.0, np.where(y == 1, -margins[:, 0], margins[:, 0])))
    top = margins.max(axis=1, keepdims=True)
    total = top[:, 0] + np.log(np.exp(margins - top).sum(axis=1))
    return np.asarray(total - margins[np.arange(len(y)), y])


def error(predicted: NDArray[Any], y: NDArray[Any], classes: int) -> float:
    """Return the share of wrong classes, or the share of variance left unexplained, at most 3."""
    import numpy as np

    if classes:
        return float(np.mean(predicted != y))
    return min(3.0, float(np.mean((predicted - y) ** 2) / (y.var() or 1.0)))
