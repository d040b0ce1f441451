"""From estimates to gaps with rulings: floors, families, named pairs, people whose group is not known."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolkit.calibrate.audit.people import cells_of
from toolkit.fairness.cells import MISSING_GROUP, Cells
from toolkit.fairness.gaps import Gap, GapSettings, adjust, gaps, holm
from toolkit.fairness.gaps.pairs import difference, koopman
from toolkit.fairness.metrics.proportions import complement, proportion

KEYS = {
    *("attribute", "attributes", "metric", "kind", "compare", "highest", "lowest", "value", "corrected"),
    *(
        "low",
        "high",
        "low90",
        "high90",
        "p_value",
        "p_adjusted",
        "p_margin",
        "p_margin_adjusted",
        "smallest_p",
    ),
    *(
        "family",
        "margin",
        "ruling",
        "reason",
        "left_out",
        "left_out_share",
        "missing_left_out",
        "rows_needed",
    ),
    "groups_compared",
}
SMALL = GapSettings(kinds=("difference",))


def table(rows: dict[str, tuple[int, int]], attribute: str = "race") -> Cells:
    """Make cells of one attribute from (selected, of) per group, in the order given."""
    names = tuple(rows)
    x, n = np.array(list(rows.values())).T
    counts = np.stack([n - x, x], axis=1).reshape(-1)
    return Cells(
        attributes=(attribute,),
        levels=(names,),
        code=np.repeat(np.arange(len(names)), 2)[:, None],
        label=None,
        decision=np.tile([0, 1], len(names)),
        n=counts,
        weight=counts.astype(float),
        weight2=counts.astype(float),
    )


def of(rows: dict[str, tuple[int, int]], options: GapSettings = SMALL, compare: str = "widest") -> list[Gap]:
    cells = table(rows)
    partition = cells.partition(("race",))
    estimates = proportion(cells, partition, "selection_rate")
    rest = complement(cells, partition, "selection_rate") if compare == "rest" else None
    return gaps(estimates, partition, options, compare, rest)  # type: ignore[arg-type]


class TestWidest:
    def test_the_entry_has_the_keys_of_the_run_document_and_plain_values(self) -> None:
        for gap in of({"a": (300, 1_000), "b": (420, 1_000)}, GapSettings()):
            entry = gap.to_dict()
            assert set(entry) >= KEYS
            assert json.loads(json.dumps(entry, allow_nan=False)) == entry

    def test_a_clear_gap_is_shown_with_who_is_highest(self) -> None:
        (gap,) = adjust(of({"a": (300, 1_000), "b": (480, 1_000), "c": (310, 900)}))
        assert (gap.ruling, gap.highest, gap.lowest) == ("shown", "b", "a")
        assert gap.value == pytest.approx(0.18)
        assert gap.low is not None
        assert gap.low > 0.05
        assert gap.groups_compared == 3
        assert gap.to_dict()["rows_needed"] is None

    def test_equal_large_groups_are_shown_to_be_small_and_small_ones_are_left_open(self) -> None:
        (gap,) = adjust(of({"a": (3_000, 10_000), "b": (3_050, 10_000)}))
        assert gap.ruling == "small"
        (gap,) = adjust(of({"a": (30, 100), "b": (33, 100)}))
        assert gap.ruling == "not_enough_evidence"
        needed = gap.to_dict()["rows_needed"]
        assert needed["ruling_sought"] == "small"
        assert needed["sentence"]

    def test_groups_under_the_floor_are_named_with_their_share_and_their_outcomes_play_no_part(self) -> None:
        rows = {"a": (30, 100), "b": (33, 91), "tiny": (9, 9)}
        (gap,) = of(rows)
        assert gap.left_out == ("tiny",)
        assert gap.left_out_share == pytest.approx(9 / 200)
        assert (gap.groups_compared, gap.highest) == (2, "b")
        (other,) = of(rows | {"tiny": (0, 9)})
        assert other == gap
        (gap,) = of(rows, replace(SMALL, min_group=9))
        assert (gap.highest, gap.left_out) == ("tiny", ())

    def test_fewer_than_two_large_groups_are_not_applicable_with_the_reason(self) -> None:
        (gap,) = adjust(of({"a": (30, 100), "tiny": (1, 9)}))
        assert gap.ruling == "not_applicable"
        assert "fewer than two" in gap.reason
        assert gap.value is None
        assert gap.to_dict()["p_value"] is None

    def test_a_group_of_few_clusters_is_not_compared_and_the_reason_says_so(self) -> None:
        cluster = np.repeat(np.arange(30), 4)
        decision = np.random.default_rng(2).integers(0, 2, 120)
        cells = cells_of((cluster >= 22).astype(int), decision, cluster=cluster)
        partition = cells.partition(("group",))
        (gap,) = gaps(proportion(cells, partition, "selection_rate"), partition, SMALL)
        assert (gap.ruling, gap.left_out) == ("not_applicable", ("g1",))
        assert "g1: 8 clusters, under 10" in gap.reason

    def test_people_of_unknown_group_are_left_out_unless_asked_for(self) -> None:
        rows = {"a": (300, 1_000), "b": (320, 1_000), MISSING_GROUP: (200, 400)}
        (gap,) = of(rows)
        assert (gap.highest, gap.missing_left_out, gap.left_out) == ("b", True, ())
        (gap,) = of(rows, replace(SMALL, compare_missing=True))
        assert (gap.highest, gap.missing_left_out) == (MISSING_GROUP, False)
        assert [g.highest for g in of(rows, compare="rest")] == [MISSING_GROUP, "a", "b"]

    @settings(max_examples=25, deadline=None)
    @given(st.permutations(["a", "b", "c", "d"]))
    def test_the_order_of_the_groups_changes_nothing(self, order: list[str]) -> None:
        rows = {"a": (30, 100), "b": (48, 120), "c": (20, 80), "d": (70, 190)}
        assert of({name: rows[name] for name in order}, GapSettings()) == of(rows, GapSettings())

    def test_a_gap_does_not_depend_on_what_else_is_audited(self) -> None:
        cells = table({"a": (30, 100), "b": (48, 120), "c": (20, 80)})
        partition = cells.partition(("race",))
        estimates = proportion(cells, partition, "selection_rate")
        alone = gaps(estimates, partition, SMALL)[0]
        other = gaps(replace(estimates, metric="accuracy"), partition, SMALL)[0]
        assert alone.low90 == of({"a": (30, 100), "b": (48, 120), "c": (20, 80)})[0].low90
        assert other.corrected != alone.corrected

    def test_shares_of_people_and_rows_of_the_table_come_from_the_groups_sizes(self) -> None:
        cells = table({"a": (30, 100), "b": (36, 100), "tiny": (2, 5)})
        partition = cells.partition(("race",))
        estimates = proportion(cells, partition, "selection_rate")
        (gap,) = gaps(estimates, partition, SMALL, sizes=np.array([200, 400, 200]))
        assert gap.left_out_share == pytest.approx(0.25)


class TestRatios:
    def test_a_ratio_is_lowest_over_highest_with_its_own_margin_and_family(self) -> None:
        (gap,) = adjust(of({"a": (300, 1_000), "b": (480, 1_000)}, GapSettings(kinds=("ratio",))))
        assert gap.value == pytest.approx(300 / 480)
        assert gap.high is not None
        assert gap.high < 0.8
        assert (gap.ruling, gap.margin, gap.family) == ("shown", 0.8, "widest ratios")

    @pytest.mark.parametrize(
        ("rows", "why"),
        [
            ({"a": (4, 100), "b": (9, 100)}, "count is under 5"),
            ({"a": (30, 1_000), "b": (49, 1_000)}, "under 5 %"),
        ],
    )
    def test_rare_events_get_no_ruling_on_their_ratio(
        self, rows: dict[str, tuple[int, int]], why: str
    ) -> None:
        found = adjust(of(rows, GapSettings()))
        by_kind = {gap.kind: gap for gap in found}
        assert by_kind["ratio"].ruling == "not_applicable"
        assert why in by_kind["ratio"].reason
        assert by_kind["ratio"].value is not None
        assert by_kind["difference"].ruling == "not_enough_evidence" or "5 %" in why

    def test_an_open_ratio_says_what_would_settle_it_on_its_own_scale(self) -> None:
        (gap,) = adjust(of({"a": (30, 100), "b": (900, 2_000)}, GapSettings(kinds=("ratio",))))
        assert gap.ruling == "not_enough_evidence"
        needed = gap.to_dict()["rows_needed"]
        assert (needed["ruling_sought"], needed["group"]) == ("shown", "a")
        # With that many rows more the same rates are a ratio that is shown in most tables.
        more = 100 + needed["rows"]
        found = [
            adjust(of({"a": (int(x), more), "b": (900, 2_000)}, GapSettings(kinds=("ratio",))))[0].ruling
            for x in np.random.default_rng(0).binomial(more, 0.3, 100)
        ]
        assert found.count("shown") == pytest.approx(75, abs=15)

    def test_both_zero_has_no_ratio(self) -> None:
        found = {gap.kind: gap for gap in of({"a": (0, 100), "b": (0, 100)}, GapSettings())}
        assert found["ratio"].value is None
        assert found["ratio"].ruling == "not_applicable"
        assert found["difference"].value == 0

    def test_a_metric_without_a_meaningful_ratio_has_differences_only(self) -> None:
        cells = table({"a": (30, 100), "b": (48, 120)})
        partition = cells.partition(("race",))
        estimates = replace(proportion(cells, partition, "selection_rate"), ratio=False)
        assert [gap.kind for gap in gaps(estimates, partition, GapSettings())] == ["difference"]


class TestNamedPairs:
    ROWS: dict[str, tuple[int, int]] = {"a": (300, 1_000), "b": (420, 1_000), "c": (5, 8)}  # noqa: RUF012 - never changed
    WITH = GapSettings(reference={"race": "a"})

    def test_every_group_is_compared_with_the_reference_by_newcombe_and_koopman(self) -> None:
        found = {gap.kind: gap for gap in adjust(of(self.ROWS, self.WITH, "reference"))}
        assert {(g.highest, g.lowest, g.compare) for g in found.values()} == {("b", "a", "reference")}
        cells = table(self.ROWS)
        estimates = proportion(cells, cells.partition(("race",)), "selection_rate")
        low, high = difference(estimates, 1, 0, 1.959963984540054)
        gap = found["difference"]
        assert (gap.low, gap.high) == (pytest.approx(float(low)), pytest.approx(float(high)))
        assert gap.corrected == gap.value == pytest.approx(0.12)
        low, high = koopman(420, 1_000, 300, 1_000)
        assert (found["ratio"].low, found["ratio"].high) == (
            pytest.approx(float(low)),
            pytest.approx(float(high)),
        )
        assert gap.left_out == ("c",)
        # 1.4 is beyond 1 / .8, its lower limit of 1.24 is not.
        assert (gap.ruling, found["ratio"].ruling) == ("shown", "not_enough_evidence")

    def test_the_sign_says_who_is_higher(self) -> None:
        options = GapSettings(reference={"race": "b"}, kinds=("difference",))
        (gap,) = adjust(of(self.ROWS, options, "reference"))
        assert gap.value == pytest.approx(-0.12)
        assert gap.ruling == "shown"
        assert gap.high is not None
        assert gap.high < -0.05

    def test_without_a_reference_there_are_no_such_gaps_and_an_unknown_one_is_refused(self) -> None:
        assert of(self.ROWS, GapSettings(), "reference") == []
        with pytest.raises(ValueError, match="there are a, b, c"):
            of(self.ROWS, GapSettings(reference={"race": "z"}), "reference")

    def test_a_reference_that_is_too_small_is_not_applicable(self) -> None:
        found = of(self.ROWS, GapSettings(reference={"race": "c"}), "reference")
        assert {gap.ruling for gap in found} == {"not_applicable"}
        assert "too small" in found[0].reason

    def test_each_group_against_the_rest_counts_everybody_else(self) -> None:
        found = {gap.highest: gap for gap in of(self.ROWS, SMALL, "rest")}
        assert set(found) == {"a", "b"}
        assert found["a"].value == pytest.approx(300 / 1_000 - 425 / 1_008)
        assert found["a"].lowest == "the rest"
        cells = table(self.ROWS)
        partition = cells.partition(("race",))
        estimates = proportion(cells, partition, "selection_rate")
        with pytest.raises(ValueError, match="rest's estimates"):
            gaps(estimates, partition, SMALL, "rest")

    def test_groups_that_share_clusters_differ_less_than_if_they_did_not(self) -> None:
        rng = np.random.default_rng(3)
        cluster = np.repeat(np.arange(300), 4)
        group = np.tile([0, 0, 1, 1], 300)
        decision = (rng.random(300)[cluster] < 0.5).astype(int)
        cells = cells_of(group, decision, cluster=cluster)
        partition = cells.partition(("group",))
        own, rest = (f(cells, partition, "selection_rate") for f in (proportion, complement))
        together = gaps(own, partition, SMALL, "rest", rest)[0]
        apart = gaps(own, partition, SMALL, "rest", replace(rest, beside=None))[0]
        assert together.low is not None
        assert apart.low is not None
        # Everybody of a cluster has the same outcome and half of it is one group: there is no gap.
        assert together.low > apart.low + 0.02
        assert together.p_value is not None
        assert together.p_value > 0.5


class TestFamilies:
    def test_holm_is_the_step_down_of_holm_1979(self) -> None:
        assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
        assert holm([]) == []
        assert holm([0.9, 0.8]) == [1.0, 1.0]

    def test_each_family_is_adjusted_by_itself_and_decides_what_is_shown(self) -> None:
        (gap,) = of({"a": (300, 1_000), "b": (400, 1_000)})
        assert gap.p_margin is not None
        assert 0.005 < gap.p_margin < 0.05
        alone = adjust([gap])[0]
        assert alone.ruling == "shown"
        others = [replace(gap, attribute=f"x{i}", p_margin=1.0, p_value=1.0) for i in range(9)]
        among = adjust([gap, *others])[0]
        assert among.ruling == "not_enough_evidence"
        assert among.p_margin_adjusted == pytest.approx(10 * gap.p_margin)
        elsewhere = adjust([gap, *(replace(other, family="rest") for other in others)])[0]
        assert elsewhere.ruling == "shown"

    def test_intersections_and_ratios_are_families_of_their_own(self) -> None:
        cells = table({"a": (30, 100), "b": (48, 120)})
        both = replace(
            cells,
            attributes=("race", "sex"),
            levels=(*cells.levels, ("f",)),
            code=cells.code.repeat(2, 1) * [1, 0],
        )
        partition = both.partition(("race", "sex"))
        found = gaps(proportion(both, partition, "selection_rate"), partition, GapSettings())
        assert [gap.family for gap in found] == ["intersections", "intersections ratios"]
        assert found[0].attribute == "race & sex"
        assert found[0].highest == "b & f"

    def test_all_small_needs_no_adjustment(self) -> None:
        (gap,) = of({"a": (3_000, 10_000), "b": (3_050, 10_000)})
        assert {g.ruling for g in adjust([replace(gap, attribute=str(i)) for i in range(40)])} == {"small"}

    def test_gaps_that_are_not_applicable_do_not_make_the_family_larger(self) -> None:
        (gap,) = of({"a": (300, 1_000), "b": (400, 1_000)})
        refused = of({"a": (30, 100)})
        assert adjust([gap, *refused])[0].p_margin_adjusted == gap.p_margin


class TestCensus:
    def test_the_gaps_of_a_population_are_facts(self) -> None:
        options = GapSettings(census=True, reference={"race": "a"})
        rows = {"a": (30, 100), "b": (37, 100)}
        for compare in ("widest", "reference", "rest"):
            for gap in adjust(of(rows, options, compare)):
                assert gap.low == gap.high == gap.low90 == gap.value == gap.corrected
                assert gap.p_value is None
                assert gap.p_margin_adjusted is None
                assert gap.ruling == ("shown" if gap.kind == "difference" else "small")

    def test_groups_that_are_all_equal_still_make_a_pair_of_two(self) -> None:
        for census in (True, False):
            (gap,) = of({"a": (30, 100), "b": (30, 100)}, replace(SMALL, census=census))
            assert (gap.highest, gap.lowest, gap.value) == ("a", "b", 0)

    def test_a_small_fact_is_small(self) -> None:
        (gap,) = adjust(of({"a": (30, 100), "b": (33, 100)}, GapSettings(census=True, kinds=("difference",))))
        assert gap.ruling == "small"


def test_what_would_show_that_a_gap_is_small_names_the_pair_that_stands_in_the_way() -> None:
    # The widest pair is of two large groups; the small group's limits are what is not inside the margin.
    gap = of({"a": (3_000, 10_000), "b": (3_150, 10_000), "c": (92, 300)}, replace(SMALL, seed=1))[0]
    assert (gap.highest, gap.lowest, gap.ruling) == ("b", "a", "not_enough_evidence")
    assert gap.rows_needed is not None
    assert (gap.rows_needed["ruling_sought"], gap.rows_needed["group"]) == ("small", "c")


def test_a_ratio_with_a_share_of_0_among_clusters_stays_finite() -> None:
    clusters = np.repeat(np.arange(60), 2_000)
    group = np.repeat([0, 1, 2], 40_000)
    decision = np.where(group == 0, 0, np.where(group == 1, 1, clusters % 2))
    cells = cells_of(group, decision, cluster=clusters)
    partition = cells.partition(("group",))
    ratio = gaps(proportion(cells, partition, "selection_rate"), partition, GapSettings())[1]
    assert (ratio.kind, ratio.value, ratio.low) == ("ratio", 0.0, 0.0)
    assert ratio.corrected is not None
    assert np.isfinite(ratio.corrected)


def test_a_named_pair_that_shows_a_large_gap_shows_a_gap() -> None:
    options = GapSettings(margin=0.001, min_group=1, reference={"race": "a"})
    for x in range(13):
        for gap in of({"a": (2, 6), "b": (x, 12)}, options, "reference"):
            if gap.p_margin is not None and gap.p_value is not None:
                assert gap.p_margin >= gap.p_value
