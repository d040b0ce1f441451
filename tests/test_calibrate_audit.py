"""The audit's own error rates: the committed table, its worlds, and the command that measures it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from toolkit.calibrate import audit as calibration
from toolkit.calibrate.audit import audit, beyond, grid, people, summary
from toolkit.calibrate.audit.tally import Said, failures, generator, tally
from toolkit.cli.calibrate import command

PARTS = {
    *("one proportion", "named pair", "widest", "ratio", "weights", "weights by outcome", "clusters"),
    "heavy-tailed weights",
    *("whole audits", "studentised"),
}


def said(**known: object) -> Said:
    options = {"value": 0.1, "corrected": 0.05, "low": 0.0, "high": 0.2, "p_value": 0.5} | known
    return Said(**{"shown": False, "small": False, **options})  # type: ignore[arg-type]


class TestTally:
    def test_what_is_false_depends_on_the_truth(self) -> None:
        runs = [said(shown=True, p_value=0.01), said(small=True), said(), said()]
        equal = tally("p", "w", 0.0, runs)
        assert (equal["false_alarms"], equal["false_shown"], equal["false_small"]) == (0.25, 0.25, None)
        at_margin = tally("p", "w", 0.05, runs)
        assert (at_margin["false_alarms"], at_margin["false_shown"], at_margin["false_small"]) == (
            None,
            0.25,
            0.25,
        )
        large = tally("p", "w", 0.15, runs)
        assert (large["false_shown"], large["false_small"], large["shown"]) == (None, 0.25, 0.25)
        ratio = tally("p", "w", 0.6, runs, "ratio")
        assert (ratio["false_shown"], ratio["false_small"]) == (None, 0.25)
        assert tally("p", "w", 1.0, runs, "ratio")["false_alarms"] == 0.25

    def test_coverage_width_and_bias_are_counted(self) -> None:
        found = tally("p", "w", 0.15, [said(), said(low=0.16), said(high=0.14, value=0.2), said()])
        assert found["coverage"] == 0.5
        assert found["bias_raw"] == pytest.approx(-0.025)
        assert found["bias_corrected"] == pytest.approx(-0.1)
        assert found["width"] == pytest.approx((0.2 + 0.04 + 0.14 + 0.2) / 4)

    @pytest.mark.parametrize("name", ["false_alarms", "false_shown", "false_small"])
    def test_more_than_monte_carlo_error_above_five_percent_is_a_failure(self, name: str) -> None:
        assert failures({"runs": 500, name: 0.08}) == []
        assert failures({"runs": 500, name: 0.10}) == [name]
        assert failures({"runs": 10_000, name: 0.06}) == [name]

    def test_coverage_may_not_fall_below_93_percent(self) -> None:
        assert failures({"runs": 500, "coverage": 0.90}) == []
        assert failures({"runs": 500, "coverage": 0.87}) == ["coverage"]
        assert failures({"runs": 10_000, "coverage": 0.915}) == ["coverage"]


class TestWorlds:
    def test_the_whole_grid_of_the_rule_of_inference_is_there(self) -> None:
        cells = list(grid.worlds(False))
        assert len(cells) == len(set(cells)) == 208
        assert {c[0] for c in cells} == {2, 4, 10}
        assert {c[2] for c in cells} == {200, 1_000, 8_000, 100_000}
        assert {c[3] for c in cells} == {0.05, 0.3}
        assert {c[4] for c in cells} == {0.0, 0.05, 0.15}
        assert {c[5] for c in cells if c[4] and c[0] > 2} == {"smallest", "spread"}

    def test_true_gaps_are_what_the_world_says(self) -> None:
        for odd in ("smallest", "spread"):
            p = grid.rates(4, 0.3, 0.15, odd)
            assert p.max() - p.min() == pytest.approx(0.15)
        assert grid.sizes(10, "skewed", 200).min() >= 10
        assert len(grid.sizes(10, "skewed", 200)) == 7
        assert grid.sizes(4, "balanced", 1_000).tolist() == [250] * 4

    def test_weights_undo_the_sampling_by_outcome(self) -> None:
        rng = np.random.default_rng(0)
        p = np.full(4, 0.3)
        cells = [people.weighted(rng, p, True) for _ in range(200)]
        share = [c.weight[c.decision == 1].sum() / c.weight.sum() for c in cells]
        assert np.mean(share) == pytest.approx(0.3, abs=0.005)

    def test_people_of_a_cluster_are_alike_and_the_rates_are_kept(self) -> None:
        rng = np.random.default_rng(0)
        p = np.full(4, 0.3)
        drawn = [people.clustered(rng, p) for _ in range(300)]
        totals = np.array([c.weight[c.decision == 1].sum() for c in drawn])
        assert totals.mean() / people.ROWS == pytest.approx(0.3, abs=0.005)
        effect = totals.var() / (people.ROWS * 0.3 * 0.7)
        # Five people with a likeness of .2: 1 + 4 x .2.
        assert effect == pytest.approx(1.8, abs=0.4)

    def test_worlds_do_not_change_when_others_are_added(self) -> None:
        assert generator(0, "a", 1).random() == generator(0, "a", 1).random()
        assert generator(0, "a", 1).random() != generator(0, "a", 2).random()

    def test_too_few_runs_are_refused(self) -> None:
        with pytest.raises(ValueError, match="at least 50"):
            next(audit(runs=20))


class TestCommitted:
    def test_every_part_is_there_and_nothing_misses_what_is_required(self) -> None:
        worlds = summary()
        assert {world["part"] for world in worlds} == PARTS
        assert beyond(worlds) == []
        assert len([world for world in worlds if world["part"] == "widest"]) == 208
        assert all(world["runs"] >= 500 for world in worlds if "runs" in world)

    def test_the_requirements_were_checked_against_the_figures_that_stand_there(self) -> None:
        for world in summary():
            if "runs" in world:
                assert failures(world) == world["failed"] == []

    def test_the_truth_lies_between_the_corrected_and_the_raw_gap_on_average(self) -> None:
        for world in summary():
            if world["part"] == "widest" and world["n"] >= 1_000:
                # Monte Carlo error of a mean, four standard errors for so many worlds, and rounding.
                error = world["width"] / world["runs"] ** 0.5 + 1e-4
                assert world["bias_corrected"] <= error, world["world"]
                assert world["bias_raw"] >= -error, world["world"]

    def test_equal_groups_are_flagged_in_at_most_five_percent_over_all_worlds(self) -> None:
        worlds = [
            world for world in summary() if world["part"] == "widest" and world["false_alarms"] is not None
        ]
        runs = sum(world["runs"] for world in worlds)
        rate = sum(world["runs"] * world["false_alarms"] for world in worlds) / runs
        assert rate <= 0.05 + 2.33 * (0.05 * 0.95 / runs) ** 0.5

    def test_the_corrected_gap_of_equal_groups_is_about_0_where_the_raw_one_is_not(self) -> None:
        for world in summary():
            if world["part"] == "widest" and world["truth"] == 0 and world["n"] >= 1_000:
                # With few and rare events a high rate also has the larger variance, which pushes it below 0.
                assert -0.03 < world["bias_corrected"] < 0.015, world["world"]
                assert world["bias_raw"] > abs(world["bias_corrected"]), world["world"]

    @pytest.mark.slow
    @pytest.mark.parametrize("place", [(2, "balanced", 200), (4, "skewed", 1_000)])
    def test_the_figures_are_those_the_code_gives(self, place: tuple[int, str, int]) -> None:
        k, shape, n = place
        committed = next(
            world
            for world in summary()
            if world["part"] == "widest"
            and (world["k"], world["shape"], world["n"]) == place
            and world["gap"] == 0.15
        )
        base, gap, odd = committed["base"], committed["gap"], committed["odd"]
        rows = grid.sizes(k, shape, n)
        p = grid.rates(len(rows), base, gap, odd)
        rng = generator(0, "widest", k, shape, n, base, gap, odd)
        again = tally("widest", committed["world"], gap, grid.simulate(rng, p, rows, committed["runs"]))
        for name in ("coverage", "shown", "small", "width", "bias_raw", "bias_corrected"):
            # Another processor may round a ruling on the edge the other way.
            assert again[name] == pytest.approx(committed[name], abs=0.006), name


class TestCommand:
    failed: tuple[str, ...] = ()

    @pytest.fixture(autouse=True)
    def few_worlds(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def worlds(runs: int, seed: int, quick: bool):  # type: ignore[no-untyped-def]
            world = tally("widest", "a world", 0.0, [said()] * runs)
            yield world | {"failed": list(self.failed), "quick": quick, "seed": seed}

        monkeypatch.setattr(calibration, "audit", worlds)

    def test_json_is_a_list_of_worlds_on_stdout(self) -> None:
        result = CliRunner().invoke(command, ["audit", "--json", "--runs", "60", "--seed", "3", "--quick"])
        assert result.exit_code == 0, result.output
        (world,) = json.loads(result.stdout)
        assert (world["runs"], world["seed"], world["quick"]) == (60, 3, True)
        assert "measuring: widest" in result.stderr

    def test_the_table_names_the_world_and_its_coverage(self) -> None:
        result = CliRunner().invoke(command, ["audit", "--runs", "60"])
        assert result.exit_code == 0
        assert "widest: a world" in result.stdout
        assert "100.0 %" in result.stdout

    def test_a_requirement_that_is_missed_is_exit_1_and_said_on_stderr(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(type(self), "failed", ("coverage",))
        result = CliRunner().invoke(command, ["audit", "--json"])
        assert result.exit_code == 1
        assert "missed: coverage: widest, a world" in result.stderr
        json.loads(result.stdout)

    def test_the_table_is_written_as_reports_read_it(self, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
        path = tmp_path / "rates.json"
        assert CliRunner().invoke(command, ["audit", "--write", str(path)]).exit_code == 0
        monkeypatch.setattr(calibration, "SUMMARY", path)
        assert summary()[0]["world"] == "a world"
        monkeypatch.setattr(calibration, "SUMMARY", tmp_path / "none.json")
        assert summary() == []

    def test_options_of_the_judge_before_the_word_audit_are_refused_not_ignored(self) -> None:
        result = CliRunner().invoke(command, ["--runs", "60", "audit"])
        assert result.exit_code == 2
        assert "options belong after 'audit'" in result.output

    def test_too_few_runs_are_a_usage_error(self) -> None:
        assert CliRunner().invoke(command, ["audit", "--runs", "3"]).exit_code == 2
