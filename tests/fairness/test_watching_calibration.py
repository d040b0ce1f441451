"""A year of nightly looks: false alarms stay within 5 %, an ordinary interval's do not; drifts are found."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner

from toolkit.calibrate import watching
from toolkit.calibrate.counting import quantile
from toolkit.calibrate.watching import DRIFT, NIGHTS, World, alarms, boundary, drifts, failures, summary
from toolkit.cli.calibrate import command
from toolkit.fairness.watching import ALPHA, Evidence, watched

EQUAL = (0.5, 0.5)
FAST = [
    World((0.5, 0.45), EQUAL, 50),
    World((0.1, 0.05), (10 / 11, 1 / 11), 50),
    World((0.95, 0.9), EQUAL, 5),
    World(EQUAL, EQUAL, 500),
]


@pytest.mark.parametrize("world", FAST, ids=lambda w: w.name)
def test_looking_every_night_raises_few_false_alarms(world):
    years = 300
    found = alarms(world, years, seed=1)
    assert (found.watch < NIGHTS).sum() <= quantile(years, ALPHA, 0.9999)


def test_looking_every_night_at_an_ordinary_interval_raises_many():
    found = alarms(World((0.5, 0.45), EQUAL, 50), 300, seed=1)
    assert found.peeked.mean() > 0.15


def test_a_planted_drift_is_found_soon_and_bets_on_random_pairs_find_it_later():
    found = alarms(World(EQUAL, (10 / 11, 1 / 11), 100, (0.5, 0.35)), 100, seed=1, pairs=True)
    late = np.maximum(found.watch, DRIFT) - DRIFT
    assert np.median(late) < 90
    assert (found.watch < DRIFT).mean() <= 0.05
    assert np.median(found.watch) < np.median(found.pairs)


def test_all_years_at_once_have_the_wealth_that_one_has():
    """The simulation and the audit go through the same functions; this holds them together."""
    wealth = watching._Wealth(3, 2, np.array([[0, 1], [1, 0]]))
    rng = np.random.default_rng(3)
    alone = [Evidence(watching.MARGIN) for _ in range(3)]
    for _ in range(25):
        n = np.array([[9, 6]] * 3)
        k = rng.binomial(n, (0.6, 0.4))
        wealth.over(n, k)
        alone = [
            watched(e, {"a": (9, int(ka)), "b": (6, int(kb))})[0]
            for e, (ka, kb) in zip(alone, k, strict=True)
        ]
    many = watching.log_total(wealth.log_v, wealth.block)
    assert many == pytest.approx([e.log_e for e in alone], abs=1e-9)


def test_the_committed_table_holds_every_world_and_none_misses():
    found = summary()
    told = {(w["part"], w["world"]) for w in found}
    assert told == {("false alarms", w.name) for w in boundary()} | {("delay", w.name) for w in drifts()}
    assert [w for w in found if w["failed"]] == []
    quiet = [w for w in found if w["part"] == "false alarms"]
    assert min(w["years"] for w in quiet) >= 2_000
    assert max(w["false_alarms"] for w in quiet) <= ALPHA
    assert max(w["peeking"] or 0.0 for w in quiet) > 0.2


def test_no_world_of_the_boundary_has_a_gap_beyond_the_margin():
    for world in boundary():
        assert max(world.rates) - min(world.rates) <= watching.MARGIN + 1e-12
        assert math.isclose(sum(world.shares), 1)
    for world in drifts():
        assert max(world.then) - min(world.then) > watching.MARGIN


def test_more_than_monte_carlo_error_above_five_percent_is_a_failure():
    assert failures({"years": 2_000, "false_alarms": 0.055}) == []
    assert failures({"years": 2_000, "false_alarms": 0.075}) == ["false_alarms"]


def test_too_few_years_are_refused():
    with pytest.raises(ValueError, match="at least 50"):
        next(watching.watching(10))


@pytest.mark.slow
@pytest.mark.parametrize("world", list(boundary()), ids=lambda w: w.name)
def test_false_alarms_in_every_world_of_the_boundary(world):
    years = 400
    found = alarms(world, years, seed=7)
    assert (found.watch < NIGHTS).sum() <= quantile(years, ALPHA, 1 - 0.0001)


def test_the_command_writes_its_table_and_exits_by_what_it_found(tmp_path, monkeypatch):
    monkeypatch.setattr(watching, "boundary", lambda: iter(FAST[:1]))
    monkeypatch.setattr(watching, "drifts", lambda: iter([World(EQUAL, EQUAL, 100, (0.5, 0.2))]))
    path = tmp_path / "watch.json"
    ran = CliRunner().invoke(command, ["watch", "--years", "50", "--write", str(path)])
    assert ran.exit_code == 0, ran.output
    told = json.loads(path.read_text())
    assert [w["part"] for w in told] == ["false alarms", "delay"]
    assert told[1]["nights"] <= 20
    assert "0.5, 0.2" in ran.output
    monkeypatch.setattr(watching, "failures", lambda _told: ["false_alarms"])
    assert CliRunner().invoke(command, ["watch", "--years", "50", "--json"]).exit_code == 1
