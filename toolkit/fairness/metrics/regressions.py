"""A regression in each group: means of target, prediction and error, and the sizes of errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from toolkit.fairness.cells import Cells, Partition
from toolkit.fairness.estimates import Estimates
from toolkit.fairness.metrics.beyond import Z95, people, student, unknown
from toolkit.fairness.metrics.means import STEADY, Quantity, mean

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The sum of the cells behind each mean.
MEANS = {
    "mean_target": "target",
    "mean_prediction": "prediction",
    "mean_error": "error",
    "mean_absolute_error": "size",
}


def of_regression(cells: Cells, name: str, low: float = -float("inf")) -> Quantity:
    """Return a sum that a regression's cells keep: "target", "prediction", "error" or "size".

    Sums by squared weights are taken from "w2 NAME" and "w2 NAME2" where they were counted; otherwise weights
    are taken as unrelated to the quantity within a cell.
    """
    import numpy as np

    _, weight, weight2 = people(cells)
    total, square = cells.sums[name], cells.sums[f"{name}2"]
    factor = weight2 / np.where(weight > 0, weight, 1.0)
    total2 = cells.sums.get(f"w2 {name}", total * factor)
    square2 = cells.sums.get(f"w2 {name}2", square * factor)
    return Quantity(total, square, total2, square2, None, low)


def regression(cells: Cells, partition: Partition, metric: str) -> Estimates:
    """Estimate one of MEANS in each group; the error is prediction minus target."""
    name = MEANS[metric]
    if name not in cells.sums:
        return unknown(metric, partition, "needs a regression's target and prediction")
    size = name == "size"
    return mean(cells, partition, metric, of_regression(cells, name, 0.0 if size else -float("inf")), size)


def root_mean_squared_error(cells: Cells, partition: Partition) -> Estimates:
    """Estimate the root of the mean squared error, with limits on the log scale by the delta method.

    The variance of a mean square needs fourth powers ("error4"); without them no interval is shown. With up
    to STEADY people it is at least that of normal errors, 2 / n relative to the square. Normal errors are
    covered in 94-97 % from twelve people up; errors with long tails less often, since the tail is seldom in
    the sample (exponential: 82 % with thirty people, 91 % with three hundred).
    """
    import numpy as np

    metric = "root_mean_squared_error"
    if "error2" not in cells.sums:
        return unknown(metric, partition, "needs a regression's target and prediction")
    fourth = cells.sums.get("error4")
    found = squared_error(cells, fourth)
    square = mean(cells, partition, metric, found, ratio=True)
    assert square.df is not None
    df = square.df
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.sqrt(square.value)
        error = np.sqrt(square.variance) / (2 * square.value)
        # What normal errors would give: few errors seldom show how large the largest can be.
        usual = np.sqrt(2 / (df + 1) * np.minimum(1.0, STEADY / (df + 1))) / 2
        error = np.full(len(value), np.nan) if fourth is None else np.fmax(error, usual)
    shown = square.shown & np.isfinite(error) & (value > 0)

    def limits(z: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        # Beyond e^200 either way the far tails that p_margin looks at would overflow once squared.
        half = np.minimum(student(z, df) * error, 200.0)
        return value * np.exp(-half), value * np.exp(half)

    low, high = limits(Z95)
    missing = "no interval: the fourth powers of the errors were not counted"
    return Estimates(
        metric=metric,
        value=value,
        n=square.n,
        variance=(value * error) ** 2,
        low=np.where(shown, low, np.nan),
        high=np.where(shown, high, np.nan),
        limits=limits,
        df=df,
        ratio=True,
        shown=shown,
        notes=tuple(
            missing if fourth is None and np.isfinite(one) else note
            for note, one in zip(square.notes, value, strict=True)
        ),
        method="delta method on the log scale, Student's t",
    )


def squared_error(cells: Cells, fourth: NDArray[np.float64] | None) -> Quantity:
    """Return the squared error as a quantity; without fourth powers its squares mean nothing."""
    import numpy as np

    _, weight, weight2 = people(cells)
    factor = weight2 / np.where(weight > 0, weight, 1.0)
    square = cells.sums["error2"]
    power = square if fourth is None else fourth
    return Quantity(square, power, square * factor, power * factor, None, 0.0)
