"""The model that fits its training data best predicts best."""

from __future__ import annotations

from toolkit.experiment import (
    Claim,
    Control,
    Dataset,
    Effort,
    Experiment,
    Figure,
    Needs,
    Rows,
    Rulings,
    split,
)
from toolkit.records import Row, Ruling

DEGREES = (1, 2, 3, 5, 7, 9)


def measure(data: Dataset, seed: int, effort: Effort) -> list[Row]:
    """Fit one polynomial per degree to the same points; return its error there and on new points."""
    import numpy as np

    parts = split(data, seed, train=data.params["train"], test=2000, scale=False)
    x, x_test = parts.X[:, 0], parts.X_test[:, 0]
    rows = []
    for degree in DEGREES:
        fitted = np.polynomial.Polynomial.fit(x, parts.y, degree)
        rows.append(
            {
                "degree": degree,
                "train": float(np.mean((fitted(x) - parts.y) ** 2)),
                "test": float(np.mean((fitted(x_test) - parts.y_test) ** 2)),
            }
        )
    return rows


def ratio(rows: Rows, error: str) -> float:
    """Return log10 of the error at degree 9 over the error at degree 3."""
    import math

    return math.log10(rows.value(error, degree=9) / rows.value(error, degree=3))


def rule(rulings: Rulings) -> tuple[Ruling, str]:
    """Say what follows for the belief."""
    ruling = rulings.universal("best-fit-predicts-best")
    sentence = {
        "refuted": "The closer fit predicted worse, so fitting best is no proof of predicting best.",
        "supported": "The closer fit predicted at least as well wherever it was tried.",
    }
    return ruling, sentence.get(ruling, "The trials do not settle it.")


experiment = Experiment(
    code="X001",
    belief="The model that fits its training data best predicts best.",
    measure=measure,
    datasets=("polynomials:noisy",),
    claims=(
        Claim(
            "best-fit-predicts-best",
            "The degree-9 polynomial, which fits best, predicts new points no worse than the cubic.",
            effect=lambda rows: ratio(rows, "test"),
            unit="log10 of the error ratio",
            predicts="no_increase",
            margin=0.1,
        ),
        Claim(
            "higher-degree-fits-closer",
            "The degree-9 polynomial fits its training points more closely than the cubic.",
            effect=lambda rows: ratio(rows, "train"),
            unit="log10 of the error ratio",
            predicts="decrease",
            margin=0.1,
            stance="description",
        ),
    ),
    controls=(
        Control(
            "polynomials:wiggly",
            {"best-fit-predicts-best": "supported", "higher-degree-fits-closer": "supported"},
            "a wiggly truth that a cubic cannot follow",
        ),
        Control(
            "polynomials:tiny",
            {"best-fit-predicts-best": "refuted"},
            "twelve noisy points of a cubic: degree 9 must chase the noise",
        ),
        Control(
            "polynomials:plenty",
            {"higher-degree-fits-closer": "refuted"},
            "five thousand points of a cubic leave a higher degree nothing to gain",
        ),
    ),
    rule=rule,
    article="Heard wherever a training score is shown: the lower the error there, the better the model.",
    what="Coefficients of a polynomial: weights (W); its degree: architecture (A).",
    would_change="A degree-9 fit to twenty noisy points of a cubic that predicts no worse than the cubic.",
    scope="One curve, one noise level, least squares.",
    threats=("One-dimensional curves are the textbook case; larger models can behave otherwise (M002).",),
    references=("Geman, Bienenstock, Doursat 1992, doi:10.1162/neco.1992.4.1.1",),
    beside=("Textbook polynomial regression: test error is U-shaped in the degree.",),
    figures=(
        Figure(
            "errors",
            "Error by degree",
            x="degree",
            y="test",
            x_title="Degree",
            y_title="Mean squared error on new points",
            y_log=True,
            claims=("best-fit-predicts-best", "higher-degree-fits-closer"),
        ),
    ),
    needs=Needs(user_tables=False, why_not="the belief is tested on curves whose truth is known"),
)
