"""How much each setting of a full factorial accounts for, without the bias of plain variance shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def main_effects(table: NDArray[np.float64]) -> tuple[list[float], float]:
    """Return the variance of each setting's main effect, and of all cells together.

    With the mean m and the variance s2 over samples of a centred effect at one level, m^2 - s2 / samples is
    unbiased for the squared effect; it is averaged over levels. Zero on average where a setting does
    nothing, so it may be negative; the plain mean of m^2 never is.

    Parameters
    ----------
    table : ndarray, shape (samples, levels of the first setting, levels of the second, ...)
        Errors of a complete grid on two or more independent samples.

    Returns
    -------
    effects : list of float
        One per setting, in the error's unit squared.
    total : float
        The same of the cells' deviations from the grand mean: main effects and all interactions.
    """
    settings = range(1, table.ndim)
    centred = table - table.mean(axis=tuple(settings), keepdims=True)

    def unbiased(effects: NDArray[np.float64]) -> float:
        return float((effects.mean(axis=0) ** 2 - effects.var(axis=0, ddof=1) / len(effects)).mean())

    main = [unbiased(centred.mean(axis=tuple(a for a in settings if a != axis))) for axis in settings]
    return main, unbiased(centred)
