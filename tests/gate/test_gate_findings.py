"""What is found in a run, by which key, and what is worse than what was accepted."""

from __future__ import annotations

import copy
from datetime import timedelta
from typing import Any

import audit_fixture
import diff_pairs
import pytest
from gate_documents import TODAY, audit, check, entry, everything, gap

from toolkit.gate import Accepted, evaluate, findings
from toolkit.gate.findings import WORDS, gap_subject
from toolkit.records import BadInputError
from toolkit.report.diff import compare


def keys(document: dict[str, Any], *words: str, **more: Any) -> list[str]:
    return [found.key for found in findings(document, words, **more).findings]


def status(document: dict[str, Any], lock: list[Accepted], *words: str, **more: Any) -> dict[str, str]:
    outcome = evaluate(document, fail_on=words, accepted=lock, today=TODAY, **more)
    return {judged.key: judged.status for judged in outcome.judged}


def test_a_belief_is_found_by_its_code_and_ruling() -> None:
    document = check("refuted", "supported", "refuted", "error")
    assert keys(document, "refuted") == ["M001 refuted", "M003 refuted"]
    assert keys(document, "error", "supported") == ["M002 supported", "M004 error"]


def test_a_member_of_the_gate_is_found_with_the_numbers_of_its_gap() -> None:
    document = audit_fixture.document()
    (found,) = findings(document, ["gap"]).findings
    own = document["gaps"][0]
    assert found.key == "gap/race/selection_rate/difference/widest shown"
    assert found.numbers == {"value": own["corrected"], **{k: own[k] for k in ("low", "high", "margin")}}
    assert "Black 66.3 % against white 88.7 %" in found.sentence


def test_an_audit_without_a_gate_is_asked_the_default_one_among_its_own_members() -> None:
    shown = gap("race", "shown", p_value=0.001, p_margin=0.001, p_margin_adjusted=0.9)
    sex = gap("sex", "not_enough_evidence", p_value=0.02, p_margin=0.04, p_margin_adjusted=1.0)
    other = gap("age", "shown", metric="accuracy", p_value=0.001, p_margin=0.001)
    document = audit(shown, sex, other, gate=False)
    assert keys(document, "gap") == [
        "gap/race/selection_rate/difference/widest shown",
        "gap/sex/selection_rate/difference/widest shown",  # Holm over two: .04 stays .04
    ]
    assert keys(document, "gap", gate=["accuracy:*"]) == ["gap/age/accuracy/difference/widest shown"]
    with pytest.raises(BadInputError, match="there are accuracy:age"):
        keys(document, "gap", gate=["precision"])


def test_a_member_without_evidence_is_open_and_fails_only_where_asked() -> None:
    document = audit(gap("race", "not_enough_evidence"), gap("sex", "small"))
    name = "gap/race/selection_rate/difference/widest not_enough_evidence"
    assert status(document, [], "gap") == {name: "open"}
    assert status(document, [], "inconclusive") == {name: "new"}
    lock = everything(document, ["gap"])
    assert evaluate(document, fail_on=["gap"], accepted=lock, today=TODAY).exit == 0
    two = audit(gap("race", "not_enough_evidence"), gap("sex", "not_enough_evidence"))
    assert evaluate(two, fail_on=["gap"], accepted=lock, today=TODAY).exit == 4


@pytest.mark.parametrize(
    ("document", "word", "says"),
    [
        (check("refuted"), "gap", "compares no groups"),
        (audit(gap("race", "shown")), "refuted", "not on beliefs"),
        (audit(gap("race", "shown")), "error", "withholds no ruling"),
        (check("refuted"), "shown", "there are refuted, supported, inconclusive, error, change"),
    ],
)
def test_a_word_that_does_not_fit_is_refused_with_the_reason(
    document: dict[str, Any], word: str, says: str
) -> None:
    with pytest.raises(BadInputError, match=says):
        keys(document, word)


def test_keys_are_unique_whatever_the_names_hold() -> None:
    hostile = ["a/b", "a%2Fb", "a\nb", "a b", "", "a"]
    subjects = [gap_subject(gap(name, "shown")) for name in hostile]
    pairs = [("a/b", "c"), ("a", "b/c")]
    subjects += [gap_subject(gap("x", "shown", compare="reference", highest=a, lowest=b)) for a, b in pairs]
    assert len({*subjects}) == len(subjects)
    assert not any("\n" in subject for subject in subjects)


@pytest.mark.parametrize("pair", [diff_pairs.changed(), diff_pairs.audits()], ids=["check", "audit"])
def test_a_change_is_found_where_the_comparison_says_so_and_nowhere_else(pair: Any) -> None:
    old, new = pair
    found = findings(new, ["change"], old)
    compared = compare(old, new)
    rows = [r for r in compared["rows"] if r["word"] == "changed" or r["ruling_changed"]]
    ruled = [b for b in compared["beliefs"] if b["ruling_changed"]]
    assert len(found.findings) == len(rows) + len(ruled) > 0
    assert len({f.subject for f in found.findings}) == len(found.findings)
    assert bool(found.findings) == compared["change"]
    for row, finding in zip(rows, found.findings[len(ruled) :], strict=True):
        assert (finding.ruling == "changed") == (row["word"] == "changed")
        assert finding.value == (row["change"] or {}).get("value")
    assert not findings(old, ["change"], old).findings


def test_what_cannot_be_compared_is_said_and_fails_nothing() -> None:
    old, new = diff_pairs.audits()
    new["gaps"] = old["gaps"]
    outcome = evaluate(new, fail_on=["change"], baseline=old, today=TODAY)
    assert outcome.exit == 0
    assert any(note.startswith("Not compared with the baseline: ") for note in outcome.notes)
    assert any("Not in the baseline" in note and "group" in note for note in outcome.notes)


def test_a_baseline_is_needed_and_of_the_same_kind() -> None:
    with pytest.raises(BadInputError, match="--baseline PATH"):
        keys(check("refuted"), "change")
    with pytest.raises(BadInputError, match="the baseline is an audit and the run is a check"):
        keys(check("refuted"), "change", baseline=audit(gap("race", "shown")))


@pytest.mark.parametrize(
    ("value", "half", "expected"),
    [
        (0.3, 0.02, "accepted"),
        (0.37, 0.02, "accepted"),  # 0.07 more, but the interval of that reaches below the margin of 0.05
        (0.38, 0.02, "worse"),  # two intervals of two runs: square-and-add
        (0.45, 0.02, "worse"),
        (0.45, 0.2, "accepted"),  # nobody knows how much more
        (0.1, 0.02, "accepted"),  # better is not worse
        (-0.1, 0.02, "accepted"),  # a smaller gap, the other way round
        (-0.45, 0.02, "worse"),
    ],
)
def test_a_gap_is_worse_only_if_it_grew_beyond_its_margin(value: float, half: float, expected: str) -> None:
    before = audit(gap("race", "shown", 0.3, 0.02))
    lock = everything(before, ["gap"])
    assert [*status(audit(gap("race", "shown", value, half)), lock, "gap").values()] == [expected]


@pytest.mark.parametrize(("quotient", "expected"), [(0.5, "worse"), (0.95, "accepted"), (1.5, "accepted")])
def test_a_change_of_a_ratio_is_worse_where_it_moved_further(quotient: float, expected: str) -> None:
    """Ratios fell to 0.6 of what they were, and that was accepted; now they are at `quotient` of that."""
    old, new = audit_fixture.document(), audit_fixture.document()
    place = next(k for k, g in enumerate(old["gaps"]) if g["kind"] == "ratio")

    def shrunk(by: float) -> dict[str, Any]:
        found = copy.deepcopy(new)
        for key in ("value", "corrected", "low", "high", "low90", "high90"):
            found["gaps"][place][key] *= by
        found["data"]["sha256"] = "d" * 64
        return found

    first = shrunk(0.6)
    lock = [entry(f, first) for f in findings(first, ["change"], old).findings]
    (name,) = [e.key for e in lock]
    assert name == "change/gap/race/selection_rate/ratio/widest changed"
    later = status(shrunk(0.6 * quotient), lock, "change", baseline=old)
    assert later == {
        name: expected if name in keys(shrunk(0.6 * quotient), "change", baseline=old) else "gone"
    }


def test_another_ruling_is_worse_unless_it_only_says_that_nobody_knows() -> None:
    lock = everything(check("refuted"), ["refuted"])
    words = ("refuted", "supported", "inconclusive", "error")
    assert status(check("supported"), lock, *words) == {"M001 supported": "worse"}
    assert status(check("error"), lock, *words) == {"M001 error": "worse"}
    assert status(check("inconclusive"), lock, *words) == {"M001 inconclusive": "accepted"}
    lock = everything(audit(gap("race", "shown")), ["gap"])
    assert [*status(audit(gap("race", "not_enough_evidence")), lock, "gap").values()] == ["accepted"]
    lock = everything(audit(gap("race", "not_enough_evidence")), ["gap"])
    assert [*status(audit(gap("race", "shown")), lock, "gap").values()] == ["worse"]


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("changed", "accepted"),
        ("became_small", "worse"),  # and now it moved beyond its margin
    ],
)
def test_a_change_beyond_its_margin_is_worse_than_a_ruling_that_crossed_its_line(
    accepted: str, expected: str
) -> None:
    old, new = diff_pairs.audits()
    (found,) = findings(new, ["change"], old).findings
    assert found.ruling == "changed"
    lock = [Accepted(f"{found.subject} {accepted}", "Ann", "known", TODAY)]
    assert status(new, lock, "change", baseline=old) == {found.key: expected}


@pytest.mark.parametrize(
    ("accepted", "now", "expected"),
    [
        ("changed", "shown", "accepted"),
        ("became_small", "shown", "worse"),
        ("became_small", "not_enough_evidence", "accepted"),
    ],
)
def test_a_ruling_that_crossed_its_line_is_no_worse_than_a_change(
    accepted: str, now: str, expected: str
) -> None:
    old, new = audit_fixture.document(), audit_fixture.document()
    old["gaps"][3]["ruling"], new["gaps"][3]["ruling"] = "not_applicable", now
    (found,) = findings(new, ["change"], old).findings
    assert found.ruling == f"became_{now}"
    lock = [Accepted(f"{found.subject} {accepted}", "Ann", "known", TODAY)]
    assert status(new, lock, "change", baseline=old) == {found.key: expected}


def test_other_groups_than_those_accepted_are_said_and_fail_nothing() -> None:
    lock = everything(audit(gap("race", "shown", highest="A", lowest="B")), ["gap"])
    outcome = evaluate(
        audit(gap("race", "shown", highest="A", lowest="C")), fail_on=["gap"], accepted=lock, today=TODAY
    )
    (judged,) = outcome.judged
    assert judged.status == "accepted"
    assert judged.note == "the groups farthest apart were A and B, and are now A and C"


def test_what_was_accepted_holds_for_runs_of_that_name_only() -> None:
    loans = audit(gap("race", "shown"), name="loans")
    lock = everything(loans, ["gap"])
    assert [*status(audit(gap("race", "shown"), name="hiring"), lock, "gap").values()] == ["new"]
    everywhere = [Accepted(e.key, e.owner, e.reason, e.until) for e in lock]
    assert [*status(audit(gap("race", "shown"), name="hiring"), everywhere, "gap").values()] == ["accepted"]


def test_what_is_gone_is_said_and_fails_nothing_and_only_where_it_could_have_shown() -> None:
    lock = everything(check("refuted", "supported"), ["refuted", "supported"])
    outcome = evaluate(check("not_applicable", "refuted"), fail_on=["refuted"], accepted=lock, today=TODAY)
    assert {j.key: j.status for j in outcome.judged} == {"M001 refuted": "gone", "M002 refuted": "worse"}
    assert evaluate(check("supported"), fail_on=["refuted"], accepted=lock, today=TODAY).exit == 0
    unasked = evaluate(check("supported"), fail_on=["error"], accepted=lock, today=TODAY)
    assert unasked.judged == ()
    audited = evaluate(audit(gap("race", "small")), fail_on=["gap"], accepted=lock, today=TODAY)
    assert audited.judged == ()
    nameless = [Accepted("gap/race/selection_rate/difference/widest shown", "Ann", "known", TODAY)]
    assert status(check("supported"), nameless, "inconclusive") == {}
    assert status(audit(gap("race", "small")), nameless, "gap") == {nameless[0].key: "gone"}


def test_the_last_day_is_still_a_day() -> None:
    document = check("refuted")
    lock = everything(document, ["refuted"], TODAY)
    days = {0: ("accepted", 0), 1: ("expired", -1)}
    for ahead, (expected, left) in days.items():
        outcome = evaluate(document, fail_on=["refuted"], accepted=lock, today=TODAY + timedelta(days=ahead))
        assert [(j.status, j.days_left) for j in outcome.judged] == [(expected, left)]


def test_every_word_is_known_to_the_settings() -> None:
    from toolkit.cli.settings import GATES

    assert {*GATES} == {word for words in WORDS.values() for word in words}


def watched(*alarmed: str) -> dict[str, Any]:
    """Return an audit that watches two columns, with an alarm for some."""
    found = audit(gap("race", "not_enough_evidence"), gap("sex", "not_enough_evidence"))
    found["watch"] = {
        "gaps": [
            {
                "attribute": name,
                "metric": "selection_rate",
                "kind": "difference",
                "margin": 0.05,
                "alarm": {
                    "at": "2026-07-22",
                    "night": 255,
                    "rows": 15840,
                    "e": 91.0,
                    "pair": {"highest": "a", "lowest": "<b>"},
                }
                if name in alarmed
                else None,
            }
            for name in ("race", "sex")
        ]
    }
    return found


def test_an_alarm_of_the_watch_is_a_finding_and_a_ruling_that_is_open_is_none() -> None:
    (found,) = findings(watched("sex"), ("alarm",)).findings
    assert found.key == "alarm/sex/selection_rate/difference/widest raised"
    assert "15,840" in found.sentence
    assert "past the margin of 0.05" in found.sentence
    assert findings(watched(), ("alarm",)).findings == ()


def test_an_accepted_alarm_passes_until_its_day_and_then_fails() -> None:
    document = watched("sex")
    entries = everything(document, ("alarm",))
    assert evaluate(document, fail_on=("alarm",), accepted=entries, today=TODAY).exit == 0
    assert evaluate(document, fail_on=("alarm",), accepted=(), today=TODAY).exit == 1
    gone = evaluate(watched(), fail_on=("alarm",), accepted=entries, today=TODAY)
    assert [judged.status for judged in gone.judged] == ["gone"]


@pytest.mark.parametrize("kind", ["check", "audit"])
def test_an_alarm_is_asked_only_of_what_is_watched(kind: str) -> None:
    document = check("refuted") if kind == "check" else audit()
    with pytest.raises(BadInputError, match="--watch COLUMN"):
        findings(document, ("alarm",))
