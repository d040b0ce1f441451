"""What a watch refuses, and that it names what differs and the way out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from toolkit.audit import audit
from toolkit.audit.watch_before import SEEN
from toolkit.cli.audit import command
from toolkit.records import BadInputError

ASKED: dict[str, Any] = {
    "sensitive": ["race"],
    "target": "label",
    "prediction": "decision",
    "metrics": ["selection_rate", "true_positive_rate"],
}


def people(rows: int = 300) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "race": rng.choice(["A", "B"], rows),
            "label": rng.choice(["yes", "no"], rows),
            "decision": rng.choice(["yes", "no"], rows),
            "other": rng.choice(["yes", "no"], rows),
            "sex": rng.choice(["f", "m"], rows),
            "score": rng.random(rows).round(3),
            "age": rng.integers(18, 80, rows),
            "weight": rng.uniform(0.5, 2, rows),
            "number": np.arange(rows),
            "id": [f"P{i}" for i in range(rows)],
        }
    )


TABLE = people()


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("before")
    audit(TABLE, **ASKED, watch="number", output=folder)
    return folder


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"margin": 0.1}, "margin was 0.05 and is 0.1"),
        ({"sensitive": ["race", "sex"]}, "sensitive was race and is race, sex"),
        ({"sensitive": ["sex"]}, "sensitive was race and is sex"),
        ({"positive": "no"}, "positive was yes and is no"),
        ({"prediction": "other"}, "prediction was decision and is other"),
        ({"prediction": None, "score": "score"}, "decisions was prediction and is score"),
        (
            {"metrics": ["selection_rate"]},
            "metrics was selection_rate, true_positive_rate and is selection_rate",
        ),
        ({"compare_missing": True}, "compare missing was False and is True"),
        ({"target": "other", "prediction": "label"}, "target was label and is other"),
    ],
)
def test_going_on_with_another_question_is_refused_and_named(before, more, said):
    with pytest.raises(BadInputError, match="watched something else") as refused:
        audit(TABLE, **{**ASKED, **more}, watch="number", watch_from=before)
    assert said in str(refused.value)
    assert "leave --watch-from out" in str(refused.value)


def test_another_column_is_refused_even_where_it_orders_rows_too(before):
    with pytest.raises(BadInputError, match="column was number and is age"):
        audit(TABLE, **ASKED, watch="age", watch_from=before)


def test_a_column_that_was_of_another_type_is_refused(before):
    with pytest.raises(BadInputError, match="held whole numbers in the run before and now holds ids"):
        audit(TABLE.assign(number=TABLE["id"]), **ASKED, watch="number", watch_from=before)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"weight": "weight"}, "--weight"),
        ({"cluster": "id"}, "--cluster"),
        ({"census": True}, "--census"),
        ({"redact": True}, "--redact"),
        ({"metrics": ["accuracy"]}, "--metrics names none"),
        ({"margin": 0.95}, "margin of 0.95"),
        ({"sensitive": ["age"]}, "--cut age"),
        ({"target": "age", "prediction": "number"}, "target is a number|another column|is the prediction"),
        ({"watch": "race"}, "is a sensitive column already"),
        ({"watch": "label"}, "is the target already"),
        ({"watch": "decision"}, "is the prediction already"),
        ({"watch": "nowhere"}, "nowhere"),
    ],
)
def test_what_cannot_be_watched_is_refused_with_the_reason(more, said):
    with pytest.raises(BadInputError, match=said):
        audit(TABLE, **{**ASKED, "watch": "number", **more})


@pytest.mark.parametrize("source", ["recipe", "model"])
def test_decisions_made_here_are_refused(source):
    with pytest.raises(BadInputError, match=f"--{source} made here change"):
        audit(TABLE, sensitive=["race"], target="label", watch="number", **{source: "x"})


def test_a_watch_needs_its_column(before):
    with pytest.raises(BadInputError, match="--watch-from needs --watch"):
        audit(TABLE, **ASKED, watch_from=before)


def test_ids_that_name_two_rows_are_refused():
    twice = TABLE.assign(id=TABLE["id"].replace("P7", "P8"))
    with pytest.raises(BadInputError, match="more than one of the new rows"):
        audit(twice, **ASKED, watch="id")


def test_an_empty_column_and_one_of_truth_values_are_refused():
    with pytest.raises(BadInputError, match="missing in every row"):
        audit(TABLE.assign(when=None), **ASKED, watch="when")
    with pytest.raises(BadInputError, match="tells no rows apart"):
        audit(TABLE.assign(when=True), **ASKED, watch="when")


def _broken(folder: Path, document: Any) -> Path:
    folder.mkdir()
    (folder / "run.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return folder


def test_a_run_before_that_is_none_is_refused(before, tmp_path):
    whole = json.loads((before / "run.json").read_text())
    gap = whole["watch"]["gaps"][0]
    cases = {
        "cannot be read": tmp_path / "nowhere",
        "no run document": _broken(tmp_path / "a", "{"),
        "no run document can be read": _broken(tmp_path / "h", "<!doctype html><p>a page</p>"),
        "no audit": _broken(tmp_path / "b", {"schema": "toolkit.check/1"}),
        "watched nothing": _broken(tmp_path / "c", {**whole, "watch": None}),
        "redacted": _broken(tmp_path / "d", {**whole, "redaction": {"least": 10}}),
        "its watch cannot be read": _broken(
            tmp_path / "e", {**whole, "watch": {**whole["watch"], "gaps": [{}]}}
        ),
        "wealth is that of": _broken(
            tmp_path / "f",
            {
                **whole,
                "watch": {
                    **whole["watch"],
                    "gaps": [
                        {
                            **gap,
                            "state": {
                                **gap["state"],
                                "log_wealth": [{"highest": "A", "lowest": "B", "bets": []}],
                            },
                        }
                    ],
                },
            },
        ),
        "invalid literal": _broken(
            tmp_path / "g",
            {**whole, "watch": {**whole["watch"], "mark": {"value": "1; DROP TABLE x", "text": ""}}},
        ),
        "is no run": 7,
    }
    for said, source in cases.items():
        with pytest.raises(BadInputError, match=said):
            audit(TABLE, **ASKED, watch="number", watch_from=source)


def test_ids_that_are_lost_or_others_are_refused(tmp_path):
    audit(TABLE, **ASKED, watch="id", output=tmp_path)
    (tmp_path / SEEN).write_bytes((tmp_path / SEEN).read_bytes()[:-16])
    with pytest.raises(BadInputError, match="another sha256"):
        audit(TABLE, **ASKED, watch="id", watch_from=tmp_path)
    (tmp_path / SEEN).unlink()
    with pytest.raises(BadInputError, match=r"^/\S+watch\.seen: the ids .* cannot be read"):
        audit(TABLE, **ASKED, watch="id", watch_from=tmp_path / "run.json")
    document = json.loads((tmp_path / "run.json").read_text())
    with pytest.raises(BadInputError, match="lie beside its run"):
        audit(TABLE, **ASKED, watch="id", watch_from=document)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("type",), "bogus"),
        (("nights",), "many"),
        (("rows_seen",), -1),
        (("mark", "value"), "inf"),
        (("mark", "value"), "1.5"),
        (("asked",), []),
        (("gaps", 0, "margin"), 0.5),
        (("gaps", 0, "history"), "x"),
        (("gaps", 0, "alarm"), {}),
        (("gaps", 0, "state", "blocks"), -5),
        (("gaps", 0, "state", "groups"), ["A"]),
        (("gaps", 0, "state", "past", "A"), [3, 5]),
        (("gaps", 0, "state", "log_wealth", 0, "bets", 0), float("inf")),
    ],
    ids=lambda value: ".".join(map(str, value)) if isinstance(value, tuple) else "",
)
def test_a_watch_that_somebody_edited_is_refused_and_no_bug_of_ours(before, place, value):
    document = json.loads((before / "run.json").read_text())
    inner = document["watch"]
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    with pytest.raises(BadInputError, match=r"its watch cannot be read .*; take the run from a backup"):
        audit(TABLE, **ASKED, watch="number", watch_from=document)


def test_the_command_watches_and_refuses_with_exit_2(tmp_path):
    TABLE.to_csv(tmp_path / "t.csv", index=False)
    asked = [str(tmp_path / "t.csv"), "--sensitive", "race", "--prediction", "decision", "--watch", "number"]
    run = CliRunner()
    first = run.invoke(command, [*asked, "-o", str(tmp_path / "a"), "--quiet"])
    assert first.exit_code == 0, first.output
    assert "watch: No alarm in 1 run with new rows" in first.output
    again = run.invoke(
        command, [*asked, "--watch-from", str(tmp_path / "a"), "-o", str(tmp_path / "b"), "--json"]
    )
    assert json.loads(again.stdout)["watch"]["rows_new"] == 0
    with pytest.raises(BadInputError) as refused:
        run.invoke(
            command,
            [*asked, "--watch-from", str(tmp_path / "a"), "--margin", "0.1", "-o", str(tmp_path / "c")],
            standalone_mode=False,
            catch_exceptions=False,
        )
    assert "margin was 0.05 and is 0.1" in str(refused.value)
    assert not (tmp_path / "c").exists()
