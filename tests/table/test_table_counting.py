"""What is counted: against the same sums worked out over the rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from toolkit.records import BadInputError
from toolkit.table import exact, grouped
from toolkit.table.counting import Counted, CountSpec, count
from toolkit.table.grouping import cut_names, interval_names


def people(rows: int = 3000, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "race": rng.choice(["a", "b", None], rows, p=[0.5, 0.4, 0.1]),
            "sex": rng.choice(["f", "m"], rows),
            "age": rng.integers(18, 80, rows),
            "y": rng.integers(0, 2, rows).astype(float),
            "d": rng.integers(0, 2, rows).astype(float),
            "s": rng.beta(2, 5, rows).round(3),
            "w": rng.gamma(2, 1, rows),
            "house": rng.integers(0, rows // 3, rows),
            "pay": rng.normal(50, 10, rows),
            "guess": rng.normal(50, 10, rows),
        }
    )
    frame.loc[rng.random(rows) < 0.05, "y"] = np.nan
    frame.loc[rng.random(rows) < 0.02, "d"] = np.nan
    return frame


def group_sums(found: Counted, attributes: list[str], values: np.ndarray) -> dict[tuple[str, ...], float]:
    parts = found.cells.partition(attributes)
    return dict(zip((tuple(g.values()) for g in parts.groups), parts.total(values).tolist(), strict=True))


def named(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(race=frame["race"].fillna("(missing)"))


def test_rows_are_counted_by_group_label_and_decision() -> None:
    frame = people()
    found = count(frame, CountSpec(("race", "sex"), target="y", prediction="d"))
    kept = named(frame.dropna(subset=["y", "d"]))
    parts = found.cells.partition(["race", "sex"])
    counts = parts.confusion(found.cells)
    for group, table in zip(parts.groups, counts, strict=True):
        here = kept[(kept["race"] == group["race"]) & (kept["sex"] == group["sex"])]
        expected = [[int(((here["y"] == y) & (here["d"] == d)).sum()) for d in (0, 1)] for y in (0, 1)]
        assert table.tolist() == expected
    assert found.rows == len(frame)
    assert found.cells.levels == (("a", "b", "(missing)"), ("f", "m"))
    assert not found.cells.weighted


def test_what_is_dropped_is_counted_with_its_reason_and_by_group() -> None:
    frame = people()
    found = count(frame, CountSpec(("race", "sex"), target="y", prediction="d"))
    no_label, no_decision = frame["y"].isna(), frame["d"].isna() & frame["y"].notna()
    assert [(each["reason"], each["rows"]) for each in found.dropped] == [
        ("the target y is missing", int(no_label.sum())),
        ("the prediction d is missing", int(no_decision.sum())),
    ]
    everybody = named(frame)
    for entry in found.dropped[0]["by_group"]:
        ((column, group),) = entry["attributes"].items()
        here = everybody[column] == group
        assert (entry["dropped"], entry["n"]) == (int((here & no_label).sum()), int(here.sum()))
    assert found.label_missing == {
        d: (int((no_label & (frame["d"] == d)).sum()), int((frame["d"] == d).sum())) for d in (0, 1)
    }


def test_weights_scores_and_their_squares_are_summed() -> None:
    frame = people()
    found = count(frame, CountSpec(("race",), target="y", score="s", threshold=0.25, weight="w"))
    kept = named(frame.dropna(subset=["y"]))
    by = kept.groupby("race")
    expected = {
        "weight": by["w"].sum(),
        "weight2": (kept["w"] ** 2).groupby(kept["race"]).sum(),
        "score": (kept["w"] * kept["s"]).groupby(kept["race"]).sum(),
        "score2": (kept["w"] * kept["s"] ** 2).groupby(kept["race"]).sum(),
    }
    cells = found.cells
    for name, series in expected.items():
        values = cells.sums[name] if name in cells.sums else getattr(cells, name)
        sums = group_sums(found, ["race"], values)
        assert sums == {(group,): pytest.approx(total, rel=1e-12) for group, total in series.items()}
    assert cells.score is not None
    assert cells.decision is not None
    assert cells.exact_scores
    assert cells.weighted
    np.testing.assert_array_equal(cells.decision, cells.score >= 0.25)
    assert found.score_range == (kept["s"].min(), kept["s"].max())


def test_many_scores_are_binned_while_decisions_and_sums_stay_exact() -> None:
    rng = np.random.default_rng(3)
    rows = 60_000
    frame = pd.DataFrame({"g": rng.choice(["a", "b"], rows), "y": rng.integers(0, 2, rows)})
    frame["s"] = np.exp(rng.normal(0, 4, rows))  # over many orders of magnitude
    threshold = float(frame["s"].median())
    found = count(frame, CountSpec(("g",), target="y", score="s", threshold=threshold))
    cells = found.cells
    assert not cells.exact_scores
    assert any("bins" in note for note in found.notes)
    assert cells.score is not None
    assert cells.decision is not None
    assert 5_000 < len(np.unique(cells.score)) <= 10_000
    selected = group_sums(found, ["g"], cells.n * cells.decision)
    above = frame[frame["s"] >= threshold].groupby("g").size()
    assert selected == {(group,): times for group, times in above.items()}
    for power, name in ((1, "score"), (2, "score2")):
        total = (frame["s"] ** power).groupby(frame["g"]).sum()
        assert group_sums(found, ["g"], cells.sums[name]) == {
            (group,): pytest.approx(value, rel=1e-12) for group, value in total.items()
        }
    assert auc(cells.score, cells.label, cells.n) == pytest.approx(
        auc(frame["s"].to_numpy(), frame["y"].to_numpy(), np.ones(rows)), abs=2e-4
    )


def auc(x: Any, label: Any, n: Any) -> float:
    values, place = np.unique(x, return_inverse=True)
    ones, zeros = (np.bincount(place, weights=n * (label == y), minlength=len(values)) for y in (1, 0))
    return float((ones * (np.cumsum(zeros) - zeros / 2)).sum() / ones.sum() / zeros.sum())


def test_ten_thousand_scores_are_kept_and_one_more_is_not() -> None:
    for distinct, kept in ((10_000, True), (10_001, False)):
        frame = pd.DataFrame({"g": ["a", "b"] * distinct, "s": np.arange(2 * distinct) // 2 / distinct})
        cells = count(frame, CountSpec(("g",), score="s", threshold=0.5)).cells
        assert cells.exact_scores is kept
        assert cells.n.sum() == 2 * distinct


def test_a_number_beyond_what_the_first_rows_showed_is_added_exactly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouped, "LOOK", 10)
    frame = pd.DataFrame({"g": ["a", "b"] * 10, "y": [0, 1, 1, 0] * 5, "w": [1e-3] * 19 + [1e12]})
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    found = count(path, CountSpec(("g",), target="y", weight="w"))
    assert group_sums(found, ["g"], found.cells.weight) == {
        ("a",): pytest.approx(1e-2, rel=1e-12),
        ("b",): 1e12 + 9e-3,
    }


def test_sums_do_not_depend_on_the_order_of_rows() -> None:
    frame = people()
    spec = CountSpec(("race", "sex"), target="pay", prediction="guess", weight="w", regression=True)
    first = count(frame, spec).cells
    for seed in range(3):
        again = count(frame.sample(frac=1, random_state=seed), spec).cells
        for name, values in first.sums.items():
            np.testing.assert_array_equal(again.sums[name], values, err_msg=name)
        np.testing.assert_array_equal(again.weight, first.weight)


def test_a_regression_keeps_the_sums_its_means_and_errors_need() -> None:
    frame = people()
    found = count(frame, CountSpec(("sex",), target="pay", prediction="guess", weight="w"))
    assert found.task == "regression"
    assert found.cells.label is None
    assert found.cells.decision is None
    assert any("regression" in note for note in found.notes)
    error = frame["guess"] - frame["pay"]
    terms = {
        "target": frame["pay"],
        "prediction": frame["guess"],
        "error": error,
        "size": error.abs(),
    }
    expected = terms | {f"{name}2": values**2 for name, values in terms.items()} | {"error4": error**4}
    assert set(expected) == set(found.cells.sums)
    for name, values in expected.items():
        total = (frame["w"] * values).groupby(frame["sex"]).sum()
        sums = group_sums(found, ["sex"], found.cells.sums[name])
        assert sums == {(g,): pytest.approx(v, rel=1e-11) for g, v in total.items()}, name


@pytest.mark.parametrize(
    ("target", "options", "task"),
    [
        (list(range(30)), {}, "regression"),
        ([0.5, 1.5, 2.0] * 10, {}, "regression"),
        (list(range(30)), {"positive": "7"}, "binary"),
        ([0.5, 1.5] * 15, {}, "binary"),
    ],
)
def test_a_target_of_many_numbers_or_of_decimals_is_a_regression(
    target: list[float], options: dict[str, str], task: str
) -> None:
    frame = pd.DataFrame({"g": ["a", "b"] * 15, "t": target})
    assert count(frame, CountSpec(("g",), target="t", **options)).task == task  # type: ignore[arg-type]


def test_clusters_have_the_moments_of_their_totals() -> None:
    frame = people()
    spec = CountSpec(("race", "sex"), target="y", score="s", threshold=0.25, weight="w", cluster="house")
    cells = count(frame, spec).cells
    moments = cells.clusters
    assert moments is not None
    kept = named(frame.dropna(subset=["y"]))
    kept = kept.assign(d=(kept["s"] >= 0.25).astype(int), ws=kept["w"] * kept["s"])
    keys = ["race", "sex", "y", "d"]
    totals = kept.pivot_table(index="house", columns=keys, values=["w", "ws"], aggfunc="sum", fill_value=0.0)
    assert moments.clusters == kept["house"].nunique()
    # Parts are in the order of their cells' codes, which here is that of the names but for the missing group.
    order = sorted(totals["w"].columns, key=lambda k: (k[0] == "(missing)", *k))
    t, s = totals["w"][order].to_numpy(), totals["ws"][order].to_numpy()
    np.testing.assert_allclose(moments.moments, t.T @ t, rtol=1e-12, atol=1e-12)
    assert moments.scores is not None
    assert moments.cross is not None
    np.testing.assert_allclose(moments.scores, s.T @ s, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(moments.cross, t.T @ s, rtol=1e-12, atol=1e-12)
    assert moments.part.max() + 1 == len(order)
    assert moments.in_group[()].tolist() == [moments.clusters]
    for attributes in (["race"], ["sex"], ["race", "sex"]):
        parts = cells.partition(attributes)
        by = kept.groupby(attributes)["house"].nunique()
        expected = [
            int(by.loc[tuple(g.values()) if len(attributes) > 1 else next(iter(g.values()))])
            for g in parts.groups
        ]
        assert moments.in_group[tuple(attributes)].tolist() == expected


def test_clusters_of_one_row_each_have_only_a_diagonal() -> None:
    frame = people().assign(own=np.arange(3000))
    cells = count(frame, CountSpec(("race",), target="y", prediction="d", cluster="own")).cells
    assert cells.clusters is not None
    np.testing.assert_array_equal(cells.clusters.moments, np.diag(cells.n.astype(float)))


@pytest.mark.slow
def test_a_hundred_thousand_clusters_are_no_trouble() -> None:
    rng = np.random.default_rng(5)
    rows = 300_000
    frame = pd.DataFrame(
        {
            "g": rng.choice(list("abcdefghij"), rows),
            "h": rng.choice(["x", "y"], rows),
            "y": rng.integers(0, 2, rows),
            "d": rng.integers(0, 2, rows),
            "c": rng.integers(0, 100_000, rows),
        }
    )
    moments = count(frame, CountSpec(("g", "h"), target="y", prediction="d", cluster="c")).cells.clusters
    assert moments is not None
    assert moments.moments.sum() == (frame.groupby("c").size() ** 2).sum()


def test_a_column_of_numbers_is_kept_by_its_numbers_for_a_slope() -> None:
    frame = people()
    spec = CountSpec(("age",), target="y", prediction="d", weight="w", cut={"age": (25, 40)})
    found = count(frame, spec)
    kept = frame.dropna(subset=["y", "d"])
    assert found.cells.levels == (("under 25", "25 to 39", "40 and over"),)
    by = kept.groupby("age")
    ordered = found.ordered["age"]
    assert ordered.values.tolist() == sorted(kept["age"].unique().tolist())
    np.testing.assert_allclose(ordered.totals, by["w"].sum())
    np.testing.assert_allclose(ordered.successes, (kept["w"] * kept["d"]).groupby(kept["age"]).sum())
    np.testing.assert_allclose(ordered.squares[1], (kept["w"] ** 2).groupby(kept["age"]).sum())
    assert ordered.counts[:, 1, 1].sum() == ((kept["y"] == 1) & (kept["d"] == 1)).sum()
    assert ordered.rows == len(kept)


def test_numbers_are_cut_at_their_median_and_the_program_says_that_it_chose() -> None:
    frame = people()
    found = count(frame, CountSpec(("age",), target="y", prediction="d"))
    middle = float(frame["age"].median())
    assert found.program_cuts == {"age": (middle,)}
    assert any("chosen by the program" in note for note in found.notes)
    low, high = found.cells.levels[0]
    assert (low, high) == (f"up to {middle:g}", f"above {middle:g}")


def test_a_number_of_very_many_values_is_cut_where_declared(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"pay": rng.normal(50, 10, 5000), "y": rng.integers(0, 2, 5000)})
    frame.loc[:9, "pay"] = np.nan
    path = tmp_path / "t.csv"
    frame.to_csv(path, index=False)
    for source in (frame, path):
        found = count(source, CountSpec(("pay",), target="y", cut={"pay": (40, 60.5)}))
        assert found.cells.levels == (("under 40", "40 to under 60.5", "60.5 and over", "(missing)"),)
        sizes = found.cells.partition(["pay"]).total(found.cells.n).tolist()
        known = frame["pay"].dropna()
        expected = [(known < 40).sum(), ((known >= 40) & (known < 60.5)).sum(), (known >= 60.5).sum(), 10]
        assert sizes == expected
        ordered = found.ordered["pay"]
        assert (np.diff(ordered.values) > 0).all()
        assert ordered.rows == len(known)
        assert (ordered.values * ordered.totals).sum() == pytest.approx(known.sum(), rel=1e-12)
        assert ordered.successes.sum() == frame["y"][known.index].sum()


def test_intervals_are_named_as_people_say_them() -> None:
    assert interval_names((25, 40), whole=True) == ["under 25", "25 to 39", "40 and over"]
    assert interval_names((25, 26, 40), whole=True) == ["under 25", "25", "26 to 39", "40 and over"]
    assert interval_names((0.5,), whole=False) == ["under 0.5", "0.5 and over"]
    assert cut_names(np.array([1, 25, np.nan, 39.0]), (25, 40)) == ["under 25", "25 to 39", None, "25 to 39"]
    assert cut_names(np.array([24.5, 25, 39.5]), (25, 40)) == ["under 25", "25 to under 40", "25 to under 40"]


def test_strata_are_named_and_those_without_one_are_kept() -> None:
    frame = people()
    found = count(frame, CountSpec(("sex",), target="y", prediction="d", within="race"))
    assert found.cells.strata_names == ("a", "b", "(missing)")
    assert found.cells.strata is not None
    sizes = np.bincount(found.cells.strata, weights=found.cells.n).tolist()
    assert (
        sizes
        == named(frame.dropna(subset=["y", "d"])).groupby("race").size()[["a", "b", "(missing)"]].tolist()
    )


def test_recorded_labels_are_the_decisions_where_there_are_no_others() -> None:
    frame = people()
    cells = count(frame, CountSpec(("sex",), target="y")).cells
    assert cells.label is None
    assert cells.decision is not None
    assert cells.n[cells.decision == 1].sum() == (frame["y"] == 1).sum()


@pytest.mark.parametrize(
    ("target", "prediction", "positive", "agree"),
    [
        (["0", "1"], ["0", "1"], None, "1"),
        (["no", "yes"], ["no", "yes"], None, "yes"),
        (["no", "Yes"], ["NO", "yes"], None, "Yes"),
        ([">50K", "<=50K"], ["1", "0"], ">50K", ">50K"),
        ([">50K", "<=50K"], ["true", "false"], ">50K", ">50K"),
        (["true", "false"], ["1", "0"], None, "true"),
        (["true", "false"], ["1", "0"], "false", "false"),
        (["0", "1"], ["0", "1"], "0", "0"),
        (["0", "1"], ["0", "1"], "0.0", "0"),
        (["true", "false"], ["true", "false"], "1", "true"),
    ],
)
def test_predictions_are_read_in_the_targets_terms(
    target: list[str], prediction: list[str], positive: str | None, agree: str
) -> None:
    frame = pd.DataFrame({"g": ["a", "b", "a", "b"], "y": target * 2, "d": prediction * 2})
    found = count(frame, CountSpec(("g",), target="y", prediction="d", positive=positive))
    cells = found.cells
    assert found.positive == agree
    assert cells.label is not None
    np.testing.assert_array_equal(cells.label, cells.decision)
    assert cells.n[cells.label == 1].sum() == 2


def test_one_class_is_audited_against_the_rest() -> None:
    frame = pd.DataFrame({"g": ["a", "b"] * 3, "y": list("xyzxyz"), "d": list("xxzzyz")})
    found = count(frame, CountSpec(("g",), target="y", prediction="d", positive="z"))
    assert (found.positive, found.negative) == ("z", "not z")
    assert found.cells.partition([]).confusion(found.cells).tolist() == [[[3, 1], [0, 2]]]
    assert found.target_values == {"x": 2, "y": 2, "z": 2}


def test_nobody_chosen_is_a_finding_and_not_a_mistake() -> None:
    frame = pd.DataFrame({"g": ["a", "b"] * 3, "d": [0] * 6})
    found = count(frame, CountSpec(("g",), prediction="d"))
    assert found.cells.decision is not None
    assert found.cells.decision.tolist() == [0, 0]
    assert found.positive == "1"


def test_half_is_the_threshold_of_probabilities_and_is_said() -> None:
    frame = pd.DataFrame({"g": ["a", "b"] * 3, "s": [0.1, 0.5, 0.9, 0.2, 0.6, 0.4]})
    found = count(frame, CountSpec(("g",), score="s"))
    assert found.threshold == 0.5
    assert any("--threshold" in note for note in found.notes)
    assert found.cells.n[found.cells.decision == 1].sum() == 3


def test_a_prediction_decides_and_a_score_that_disagrees_is_told() -> None:
    frame = pd.DataFrame(
        {"g": ["a", "b"] * 3, "y": [0, 1] * 3, "d": [1, 0, 0, 1, 0, 0], "s": [0.9, 0.1, 0.8, 0.7, 0.2, 0.3]}
    )
    found = count(frame, CountSpec(("g",), target="y", prediction="d", score="s", threshold=0.5))
    assert found.decided_by == "prediction"
    assert found.cells.n[found.cells.decision == 1].sum() == 2
    assert any("1 row the score" in note for note in found.notes)


def test_a_float_of_32_bits_stands_at_the_threshold_it_is_written_as(tmp_path: Path) -> None:
    frame = pd.DataFrame({"g": ["a", "b"] * 2, "s": np.array([0.7, 0.3, 0.7, 0.1], dtype=np.float32)})
    found = count(frame, CountSpec(("g",), score="s", threshold=0.7))
    assert found.cells.n[found.cells.decision == 1].sum() == 2
    assert found.cells.score is not None
    assert sorted(set(found.cells.score.tolist())) == [0.1, 0.3, 0.7]


def test_missing_scores_weights_and_clusters_are_dropped_with_their_reason() -> None:
    frame = people().assign(
        s=lambda f: f["s"].where(f.index > 4), w=lambda f: f["w"].where(f.index != 10), c="x"
    )
    frame.loc[20, "c"] = None
    spec = CountSpec(("sex",), target="sex2", score="s", threshold=0.2, weight="w", cluster="c")
    found = count(frame.assign(sex2=frame["d"].fillna(0)), spec)
    assert [(each["reason"], each["rows"]) for each in found.dropped] == [
        ("the score s is missing", 5),
        ("the weight w is missing", 1),
        ("the cluster c is missing", 1),
    ]
    assert found.cells.n.sum() == len(frame) - 7


def test_bins_are_the_same_for_the_same_values_in_any_order() -> None:
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"g": rng.choice(["a", "b"], 50_000), "s": rng.normal(size=50_000)})
    spec = CountSpec(("g",), score="s", threshold=0.0)
    first, again = (count(f, spec).cells for f in (frame, frame.sample(frac=1, random_state=0)))
    assert first.score is not None
    np.testing.assert_array_equal(first.score, again.score)
    np.testing.assert_array_equal(first.n, again.n)


def test_an_exact_sum_is_that_of_fractions() -> None:
    from fractions import Fraction

    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"g": "a", "y": [0, 1] * 500, "w": rng.lognormal(0, 6, 1000)})
    found = count(frame.assign(g=["a", "b"] * 500), CountSpec(("g",), target="y", weight="w"))
    expected = [float(sum(map(Fraction, frame["w"][i::2].tolist()))) for i in (0, 1)]
    assert found.cells.weight.tolist() == expected
    assert exact.ExactSum.of("x", "x", 0.0).scale == 0


def test_a_regression_asked_for_ignores_scores_and_thresholds_and_needs_a_target() -> None:
    frame = people(300)
    spec = CountSpec(("sex",), target="d", prediction="guess", score="s", threshold=0.5, regression=True)
    found = count(frame, spec)
    assert (found.task, found.threshold, found.score_range) == ("regression", None, None)
    assert [each["reason"] for each in found.dropped] == ["the target d is missing"]
    with pytest.raises(BadInputError, match="a regression has a target"):
        count(frame, CountSpec(("sex",), prediction="guess", regression=True))


def test_a_threshold_may_be_a_number_of_any_make() -> None:
    frame = people(300)
    counts = [
        count(frame, CountSpec(("sex",), target="d", score="s", threshold=t)).cells.n  # type: ignore[arg-type]
        for t in (0.25, np.float64(0.25), np.float32(0.25))
    ]
    assert counts[0].tolist() == counts[1].tolist() == counts[2].tolist()


def test_probabilities_given_as_predictions_are_refused_before_they_are_grouped() -> None:
    frame = people().assign(d=lambda f: np.random.default_rng(0).random(len(f)))
    with pytest.raises(BadInputError, match=r"looks like a score: give it with --score d"):
        count(frame, CountSpec(("sex",), target="y", prediction="d"))


@pytest.mark.slow
def test_memory_does_not_grow_with_rows(tmp_path: Path) -> None:
    """Ten times as many rows may take a few more buffers, and no more than a small part of the file."""
    resource = pytest.importorskip("resource", reason="peak memory is read by the standard library on Unix")
    del resource
    import subprocess
    import sys

    import duckdb

    code = (
        "import resource, sys; from toolkit.table.counting import count, CountSpec; "
        "count(sys.argv[1], CountSpec(('g',), target='y', prediction='d', weight='x')); "
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = {}
    for rows in (200_000, 2_000_000):
        for kind in ("csv", "parquet"):
            path = tmp_path / f"{rows}.{kind}"
            with duckdb.connect() as con:
                con.execute(
                    f"COPY (SELECT i % 4 AS g, i % 2 AS y, i % 3 % 2 AS d, 1 + i % 1000 / 1000 AS x, "
                    f"random() AS z FROM range({rows}) AS r(i)) TO '{path}' (FORMAT {kind})"
                )
            done = subprocess.run(
                [sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True
            )
            peaks[kind, rows] = int(done.stdout) / 1024
    for kind in ("csv", "parquet"):
        assert peaks[kind, 2_000_000] < peaks[kind, 200_000] + 150, peaks


def test_the_counting_of_a_file_imports_neither_pandas_nor_a_training_library(tmp_path: Path) -> None:
    import subprocess
    import sys

    path = tmp_path / "t.csv"
    path.write_text("g,y\na,1\nb,0\n")
    code = (
        "import sys; from toolkit.table.counting import count, CountSpec; "
        "count(sys.argv[1], CountSpec(('g',), target='y')); "
        "print([m for m in ('pandas', 'sklearn', 'pyarrow', 'jax', 'scipy.stats') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
