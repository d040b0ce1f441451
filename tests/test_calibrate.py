"""How often the rule is wrong stays within what is accepted, and the measuring itself can be trusted."""

import json
import math

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.special import stdtrit

from toolkit import calibrate as calibration
from toolkit import catalogue
from toolkit.calibrate import calibrate, curves, digest, exceeded, of_run, replicate, summary, whole
from toolkit.calibrate.counting import quantile, row
from toolkit.cli.calibrate import command
from toolkit.judge import rule
from toolkit.records import PREDICTIONS
from toolkit.worlds import replicates

KEYS = {"world", "claim", "mode", "runs", "false_rulings", "found", "bound"}


class TestBounds:
    def test_bounds_are_those_of_the_shared_rule_of_inference(self):
        assert quantile(400, 0.05, 0.99) == 31
        assert quantile(1000, 0.05, 0.99) == 67
        assert quantile(400, 0.015, 0.99) == 12
        assert (
            row("w", "c", "m", rulings=["supported"] * 400, truth="supported", rate=0.05, power=True)[
                "least_found"
            ]
            == 351
        )

    def test_what_is_not_decided_is_neither_false_nor_found(self):
        rulings = ["supported", "refuted", "inconclusive", "error", "not_applicable", "refuted"]
        counted = row("w", "c", "m", rulings=rulings, truth="refuted", rate=0.05)
        assert (counted["runs"], counted["false_rulings"], counted["found"]) == (6, 1, 2)

    def test_a_world_beyond_its_bound_or_short_of_power_is_exceeded(self):
        good = {"false_rulings": 31, "bound": 31, "found": 0, "least_found": None}
        assert exceeded([good]) == []
        assert exceeded([good | {"false_rulings": 32}])
        assert exceeded([good | {"found": 350, "least_found": 351}])

    def test_too_few_runs_are_refused(self):
        with pytest.raises(ValueError, match="at least 50"):
            calibrate(runs=20)


class TestWorlds:
    def test_stratified_samples_are_ordinary_gaussian_samples(self):
        effects = replicates.gaussian(np.random.default_rng(0), 4000, 8)
        t = effects.mean(axis=1) / effects.std(axis=1, ddof=1) * math.sqrt(8)
        for p in (0.025, 0.05, 0.5, 0.9, 0.975):
            assert np.mean(t < stdtrit(7, p)) == pytest.approx(p, abs=0.015)
        assert np.corrcoef(effects[:, 0], effects[:, 1])[0, 1] == pytest.approx(0, abs=0.05)
        assert effects.std() == pytest.approx(1, abs=0.01)

    def test_the_centre_of_the_lognormal_world_is_its_trimmed_mean(self):
        effects = np.sort(replicates.lognormal(np.random.default_rng(0), 1, 1_000_000)[0])
        assert effects[200_000:800_000].mean() == pytest.approx(0, abs=0.004)

    @pytest.mark.parametrize("learner", replicates.LEARNERS)
    def test_equal_learners_are_equal_and_better_than_guessing(self, learner):
        errors = replicates.splits(np.random.default_rng(0), learner, tables=60, rows=200, trials=8)
        first, second = errors.mean(axis=(0, 2))
        assert first == pytest.approx(second, abs=0.03)
        assert 0.1 < first < 0.45

    def test_real_overlap_fools_the_naive_t_and_not_the_corrected_one(self):
        errors = replicates.splits(
            np.random.default_rng(1), "nearest centroid", tables=500, rows=300, trials=20
        )
        effects = errors[:, 0] - errors[:, 1]

        def rejects(ratio):
            rulings = [
                rule(e, margin=0.0, predicts="no_change", test_train_ratio=ratio).ruling for e in effects
            ]
            return rulings.count("refuted") / len(rulings)

        assert rejects(None) > 0.3
        assert rejects(0.25) < 0.08

    def test_worlds_do_not_change_when_others_are_added(self):
        first = replicate.generator(0, "a").random()
        replicate.generator(0, "b").random()
        assert replicate.generator(0, "a").random() == first
        assert replicate.generator(1, "a").random() != first


@pytest.fixture(scope="module")
def rates():
    """The rule under every kind of noise and on flat curves, as the reports carry it."""
    return [*replicate.generic(400, 0), *curves.flat(400, 0)]


@pytest.mark.slow
class TestRates:
    def test_no_direction_of_claim_under_any_noise_is_ruled_falsely_too_often(self, rates):
        assert exceeded(rates) == []
        assert {w["mode"] for w in rates} == {"generator", "generator, trimmed", "fixed table"}
        assert {w["claim"] for w in rates} >= set(PREDICTIONS)

    def test_the_rates_in_the_reports_are_those_measured_here(self, rates):
        again = digest(rates)
        for committed, measured in zip(summary()[: len(again)], again, strict=True):
            assert [committed[k] for k in ("world", "claim", "mode", "runs", "bound")] == [
                measured[k] for k in ("world", "claim", "mode", "runs", "bound")
            ]
            # Another processor may round a ruling on the edge the other way.
            assert committed["false_rulings"] == pytest.approx(measured["false_rulings"], abs=4)
            assert committed["found"] == pytest.approx(measured["found"], abs=10)

    def test_no_claim_of_the_catalogue_is_ruled_falsely_too_often(self):
        worlds = list(replicate.of_catalogue(200, 11)) + list(curves.of_catalogue(100, 11))
        assert exceeded(worlds) == []
        named = {w["claim"] for w in worlds}
        for group in catalogue.GROUPS:
            for code, experiment in catalogue.experiments(group).items():
                assert {f"{code}/{claim.id}" for claim in experiment.claims} <= named

    def test_whole_experiments_are_ruled_falsely_no_more_often(self):
        worlds = list(whole.experiments(100, 11))
        assert exceeded(worlds) == []
        found = {(w["world"], w["claim"], w["mode"]): w["found"] for w in worlds}
        assert found["whole experiment: one is worse on one of two datasets", "the belief", "generator"] > 90


class TestSummary:
    def test_the_committed_rates_are_within_their_bounds(self):
        assert len(summary()) > 50
        assert exceeded(summary()) == []
        assert all(set(w) >= KEYS for w in summary())

    def test_the_committed_rates_cover_every_experiment_else_run_toolkit_calibrate_with_write(self):
        known = {w["claim"] for w in summary()}
        codes = {code for group in catalogue.GROUPS for code in catalogue.experiments(group)}
        assert {f"every claim of {code}" for code in codes} <= known

    def test_a_digest_loses_no_run_and_no_false_ruling(self):
        worlds = list(replicate.generic(60, 0))
        for key in ("runs", "false_rulings", "found"):
            assert sum(w[key] for w in digest(worlds)) == sum(w[key] for w in worlds)


class TestRealRuns:
    def document(self, effects, ratio=None):
        verdict = {"dataset": "d", "effects": effects, "test_train_ratio": ratio}
        claim = {"id": "c", "margin": 0.01, "predicts": "increase", "trimmed": False, "verdicts": [verdict]}
        return {"experiments": [{"code": "M001", "claims": [claim]}]}

    def test_effects_of_a_run_are_judged_around_known_truths(self):
        effects = np.random.default_rng(0).normal(0.3, 0.01, 20).tolist()
        worlds = list(of_run(self.document([None, *effects]), 400, 0))
        assert exceeded(worlds) == []
        assert {w["claim"] for w in worlds} == {"M001/c on d"}
        found = {w["world"].partition(": ")[2]: w["found"] for w in worlds}
        assert found["no effect"] > 300
        assert found["the effect it should find (MDE90)"] > 300

    def test_a_rare_large_effect_is_shown_to_be_ruled_falsely_too_often(self):
        worlds = list(of_run(self.document([0.0] * 19 + [0.05]), 400, 0))
        assert exceeded(worlds)

    @pytest.mark.parametrize(
        ("effects", "ratio"), [([0.1, 0.2, 0.3], None), ([0.1, 0.2] * 5, 0.25), ([0.1] * 10, None)]
    )
    def test_too_few_overlapping_or_identical_effects_are_left_out(self, effects, ratio):
        assert list(of_run(self.document(effects, ratio), 60, 0)) == []


class TestCommand:
    @pytest.fixture(autouse=True)
    def few_worlds(self, monkeypatch):
        monkeypatch.setattr(calibration.replicate, "generic", lambda runs, seed: iter(self.worlds(runs)))
        for module, name in ((curves, "flat"), (curves, "of_catalogue"), (replicate, "of_catalogue")):
            monkeypatch.setattr(module, name, lambda runs, seed: iter(()))

    false = 0

    def worlds(self, runs):
        rulings = ["refuted"] * self.false + ["supported"] * (runs - self.false)
        yield row("a world", "increase", "generator", rulings=rulings, truth="supported", rate=0.05)

    def test_json_is_a_list_of_worlds_on_stdout(self):
        result = CliRunner().invoke(command, ["--json", "--runs", "60"])
        assert result.exit_code == 0
        (world,) = json.loads(result.stdout)
        assert set(world) >= KEYS
        assert (world["runs"], world["found"], world["false_rulings"]) == (60, 60, 0)

    def test_the_table_names_the_world_and_what_is_accepted(self):
        result = CliRunner().invoke(command, ["--runs", "400"])
        assert result.exit_code == 0
        assert "a world (any direction; generator)" in result.stdout
        assert "31" in result.stdout

    def test_a_bound_that_is_exceeded_is_exit_1_and_said_on_stderr(self, monkeypatch):
        monkeypatch.setattr(type(self), "false", 40)
        result = CliRunner().invoke(command, ["--json"])
        assert result.exit_code == 1
        assert "exceeded: a world" in result.stderr
        json.loads(result.stdout)

    def test_the_summary_is_written_as_the_report_reads_it(self, tmp_path):
        path = tmp_path / "rates.json"
        assert CliRunner().invoke(command, ["--write", str(path)]).exit_code == 0
        assert json.loads(path.read_text("utf-8"))[0]["claim"] == "any direction"

    def test_a_run_with_nothing_to_resample_is_exit_4(self, monkeypatch, tmp_path):
        monkeypatch.setattr("toolkit.cli.report.read_document", lambda path: {"experiments": []})
        result = CliRunner().invoke(command, ["--run", str(tmp_path)])
        assert result.exit_code == 4
        assert "fresh data" in result.stderr

    def test_too_few_runs_are_a_usage_error(self):
        assert CliRunner().invoke(command, ["--runs", "3"]).exit_code == 2
