"""One document, drawn once for all tests of the report, with a cache of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fixture
import pytest

from toolkit.report import drawing, render


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOOLKIT_CACHE", str(tmp_path_factory.mktemp("cache")))
        drawing._cached.cache_clear()
        yield


@pytest.fixture
def document() -> dict[str, Any]:
    return fixture.document()


@pytest.fixture(scope="session")
def page(_own_cache: None) -> str:
    """Return the page without live figures: small, and the same whatever Vega is installed."""
    return render(fixture.document(), alive=False)


@pytest.fixture(scope="session")
def page_file(page: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(page, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def alive_file(_own_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page as it is written by default, its figures ready to come alive."""
    path = tmp_path_factory.mktemp("alive") / "report.html"
    path.write_text(render(fixture.document()), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def full_file(_own_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page of a real run: ``toolkit check misconceptions --effort full``, for 13 minutes."""
    path = tmp_path_factory.mktemp("full") / "report.html"
    path.write_text(render(fixture.full()), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def quiz_file(_own_cache: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the page that asks before it shows each ruling."""
    path = tmp_path_factory.mktemp("quiz") / "report.html"
    path.write_text(render(fixture.document(), quiz=True), encoding="utf-8")
    return path
