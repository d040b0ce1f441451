from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rows_to_cells import cells_of

from toolkit.fairness.counts import PROPORTIONS
from toolkit.fairness.metrics.measures import METRICS, applicable, complement, measure


def people(seed: int, rows: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    s = np.round(rng.random(rows), 2)
    return (rng.random(rows) < s).astype(int), (s > 0.5).astype(int), s, rng.integers(0, 3, rows)


BINARY = [name for name, needs in METRICS.items() if not needs.regression]
NUMBERS = [name for name, needs in METRICS.items() if needs.regression]


def numbers(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    target, error = rng.normal(size=400), rng.normal(size=400)
    named = {"target": target, "prediction": target + error, "error": error, "size": np.abs(error)}
    return named | {f"{name}2": v**2 for name, v in named.items()} | {"error4": error**4}


def test_every_proportion_has_its_name_and_every_metric_its_words() -> None:
    assert set(PROPORTIONS) < set(METRICS)
    assert all(needs.higher_is for needs in METRICS.values())
    assert len({needs.higher_is for needs in METRICS.values()}) == len(METRICS)


@pytest.mark.parametrize("metric", BINARY)
def test_every_metric_gives_estimates_around_its_value(metric: str) -> None:
    y, d, s, g = people(1)
    cells = cells_of(g, y, d, s)
    assert applicable(cells, metric) == ""
    found = measure(cells, cells.partition(["a"]), metric)
    assert found.metric == metric
    assert found.ratio == METRICS[metric].ratio
    assert len(found) == 3
    assert np.isfinite(found.value).all()
    if metric != "calibration_error":
        assert (found.low < found.value).all()
        assert (found.value < found.high).all()
        low, high = found.limits(1.0)
        assert ((low > found.low) & (high < found.high)).all()


@pytest.mark.parametrize("metric", [*NUMBERS, "mean_prediction"])
def test_every_metric_of_a_regression_gives_estimates_around_its_value(metric: str) -> None:
    g = np.random.default_rng(0).integers(0, 2, 400)
    cells = cells_of(g, sums=numbers(1))
    assert applicable(cells, metric) == ""
    found = measure(cells, cells.partition(["a"]), metric)
    assert found.metric == metric
    assert ((found.low < found.value) & (found.value < found.high)).all()


def test_what_does_not_apply_says_why() -> None:
    y, d, s, g = people(2)
    assert applicable(cells_of(g, decision=d), "true_positive_rate") == "there are no labels"
    assert applicable(cells_of(g, y, score=s), "accuracy") == "there are no decisions"
    assert applicable(cells_of(g, y, d), "roc_auc") == "there are no scores"
    assert applicable(cells_of(g, decision=d), "selection_rate") == ""
    wide = cells_of(g, y, d, 10 * s)
    assert "from 0" in applicable(wide, "brier")
    assert "no probabilities" in applicable(wide, "calibration_error")
    assert applicable(wide, "roc_auc") == ""
    assert applicable(wide, "mean_error") == "the target is not a number"
    assert applicable(cells_of(g, sums=numbers(3)), "accuracy") == "the target is a number"
    target = {name: v for name, v in numbers(3).items() if name.startswith("target")}
    assert applicable(cells_of(g, sums=target), "mean_error") == "there is no prediction"
    assert applicable(cells_of(g, sums=target), "mean_target") == ""
    with pytest.raises(KeyError):
        applicable(wide, "fairness")


def test_labels_known_for_the_selected_leave_four_metrics() -> None:
    y, d, s, g = people(3)
    cells = cells_of(g, y, d, s)
    left = [name for name in BINARY if not applicable(cells, name, "selected")]
    assert left == ["selection_rate", "precision", "false_discovery_rate", "mean_prediction"]
    assert "not identified" in applicable(cells, "true_positive_rate", "selected")


def outsiders(g: np.ndarray, group: int) -> np.ndarray:
    return (g == group).astype(int)


@pytest.mark.parametrize("metric", BINARY)
def test_the_complement_is_everybody_outside_the_group(metric: str) -> None:
    y, d, s, g = people(4)
    cells = cells_of(g, y, d, s)
    found = complement(cells, cells.partition(["a"]), metric)
    for group in range(3):
        two = cells_of(outsiders(g, group), y, d, s)
        other = measure(two, two.partition(["a"]), metric)
        for name in ("value", "n", "low", "high", "variance"):
            assert getattr(found, name)[group] == pytest.approx(
                getattr(other, name)[0], rel=1e-9, nan_ok=True
            )
        assert found.limits(1.5)[0][group] == pytest.approx(other.limits(1.5)[0][0], nan_ok=True)
    assert found.resample is None


def test_complements_made_a_few_at_a_time_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    from toolkit.fairness.metrics import measures

    y, d, s, g = people(5)
    cells = cells_of(g, y, d, s)
    at_once = complement(cells, cells.partition(["a"]), "roc_auc")
    monkeypatch.setattr(measures, "ROOM", 1)
    one_by_one = complement(cells, cells.partition(["a"]), "roc_auc")
    assert one_by_one.value.tolist() == at_once.value.tolist()
    assert one_by_one.high.tolist() == at_once.high.tolist()


@pytest.mark.parametrize("metric", ["balanced_accuracy", "mean_prediction", "calibration", "f1_score"])
def test_complements_know_the_clusters_they_share_with_the_group(metric: str) -> None:
    rng = np.random.default_rng(6)
    cluster = np.repeat(np.arange(80), 4)
    g = np.tile([0, 1, 2, 2], 80)
    y, d, s, _ = people(6, 320)
    s = np.round(np.clip(s / 2 + np.repeat(rng.random(80), 4) / 2, 0, 1), 2)
    y, d = (rng.random(320) < s).astype(int), (s > 0.5).astype(int)
    cells = cells_of(g, y, d, s, cluster=cluster)
    found = complement(cells, cells.partition(["a"]), metric)
    for group in range(3):
        two = cells_of(outsiders(g, group), y, d, s, cluster=cluster)
        other = measure(two, two.partition(["a"]), metric)
        assert found.variance[group] == pytest.approx(other.variance[0], rel=1e-9)
        assert found.low[group] == pytest.approx(other.low[0], rel=1e-9)
        assert other.covariance is not None
        size = np.sqrt(np.diag(other.covariance))
        assert found.beside is not None
        assert found.beside[group] == pytest.approx(other.covariance[0, 1] / size[0] / size[1], rel=1e-6)


def test_one_group_of_everybody_is_the_whole_table() -> None:
    y, d, s, g = people(7)
    cells = cells_of(g, y, d, s)
    assert measure(cells, cells.partition([]), "brier").value[0] == pytest.approx(((s - y) ** 2).mean())


@pytest.mark.parametrize("metric", BINARY)
def test_metrics_do_not_depend_on_the_order_of_the_cells(metric: str) -> None:
    y, d, s, g = people(8)
    cells = cells_of(g, y, d, s)
    shuffled = cells.take(np.random.default_rng(0).permutation(len(cells.n)))
    one, other = (measure(c, c.partition(["a"]), metric) for c in (cells, replace(shuffled)))
    assert other.value == pytest.approx(one.value, abs=1e-12)
    assert other.variance == pytest.approx(one.variance, nan_ok=True)
