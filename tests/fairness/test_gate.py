"""The gate has three answers, and decides on its own members alone."""

from __future__ import annotations

import pytest

from toolkit.fairness.gaps import Gap
from toolkit.fairness.gaps.gate import gate
from toolkit.records import BadInputError


def gap(metric: str = "selection_rate", attribute: str = "race", **known: object) -> Gap:
    options = {"p_value": 0.5, "p_margin": 1.0, "small": False, "ruling": "not_enough_evidence"} | known
    return Gap(attribute, (attribute,), metric, "difference", "widest", "widest", 0.05, **options)  # type: ignore[arg-type]


SHOWN = {"p_value": 1e-6, "p_margin": 1e-4, "ruling": "shown"}
SMALL = {"small": True, "ruling": "small"}


def test_one_member_shown_fails_it() -> None:
    found = gate([gap(**SHOWN), gap(attribute="sex", **SMALL)], [("selection_rate", "*")])
    assert (found["result"], found["exit"]) == ("shown", 1)
    assert "selection_rate by race" in found["reason"]
    assert [member["ruling"] for member in found["members"]] == ["shown", "small"]
    assert found["asked"] == ["selection_rate:*"]


def test_only_if_all_are_small_does_it_hold() -> None:
    everything = [gap(**SMALL), gap(attribute="sex", **SMALL)]
    assert gate(everything, [("selection_rate", "*")])["exit"] == 0
    found = gate([everything[0], gap(attribute="sex")], [("selection_rate", "*")])
    assert (found["result"], found["exit"]) == ("open", 4)
    assert "not enough evidence: selection_rate by sex" in found["reason"]


def test_not_enough_evidence_may_pass_if_that_is_asked_but_a_gap_may_not() -> None:
    assert gate([gap()], [("selection_rate", "race")], inconclusive_ok=True)["exit"] == 0
    assert gate([gap(**SHOWN)], [("selection_rate", "race")], inconclusive_ok=True)["exit"] == 1


def test_what_is_not_applicable_leaves_it_open() -> None:
    refused = gap(attribute="sex", ruling="not_applicable", p_value=None, p_margin=None, small=None)
    found = gate([gap(**SMALL), refused], [("selection_rate", "*")])
    assert (found["result"], found["exit"]) == ("open", 4)
    assert "not applicable: selection_rate by sex" in found["reason"]


def test_it_adjusts_for_its_own_members_whatever_else_was_measured() -> None:
    close = gap(p_margin=0.02, p_margin_adjusted=0.4)
    others = [gap(metric="accuracy", attribute=str(i)) for i in range(20)]
    assert gate([close, *others], [("selection_rate", "race")])["result"] == "shown"
    several = [close, gap(attribute="sex"), gap(attribute="age")]
    found = gate(several, [("selection_rate", "*")])
    assert found["result"] == "open"
    assert found["members"][0]["p_margin_adjusted"] == pytest.approx(0.06)


def test_something_asked_twice_counts_once() -> None:
    asked = [("selection_rate", "race"), ("selection_rate", "*")]
    assert len(gate([gap(p_margin=0.04)], asked)["members"]) == 1


def test_only_widest_differences_of_single_attributes_stand_for_all() -> None:
    from dataclasses import replace

    other = [replace(gap(**SHOWN), kind="ratio"), replace(gap(**SHOWN), compare="rest")]
    both = replace(gap(attribute="race & sex", **SHOWN), attributes=("race", "sex"))
    everything = [gap(**SMALL), *other, both]
    assert gate(everything, [("selection_rate", "*")])["result"] == "small"
    assert gate(everything, [("selection_rate", "race & sex")])["result"] == "shown"


def test_asking_for_what_was_not_measured_says_what_there_is() -> None:
    with pytest.raises(BadInputError, match=r"accuracy:race.*there are selection_rate:race"):
        gate([gap()], [("accuracy", "race")])
