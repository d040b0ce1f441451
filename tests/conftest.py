"""What several test files share."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from toolkit import catalogue, provenance

# A busy machine is no fault of the code: how long an example took is not judged.
settings.register_profile("toolkit", deadline=None)
settings.load_profile("toolkit")

STUBS = Path(__file__).parent / "stubs"
ENTRY_POINTS = """[toolkit.misconceptions]
coins = coin_beliefs.belief:experiment
[toolkit.datasets]
coins = coin_beliefs.coins
"""


def install_coins(site: Path) -> Path:
    """Lay the coin beliefs out as an installer would, in a folder for ``PYTHONPATH``."""
    shutil.copytree(
        STUBS / "coin_beliefs", site / "coin_beliefs", ignore=shutil.ignore_patterns("__pycache__")
    )
    about = site / "coin_beliefs-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: coin-beliefs\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text(ENTRY_POINTS, "utf-8")
    return site


def forget_catalogue() -> None:
    """Let the catalogue look again at what is installed."""
    for function in (catalogue.experiments, catalogue.datasets, catalogue.dataset):
        function.cache_clear()
    for function in (provenance.code_of, provenance.data_of, provenance.loader_of, provenance.floors_below):
        function.cache_clear()


@pytest.fixture
def forget() -> Callable[[], None]:
    """Hand out `forget_catalogue`."""
    return forget_catalogue


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a cache folder of its own."""
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def coins(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install experiment Z001, the ledger of what it really measured, and an empty cache."""
    monkeypatch.syspath_prepend(install_coins(tmp_path / "site"))
    monkeypatch.setenv("STUB_LEDGER", str(tmp_path / "ledger"))
    forget_catalogue()
    yield tmp_path / "ledger"
    for name in [name for name in sys.modules if name.partition(".")[0] == "coin_beliefs"]:
        del sys.modules[name]
    forget_catalogue()
