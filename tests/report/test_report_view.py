"""What the view says: commands to repeat, claims told apart, the calibration in words."""

from __future__ import annotations

from typing import Any

import fixture
import pytest

from toolkit.report.article import repeat
from toolkit.report.calibration import calibration
from toolkit.report.claims import anchor
from toolkit.report.findings import caption
from toolkit.report.panels import cut
from toolkit.report.view import facts, view


def test_the_command_to_repeat_names_belief_seed_and_effort(document: dict[str, Any]) -> None:
    assert repeat("M002", document) == "toolkit check misconceptions --only M002 --seed 0 --effort standard"


def test_the_command_to_repeat_keeps_the_users_table_and_quotes_it(document: dict[str, Any]) -> None:
    document["provenance"]["command"] = (
        "toolkit check misconceptions --data 'my loans.csv' --target approved --only M001 --sensitive race"
    )
    assert repeat("M005", document) == (
        "toolkit check misconceptions --only M005 --seed 0 --effort standard "
        "--data 'my loans.csv' --target approved --sensitive race"
    )


def test_a_command_that_cannot_be_split_does_not_stop_the_report(document: dict[str, Any]) -> None:
    document["provenance"]["command"] = "toolkit check 'unbalanced"
    assert repeat("M002", document).startswith("toolkit check misconceptions --only M002")


def test_claims_of_the_belief_are_counted_apart_from_counter_claims(document: dict[str, Any]) -> None:
    first = view(document).beliefs[0]
    assert first.tally == "claims of the belief: 1 refuted; counter-claims: 1 supported"
    assert first.leading is not None
    assert first.leading.id == "never-worse"


def test_every_claim_names_the_figures_that_bear_on_it(document: dict[str, Any]) -> None:
    first = view(document).beliefs[0]
    assert first.claims[0].figures == (("figure-1", 1),)
    assert first.figures[0].claims[0] == ("M002-never-worse", "never-worse")


def test_figures_are_numbered_through_the_whole_report(document: dict[str, Any]) -> None:
    assert [f.number for b in view(document).beliefs for f in b.figures] == [1, 2, 3, 4, 5, 6]


def test_a_controls_failure_is_said(document: dict[str, Any]) -> None:
    control = view(document).beliefs[3].claims[0].controls[0]
    assert not control.held
    assert control.why == "Nothing can be found in random labels."


def test_the_calibration_names_the_worst_world_and_those_beyond_the_bound() -> None:
    worlds = [
        {"world": world, "claim": "any", "mode": mode, "runs": 1000, "false_rulings": false, "bound": bound}
        for world, mode, false, bound in (
            ("Gaussian: none", "generator", 10, 43),
            ("Gaussian: edge", "generator", 90, 67),
            ("splits: none", "fixed table", 0, 43),
        )
    ]
    found = calibration(worlds)
    assert "in 3.3 % of the runs its ruling contradicted the truth" in found.sentence
    assert "Gaussian: edge; any; generator) it was 9.0 %" in found.sentence
    assert "1 world had more false rulings than accepted" in found.sentence
    assert found.summary.rows[0] == ("Gaussian", "generator", "2", "2,000", "5.0 %", "9.0 %", "1")
    assert len(found.worlds.rows) == 3
    assert calibration([]).sentence == ""


def test_an_anchor_holds_nothing_but_letters_digits_and_hyphens() -> None:
    for name in fixture.HOSTILE:
        assert all(c.isascii() and (c.isalnum() or c == "-") for c in anchor("M001", name))


def test_facts_write_what_is_nested_on_one_line() -> None:
    assert facts({"versions": {"numpy": "2.4", "jax": "0.10"}, "cores": 2, "none": None}) == (
        ("versions", "numpy 2.4, jax 0.10"),
        ("cores", "2"),
        ("none", "–"),
    )


@pytest.mark.parametrize("place", [0, 2])
def test_a_caption_says_logarithmic_only_where_the_axis_is(document: dict[str, Any], place: int) -> None:
    figure = document["experiments"][place]["figures"][0]
    assert ("Logarithmic" in caption(figure, cut(figure))) == (place == 0)


def test_worlds_of_one_generator_share_a_row_of_the_data_table(document: dict[str, Any]) -> None:
    document["provenance"]["datasets"] = [
        {"name": f"capacity:{name}", "sha256": "c" * 64, "kind": "world", "title": "Capacity"}
        for name in ("early", "late")
    ]
    assert view(document).datasets.rows == (("capacity:early, capacity:late", "c" * 64, "world; Capacity"),)


def test_curves_of_one_point_are_drawn_as_intervals(document: dict[str, Any]) -> None:
    figure = document["experiments"][0]["figures"][0]
    figure["points"] = [p for p in figure["points"] if p["x"] == 300]
    assert all(panel.x is None and panel.categories == ("300",) for panel in cut(figure))


def test_each_dataset_ruled_on_is_said_in_a_few_words(document: dict[str, Any]) -> None:
    said = [dict(belief.data) for belief in view(document).beliefs]
    assert any(words.get("digits") == "Handwritten digits, 8x8 pixels" for words in said)
    for experiment, words in zip(document["experiments"], said, strict=True):
        assert set(words) <= {v["dataset"] for c in experiment["claims"] for v in c["verdicts"]}
