"""What holds of the gate for every run, every lock file and every day."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from gate_documents import TODAY, audits, checks, days, everything, runs, words_of_audit, words_of_check
from hypothesis import given
from hypothesis import strategies as st

from toolkit.gate import Accepted, evaluate
from toolkit.gate.evaluating import FAILING


def statuses(outcome: Any) -> dict[str, str]:
    return {judged.key: judged.status for judged in outcome.judged}


@given(runs, st.integers(0, 400))
def test_a_lock_that_accepts_everything_lets_any_run_pass_until_its_last_day(run: Any, ahead: int) -> None:
    document, fail_on = run
    lock = everything(document, fail_on, TODAY + timedelta(days=ahead))
    for day in (TODAY, TODAY + timedelta(days=ahead)):
        outcome = evaluate(document, fail_on=fail_on, accepted=lock, today=day)
        unasked = document.get("gate") and not document["gate"]["members"]
        assert outcome.exit == (4 if unasked else 0)
        assert {*statuses(outcome).values()} <= {"accepted"}
    after = evaluate(document, fail_on=fail_on, accepted=lock, today=TODAY + timedelta(days=ahead + 1))
    assert (after.exit == 0) == (not lock and not unasked)


@given(runs, st.data())
def test_removing_an_entry_makes_exactly_that_finding_new(run: Any, data: st.DataObject) -> None:
    document, fail_on = run
    lock = everything(document, fail_on)
    if not lock:
        return
    removed = data.draw(st.sampled_from(lock))
    whole = statuses(evaluate(document, fail_on=fail_on, accepted=lock, today=TODAY))
    rest = [entry for entry in lock if entry is not removed]
    left = statuses(evaluate(document, fail_on=fail_on, accepted=rest, today=TODAY))
    changed = {key: status for key, status in left.items() if whole[key] != status}
    assert changed in ({removed.key: "new"}, {removed.key: "open"})
    assert left.keys() == whole.keys()


locks = st.tuples(runs, runs).flatmap(
    lambda pair: st.tuples(
        st.just(pair[0]),
        st.lists(
            st.sampled_from(
                [*everything(*pair[0]), *everything(*pair[1])]
                or [Accepted("M001 refuted", "me", "known", TODAY)]
            ).flatmap(lambda e: days.map(lambda day: Accepted(e.key, e.owner, e.reason, day, run=e.run))),
            unique_by=lambda e: e.key,
        ),
    )
)


@given(locks, st.tuples(days, days))
def test_what_has_failed_by_a_day_has_failed_by_every_later_day(case: Any, two: tuple[date, date]) -> None:
    (document, fail_on), lock = case
    first, second = sorted(two)
    early, late = (evaluate(document, fail_on=fail_on, accepted=lock, today=day) for day in (first, second))
    assert {j.key for j in early.failing} <= {j.key for j in late.failing}
    assert {j.key for j in early.judged} == {j.key for j in late.judged}


@given(locks, st.randoms(use_true_random=False))
def test_the_order_of_the_entries_means_nothing(case: Any, random: Any) -> None:
    (document, fail_on), lock = case
    shuffled = random.sample(lock, len(lock))
    first, second = (
        evaluate(document, fail_on=fail_on, accepted=entries, today=TODAY) for entries in (lock, shuffled)
    )
    assert first.to_dict() == second.to_dict()


@given(locks)
def test_only_what_is_new_worse_or_over_fails(case: Any) -> None:
    (document, fail_on), lock = case
    outcome = evaluate(document, fail_on=fail_on, accepted=lock, today=TODAY)
    assert (outcome.exit == 1) == bool(FAILING & {*statuses(outcome).values()})


@given(checks, words_of_check)
def test_without_a_lock_a_check_fails_as_it_always_did(document: Any, fail_on: set[str]) -> None:
    outcome = evaluate(document, fail_on=sorted(fail_on), today=TODAY)
    assert outcome.exit == any(e["ruling"] in fail_on for e in document["experiments"])


@given(audits, words_of_audit, st.booleans())
def test_without_a_lock_an_audit_ends_as_its_own_gate_says(
    document: Any, fail_on: set[str], eased: bool
) -> None:
    outcome = evaluate(document, fail_on=["gap"], today=TODAY, inconclusive_ok=eased)
    own = document["gate"]["exit"]
    assert outcome.exit == (0 if eased and own == 4 else own)
    strict = evaluate(document, fail_on=sorted(fail_on), today=TODAY)
    expected = 1 if "inconclusive" in fail_on and own == 4 and document["gate"]["members"] else own
    assert strict.exit == expected
