"""The whole story, on a coin: from a call to a folder with a document and a report."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from toolkit import catalogue
from toolkit.check import check
from toolkit.document import essence
from toolkit.journal import FolderError, claimed
from toolkit.records import BadInputError, Run
from toolkit.run import Event


def coin(**options: object) -> Run:
    return check(only=["Z001"], **{"effort": "quick", "jobs": 2, **options})  # type: ignore[arg-type]


def test_a_check_plans_runs_judges_and_writes_what_it_found(coins: Path, tmp_path: Path) -> None:
    heard: list[Event] = []
    found = coin(output=tmp_path / "out", progress=heard.append)
    assert {p.name for p in (tmp_path / "out").iterdir()} >= {"run.json", "outcomes.jsonl", "report.html"}
    written = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert written == found.to_dict()
    assert written["schema"] == "toolkit.check/1"
    (belief,) = written["experiments"]
    assert (belief["code"], belief["id"], belief["ruling"]) == ("Z001", "belief", "refuted")
    rulings = {c["id"]: c["pooled"]["ruling"] for c in belief["claims"]}
    assert rulings == {"mostly-heads": "refuted", "even": "supported"}
    assert all(control["held"] for claim in belief["claims"] for control in claim["controls"])
    assert belief["trials"] == {"total": 10, "done": 10}
    assert "Coins land on heads." in found.report()
    assert [e.kind for e in heard][-2:] == ["experiment", "written"]
    assert heard[-2].result is not None
    assert heard[-2].result.ruling == "refuted"
    assert found.exit_hint == 0


def test_every_verdict_can_be_recomputed_from_the_effects_written_beside_it(coins: Path) -> None:
    from toolkit.judge import rule

    (belief,) = coin().to_dict()["experiments"]
    for claim in belief["claims"]:
        for verdict in claim["verdicts"]:
            again = rule(
                verdict["effects"],
                margin=claim["margin"],
                predicts=claim["predicts"],
                test_train_ratio=verdict["test_train_ratio"],
            )
            assert (again.ruling, again.low, again.high) == (
                verdict["ruling"],
                verdict["low"],
                verdict["high"],
            )


def test_the_full_rows_lie_beside_the_document_under_its_hash(coins: Path, tmp_path: Path) -> None:
    found = coin(output=tmp_path / "out").to_dict()
    raw = (tmp_path / "out" / found["outcomes"]["file"]).read_bytes()
    assert hashlib.sha256(raw).hexdigest() == found["outcomes"]["sha256"]
    lines = [json.loads(line) for line in raw.decode().splitlines()]
    keys = [(o["experiment"], o["dataset"], o["seed"]) for o in lines]
    assert keys == sorted(keys)
    assert len(lines) == 10
    assert all(o["rows"] for o in lines)


def test_the_same_run_twice_is_the_same_document_measured_or_remembered(coins: Path) -> None:
    first, again, remembered = coin(jobs=1), coin(jobs=3, cache=False), coin()
    assert essence(first.to_dict()) == essence(again.to_dict()) == essence(remembered.to_dict())
    assert len(coins.read_text("utf-8").splitlines()) == 20


def test_another_seed_is_another_run(coins: Path) -> None:
    assert essence(coin(seed=0).to_dict()) != essence(coin(seed=100).to_dict())


def test_a_trial_that_fails_is_shown_with_its_reason_and_the_rest_goes_on(
    coins: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "STUB_TROUBLE", json.dumps({"coins:fair/0": "raise", "coins:loaded/1": "not applicable"})
    )
    found = coin(output=tmp_path / "out")
    (belief,) = found.to_dict()["experiments"]
    (failure,) = belief["failures"]
    assert (failure["dataset"], failure["seed"], failure["status"]) == ("coins:fair", 0, "failed")
    assert "no luck" in failure["reason"]
    assert belief["not_applicable"] == [
        {"dataset": "coins:loaded", "reason": "the coin rolled away", "trials": 1}
    ]
    verdict = belief["claims"][0]["verdicts"][0]
    assert verdict["effects"].count(None) == 1
    assert found.exit_hint == 3
    assert "Traceback" in (tmp_path / "out" / "failures.log").read_text("utf-8")
    assert "Traceback" not in json.dumps(found.to_dict())
    assert "<b>no luck" not in found.report()
    monkeypatch.delenv("STUB_TROUBLE")
    mended = coin(output=tmp_path / "out")
    assert mended.exit_hint == 0
    assert not (tmp_path / "out" / "failures.log").exists()


def test_nothing_that_could_be_evaluated_is_said_to_be_so(coins: Path) -> None:
    found = coin(datasets=["wine"])
    (belief,) = found.to_dict()["experiments"]
    assert belief["ruling"] == "not_applicable"
    assert "coins:fair" in belief["sentence"]
    assert found.exit_hint == 4
    assert belief["sentence"].removesuffix(".") in found.report()


@pytest.mark.parametrize(
    "options",
    [{"data": "x.csv"}, {"target": "y"}, {"sensitive": ["race"]}, {"positive": "1"}, {"effort": "none"}],
)
def test_options_that_contradict_each_other_are_refused(coins: Path, options: dict[str, object]) -> None:
    with pytest.raises(BadInputError):
        coin(**options)


def test_a_users_own_table_is_judged_as_splits_of_one_table(coins: Path, tmp_path: Path) -> None:
    path = tmp_path / "wine"  # a name that an embedded dataset has too
    rows = [f"{i},{'yes' if i % 10 < 8 else 'no'}" for i in range(400)]
    path.write_text("number,won\n" + "\n".join(rows) + "\n", "utf-8")
    found = coin(data=path, target="won", positive="yes").to_dict()
    (belief,) = found["experiments"]
    (verdict,) = belief["claims"][0]["verdicts"]
    assert verdict["dataset"] == "wine (your table)"
    assert verdict["ruling"] == "supported"
    assert verdict["test_train_ratio"] == 0.25
    assert {c["dataset"] for c in belief["claims"][0]["controls"]} == {"coins:loaded", "coins:reversed"}
    (own,) = [d for d in found["provenance"]["datasets"] if d["name"] == "wine (your table)"]
    assert len(own["sha256"]) == 64
    assert own["rows"] == 400


def test_two_runs_do_not_write_to_one_folder(coins: Path, tmp_path: Path) -> None:
    with claimed(tmp_path / "out"), pytest.raises(FolderError, match="another run"):
        coin(output=tmp_path / "out")
    assert not coins.exists(), "said before anything was measured"


def test_a_run_shows_itself_in_a_notebook_without_breaking_out_of_its_frame(coins: Path) -> None:
    page = coin()._repr_html_()
    assert page.startswith("<iframe srcdoc=")
    assert page.count('"') == 6, "every quote of the report is escaped"


# A checkout that others edit meanwhile is a change of code, which these tests are not about.
SCRIPT = """
import json, sys, time
from toolkit import provenance
provenance.floors_below = lambda: ""
provenance.commit = lambda: None
from toolkit.check import check
found = check(only=["Z001"], output=sys.argv[1], jobs=2)
imported = sorted(name for name in sys.modules if "." not in name)
print(json.dumps({"imported": imported, "seconds": time.process_time()}))
"""


def start(coins: Path, out: Path, **more: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": str(coins.parent / "site"), "STUB_LEDGER": str(coins)} | more
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(out)],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def finish(process: subprocess.Popen[str]) -> str:
    out, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return out


def journaled(cache: Path) -> set[str]:
    """Return the trials whose lines are whole."""
    found = set()
    for path in cache.rglob("*.jsonl"):
        for line in path.read_text("utf-8").split("\n"):
            if line.endswith("}"):
                outcome = json.loads(line)["trial"]
                found.add(f"{outcome['dataset']}/{outcome['seed']}")
    return found


@pytest.mark.slow
def test_a_run_killed_anywhere_and_started_again_does_what_is_missing_and_ends_the_same(
    coins: Path, cache: Path, tmp_path: Path
) -> None:
    chance = random.Random(3)
    slow = {"STUB_SLEEP": "0.15"}
    for _ in range(3):
        kept = journaled(cache)
        before = coins.read_text("utf-8") if coins.exists() else ""
        process = start(coins, tmp_path / "killed", **slow)
        until = time.monotonic() + 30
        while (not coins.exists() or coins.read_text("utf-8") == before) and time.monotonic() < until:
            time.sleep(0.02)  # the dice are thrown once the first trial has begun
        time.sleep(chance.uniform(0.0, 0.5))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        measured = {line.split()[0] for line in coins.read_text("utf-8")[len(before) :].splitlines()}
        assert not measured & kept, "what the journal had was not measured again"
    kept = journaled(cache)
    before = coins.read_text("utf-8")
    finish(start(coins, tmp_path / "killed"))
    measured = [line.split()[0] for line in coins.read_text("utf-8")[len(before) :].splitlines()]
    assert 0 < len(kept) < 14
    assert sorted([*measured, *kept]) == sorted(
        [f"coins:fair/{s}" for s in range(6)]
        + [f"coins:{name}/{s}" for name in ("loaded", "reversed") for s in range(4)]
    )
    finish(start(coins, tmp_path / "whole", TOOLKIT_CACHE=str(tmp_path / "other")))
    killed, whole = (
        json.loads((tmp_path / name / "run.json").read_text("utf-8")) for name in ("killed", "whole")
    )
    assert essence(killed) == essence(whole)
    texts = [(tmp_path / name / "outcomes.jsonl").read_bytes() for name in ("killed", "whole")]
    assert texts[0] == texts[1]


def test_a_repeated_run_is_quick_and_imports_no_numerical_library_beyond_numpy_and_scipy(
    coins: Path, tmp_path: Path
) -> None:
    finish(start(coins, tmp_path / "out"))
    repeated = json.loads(finish(start(coins, tmp_path / "out")))
    assert repeated["seconds"] < 5
    heavy = {"sklearn", "jax", "jaxlib", "pandas", "xgboost", "shap", "fairlearn", "duckdb", "pebble", "dask"}
    assert not set(repeated["imported"]) & heavy
    assert len(coins.read_text("utf-8").splitlines()) == 14, "nothing was measured twice"


def test_planning_everything_takes_under_a_second_and_measures_nothing() -> None:
    script = """
import sys, time
from toolkit.plan import plan
assert plan().trials
assert not {"sklearn", "jax", "pandas", "pebble"} & set(sys.modules)
print(time.process_time())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 1.0


def test_every_experiment_has_a_readable_id_of_its_own() -> None:
    from toolkit.check import slug

    ids = [slug(code) for code in catalogue.experiments()]
    assert len(set(ids)) == len(ids)
    assert all(part.isalnum() for name in ids for part in name.split("-"))
