"""Small promises crossed with every plug-in found, so that a new file is tested without anyone asking."""

from __future__ import annotations

import ast
import math
import re
import sys
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from toolkit import catalogue
from toolkit.experiment import Experiment
from toolkit.records import PREDICTIONS, RULINGS, Effort, Rows

ROOT = Path(__file__).parents[1]
EXPERIMENTS = list(catalogue.experiments("misconceptions").values())
MISCONCEPTIONS = sorted((ROOT / "toolkit/misconceptions").glob("[!_]*.py"))
every_experiment = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda e: e.code)


def test_all_eight_beliefs_are_found_by_file_name() -> None:
    assert [e.code for e in EXPERIMENTS][:8] == [f"M00{i}" for i in range(1, 9)]


@every_experiment
def test_code_belief_and_prose_are_filled_in(experiment: Experiment) -> None:
    assert re.fullmatch(r"[A-Z]\d{3}", experiment.code)
    for text in (
        experiment.belief,
        experiment.article,
        experiment.what,
        experiment.would_change,
        experiment.scope,
    ):
        assert len(text) > 20
        assert not re.search(r"\b(TODO|FIXME|XXX|lorem)\b", text)
    assert experiment.threats
    assert experiment.references
    assert experiment.beside


@every_experiment
def test_claims_are_two_or_more_with_unit_direction_and_margin(experiment: Experiment) -> None:
    assert len(experiment.claims) >= 2
    ids = [claim.id for claim in experiment.claims]
    assert len(set(ids)) == len(ids)
    for claim in experiment.claims:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", claim.id)
        assert claim.predicts in PREDICTIONS
        assert claim.margin > 0
        assert math.isfinite(claim.margin)
        assert claim.unit
        assert claim.statement.endswith(".")


@every_experiment
def test_every_claim_has_a_world_where_it_holds_and_one_where_it_does_not(experiment: Experiment) -> None:
    expected: dict[str, set[str]] = {claim.id: set() for claim in experiment.claims}
    for control in experiment.controls:
        assert control.why
        for claim, ruling in control.expects.items():
            assert ruling in RULINGS
            expected[claim].add(ruling)
    assert {claim for claim, rulings in expected.items() if not {"supported", "refuted"} <= rulings} == set()


@every_experiment
def test_every_claim_is_drawn_and_every_figure_names_real_claims(experiment: Experiment) -> None:
    drawn = {claim for figure in experiment.figures for claim in figure.claims}
    assert drawn == {claim.id for claim in experiment.claims}


@every_experiment
def test_every_dataset_named_exists_and_has_a_data_card(experiment: Experiment) -> None:
    names = {*experiment.datasets, *(c.dataset for c in experiment.controls)}
    assert names <= set(catalogue.datasets())
    for name in names:
        card = tomllib.loads((ROOT / "datasets" / f"{name.partition(':')[0]}.toml").read_text("utf-8"))
        assert card["title"]
        assert card["licence"]
        assert card["kind"] in {"table", "world"}


@every_experiment
def test_the_rule_answers_for_every_combination_of_pooled_rulings(experiment: Experiment) -> None:
    for ruling in RULINGS:
        answers = SimpleNamespace(
            ruling=lambda claim, r=ruling: r,
            universal=lambda *claims, r=ruling: r,
            existential=lambda *claims, r=ruling: r,
        )
        said, sentence = experiment.rule(answers)
        assert said in RULINGS
        assert sentence.endswith(".")
        if ruling in {"inconclusive", "error", "not_applicable"}:
            assert said not in {"supported", "refuted"}


@pytest.mark.parametrize("path", MISCONCEPTIONS, ids=lambda p: p.stem)
def test_a_plug_in_imports_only_the_contract_at_top_level(path: Path) -> None:
    allowed = {*sys.stdlib_module_names, "toolkit.experiment", "toolkit.records"}
    tree = ast.parse(path.read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Import):
            assert {alias.name.partition(".")[0] for alias in node.names} <= allowed
        elif isinstance(node, ast.ImportFrom):
            assert node.module in allowed or (node.module or "").partition(".")[0] in sys.stdlib_module_names
    assert ast.get_docstring(tree)


@pytest.mark.slow
@every_experiment
def test_measuring_twice_gives_the_same_plain_rows(experiment: Experiment) -> None:
    name = experiment.controls[0].dataset
    first, second = (
        Rows.of(_records(experiment.measure(catalogue.dataset(name), 3, Effort("quick")))) for _ in range(2)
    )
    assert first == second
    assert len(first) >= 1
    for row in first:
        for value in row.values():
            assert value is None or type(value) in {str, int, float, bool}, f"{value!r} is not plain"


@pytest.mark.slow
@every_experiment
def test_every_control_gives_each_claim_it_is_for_a_number(experiment: Experiment) -> None:
    claims = {claim.id: claim for claim in experiment.claims}
    for control in experiment.controls:
        rows = Rows.of(_records(experiment.measure(catalogue.dataset(control.dataset), 5, Effort("quick"))))
        for name in control.expects:
            claim = claims[name]
            effect = claim.effect(rows, claim.choose(rows)) if claim.choose else claim.effect(rows)
            assert math.isfinite(effect), (control.dataset, name)


def _records(rows: object) -> list[dict[str, object]]:
    return rows.to_dict("records") if hasattr(rows, "to_dict") else list(rows)  # type: ignore[call-overload]
