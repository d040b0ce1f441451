"""M002's effects on rows made by hand, where each answer is known, and what a table must give."""

from __future__ import annotations

import math

import pytest

from toolkit import catalogue
from toolkit.misconceptions import m002_more_is_better as m002
from toolkit.records import Effort, NotApplicable, Rows


def _rows(family: str, noise: float, errors: list[float], effective: list[float] | None = None) -> Rows:
    used = effective or [1.0] * len(errors)
    return Rows.of(
        {"family": family, "noise": noise, "rung": i, "test_error": e, "effective": u}
        for i, (e, u) in enumerate(zip(errors, used, strict=True))
    )


def _claim(name: str) -> m002.Claim:
    return next(claim for claim in m002.CLAIMS if claim.id == name)


PEAK = [0.6, 0.5, 0.4, 0.3, 0.2, 0.9, 0.3, 0.2, 0.15, 0.14]


def test_the_peak_is_a_fixed_contrast_between_all_and_half() -> None:
    assert _claim("never-worse-features").effect(_rows(m002.RIDGELESS, 0.2, PEAK)) == pytest.approx(0.7)
    assert _claim("peak-without-noise").effect(_rows(m002.RIDGELESS, 0.0, PEAK)) == pytest.approx(0.7)


def test_the_rung_is_chosen_on_other_trials_than_it_is_measured_on() -> None:
    claim = _claim("never-worse-tree")
    assert claim.choose is not None
    chosen = claim.choose(_rows("tree", 0.2, [0.4, 0.1, 0.3]))
    assert chosen == 1
    assert claim.effect(_rows("tree", 0.2, [0.2, 0.5, 0.3]), chosen) == pytest.approx(-0.2)


def test_the_top_rung_is_never_compared_with_itself() -> None:
    falling = _rows("tree", 0.2, [0.4, 0.3, 0.1])
    worse, overfits = _claim("never-worse-tree"), _claim("overfits-tree")
    assert worse.choose is not None
    assert overfits.choose is not None
    assert worse.effect(falling, worse.choose(falling)) == pytest.approx(-0.2)
    clean = _rows("tree", 0.0, [0.4, 0.3, 0.1])
    assert overfits.effect(clean, overfits.choose(clean)) == pytest.approx(-0.2)


def test_the_second_descent_is_measured_against_the_best_below_interpolation() -> None:
    claim, rows = _claim("second-descent-wins-clean"), _rows(m002.RIDGELESS, 0.0, PEAK)
    assert claim.choose is not None
    assert claim.choose(rows) == 4
    assert claim.effect(rows, 4) == pytest.approx(0.05)


def test_small_regularised_is_set_against_big_plain_and_big_tuned() -> None:
    rows = Rows.of([*_rows(m002.TUNED, 0.2, PEAK[::-1]), *_rows(m002.RIDGELESS, 0.2, PEAK)])
    small = PEAK[::-1][4]
    assert _claim("small-regularised-matches-big-plain").effect(rows) == pytest.approx(small - 0.15)
    assert _claim("small-regularised-matches-big-tuned").effect(rows) == pytest.approx(small - 0.5)


def test_added_trees_are_counted_in_decades_of_effective_parameters() -> None:
    rows = _rows("forest, more trees", 0.2, [0.3, 0.2], [100.0, 10.0])
    assert _claim("added-trees-use-fewer-effective-parameters").effect(rows) == pytest.approx(-1)


@pytest.mark.parametrize(("elsewhere", "said"), [("supported", True), ("inconclusive", False)])
def test_more_is_said_to_help_elsewhere_only_where_that_was_shown(elsewhere: str, said: bool) -> None:
    class Answers:
        def universal(self, *claims: str) -> str:
            return "refuted"

        def existential(self, *claims: str) -> str:
            return elsewhere

    ruling, sentence = m002.rule(Answers())  # type: ignore[arg-type]
    assert ruling == "refuted"
    assert ("did no harm" in sentence) is said


def test_a_family_that_was_not_measured_is_not_applicable() -> None:
    claim = _claim("never-worse-network")
    assert claim.choose is not None
    with pytest.raises(NotApplicable):
        claim.choose(_rows("tree", 0.2, [0.1]))


def test_a_table_gives_every_family_noise_level_and_size() -> None:
    rows = Rows.of(m002.measure(catalogue.dataset("diabetes"), 1, Effort("quick")))
    assert {(row["n_train"], row["n_test"]) for row in rows} == {(300, 75)}
    assert {row["noise"] for row in rows} == {0.0, 0.2}
    for claim in m002.CLAIMS:
        effect = claim.effect(rows, claim.choose(rows)) if claim.choose else claim.effect(rows)
        assert math.isfinite(effect)
    for family in (m002.RIDGELESS, "forest", "network"):
        counts = rows.where(family=family, noise=0.0).column("parameters")
        assert counts == sorted(counts)
    ridgeless = rows.where(family=m002.RIDGELESS, noise=0.0).column("parameters")
    assert ridgeless[-1] >= 1000 * ridgeless[0]
