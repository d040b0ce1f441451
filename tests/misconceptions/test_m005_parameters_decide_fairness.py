from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from toolkit import catalogue
from toolkit.experiment import NotApplicable
from toolkit.misconceptions import _m005_tables as described
from toolkit.misconceptions import _m005_trial as trial
from toolkit.misconceptions import m005_parameters_decide_fairness as m005
from toolkit.records import Dataset, Effort, Rows

QUICK = Effort("quick")


def cell(learner: str, condition: str, gap: float | None, accuracy: float = 0.8, fit: int = 0, **more: Any):
    row = {"kind": "cell", "learner": learner, "condition": condition, "fit": fit, "accuracy": accuracy}
    return row | {"true_positive_rate_gap": gap, "why": "", **more}


def table(rows: int = 800, groups: int = 2, seed: int = 0, few: bool = False) -> Dataset:
    """Return a fixed table whose second feature is the group and whose third tells it."""
    rng = np.random.default_rng(seed)
    s = rng.choice(groups, rows, p=[0.6, *[0.4 / (groups - 1)] * (groups - 1)])
    ability = rng.normal(size=rows)
    y = (ability - 0.5 * s + 0.5 * rng.normal(size=rows) > (2.5 if few else 0)).astype(np.int64)
    X = np.column_stack([ability + 0.5 * rng.normal(size=rows), s, s + 0.3 * rng.normal(size=rows)])
    X[::17, 0] = np.nan
    return Dataset(
        "own",
        "binary",
        X,
        y,
        ("score", "group", "tells"),
        columns=("score", "group", "tells"),
        source_columns=(0, 1, 2),
        classes=("no", "yes"),
        sensitive=s.astype(np.int64),
        sensitive_name="group",
        groups=tuple("ABC"[:groups]),
    )


def test_effects_are_differences_of_gaps_at_a_fixed_learner() -> None:
    rows = Rows.of(
        cell(m, c, g + extra)
        for m, extra in (("a", 0.0), ("b", 0.1))
        for c, g in (
            ("fair", 0.01),
            ("recorded", 0.21),
            ("reweighed", 0.11),
            ("with_group", 0.5),
            ("without_proxies", 0.0),
        )
    )
    assert m005.mechanism(rows, ("a", "b")) == pytest.approx(0.2)
    assert m005.reweighing(rows, ("a",)) == pytest.approx(0.1)
    assert m005.dropping(rows, ("b",)) == pytest.approx(0.5)
    assert m005.parameters(rows, ("b", "a")) == pytest.approx(0.1)


def test_learners_enter_by_accuracy_and_extremes_are_chosen_among_equals() -> None:
    rows = Rows.of(
        [
            cell("good", "recorded", 0.1, 0.80),
            cell("equal", "recorded", 0.3, 0.795),
            cell("worse", "recorded", 0.9, 0.77),
            cell("poor", "recorded", 0.0, 0.70),
        ]
    )
    assert m005.admitted(rows) == ("good", "equal", "worse")
    assert m005.extremes(rows) == ("equal", "good")
    with pytest.raises(NotApplicable, match="only good"):
        m005.extremes(rows.where(learner="good"))


def test_a_gap_that_cannot_be_measured_says_why() -> None:
    rows = Rows.of([cell("a", c, None, why="needs 50") for c in ("recorded", "reweighed")])
    with pytest.raises(NotApplicable, match="needs 50"):
        m005.reweighing(rows, ("a",))


def stages(before: float, after: float, hashes: tuple[str, str] = ("x", "x")) -> Rows:
    return Rows.of(
        {"kind": "thresholds", "stage": stage, "true_positive_rate_gap": g, "sha256": h, "why": ""}
        for stage, g, h in zip(("before", "after"), (before, after), hashes, strict=True)
    )


def test_a_frozen_remedy_counts_only_while_the_parameters_stay_the_same() -> None:
    assert m005.thresholds(stages(0.3, 0.05), 1.0) == pytest.approx(0.25)
    assert m005.thresholds(stages(-0.3, -0.05), m005.direction(stages(-0.3, 0))) == pytest.approx(0.25)
    with pytest.raises(ValueError, match="parameters changed"):
        m005.thresholds(stages(0.3, 0.05, ("x", "y")), 1.0)
    with pytest.raises(NotApplicable, match="one label"):
        m005.thresholds(stages(0.3, 0.05).where(stage="before"), 1.0)


@pytest.mark.parametrize(
    ("data", "learner", "ruling", "words"),
    [
        ("refuted", "refuted", "refuted", "Neither alone"),
        ("refuted", "refuted", "refuted", "on at least one dataset"),
        ("refuted", "supported", "refuted", "excluded"),
        ("refuted", "inconclusive", "refuted", "not settled"),
        ("supported", "refuted", "supported", "only the choice of learner"),
        ("supported", "supported", "inconclusive", "not settled"),
        ("inconclusive", "refuted", "inconclusive", "not settled"),
        ("not_applicable", "not_applicable", "not_applicable", "could be judged"),
    ],
)
def test_the_belief_follows_from_what_data_and_learners_do(
    data: str, learner: str, ruling: str, words: str
) -> None:
    answers: Any = SimpleNamespace(ruling=lambda _: learner, universal=lambda *_: data)
    said, sentence = m005.rule(answers)
    assert said == ruling
    assert words in sentence


def test_a_world_stands_beside_the_fair_record_of_the_same_people() -> None:
    drawn = trial.sample(catalogue.dataset("lending:label_bias"), 3, QUICK)
    assert drawn.fair is not None
    assert (drawn.train.X == drawn.fair[0].X).all()
    assert (drawn.train.y < drawn.fair[0].y).any()
    assert (drawn.test.y == drawn.fair[1].y).all()
    names = [c.name for c in trial.conditions(drawn, 2)]
    assert names == ["fair", "recorded", "with_group", "without_proxies", "reweighed"]


def test_the_rule_for_proxies_finds_exactly_the_planted_ones() -> None:
    for variant, planted in (("label_bias", {"proxy_1", "proxy_2"}), ("no_proxy", set())):
        told = trial.proxies(trial.sample(catalogue.dataset(f"lending:{variant}"), 1, QUICK))
        assert {name for name, area, _ in told if area >= trial.PROXY} == planted
        assert "group" not in {name for name, _, _ in told}


def test_parts_of_a_table_are_disjoint_and_hold_each_group_and_label_in_proportion() -> None:
    data = table()
    drawn = trial.sample(data, 5, QUICK)
    parts = (drawn.train, drawn.calibrate, drawn.test)
    assert [len(p.y) for p in parts] == [480, 160, 160]
    assert drawn.sizes == {"n_train": 640, "n_test": 160}
    seen = np.concatenate([p.X[:, 2] for p in parts])
    assert len(np.unique(seen)) == len(data.y)
    for g in (0, 1):
        for label in (0, 1):
            share = ((data.sensitive == g) & (data.y == label)).mean()
            for part in parts:
                assert ((part.s == g) & (part.y == label)).mean() == pytest.approx(share, abs=0.02)


def test_columns_are_taken_away_by_their_source() -> None:
    found = {c.name: c for c in trial.conditions(trial.sample(table(), 1, QUICK), 2)}
    assert found["with_group"].columns.tolist() == [0, 1, 2]
    assert found["recorded"].columns.tolist() == [0, 2]
    assert found["without_proxies"].columns.tolist() == [0]
    assert found["balanced"].fits == 2
    assert "fair" not in found


def test_too_few_positives_leave_only_the_selection_rate_with_the_counts() -> None:
    data = table(few=True)
    rows = Rows.of(m005.measure(data, 0, QUICK)).where(kind="cell")
    assert {row["true_positive_rate_gap"] for row in rows} == {None}
    assert all(isinstance(row["selection_rate_gap"], float) for row in rows)
    positives = int(data.y[data.sensitive == 1].sum())
    with pytest.raises(NotApplicable, match=f"{positives} positives"):
        m005.reweighing(rows, ("logistic, weak penalty",))


def test_one_large_group_is_not_enough() -> None:
    data = table()
    lonely = replace(data, sensitive=(np.arange(800) < 20).astype(np.int64))
    with pytest.raises(NotApplicable, match="20 rows"):
        m005.measure(lonely, 0, QUICK)


def test_people_of_unknown_group_are_not_compared() -> None:
    data = replace(table(1500, groups=3), groups=("A", "(missing)", "C"))
    assert trial.sample(data, 0, QUICK).pair == (0, 2)


def test_a_trial_of_a_table_with_three_groups_is_complete_and_its_attribution_sums_to_the_gap() -> None:
    rows = Rows.of(m005.measure(table(1500, groups=3), 1, QUICK))
    cells = rows.where(kind="cell")
    assert len(cells) == 5 * 4 * 2
    assert all(row["n_train"] == 1200 and row["n_test"] == 300 for row in cells)
    assert {row["groups"] for row in cells} in ({"A minus B"}, {"A minus C"})
    for row in rows.where(kind="attributed"):
        parts = sum(rows.where(kind="attribution", scale=row["scale"]).column("contribution"))
        assert parts == pytest.approx(row["gap"], rel=1e-4, abs=1e-6)
    assert len(set(rows.where(kind="thresholds").column("sha256"))) == 1
    some = ("boosting, small", "boosting, large")
    for effect, choice in (
        (m005.reweighing, some),
        (m005.dropping, some),
        (m005.parameters, some),
        (m005.thresholds, m005.direction(rows)),
    ):
        assert math.isfinite(effect(rows, choice))


def test_group_metrics_of_a_trial_are_fairlearns() -> None:
    from fairlearn.metrics import MetricFrame, true_positive_rate

    from toolkit.learners.scorers import Job, train

    drawn = trial.sample(catalogue.dataset("lending:together"), 2, QUICK)
    recorded = next(c for c in trial.conditions(drawn, 1) if c.name == "recorded")
    X, X_test = recorded.train.X[:, recorded.columns], recorded.test.X[:, recorded.columns]
    scorer = train([Job("boosting, small", X, recorded.train.y)])[0]
    frame = MetricFrame(
        metrics=true_positive_rate,
        y_true=drawn.test.y,
        y_pred=(scorer.score(X_test) >= 0.5).astype(int),
        sensitive_features=drawn.test.s,
    )
    ours = trial._cell(drawn, recorded, scorer)["true_positive_rate_gap"]
    assert ours == pytest.approx(frame.by_group[0] - frame.by_group[1])


def planted(noise: float, seed: int = 0, datasets: tuple[str, ...] = ("lending:fair", "lending:label_bias")):
    """Return outcomes in which only the data condition moves the gap."""
    rng = np.random.default_rng(seed)
    return {
        name: {
            s: Rows.of(
                cell(
                    m, "recorded", (0.2 if "bias" in name else 0.0) + noise * rng.normal(), fit=f, groups="A"
                )
                for m in ("a", "b", "c")
                for f in (0, 1)
            )
            for s in range(12)
        }
        for name in datasets
    }


def test_shares_give_everything_to_the_data_where_only_the_data_move_the_gap() -> None:
    found = described.shares(planted(0.01))
    share = {row[2]: row[4] for row in found.rows}
    assert share["data"] > 0.95
    assert abs(share["learner"]) < 0.05
    assert {row[1] for row in found.rows} == {"2 x 3 x 9 x 2"}  # a quarter of twelve samples only admits


def test_no_table_of_shares_where_the_grid_is_too_small() -> None:
    assert described.shares(planted(0.01, datasets=("lending:fair",))).rows == ()


def test_every_table_of_a_real_run_is_filled_with_plain_values() -> None:
    trials = {s: Rows.of(m005.measure(table(), s, QUICK)) for s in range(6)}
    found = {t.id: t for t in m005.extras({"own": trials})}
    assert set(found) == {"shares", "frozen", "learners", "attribution", "proxies"}
    for t in found.values():
        assert t.note.endswith(".")
        assert all(len(row) == len(t.columns) for row in t.rows)
        assert all(v is None or type(v) in {str, int, float, bool} for row in t.rows for v in row)
    assert [row[1] for row in found["proxies"].rows] == ["tells"]
    assert all(row[-1].split(" of ")[0] == row[-1].split(" of ")[1] for row in found["frozen"].rows)
