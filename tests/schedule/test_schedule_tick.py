"""One tick: what is due is run once, recorded, laid where its reader finds it, and tried again if need be."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest
from rehearsal import Stage, breaks, finishes, raises, stage, swift

from toolkit.cli import exits
from toolkit.records import BadInputError
from toolkit.schedule import outcomes
from toolkit.schedule.jobs import Job
from toolkit.schedule.outcomes import Ended

__all__ = ["swift"]


@pytest.fixture
def loans(tmp_path: Path) -> Stage:
    return stage(tmp_path)


def test_a_tick_with_nothing_due_runs_nothing_and_says_nothing(loans: Stage) -> None:
    result = loans.later(minutes=16).tick()
    assert result.idle
    assert result.exit == 0
    assert loans.actor.asked == []
    assert loans.records() == []


def test_what_is_due_is_run_once_and_recorded_with_its_document(loans: Stage) -> None:
    result = loans.later(minutes=18).tick()
    assert [(run["id"], run["outcome"]) for run in result.runs] == [("20260302T081700Z", "done")]
    assert loans.later(minutes=10).tick().idle
    (record,) = loans.records()
    folder = loans.config.root / "loans" / record["id"]
    data = (folder / "run.json").read_bytes()
    assert record["report"] == "loans/20260302T081700Z/report.html"
    assert record["document"] == {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert loans.history.document("loans", record["id"]) == json.loads(data)
    assert [one["number"] for one in record["attempts"]] == [1]
    assert record["command"] == ["toolkit", "audit", "loans.csv", "--sensitive", "race"]
    assert len(loans.actor.asked) == 1
    assert loans.left() == []


def test_the_report_s_folder_holds_what_a_reader_wants_and_nothing_of_ours(loans: Stage) -> None:
    loans.later(minutes=18).tick()
    output = loans.config.root / "loans"
    folder = output / "20260302T081700Z"
    assert {path.name for path in folder.iterdir()} == {"run.json", "report.html", "log.txt"}
    assert (output / "latest.html").read_bytes() == (folder / "report.html").read_bytes()


def test_the_latest_report_is_the_one_of_the_newest_run_that_has_one(loans: Stage) -> None:
    loans.later(minutes=18).tick()
    loans.set(finishes(2, document=None, said="Error: loans.csv: there is no such file"))
    loans.later(hours=1).tick()
    assert (loans.config.root / "loans" / "latest.html").read_text("utf-8") == "<p>20260302T081700Z"


def test_the_command_is_told_where_to_write_before_the_job_s_own_options(tmp_path: Path) -> None:
    loans = stage(tmp_path, gate=("gap", "error"), formats=("html", "markdown"))
    loans.change(run=("check", "misconceptions", "--only", "M002", "--", "x"))
    loans.later(minutes=18).tick()
    (_, attempt), staging = loans.actor.asked[0], loans.home.staging("loans", "20260302T081700Z", 1)
    where = ("--output", str(staging), "--format", "html,markdown", "--quiet", "--fail-on", "gap,error")
    assert attempt.arguments == ("check", "misconceptions", *where, "--only", "M002", "--", "x")
    assert attempt.typed[:3] == ("toolkit", "check", "misconceptions")
    assert "--output" not in attempt.typed  # a reader has no use for a folder that is gone
    assert attempt.cwd == tmp_path


@pytest.mark.parametrize(
    ("code", "outcome", "exit_code"),
    [
        (0, "done", 0),
        (1, "gate_failed", 1),
        (4, "open", 0),
        (2, "refused", 2),
        (5, "refused", 5),
        (70, "failed", 70),
    ],
)
def test_each_exit_code_has_its_outcome_and_none_of_these_is_tried_again(
    loans: Stage, code: int, outcome: str, exit_code: int
) -> None:
    loans.set(finishes(code, said="what was wrong"))
    assert loans.later(minutes=18).tick().exit == exit_code
    (record,) = loans.records()
    assert (record["outcome"], record["exit"]) == (outcome, code)
    loans.later(minutes=30).tick()
    assert len(loans.actor.asked) == 1


def test_an_open_gate_counts_only_where_the_job_asks_for_evidence(tmp_path: Path) -> None:
    loans = stage(tmp_path, gate=("gap", "inconclusive")).set(finishes(4))
    assert loans.later(minutes=18).tick().exit == 4


def test_bad_input_is_refused_with_the_command_s_own_words_and_where_the_log_is(loans: Stage) -> None:
    loans.set(finishes(2, document=None, said="loans.csv, line 7: too few columns"))
    loans.later(minutes=18).tick()
    (record,) = loans.records()
    log = "loans/20260302T081700Z/log.txt"
    assert record["reason"] == f"loans.csv, line 7: too few columns (log: {log})"
    assert (loans.config.root / log).read_text("utf-8") == "loans.csv, line 7: too few columns"
    assert record["document"] is None
    assert record["report"] is None


def test_a_run_that_says_done_and_leaves_no_document_has_failed(loans: Stage) -> None:
    loans.set(finishes(0, document=None))
    assert loans.later(minutes=18).tick().exit == 3
    (record,) = loans.records()
    assert record["outcome"] == "failed"
    assert "no run document" in record["reason"]


@pytest.mark.parametrize("act", [breaks(), breaks("it ran past its limit", timed_out=True), finishes(3)])
def test_what_may_pass_is_tried_again_by_later_ticks_each_wait_twice_the_last(
    tmp_path: Path, act: object
) -> None:
    loans = stage(tmp_path, cron="17 3 * * *", retries=2, backoff=600).set(act)  # type: ignore[arg-type]
    loans.later(hours=19, minutes=18)
    tries = []
    for _ in range(40):
        loans.tick()
        tries.append(len(loans.actor.asked))
        loans.later(minutes=5)
    # at 0, then 10 minutes after it, then 20 minutes after that; and never again
    assert tries[:7] == [1, 1, 2, 2, 2, 2, 3]
    assert tries[-1] == 3
    (record,) = loans.records()
    assert len(record["attempts"]) == 3
    assert loans.left() == []


def test_a_passing_failure_is_no_failure_of_the_tick_until_the_tries_are_used_up(tmp_path: Path) -> None:
    loans = stage(tmp_path, retries=1, backoff=300).set(breaks())
    result = loans.later(minutes=18).tick()
    assert result.exit == 0
    (waiting,) = result.waiting
    assert waiting["next_try"] == "2026-03-02T08:23:00+00:00"
    assert Path(waiting["log"]).read_text("utf-8") == "half a line"
    assert loans.records() == []
    assert loans.later(minutes=6).tick().exit == 3
    assert loans.outcomes() == [("20260302T081700Z", "interrupted")]


def test_one_that_goes_well_the_second_time_is_done_and_keeps_the_first_log(loans: Stage) -> None:
    loans.set(breaks(), finishes())
    loans.later(minutes=18).tick()
    loans.later(minutes=6).tick()
    (record,) = loans.records()
    assert record["outcome"] == "done"
    assert [(one["number"], one["exit"]) for one in record["attempts"]] == [(1, None), (2, 0)]
    folder = loans.config.root / "loans" / record["id"]
    assert (folder / "log-1.txt").read_text("utf-8") == "half a line"


def test_a_newer_instant_ends_the_tries_of_an_older_one(tmp_path: Path) -> None:
    loans = stage(tmp_path, retries=9, backoff=7200).set(breaks("it was killed by SIGSEGV"), finishes())
    loans.later(minutes=18).tick()
    loans.later(hours=1).tick()
    assert loans.outcomes() == [("20260302T081700Z", "interrupted"), ("20260302T091700Z", "done")]
    assert "SIGSEGV; a newer instant is due" in loans.records()[0]["reason"]
    assert loans.left() == []


def test_a_run_that_never_began_counts_as_missed_when_a_newer_instant_is_due(tmp_path: Path) -> None:
    loans = stage(tmp_path).set(raises(OSError(5, "Input/output error")), finishes())
    loans.later(minutes=18).tick()
    loans.later(hours=1).tick()
    assert loans.outcomes() == [("x20260302T081700Z", "missed"), ("20260302T091700Z", "done")]
    assert loans.left() == []


@pytest.mark.parametrize("stop", [KeyboardInterrupt(), exits.Terminated()])
def test_a_tick_that_is_told_to_end_leaves_an_interrupted_attempt_to_be_tried_again(
    tmp_path: Path, stop: BaseException
) -> None:
    loans = stage(tmp_path, retries=0).set(raises(stop), finishes())
    with pytest.raises(type(stop)):
        loans.later(minutes=18).tick()
    beat = json.loads(loans.home.heartbeat.read_text("utf-8"))
    assert beat["exit"] == (130 if isinstance(stop, KeyboardInterrupt) else 143)
    state = json.loads(loans.home.attempts("loans", "20260302T081700Z").read_text("utf-8"))
    assert [one["reason"] for one in state["attempts"]] == ["the tick was told to end"]
    assert loans.tick().exit == 0
    (record,) = loans.records()
    assert record["outcome"] == "done"
    assert len(record["attempts"]) == 2


def test_a_job_that_is_stopped_from_outside_every_time_is_given_up_at_last(tmp_path: Path) -> None:
    loans = stage(tmp_path, cron="17 8 * * *", retries=0).set(raises(KeyboardInterrupt()))
    loans.later(minutes=18)
    for _ in range(6):
        with pytest.raises(KeyboardInterrupt):
            loans.tick()
    loans.tick()
    assert loans.outcomes() == [("20260302T081700Z", "interrupted")]
    assert len(loans.actor.asked) == 6


def test_a_finished_attempt_is_not_lost_when_the_tick_is_told_to_end_meanwhile(loans: Stage) -> None:
    def finish_and_stop(staging: Path) -> Ended:
        finishes()(staging)
        raise KeyboardInterrupt

    loans.set(finish_and_stop)
    with pytest.raises(KeyboardInterrupt):
        loans.later(minutes=18).tick()
    loans.set(breaks())
    loans.tick()
    assert loans.outcomes() == [("20260302T081700Z", "done")]
    assert len(loans.actor.asked) == 1


def test_jobs_run_in_the_order_in_which_they_became_due(tmp_path: Path) -> None:
    both = stage(tmp_path, names=("late", "early"))
    both.change(cron="40 * * * *")
    both.tick()
    both.later(minutes=45).tick()
    assert [name for name, _ in both.actor.asked] == ["early", "late"]


def test_one_job_that_breaks_does_not_stop_the_next(tmp_path: Path) -> None:
    both = stage(tmp_path, names=("first", "second"))
    both.set(raises(OSError(28, "No space left on device", "x")), finishes())
    result = both.later(minutes=18).tick()
    assert result.exit == 3
    assert "No space left on device" in result.troubles[0]
    assert both.outcomes("second") == [("20260302T081700Z", "done")]
    both.set(finishes()).tick()
    assert both.outcomes("first") == [("20260302T081700Z", "done")]


def test_a_bug_in_one_job_does_not_stop_the_next_and_is_not_hushed_up(tmp_path: Path) -> None:
    both = stage(tmp_path, names=("first", "second"))
    both.set(raises(ZeroDivisionError("of ours")), finishes())
    result = both.later(minutes=18).tick()
    assert result.exit == 70
    assert isinstance(result.bug, ZeroDivisionError)
    assert both.outcomes("second") == [("20260302T081700Z", "done")]


def test_a_job_that_is_turned_off_is_not_run(tmp_path: Path) -> None:
    loans = stage(tmp_path, enabled=False)
    assert loans.later(hours=5).tick().idle
    loans.change(enabled=True)
    loans.tick()
    assert loans.records() == []  # it missed nothing while it was off
    assert loans.later(hours=1).tick().missed == []
    assert loans.outcomes() == [("20260302T131700Z", "done")]


def test_only_the_jobs_that_are_named_are_looked_at_and_a_name_that_is_none_is_refused(
    tmp_path: Path,
) -> None:
    both = stage(tmp_path, names=("loans", "cards"))
    both.later(minutes=18).tick(only=["cards"])
    assert [name for name, _ in both.actor.asked] == ["cards"]
    with pytest.raises(BadInputError, match="did you mean 'cards'"):
        both.tick(only=["card"])


def test_a_job_that_is_turned_off_is_not_run_by_its_name_either(tmp_path: Path) -> None:
    both = stage(tmp_path, names=("loans", "cards")).change(enabled=False)
    result = both.later(minutes=18).tick(only=["loans", "cards"])
    assert [name for name, _ in both.actor.asked] == ["cards"]
    assert result.skipped == [{"job": "loans", "reason": "it is turned off (enabled = false)"}]
    assert both.later(hours=1).tick(only=["loans"]).runs == []


def test_jitter_makes_a_job_start_later_and_by_the_same_each_time(tmp_path: Path) -> None:
    from toolkit.history.instants import instant_of
    from toolkit.schedule.due import offset

    loans = stage(tmp_path, jitter=1800)
    due = instant_of("2026-03-02T08:17:00Z")
    late = offset(loans.jobs[0], due).total_seconds()
    assert 60 < late < 1800
    loans.later(minutes=17, seconds=late - 1).tick()
    assert loans.actor.asked == []
    loans.later(seconds=2).tick()
    assert loans.outcomes() == [("20260302T081700Z", "done")]


def test_the_previous_run_is_handed_to_a_job_that_compares_or_watches(tmp_path: Path) -> None:
    loans = stage(tmp_path, baseline="previous", gate=("change", "gap"))
    loans.change(run=("audit", "loans.csv", "--watch", "month"))

    def watched(staging: Path) -> Ended:
        (staging / "watch.seen").write_bytes(b"ids")
        return finishes(document={"number": 1, "watch": {}})(staging)

    loans.set(watched, finishes(document={"number": 2}))
    loans.later(minutes=18).tick()
    loans.later(hours=1).tick()
    first, second = (list(attempt.arguments) for _, attempt in loans.actor.asked)
    assert first[first.index("--fail-on") + 1] == "gap"  # there is nothing to be compared with yet
    assert "--baseline" not in first
    assert "--watch-from" not in first
    assert second[second.index("--fail-on") + 1] == "change,gap"
    staging, laid = loans.home.staging("loans", "20260302T091700Z", 1), loans.actor.seen[1]
    assert second[second.index("--baseline") + 1] == str(staging / "baseline.json")
    assert second[second.index("--watch-from") + 1] == str(staging / "before")
    assert json.loads(laid["baseline.json"]) == json.loads(laid["before/run.json"])
    assert json.loads(laid["before/run.json"])["number"] == 1
    assert laid["before/watch.seen"] == "ids"
    output = loans.config.root / "loans"
    assert (output / "20260302T081700Z" / "watch.seen").is_file()
    assert not (output / "20260302T091700Z" / "before").exists()


def test_the_ids_that_were_seen_outlive_the_reports(tmp_path: Path) -> None:
    """As on a CI runner, where the state folder alone is kept from run to run."""
    loans = stage(tmp_path).change(run=("audit", "loans.csv", "--watch", "id"))

    def watched(staging: Path) -> Ended:
        (staging / "watch.seen").write_text(f"ids of {staging.parent.name}", "utf-8")
        return finishes(document={"made": staging.as_posix(), "watch": {}})(staging)

    loans.set(watched)
    for hour in range(8, 13):
        loans.later(hours=1).tick()
        shutil.rmtree(loans.config.root / "loans")
        last = f"20260302T{hour:02d}1700Z"
        kept = sorted(path.name for path in (loans.home.path / "seen" / "loans").iterdir())
        assert kept[-1] == last
        assert len(kept) <= 2
    assert [seen["before/watch.seen"] for seen in loans.actor.seen[1:]] == [
        f"ids of 20260302T{hour:02d}1700Z" for hour in range(8, 12)
    ]
    assert loans.history.check() == []


def test_the_previous_run_is_found_however_many_failed_since(tmp_path: Path) -> None:
    loans = stage(tmp_path, baseline="previous", gate=("change",))
    loans.change(run=("audit", "loans.csv", "--watch", "month"))
    loans.set(finishes(document={"number": 1, "watch": {}}), finishes(2, document=None))
    for _ in range(26):
        loans.later(hours=1).tick()
    asked = loans.actor.asked[-1][1].arguments
    assert "--baseline" in asked
    assert "--watch-from" in asked
    assert json.loads(loans.actor.seen[-1]["baseline.json"])["number"] == 1


def test_a_run_that_watched_nothing_is_nothing_to_go_on_from_and_anew_means_anew(tmp_path: Path) -> None:
    loans = stage(tmp_path).change(run=("audit", "loans.csv", "--watch=month"))
    loans.set(finishes(document={"watch": {}}), finishes(document={"watch": None}))
    for _ in range(3):
        loans.later(hours=1).tick()
    loans.by_hand("loans", anew=True)
    asked = [list(attempt.arguments) for _, attempt in loans.actor.asked]
    assert ["--watch-from" in words for words in asked] == [False, True, True, False]


def test_a_watch_that_cannot_go_on_names_the_way_to_begin_anew(tmp_path: Path) -> None:
    loans = stage(tmp_path).set(finishes(2, said="--watch-from: the run before watched something else"))
    loans.later(hours=1).tick()
    assert "toolkit schedule run loans --anew" in loans.records()[0]["reason"]


def test_a_damaged_previous_run_is_passed_over_for_the_one_before(tmp_path: Path) -> None:
    loans = stage(tmp_path, baseline="previous", gate=("change",))
    for number in range(3):
        loans.set(finishes(document={"number": number})).later(hours=1).tick()
    packed = loans.home.path / "documents" / "loans" / "20260302T101700Z.json.gz"
    packed.write_bytes(b"rubbish")
    result = loans.later(hours=1).tick()
    assert json.loads(loans.actor.seen[3]["baseline.json"]) == {"number": 1}
    assert "cannot be compared with" in " ".join(result.troubles)


def test_a_baseline_that_is_a_file_is_taken_from_the_configuration_s_folder(tmp_path: Path) -> None:
    loans = stage(tmp_path, baseline="good/run.json", gate=("change",))
    loans.later(minutes=18).tick()
    arguments = list(loans.actor.asked[0][1].arguments)
    assert arguments[arguments.index("--baseline") + 1] == str(tmp_path / "good" / "run.json")


def test_a_run_by_hand_answers_for_no_instant_and_is_tried_once(loans: Stage) -> None:
    loans.later(minutes=18).by_hand("loans")
    loans.set(breaks()).by_hand("loans")
    assert loans.outcomes() == [("m20260302T081800Z", "done"), ("m20260302T081800Z-2", "interrupted")]
    loans.set(finishes()).tick()
    assert loans.outcomes()[0] == ("20260302T081700Z", "done")
    assert loans.left() == []


def test_forced_the_latest_instant_of_an_unknown_job_is_run_and_then_nothing_is_due(tmp_path: Path) -> None:
    fresh = stage(tmp_path, names=())
    job = Job("loans", ("audit", "x.csv"), "17 3 2 2 *", jitter=3600, source=tmp_path / "toolkit.toml")
    fresh.jobs = (job,)
    result = fresh.tick(only=["loans"], force=True)
    assert [run["id"] for run in result.runs] == ["20260202T031700Z"]
    assert fresh.tick(only=["loans"], force=True).idle


def test_forced_a_run_that_waits_for_its_next_try_is_tried_at_once(tmp_path: Path) -> None:
    loans = stage(tmp_path, backoff=3000).set(breaks(), finishes())
    loans.later(minutes=18).tick()
    loans.tick(only=["loans"], force=True)
    assert loans.outcomes() == [("20260302T081700Z", "done")]


def test_the_outcomes_agree_with_the_command_line_s_exit_codes() -> None:
    assert outcomes.PRECEDENCE == exits.PRECEDENCE
    codes = list(exits.PRECEDENCE)
    assert all(outcomes.worst(codes[place:]) == exits.worst(codes[place:]) for place in range(len(codes)))
    assert outcomes.worst([0, 99]) == 3
