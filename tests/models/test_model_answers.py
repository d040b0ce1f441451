"""What a model answers is put in the table's terms: scores of the positive class, decisions, or numbers.

These run the worker's steps in this process; ``test_model_sandbox`` runs the subprocess.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pandas as pd
import pytest
import skops.io
import xgboost
from onnx import TensorProto, helper
from scipy.special import expit
from sklearn.cluster import KMeans
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.multioutput import MultiOutputRegressor
from sklearn.svm import SVC

from toolkit.models import worker
from toolkit.models.columns import Columns
from toolkit.models.detect import kind_of
from toolkit.records import BadInputError

RNG = np.random.default_rng(11)
TABLE = pd.DataFrame({"age": RNG.normal(40, 10, 90), "income": RNG.normal(size=90)})
TABLE.loc[3, "income"] = np.nan
FULL = TABLE.fillna(0.0)
YES = np.where(FULL["age"] + 8 * FULL["income"] > 40, "yes", "no")
CODE = (YES == "yes").astype(np.int64)
THREE = np.where(FULL["age"] > 45, "high", np.where(FULL["age"] > 35, "middle", "low"))


@dataclass
class Said:
    """The worker's answer with its arrays."""

    plain: dict[str, Any]
    scores: np.ndarray | None
    decisions: np.ndarray | None
    contributions: np.ndarray | None = None


@pytest.fixture
def ask(tmp_path: Path) -> Callable[..., Said]:
    def asked(
        data: bytes,
        columns: Mapping[str, Any] = FULL,
        positive: str | None = "yes",
        negative: str | None = None,
        features: list[str] | None = None,
        trust: tuple[str, ...] = (),
        contributions: bool = False,
    ) -> Said:
        (tmp_path / "model").write_bytes(data)
        Columns.of(columns).write(tmp_path)
        job = {
            "kind": kind_of(data),
            "action": "predict",
            "positive": positive,
            "negative": negative,
            "features": features,
            "trust": trust,
            "contributions": contributions,
        }
        plain = json.loads(json.dumps(worker.run(job, tmp_path)))
        if plain["refused"]:
            return Said(plain, None, None)
        with np.load(tmp_path / "answer.npz", allow_pickle=False) as file:
            found = {name: file[name] for name in file}
        return Said(plain, found.get("scores"), found.get("decisions"), found.get("contributions"))

    return asked


def skopsed(model: Any) -> bytes:
    return skops.io.dumps(model)


def boosted(y: Any, **parameters: Any) -> xgboost.Booster:
    rows = xgboost.DMatrix(TABLE, y, nthread=1)
    return xgboost.train({"nthread": 1, "max_depth": 2, **parameters}, rows, 4)


def saved(booster: xgboost.Booster, kind: str = "ubj") -> bytes:
    return bytes(booster.save_raw(kind))


def test_chances_and_decisions_are_the_estimators_own_for_either_positive(ask: Callable[..., Said]) -> None:
    model = LogisticRegression().fit(FULL, YES)
    for place, positive in enumerate(("no", "yes")):
        said = ask(skopsed(model), positive=positive)
        np.testing.assert_array_equal(said.scores, model.predict_proba(FULL)[:, place])
        np.testing.assert_array_equal(said.decisions, model.predict(FULL) == positive)
        assert said.plain["probabilistic"] is True
        assert said.plain["columns"] == ["age", "income"]


def test_one_class_of_three_is_audited_against_the_rest(ask: Callable[..., Said]) -> None:
    model = LogisticRegression(max_iter=500).fit(FULL, THREE)
    said = ask(skopsed(model), positive="middle")
    np.testing.assert_array_equal(said.scores, model.predict_proba(FULL)[:, 2])
    np.testing.assert_array_equal(said.decisions, model.predict(FULL) == "middle")
    with pytest.raises(BadInputError, match="say which is positive"):
        ask(skopsed(model), positive=None)


@pytest.mark.parametrize("positive", ["yes", "no"])
@pytest.mark.parametrize("model", [RidgeClassifier(), SVC()])
def test_a_decision_value_is_squashed_and_called_no_chance(
    ask: Callable[..., Said], model: Any, positive: str
) -> None:
    model.fit(FULL, YES)
    said = ask(skopsed(model), positive=positive)
    value = model.decision_function(FULL) * (1 if positive == "yes" else -1)
    np.testing.assert_allclose(said.scores, expit(value))
    np.testing.assert_array_equal(said.decisions, model.predict(FULL) == positive)
    assert said.plain["probabilistic"] is False


def test_a_regression_gives_numbers_and_decides_nothing(ask: Callable[..., Said]) -> None:
    model = LinearRegression().fit(FULL, FULL["age"] * 2)
    said = ask(skopsed(model))
    np.testing.assert_array_equal(said.scores, model.predict(FULL))
    assert said.decisions is None
    assert said.plain["about"]["task"] == "numbers"


def test_columns_are_given_by_name_whatever_their_order_in_the_table(ask: Callable[..., Said]) -> None:
    model = LogisticRegression().fit(FULL, YES)
    table = {"target": YES, "income": FULL["income"], "age": FULL["age"]}
    np.testing.assert_array_equal(ask(skopsed(model), table).scores, model.predict_proba(FULL)[:, 1])
    with pytest.raises(BadInputError, match="'age'"):
        ask(skopsed(model), {"income": FULL["income"], "agee": FULL["age"]})


def test_a_model_without_names_takes_the_features_in_order(ask: Callable[..., Said]) -> None:
    model = LogisticRegression().fit(FULL.to_numpy(), YES)
    table = {"target": YES, "age": FULL["age"], "income": FULL["income"]}
    said = ask(skopsed(model), table, features=["age", "income"])
    np.testing.assert_array_equal(said.scores, model.predict_proba(FULL.to_numpy())[:, 1])
    with pytest.raises(BadInputError, match="takes 2 columns; the table offers 3"):
        ask(skopsed(model), table)
    with pytest.raises(BadInputError, match="column 'target' holds text"):
        ask(skopsed(model), table, features=["target", "income"])


def test_rows_asked_in_pieces_give_the_same(
    ask: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = LogisticRegression().fit(FULL, YES)
    monkeypatch.setattr(worker, "CHUNK", 7)
    said = ask(skopsed(model))
    np.testing.assert_array_equal(said.decisions, model.predict(FULL) == "yes")
    np.testing.assert_allclose(said.scores, model.predict_proba(FULL)[:, 1], rtol=1e-12)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (KMeans(2, n_init=1), "no fitted classifier and no regression"),
        ({"a": 1}, "holds 'dict', which has no predict"),
        (MultiOutputRegressor(LinearRegression()), "predicts several columns"),
    ],
)
def test_what_predicts_no_single_target_is_told_so(ask: Callable[..., Said], held: Any, said: str) -> None:
    if hasattr(held, "fit"):
        held.fit(FULL.to_numpy(), np.column_stack([CODE, CODE]))
    data = pickle.dumps(held)
    with pytest.raises(BadInputError, match=said):
        ask(data)


def test_a_tree_ensemble_is_opened_only_with_its_types_allowed(ask: Callable[..., Said]) -> None:
    from sklearn.ensemble import RandomForestClassifier

    model = RandomForestClassifier(3, random_state=0, n_jobs=2).fit(FULL, YES)
    said = ask(skopsed(model))
    assert said.plain["refused"] == said.plain["untrusted"] == ["sklearn.tree._tree.Tree"]
    assert "sklearn.ensemble._forest.RandomForestClassifier" in said.plain["types"]
    said = ask(skopsed(model), trust=("sklearn.tree._tree.Tree", "nobody.Knows"))
    np.testing.assert_allclose(said.scores, model.predict_proba(FULL)[:, 1])
    assert said.plain["notes"] == ["trusted, but not in the file: 'nobody.Knows'"]


@pytest.mark.parametrize("kind", ["json", "ubj"])
def test_a_booster_decides_as_its_classifier_does_and_takes_gaps(ask: Callable[..., Said], kind: str) -> None:
    model = xgboost.XGBClassifier(n_estimators=4, n_jobs=1).fit(TABLE, CODE)
    said = ask(saved(model.get_booster(), kind), TABLE)
    np.testing.assert_array_equal(said.scores, model.predict_proba(TABLE)[:, 1].astype(np.float64))
    np.testing.assert_array_equal(said.decisions, model.predict(TABLE))
    assert "its 1 is taken to be 'yes'" in said.plain["notes"][0]
    assert dict(said.plain["about"]["parameters"])["n_estimators"] == "4"


def test_xgboosts_wrapper_in_skops_needs_its_types_and_keeps_its_settings(ask: Callable[..., Said]) -> None:
    model = xgboost.XGBClassifier(n_estimators=4, max_depth=2, n_jobs=1).fit(TABLE, CODE)
    refused = ask(skopsed(model), TABLE).plain["refused"]
    assert refused == ["xgboost.core.Booster", "xgboost.sklearn.XGBClassifier"]
    said = ask(skopsed(model), TABLE, trust=tuple(refused))
    np.testing.assert_array_equal(said.scores, model.predict_proba(TABLE)[:, 1].astype(float))
    assert dict(said.plain["about"]["parameters"])["max_depth"] == "2"
    said = ask(skopsed(model.get_booster()), TABLE, trust=tuple(refused))
    assert dict(said.plain["about"]["parameters"])["max_depth"] == "2"


def test_what_fails_on_the_table_says_at_which_step(ask: Callable[..., Said]) -> None:
    with pytest.raises(
        BadInputError, match=r"cannot predict from this table: ValueError: Input X contains NaN"
    ):
        ask(skopsed(LogisticRegression().fit(FULL, YES)), TABLE)


def test_settings_that_a_boosters_file_does_not_hold_are_not_made_up(ask: Callable[..., Said]) -> None:
    shown = dict(ask(saved(boosted(CODE, objective="binary:logistic")), TABLE).plain["about"]["parameters"])
    assert "max_depth" not in shown, "it was 2; xgboost would say 6, its default"


@pytest.mark.parametrize("objective", ["binary:logistic", "binary:logitraw", "binary:hinge"])
def test_binary_objectives_score_what_they_can(ask: Callable[..., Said], objective: str) -> None:
    model = boosted(CODE, objective=objective)
    raw = model.predict(xgboost.DMatrix(TABLE), output_margin=objective == "binary:logitraw")
    said = ask(saved(model), TABLE)
    if objective == "binary:hinge":
        assert said.scores is None
        np.testing.assert_array_equal(said.decisions, raw)
        return
    np.testing.assert_allclose(said.scores, expit(raw.astype(float)) if objective.endswith("raw") else raw)
    np.testing.assert_array_equal(said.decisions, said.scores > 0.5)
    assert said.plain["probabilistic"] is (objective == "binary:logistic")


def test_a_booster_of_three_classes_and_one_of_numbers(ask: Callable[..., Said]) -> None:
    three = pd.Series(THREE).map({"low": 0, "middle": 1, "high": 2})
    model = boosted(three, objective="multi:softprob", num_class=3)
    chances = model.predict(xgboost.DMatrix(TABLE))
    said = ask(saved(model), TABLE, positive="2")
    np.testing.assert_array_equal(said.scores, chances[:, 2].astype(float))
    np.testing.assert_array_equal(said.decisions, chances.argmax(axis=1) == 2)
    numbers = boosted(FULL["age"], objective="reg:squarederror")
    said = ask(saved(numbers), TABLE)
    np.testing.assert_array_equal(said.scores, numbers.predict(xgboost.DMatrix(TABLE)).astype(float))
    assert said.decisions is None


def test_early_stopping_is_kept_and_said(ask: Callable[..., Said]) -> None:
    model = boosted(CODE, objective="binary:logistic")
    model.set_attr(best_iteration="1")
    said = ask(saved(model), TABLE)
    np.testing.assert_array_equal(
        said.scores, model.predict(xgboost.DMatrix(TABLE), iteration_range=(0, 2)).astype(float)
    )
    assert said.plain["about"]["notes"] == ["early stopping chose 2 of 4 rounds; those are used"]


def test_named_categories_are_coded_as_the_booster_was_trained(ask: Callable[..., Said]) -> None:
    table = TABLE.assign(job=pd.Categorical(THREE))
    model = xgboost.XGBClassifier(n_estimators=4, n_jobs=1, enable_categorical=True).fit(table, CODE)
    given = {"age": TABLE["age"], "income": TABLE["income"], "job": THREE}
    few = {name: np.asarray(column)[THREE != "high"] for name, column in given.items()}
    said = ask(saved(model.get_booster(), "json"), few)
    np.testing.assert_array_equal(said.scores, model.predict_proba(table)[THREE != "high", 1].astype(float))


def test_a_boosters_contributions_sum_to_its_log_odds(ask: Callable[..., Said]) -> None:
    said = ask(saved(boosted(CODE, objective="binary:logistic")), TABLE, contributions=True)
    assert said.contributions is not None
    assert said.contributions.shape == (len(TABLE), 3)
    np.testing.assert_allclose(expit(said.contributions.sum(axis=1)), said.scores, atol=1e-5)
    with pytest.raises(BadInputError, match="no exact contributions"):
        ask(skopsed(LogisticRegression().fit(FULL, YES)), contributions=True)


def test_a_boosters_column_of_text_is_named(ask: Callable[..., Said]) -> None:
    with pytest.raises(BadInputError, match="column 'income' holds text"):
        ask(saved(boosted(CODE, objective="binary:logistic")), {"age": FULL["age"], "income": YES})


@pytest.mark.parametrize("end", [40, 400, -30])
def test_a_booster_cut_short_is_an_error_of_its_own(ask: Callable[..., Said], end: int) -> None:
    whole = saved(boosted(CODE, objective="binary:logistic"), "json")
    with pytest.raises(BadInputError, match=r"cannot read it: Expecting|cut short") as caught:
        ask(whole[:end], TABLE)
    assert ".cc:" not in str(caught.value), "no clock and no source line of xgboost's"


def linear_graph(
    labels: list[Any], scores: str | None = "Z", zipmap: bool = False
) -> tuple[bytes, np.ndarray]:
    """Return a logistic regression as a graph, and its chance of the second class on FULL."""
    model = LogisticRegression().fit(FULL.to_numpy(), CODE)
    weights = np.concatenate([-model.coef_[0], model.coef_[0]])
    text = isinstance(labels[0], str)
    node = helper.make_node(
        "LinearClassifier", ["X"], ["Y", "Z"], domain="ai.onnx.ml", coefficients=weights.tolist(),
        intercepts=[-float(model.intercept_[0]), float(model.intercept_[0])], post_transform="LOGISTIC",
        **{"classlabels_strings" if text else "classlabels_ints": labels},
    )  # fmt: skip
    ends = [helper.make_tensor_value_info("Y", TensorProto.STRING if text else TensorProto.INT64, [None])]
    nodes = [node]
    if zipmap:
        key = "classlabels_strings" if text else "classlabels_int64s"
        nodes.append(helper.make_node("ZipMap", ["Z"], ["M"], domain="ai.onnx.ml", **{key: labels}))
        types = helper.make_map_type_proto(
            TensorProto.STRING if text else TensorProto.INT64,
            helper.make_tensor_type_proto(TensorProto.FLOAT, []),
        )
        ends.append(helper.make_value_info("M", helper.make_sequence_type_proto(types)))
    elif scores:
        ends.append(helper.make_tensor_value_info("Z", TensorProto.FLOAT, [None, 2]))
    start = [helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, 2])]
    return packed(nodes, start, ends), model.predict_proba(FULL.to_numpy())[:, 1]


def packed(nodes: list[Any], starts: list[Any], ends: list[Any]) -> bytes:
    versions = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    model = helper.make_model(
        helper.make_graph(nodes, "g", starts, ends), opset_imports=versions, ir_version=8
    )
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize(("labels", "positive"), [(["no", "yes"], "yes"), ([0, 1], "1"), ([-1, 1], "1")])
def test_a_graph_with_labels_gives_chances_and_decisions(
    ask: Callable[..., Said], labels: list[Any], positive: str, zipmap: bool
) -> None:
    data, chance = linear_graph(labels, zipmap=zipmap)
    said = ask(data, positive=positive)
    np.testing.assert_allclose(said.scores, chance, atol=1e-5)
    np.testing.assert_array_equal(said.decisions, chance > 0.5)
    assert said.plain["probabilistic"] is True


def test_a_graph_that_finds_nobody_positive_still_knows_its_classes(ask: Callable[..., Said]) -> None:
    data, chance = linear_graph(["no", "yes"])
    said = ask(data, FULL[chance < 0.5])
    np.testing.assert_allclose(said.scores, chance[chance < 0.5], atol=1e-5)
    assert not said.decisions.any()


def test_a_graph_with_labels_alone_decides_only(ask: Callable[..., Said]) -> None:
    data, chance = linear_graph(["no", "yes"], scores=None)
    said = ask(data)
    assert said.scores is None
    np.testing.assert_array_equal(said.decisions, chance > 0.5)


def test_a_graph_with_an_input_per_column_takes_them_by_name(ask: Callable[..., Said]) -> None:
    starts = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in ("income", "age")]
    ends = [helper.make_tensor_value_info("s", TensorProto.FLOAT, [None, 1])]
    data = packed([helper.make_node("Sub", ["income", "age"], ["s"])], starts, ends)
    said = ask(data)
    np.testing.assert_allclose(said.scores, FULL["income"] - FULL["age"], rtol=1e-5)
    assert said.plain["about"]["task"] == "scores"
    with pytest.raises(BadInputError, match="'income' \\(nearest in the table: 'incom'\\)"):
        ask(data, {"age": FULL["age"], "incom": FULL["income"]})


def test_a_graph_that_cannot_be_run_is_an_error_of_one_line(ask: Callable[..., Said]) -> None:
    data, _ = linear_graph(["no", "yes"])
    with pytest.raises(BadInputError, match="onnxruntime cannot read it") as caught:
        ask(data[:-40])
    assert "\n" not in str(caught.value)
    with pytest.raises(BadInputError, match="takes 2 columns; the table offers 1"):
        ask(data, {"age": FULL["age"]})


def test_without_onnxruntime_the_install_line_is_given(
    ask: Callable[..., Said], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(BadInputError, match=r"pip install 'misconception-toolkit\[onnx\]'"):
        ask(linear_graph(["no", "yes"])[0])
