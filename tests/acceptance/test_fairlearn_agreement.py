"""Our point metrics are fairlearn's and scikit-learn's wherever they are defined, intersections included."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.fairness.counts import PROPORTIONS
from toolkit.fairness.metrics.measures import measure
from toolkit.table.counting import CountSpec, count

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
needs_tables = pytest.mark.skipif(not SHARED.is_dir(), reason="the real tables are not beside this checkout")
OF_SCORES = ("roc_auc", "brier", "mean_prediction")
EXACT = 1e-12
COMPLEMENTS = {"false_discovery_rate": "precision", "false_omission_rate": "negative_predictive_value"}
Metric = Callable[[Any, Any], float]
Values = dict[str, dict[tuple[Any, ...], float]]


def peers() -> dict[str, Metric]:
    """Return fairlearn's metric of each name, or scikit-learn's where fairlearn leaves it to that."""
    from fairlearn import metrics as fairlearn
    from sklearn import metrics as sklearn

    def negative(y: Any, d: Any) -> float:
        return float(sklearn.precision_score(y, d, pos_label=0, zero_division=0))

    def precision(y: Any, d: Any) -> float:
        return float(sklearn.precision_score(y, d, zero_division=0))

    def of_both_classes(metric: Metric) -> Metric:
        return lambda y, d: metric(y, d) if len(set(y)) == 2 else np.nan

    return {
        "selection_rate": fairlearn.selection_rate,
        "true_positive_rate": fairlearn.true_positive_rate,
        "false_negative_rate": fairlearn.false_negative_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
        "true_negative_rate": fairlearn.true_negative_rate,
        "precision": precision,
        "negative_predictive_value": negative,
        "accuracy": sklearn.accuracy_score,
        "balanced_accuracy": of_both_classes(sklearn.balanced_accuracy_score),
        "f1_score": lambda y, d: sklearn.f1_score(y, d, zero_division=0),
        "roc_auc": of_both_classes(sklearn.roc_auc_score),
        "brier": lambda y, s: sklearn.brier_score_loss(y, s, pos_label=1),
        "mean_prediction": fairlearn.mean_prediction,
    }


def theirs(frame: pd.DataFrame, attributes: Sequence[str]) -> Values:
    """Return MetricFrame's values of every metric by group."""
    from fairlearn.metrics import MetricFrame

    metrics = peers()
    found: Values = {}
    for column, names in (("d", [n for n in metrics if n not in OF_SCORES]), ("s", OF_SCORES)):
        by_group = MetricFrame(
            metrics={name: metrics[name] for name in names},
            y_true=frame["y"],
            y_pred=frame[column],
            sensitive_features=frame[list(attributes)],
        ).by_group
        for name in names:
            keys = [key if isinstance(key, tuple) else (key,) for key in by_group.index]
            found[name] = dict(zip(keys, by_group[name].tolist(), strict=True))
    for name, other in COMPLEMENTS.items():
        found[name] = {key: 1 - value for key, value in found[other].items()}
    return found


def defined(table: Any, metric: str) -> bool:
    """Whether anybody of a group, counted by label and decision, is in the metric's denominator."""
    if metric in ("balanced_accuracy", "roc_auc"):
        return bool(table.sum(axis=1).all())
    if metric == "f1_score":
        return bool(table.sum() - table[0, 0])
    return metric not in PROPORTIONS or any(table[cell] for cell in PROPORTIONS[metric][1])


def agree(frame: pd.DataFrame, attributes: Sequence[str], cells: Any, peer: Values | None = None) -> int:
    """Compare every metric in every group; return how many values are undefined."""
    parts = cells.partition(attributes)
    undefined = 0
    counts = parts.confusion(cells)
    for metric, values in (peer or theirs(frame, attributes)).items():
        ours = measure(cells, parts, metric).value
        for group, value, table in zip(parts.groups, ours.tolist(), counts, strict=True):
            if defined(table, metric):
                assert value == pytest.approx(values[tuple(group.values())], abs=EXACT), (metric, group)
            else:
                assert np.isnan(value), (metric, group)
                undefined += 1
    return undefined


def counted(frame: pd.DataFrame, attributes: Sequence[str], **options: Any) -> Any:
    return count(frame, CountSpec(tuple(attributes), target="y", prediction="d", score="s", **options)).cells


@needs_tables
@pytest.mark.slow
def test_adult_agrees_with_metric_frame_on_every_metric_by_sex_race_and_both() -> None:
    import duckdb
    from sklearn.linear_model import LogisticRegression

    with duckdb.connect() as con:
        data = con.execute(f"SELECT * FROM '{SHARED / 'adult.parquet'}'").df()
    features = data[["age", "education-num", "hours-per-week", "capital-gain", "capital-loss"]].astype(float)
    features = (features - features.mean()) / features.std()
    y = (data["class"] == ">50K").astype(int)
    scores = LogisticRegression().fit(features, y).predict_proba(features)[:, 1]
    frame = pd.DataFrame({"sex": data["sex"], "race": data["race"], "y": y, "s": scores.round(3)})
    frame["d"] = (frame["s"] >= 0.5).astype(int)
    cells = counted(frame, ("sex", "race"))
    assert cells.exact_scores
    for attributes in (("sex",), ("race",), ("sex", "race")):
        assert agree(frame, attributes, cells) == 0


@needs_tables
def test_german_credit_agrees_with_metric_frame_on_every_metric() -> None:
    data = pd.read_csv(SHARED / "german_credit.csv")
    frame = pd.DataFrame(
        {
            "sex": data["sex"],
            "age": np.where(data["age"] < 25, "under 25", "25 and over"),
            "y": 1 - data["default"],
            "s": 1 - data["duration_in_month"] / 73,
        }
    )
    frame["d"] = (frame["s"] >= 0.7).astype(int)
    cells = counted(frame, ("sex", "age"))
    for attributes in (("sex",), ("age",), ("sex", "age")):
        agree(frame, attributes, cells)


person = st.tuples(
    st.sampled_from("xy"), st.sampled_from("pq"), st.integers(0, 1), st.integers(0, 1), st.integers(0, 8)
)


table = st.lists(person, min_size=2, max_size=24)


@pytest.mark.slow
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables=st.lists(table, min_size=10, max_size=10), both=st.booleans())
def test_two_hundred_random_tables_agree_with_metric_frame_wherever_a_metric_is_defined(
    tables: list[list[tuple[Any, ...]]], both: bool
) -> None:
    # One MetricFrame for ten tables, which are its first sensitive feature; ours counts each by itself.
    attributes = ("a", "b") if both else ("a",)
    columns = ["a", "b", "y", "d", "eighths"]
    # Two rows are added so that the target has two values and the predictions are its own.
    frames = [
        pd.DataFrame([*rows, ("x", "p", 0, 0, 3), ("x", "p", 1, 1, 5)], columns=columns).assign(
            s=lambda f: f["eighths"] / 8, table=i
        )
        for i, rows in enumerate(tables)
    ]
    peer = theirs(pd.concat(frames, ignore_index=True), ("table", *attributes))
    for i, frame in enumerate(frames):
        own = {
            metric: {key[1:]: value for key, value in values.items() if key[0] == i}
            for metric, values in peer.items()
        }
        agree(frame, attributes, counted(frame, ("a", "b")), own)


def test_a_group_without_positives_is_nought_to_fairlearn_and_undefined_here() -> None:
    frame = pd.DataFrame(
        {"a": list("xxxxyyy"), "y": [0, 1, 1, 0, 0, 0, 0], "d": [0, 1, 0, 1, 0, 0, 0], "s": [0.5] * 7}
    )
    cells = counted(frame, ("a",))
    peer = theirs(frame, ("a",))
    for metric in ("true_positive_rate", "false_negative_rate", "precision", "f1_score"):
        assert peer[metric][("y",)] == 0
        estimates = measure(cells, cells.partition(["a"]), metric)
        assert np.isnan(estimates.value[1])
        assert estimates.notes[1]
