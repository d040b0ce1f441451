"""Simpson's paradox: Berkeley's admissions of 1973 are found, honest columns are not."""

from __future__ import annotations

import caution_fixture as fixture
import numpy as np
import pytest

from toolkit.fairness.cautions import Column, Context
from toolkit.fairness.cautions.reversal import simpson_reversal

# Bickel, Hammel and O'Connell 1975, Science 187:398: the six largest departments; (admitted, rejected).
BERKELEY = {
    "A": ((512, 313), (89, 19)),
    "B": ((353, 207), (17, 8)),
    "C": ((120, 205), (202, 391)),
    "D": ((138, 279), (131, 244)),
    "E": ((53, 138), (94, 299)),
    "F": ((22, 351), (24, 317)),
}


def context_of(
    columns: list[Column], table: fixture.Table, names: tuple[str, str] = ("men", "women")
) -> Context:
    cells = fixture.cells_of(table, "sex", labels=False)
    rates = {name: counts[1] / (counts[0] + counts[1]) for name, counts in table.items()}
    high, low = sorted(names, key=lambda name: -rates[name])
    found = fixture.gap(
        "selection_rate", high, low, rates[high] - rates[low], attribute="sex", attributes=["sex"]
    )
    return Context(cells, ("sex",), gaps=[found], columns=columns)


def column(name: str, levels: dict[str, tuple[tuple[int, int], tuple[int, int]]]) -> Column:
    counts = np.zeros((2, len(levels), 2, 2), np.int64)
    for i, groups in enumerate(levels.values()):
        for g, (yes, no) in enumerate(groups):
            counts[g, i, 0] = no, yes
    return Column(name, tuple(levels), counts)


def berkeley(*others: Column) -> Context:
    totals = [sum(BERKELEY[d][g][i] for d in BERKELEY) for g in (0, 1) for i in (0, 1)]
    table = {"men": (totals[1], totals[0], 0, 0), "women": (totals[3], totals[2], 0, 0)}
    return context_of([column("department", BERKELEY), *others], table)


def test_berkeley_is_gone_under_department() -> None:
    (warning,) = simpson_reversal(berkeley())
    (found,) = warning["evidence"]["columns"]
    # Of 2,691 men 44.5 % were admitted and of 1,835 women 30.4 %.
    assert found["crude"] == pytest.approx(0.4452 - 0.3035, abs=0.0002)
    # Women lead a little; Cochran's, Mantel's and Haenszel's test does not tell it from chance.
    assert found["pooled"] < 0 < found["high"]
    assert found["change"] == "is gone"
    assert warning["level"] == "warning"
    assert "The selection rate of men is 14.2 points above that of women" in warning["text"]
    assert "men has the higher rate in 2 of 6 levels" in warning["text"]
    assert "--within department" in warning["text"]


def test_columns_of_noise_are_counted_and_not_named() -> None:
    rng = np.random.default_rng(0)
    noise = []
    for i in range(30):
        counts = np.zeros((2, 4, 2, 2), np.int64)
        for g, (no, yes) in enumerate(((1493, 1198), (1278, 557))):
            counts[g, :, 0, 0] = rng.multinomial(no, np.full(4, 0.25))
            counts[g, :, 0, 1] = rng.multinomial(yes, np.full(4, 0.25))
        noise.append(Column(f"noise {i}", tuple("abcd"), counts))
    (warning,) = simpson_reversal(berkeley(*noise))
    assert warning["evidence"]["tried"] == 31
    assert [found["column"] for found in warning["evidence"]["columns"]] == ["department"]


def test_a_gap_that_is_the_same_within_levels_is_not_named() -> None:
    same = column("county", {"x": ((300, 700), (200, 800)), "y": ((60, 140), (40, 160))})
    table = {"men": (840, 360, 0, 0), "women": (960, 240, 0, 0)}
    assert simpson_reversal(context_of([same], table)) == []


def test_a_gap_that_shrinks_without_turning_is_a_note() -> None:
    # Within each level the two differ by two points; the levels differ by sixty.
    levels = {"easy": ((16400, 3600), (3200, 800)), "hard": ((880, 3120), (4000, 16000))}
    table = {"men": (6720, 17280, 0, 0), "women": (16800, 7200, 0, 0)}
    (note,) = simpson_reversal(context_of([column("grade", levels)], table))
    assert note["level"] == "note"
    assert note["evidence"]["columns"][0]["change"] == "shrinks"


def test_a_gap_that_turns_round_beyond_chance_is_said_so() -> None:
    # In department A alone women were ahead by twenty points; here everywhere.
    levels = {"easy": ((620, 380), (82, 18)), "hard": ((4, 96), (220, 780))}
    table = {"men": (476, 624, 0, 0), "women": (798, 302, 0, 0)}
    (warning,) = simpson_reversal(context_of([column("department", levels)], table))
    assert warning["evidence"]["columns"][0]["change"] == "turns round"
    assert warning["title"] == "The gap turns round under another column"
    assert "the difference turns round: −1" in warning["text"]


def test_a_column_that_separates_the_groups_is_no_comparison() -> None:
    apart = column("white", {"0": ((400, 600), (0, 0)), "1": ((0, 0), (200, 800))})
    table = {"men": (600, 400, 0, 0), "women": (800, 200, 0, 0)}
    assert simpson_reversal(context_of([apart], table)) == []


def test_without_a_gap_there_is_nothing_to_turn_round() -> None:
    context = berkeley()
    assert simpson_reversal(Context(context.cells, ("sex",), columns=context.columns)) == []


def test_a_column_that_holds_the_outcome_is_no_comparison() -> None:
    table = {"men": (150, 50, 60, 240), "women": (200, 100, 100, 100)}
    counts = np.zeros((2, 2, 2, 2), np.int64)
    for g, (tn, fp, fn, tp) in enumerate(table.values()):
        counts[g, 0, 0], counts[g, 1, 1] = (tn, fp), (fn, tp)
    cells = fixture.cells_of(table, "sex")
    found = fixture.gap(
        "selection_rate", "men", "women", 290 / 500 - 0.4, attribute="sex", attributes=["sex"]
    )
    copy, honest = (
        Column("paid", ("0", "1"), counts),
        Column("paid", ("0", "1"), counts // 2 + counts[:, ::-1] // 3),
    )
    assert simpson_reversal(Context(cells, ("sex",), gaps=[found], columns=[copy])) == []
    # The same column, blurred, is looked at like any other.
    looked = Context(cells, ("sex",), gaps=[found], columns=[honest])
    assert looked.decides(honest)


def test_labels_standing_in_for_a_models_decisions_are_not_compared() -> None:
    context = berkeley()
    labelled = fixture.cells_of({"men": (1000, 493, 500, 698), "women": (1000, 278, 300, 257)}, "sex")
    assert simpson_reversal(Context(labelled, ("sex",), gaps=context.gaps, columns=context.columns)) == []


@pytest.mark.slow
def test_columns_that_change_nothing_are_named_at_most_as_often_as_promised() -> None:
    rng = np.random.default_rng(8)
    fired, looks = 0, 300
    for _ in range(looks):
        selected = {name: rng.binomial(300, rate) for name, rate in (("men", 0.5), ("women", 0.35))}
        columns = []
        for i in range(10):
            counts = np.zeros((2, 3, 2, 2), np.int64)
            for g, x in enumerate(selected.values()):
                counts[g, :, 0, 1] = rng.multinomial(x, np.full(3, 1 / 3))
                counts[g, :, 0, 0] = rng.multinomial(300 - x, np.full(3, 1 / 3))
            columns.append(Column(str(i), tuple("abc"), counts))
        table = {name: (300 - int(x), int(x), 0, 0) for name, x in selected.items()}
        fired += simpson_reversal(context_of(columns, table)) != []
    assert fired <= 0.05 * looks
