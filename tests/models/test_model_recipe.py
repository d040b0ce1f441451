"""A recipe holds plain values only, is fitted the same for the same seed, and says exactly what it learnt."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.models.fitted import Fitted, fit_recipe
from toolkit.models.recipe import (
    ALLOWED,
    Recipe,
    capacity_variants,
    is_classifier,
    is_plain,
    is_seeded,
    literal,
    parse_recipe,
    takes_weights,
)
from toolkit.records import BadInputError, NotApplicable

LOGISTIC = "sklearn.linear_model.LogisticRegression"
QUICK = (
    {"MLPClassifier": ["max_iter=5"], "MLPRegressor": ["max_iter=5"]}
    | {
        name: ["n_estimators=5"]
        for name in (
            "RandomForestClassifier",
            "RandomForestRegressor",
            "ExtraTreesClassifier",
            "ExtraTreesRegressor",
            "GradientBoostingClassifier",
            "GradientBoostingRegressor",
        )
    }
    | {name: ["max_iter=5"] for name in ("HistGradientBoostingClassifier", "HistGradientBoostingRegressor")}
)


def table(rows: int = 120, missing: float = 0.05) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    X = rng.normal(size=(rows, 4)) * (1.0, 10.0, 0.1, 1.0) + (0.0, 50.0, 0.0, 0.0)
    y = (X[:, 0] + (X[:, 1] - 50) / 10 + rng.normal(size=rows) > 0).astype(np.int64)
    X[rng.random(X.shape) < missing] = np.nan
    return X, y


def recipe_of(path: str) -> Recipe:
    return parse_recipe(path, QUICK.get(path.rpartition(".")[2], []))


def fit(path: str, *, seed: int = 1, **keywords: Any) -> Fitted:
    X, y = table()
    recipe = recipe_of(path)
    return fit_recipe(
        recipe, X, y if is_classifier(recipe) else y + np.nan_to_num(X[:, 2]), seed=seed, **keywords
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1),
        ("1e-3", 1e-3),
        (".5", 0.5),
        ("true", True),
        ("True", True),
        ("None", None),
        ("null", None),
        ("balanced", "balanced"),
        ('"l1"', "l1"),
        ("[16, 8]", [16, 8]),
        ("(16, 8)", [16, 8]),
        ("2020-01-01", "2020-01-01"),
        ("__import__('os').system('true')", "__import__('os').system('true')"),
        ("1\nother = 2", "1\nother = 2"),
    ],
)
def test_a_value_is_read_as_a_literal_or_stays_text(text: str, value: object) -> None:
    found = literal(text)
    assert (found, type(found)) == (value, type(value))


@given(st.text(max_size=200))
def test_no_text_breaks_the_reading_of_a_value(text: str) -> None:
    value = literal(text)
    assert is_plain(value) or isinstance(value, dict | set | list)


def test_short_names_mean_their_paths() -> None:
    assert parse_recipe("LogisticRegression").estimator == LOGISTIC
    assert parse_recipe("xgboost").estimator == "xgboost.XGBClassifier"
    assert parse_recipe(LOGISTIC, ["C=0.1", "class_weight=balanced"]) == Recipe(
        LOGISTIC, {"C": 0.1, "class_weight": "balanced"}
    )


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("sklearn.linear_model.LogisticRegresion", LOGISTIC),
        ("RandomForest Classifier", "sklearn.ensemble.RandomForestClassifier"),
        ("sklearn.svm.NuSVC", "sklearn.svm.SVC"),
    ],
)
def test_an_unknown_estimator_is_refused_with_the_nearest(name: str, nearest: str) -> None:
    with pytest.raises(BadInputError, match=f"the nearest is {nearest}"):
        parse_recipe(name)


@pytest.mark.parametrize(
    "name", ["os.system", "builtins.eval", "sklearn.pipeline.Pipeline", "", "\x1b[31m;rm -rf"]
)
def test_a_path_that_is_not_on_the_list_is_never_imported(name: str) -> None:
    with pytest.raises(BadInputError, match="is not an estimator a recipe may name") as caught:
        parse_recipe(name)
    assert str(caught.value).isprintable()
    with pytest.raises(BadInputError):
        fit_recipe(Recipe(name, {}), *table(), seed=0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["c_=1"], "has no parameter 'c_'; did you mean 'C'"),
        (["max_depth=3"], "It has C, class_weight"),
        (["C"], "write PARAMETER=VALUE"),
        (["=1"], "write PARAMETER=VALUE"),
        (["C=1", "C=2"], "'C' is given twice"),
        (["n_jobs=4"], "it is always 1 here"),
        (["random_state=4"], "comes from the audit's own seed"),
        (["class_weight={0 = 1}"], "a recipe holds no code, files or tables"),
        (["C={1, 2}"], "a recipe holds no code, files or tables"),
        (["C=[[[1]]]"], "a recipe holds no code, files or tables"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_the_way_out(settings: list[str], said: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_recipe(LOGISTIC, settings)
    assert said in str(caught.value)


def test_code_in_a_recipe_made_by_hand_is_refused() -> None:
    with pytest.raises(BadInputError, match="holds no code"):
        fit_recipe(Recipe("xgboost.XGBClassifier", {"objective": print}), *table(), seed=0)
    with pytest.raises(BadInputError, match="it takes code"):
        fit_recipe(Recipe("xgboost.XGBClassifier", {"callbacks": []}), *table(), seed=0)


@pytest.mark.parametrize("path", ALLOWED)
def test_every_allowed_estimator_takes_missing_numbers_and_repeats_itself(path: str) -> None:
    X, _ = table()
    first, second = fit(path), fit(path)
    before = first.digest()
    scores = first.score(X)
    assert scores.shape == (len(X),)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    if first.classifies:
        assert set(first.decide(X).tolist()) <= {0, 1}
        assert ((scores >= 0) & (scores <= 1)).all()
    else:
        with pytest.raises(NotApplicable):
            first.decide(X)
    assert first.digest() == before == second.digest(), (
        "asking moves nothing; the same seed is the same model"
    )
    if first.digest() != fit(path, seed=2).digest():
        assert is_seeded(first.recipe), "only a seed can make two fits differ"
    for name, variant in capacity_variants(first.recipe):
        assert "=" in name
        assert variant != first.recipe


@pytest.mark.parametrize("path", [p for p in ALLOWED if "linear_model" in p or "LinearSV" in p])
def test_the_linear_form_on_the_features_own_scale_is_exact(path: str) -> None:
    X, _ = table()
    model = fit(path)
    assert model.linear is not None
    coefficients, intercept = model.linear
    value = model.filled(X) @ coefficients + intercept
    said = 1 / (1 + np.exp(-value)) if model.classifies else value
    np.testing.assert_allclose(model.score(X), said, rtol=1e-10, atol=1e-12)


def test_what_is_not_linear_has_no_linear_form() -> None:
    assert fit("sklearn.svm.SVC").linear is None
    assert fit("sklearn.tree.DecisionTreeClassifier").linear is None
    X, y = table()
    assert fit_recipe(parse_recipe("SGDClassifier", ["loss=modified_huber"]), X, y, seed=0).linear is None


def test_a_logistic_recipe_is_the_pipeline_of_median_scaler_and_regression() -> None:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X, y = table()
    theirs = make_pipeline(SimpleImputer(strategy="median"), StandardScaler(), LogisticRegression(C=0.1)).fit(
        X, y
    )
    ours = fit_recipe(parse_recipe(LOGISTIC, ["C=0.1"]), X, y, seed=0)
    np.testing.assert_allclose(ours.score(X), theirs.predict_proba(X)[:, 1], rtol=1e-9)
    assert (ours.decide(X) == theirs.predict(X)).all()
    assert ours.probabilistic


def test_a_column_that_is_constant_or_wholly_missing_is_no_obstacle() -> None:
    X, y = table()
    X[:, 2], X[:, 3] = 0.1, np.nan
    assert np.isfinite(fit_recipe(parse_recipe(LOGISTIC), X, y, seed=0).score(X)).all()


def test_decision_values_are_not_called_chances() -> None:
    model = fit("sklearn.svm.LinearSVC")
    assert not model.probabilistic
    assert ((model.score(table()[0]) > 0.5) == (model.decide(table()[0]) == 1)).all()


@pytest.mark.parametrize(
    "path", ["LogisticRegression", "DecisionTreeClassifier", "HistGradientBoostingClassifier"]
)
def test_the_digest_sees_one_unit_in_the_last_place(path: str) -> None:
    model = fit(path)
    before = model.digest()
    if hasattr(model.estimator, "coef_"):
        model.estimator.coef_[0, 0] = np.nextafter(model.estimator.coef_[0, 0], np.inf)
    elif hasattr(model.estimator, "tree_"):
        model.estimator.tree_.value[0, 0, 0] = np.nextafter(model.estimator.tree_.value[0, 0, 0], np.inf)
    else:
        nodes = model.estimator._predictors[0][0].nodes
        nodes["value"][0] = np.nextafter(nodes["value"][0], np.inf)
    assert model.digest() != before


def test_the_digest_is_the_same_in_another_process() -> None:
    paths = ["RandomForestClassifier", "HistGradientBoostingClassifier", "xgboost", "MLPClassifier"]
    X, y = table()
    ours = [fit_recipe(parse_recipe(path), X[:, :2], y, seed=5).digest() for path in paths]
    program = (
        "import numpy as np, sys\n"
        "from toolkit.models.fitted import fit_recipe\n"
        "from toolkit.models.recipe import parse_recipe\n"
        "with np.load(sys.argv[1]) as file: X, y = file['X'], file['y']\n"
        f"print(*[fit_recipe(parse_recipe(p), X, y, seed=5).digest() for p in {paths}])\n"
    )
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        np.savez(Path(folder) / "d.npz", X=X[:, :2], y=y)
        done = subprocess.run(
            [sys.executable, "-c", program, str(Path(folder) / "d.npz")],
            capture_output=True,
            text=True,
            check=True,
        )
    assert done.stdout.split() == ours


def test_a_weight_of_two_is_a_row_given_twice() -> None:
    X, y = table(missing=0)
    weight = np.where(np.arange(len(y)) % 3 == 0, 2.0, 1.0)
    twice = np.repeat(np.arange(len(y)), weight.astype(int))
    recipe = parse_recipe("LinearRegression")
    weighted = fit_recipe(recipe, X, y, seed=0, weight=weight)
    repeated = fit_recipe(recipe, X[twice], y[twice], seed=0)
    np.testing.assert_allclose(weighted.score(X), repeated.score(X), rtol=1e-9, atol=1e-12)


def test_an_estimator_without_weights_says_so() -> None:
    recipe = parse_recipe("KNeighborsClassifier")
    assert not takes_weights(recipe)
    assert takes_weights(parse_recipe(LOGISTIC))
    with pytest.raises(BadInputError, match="cannot be fitted with a weight"):
        fit_recipe(recipe, *table(), seed=0, weight=np.ones(120))


@pytest.mark.parametrize(
    ("settings", "said"), [(["C=-1"], "'C' parameter"), (["solver=none_such"], "'solver' parameter")]
)
def test_what_the_library_refuses_is_one_line_that_names_the_recipe(settings: list[str], said: str) -> None:
    with pytest.raises(BadInputError, match="LogisticRegression could not be fitted") as caught:
        fit_recipe(parse_recipe(LOGISTIC, settings), *table(), seed=0)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_one_class_cannot_be_learnt() -> None:
    X, y = table()
    with pytest.raises(BadInputError, match="one class only"):
        fit_recipe(parse_recipe(LOGISTIC), X, np.zeros_like(y), seed=0)
    with pytest.raises(BadInputError, match="between 0 and 1"):
        fit_recipe(parse_recipe(LOGISTIC), X, y + 1, seed=0)


def test_neighbours_in_capacity_lie_on_both_sides() -> None:
    assert capacity_variants(parse_recipe(LOGISTIC, ["C=0.1"])) == [
        ("C=0.01", Recipe(LOGISTIC, {"C": 0.1 * 0.1})),
        ("C=1", Recipe(LOGISTIC, {"C": 1.0})),
    ]
    assert [v.parameters for _, v in capacity_variants(parse_recipe("xgboost"))] == [
        {"max_depth": 3},
        {"max_depth": 12},
    ]
    assert [name for name, _ in capacity_variants(parse_recipe("mlp", ["hidden_layer_sizes=[16, 8]"]))] == [
        "hidden_layer_sizes=[4,2]",
        "hidden_layer_sizes=[64,32]",
    ]
    assert capacity_variants(parse_recipe("DummyClassifier")) == []


def test_what_a_library_warns_of_is_a_note_and_no_warning() -> None:
    X, y = table()
    model = fit_recipe(parse_recipe("mlp", ["max_iter=1"]), X, y, seed=0)
    assert any("converged" in note for note in model.notes)


def test_xgboost_gives_its_booster_for_the_features_own_scale() -> None:
    import xgboost

    X, _ = table()
    model = fit("xgboost.XGBClassifier")
    assert model.booster is not None
    np.testing.assert_array_equal(model.booster.predict(xgboost.DMatrix(X)).astype(float), model.score(X))
    assert fit(LOGISTIC).booster is None
