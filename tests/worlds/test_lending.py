from __future__ import annotations

import numpy as np
import pytest

from toolkit import catalogue
from toolkit.worlds.lending import FEATURES, NOTES, WORLDS, Lending, people

ROWS = 40_000


def repay(data: object, group: int) -> float:
    return float(data.y[data.sensitive == group].mean())  # type: ignore[attr-defined]


@pytest.mark.parametrize("variant", WORLDS)
def test_true_labels_are_independent_of_the_group_in_every_world(variant: str) -> None:
    drawn = people(WORLDS[variant], 1, ROWS, recorded=False)
    assert repay(drawn, 0) == pytest.approx(0.5, abs=0.02)
    assert repay(drawn, 1) == pytest.approx(0.5, abs=0.03)
    assert drawn.X.shape == (ROWS, len(FEATURES))


def test_each_mechanism_bends_the_record_as_documented() -> None:
    recorded = {name: people(world, 2, ROWS, recorded=True) for name, world in WORLDS.items()}
    assert repay(recorded["label_bias"], 1) == pytest.approx(0.5 * 0.7, abs=0.02)
    assert repay(recorded["no_proxy"], 1) == pytest.approx(0.5 * 0.7, abs=0.02)
    assert repay(recorded["selection"], 1) == pytest.approx(0.4 / 1.4, abs=0.02)
    assert repay(recorded["equal_noise"], 0) == pytest.approx(repay(recorded["equal_noise"], 1), abs=0.02)
    assert recorded["under_representation"].sensitive.mean() == pytest.approx(0.05, abs=0.01)
    for name in WORLDS:
        assert repay(recorded[name], 0) == pytest.approx(0.475 if name == "equal_noise" else 0.5, abs=0.015)


def test_only_measurement_error_blurs_the_scores_of_one_group() -> None:
    for name in ("fair", "measurement"):
        drawn = people(WORLDS[name], 3, ROWS, recorded=False)
        spread = [drawn.X[drawn.sensitive == g, 0].var() for g in (0, 1)]
        assert spread[0] == pytest.approx(1 + 0.64, rel=0.05)
        assert spread[1] == pytest.approx(1 + 0.64 * (4 if name == "measurement" else 1), rel=0.05)


def test_proxies_tell_the_group_and_noise_does_not_unless_there_is_no_proxy() -> None:
    def apart(name: str) -> np.ndarray:
        drawn = people(WORLDS[name], 4, ROWS, recorded=False)
        b = drawn.sensitive == 1
        return drawn.X[b].mean(axis=0) - drawn.X[~b].mean(axis=0)

    assert apart("fair")[3:5] == pytest.approx([1.6, 1.6], abs=0.05)
    assert np.delete(apart("fair"), [3, 4, 8]) == pytest.approx(np.zeros(6), abs=0.05)
    assert apart("no_proxy")[:8] == pytest.approx(np.zeros(8), abs=0.05)


def test_ability_shows_in_other_columns_for_group_b_under_aggregation() -> None:
    drawn = people(WORLDS["aggregation"], 5, ROWS, recorded=True)
    for group, (told, silent) in enumerate((((0, 1, 2), (5, 6, 7)), ((5, 6, 7), (0, 1, 2)))):
        rows = drawn.sensitive == group
        related = np.corrcoef(drawn.X[rows, :8].T, drawn.y[rows])[-1]
        assert (related[list(told)] > 0.4).all()
        assert (np.abs(related[list(silent)]) < 0.06).all()


def test_worlds_of_one_seed_hold_the_same_people() -> None:
    biased = people(WORLDS["label_bias"], 6, 500, recorded=True)
    fair = people(WORLDS["label_bias"].fair, 6, 500, recorded=True)
    assert (biased.X == fair.X).all()
    changed = biased.y != fair.y
    assert changed.any()
    assert (fair.y[changed] == 1).all()
    assert (fair.sensitive[changed] == 1).all()


def test_a_draw_depends_on_the_seed_and_on_the_part_alone() -> None:
    world = Lending()
    assert (people(world, 1, 50, recorded=True).X == people(world, 1, 50, recorded=True).X).all()
    assert not (people(world, 1, 50, recorded=True).X == people(world, 2, 50, recorded=True).X).any(axis=0)[0]
    test = people(world, 1, 50, recorded=True, part="test")
    assert not (people(world, 1, 50, recorded=True).X[:, 0] == test.X[:, 0]).any()


def test_settings_survive_being_written_as_plain_values() -> None:
    for world in WORLDS.values():
        params = {k: list(v) if isinstance(v, tuple) else v for k, v in world.params.items()}
        assert Lending.of(params) == world


@pytest.mark.parametrize("variant", WORLDS)
def test_the_catalogue_draws_fresh_recorded_people(variant: str) -> None:
    data = catalogue.dataset(f"lending:{variant}")
    assert data.is_generator
    assert data.notes == (NOTES[variant],)
    drawn = data.draw(9, 100)
    assert len(drawn.y) == 100
    assert (drawn.X == people(WORLDS[variant], 9, 100, recorded=True).X).all()
