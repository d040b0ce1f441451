"""A number is found again only by what made it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from toolkit import catalogue, provenance
from toolkit.records import Dataset, Trial

ENVIRONMENT = {"OMP_NUM_THREADS": "1"}
TRIAL = Trial("Z001", "coins:fair", 0, "quick")


def key(trial: Trial = TRIAL, environment: dict[str, str] = ENVIRONMENT) -> str:
    return provenance.family(trial, environment)


def test_the_key_is_the_same_for_every_seed_and_wherever_a_table_lies(coins: Path, tmp_path: Path) -> None:
    assert key() == key(replace(TRIAL, seed=5))
    table = Dataset("mine", "binary", np.zeros((2, 1)), np.array([0, 1]), ("a",))
    for name in ("one.npz", "two.npz"):
        table.save(tmp_path / name)
    one, two = (key(replace(TRIAL, dataset="mine", table=str(tmp_path / n))) for n in ("one.npz", "two.npz"))
    assert one == two


def test_other_bytes_in_a_table_are_another_table(coins: Path, tmp_path: Path) -> None:
    keys = set()
    for first in (0.0, 1.0):
        path = tmp_path / f"{first}.npz"
        Dataset("mine", "binary", np.array([[first], [0.0]]), np.array([0, 1]), ("a",)).save(path)
        keys.add(key(replace(TRIAL, dataset="mine", table=str(path))))
    assert len(keys) == 2


@pytest.mark.parametrize("change", [{"dataset": "coins:loaded"}, {"effort": "full"}])
def test_data_and_effort_are_part_of_the_key(coins: Path, change: dict[str, str]) -> None:
    assert key() != key(replace(TRIAL, **change))  # type: ignore[arg-type]


def test_threads_and_compiler_flags_are_part_of_the_key(coins: Path) -> None:
    assert key() != key(environment={"OMP_NUM_THREADS": "2"})


@pytest.mark.parametrize("version", ["1.0.1", None])
def test_the_version_of_every_numerical_library_is_part_of_the_key(
    coins: Path, version: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = provenance.versions()
    before = key()
    for name in real:
        monkeypatch.setattr(provenance, "versions", lambda name=name: real | {name: version})
        assert key() != before, name


@pytest.mark.parametrize(
    "file", ["coin_beliefs/belief.py", "coin_beliefs/__init__.py", "coin_beliefs/coins.py"]
)
def test_any_file_of_a_third_partys_package_is_part_of_the_key(
    coins: Path, file: str, forget: Callable[[], None]
) -> None:
    before = key()
    with (coins.parent / "site" / file).open("a", encoding="utf-8") as changed:
        changed.write("\n# changed\n")
    forget()
    assert key() != before


def test_a_third_partys_version_is_part_of_the_key(coins: Path, forget: Callable[[], None]) -> None:
    before = key()
    metadata = coins.parent / "site" / "coin_beliefs-1.0.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text("utf-8").replace("Version: 1.0", "Version: 1.1"), "utf-8")
    forget()
    assert key() != before


@pytest.mark.parametrize(
    "place", ["learners", "fairness", "worlds", "experiment.py", "catalogue.py", "records.py"]
)
def test_every_file_of_the_floors_below_is_part_of_the_key(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "toolkit"
    shutil.copytree(catalogue.ROOT, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(catalogue, "ROOT", copy)
    provenance.floors_below.cache_clear()
    before = provenance.floors_below()
    for path in [copy / place] if place.endswith(".py") else sorted((copy / place).rglob("*.py")):
        whole = path.read_bytes()
        path.write_bytes(whole + b"\n")
        provenance.floors_below.cache_clear()
        assert provenance.floors_below() != before, path
        path.write_bytes(whole)
    provenance.floors_below.cache_clear()
    assert provenance.floors_below() == before
    monkeypatch.undo()
    provenance.floors_below.cache_clear()


def test_our_own_plug_ins_and_loaders_are_hashed_by_file() -> None:
    for code in catalogue.experiments():
        assert len(provenance.code_of(code)["files"]) == 64
    for name in catalogue.datasets():
        assert len(provenance.loader_of(name)) == 64


def test_what_made_a_run_names_every_library_without_importing_one() -> None:
    versions = provenance.versions()
    assert {"python", "toolkit", "numpy", "jax", "xgboost", "scikit-learn"} <= set(versions)
    assert versions["numpy"] == np.__version__


def test_the_commit_is_the_checkouts_and_nobodys_once_installed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    provenance.commit.cache_clear()
    found = provenance.commit()
    assert found is None or len(found.rstrip("+")) == 40
    monkeypatch.setattr(catalogue, "ROOT", tmp_path / "site-packages" / "toolkit")
    provenance.commit.cache_clear()
    assert provenance.commit() is None
    provenance.commit.cache_clear()


def test_a_worlds_hash_follows_what_draws_it(monkeypatch: pytest.MonkeyPatch) -> None:
    before = provenance.dataset("lending:fair", "", None)
    assert before["about"]
    table = provenance.dataset("wine", "", None)
    monkeypatch.setattr(provenance, "_worlds", lambda: "changed")
    assert provenance.dataset("lending:fair", "", None)["sha256"] != before["sha256"]
    assert provenance.dataset("wine", "", None) == table
