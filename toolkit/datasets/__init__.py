"""The catalogue of tables and worlds: one loader per dataset, one data card (TOML) beside it for people."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def cards_folder() -> Path:
    """Return where the data cards lie: inside an installed wheel, or at the top of a checkout."""
    installed = HERE / "cards"
    return installed if installed.is_dir() else HERE.parents[1] / "datasets"


def card(name: str) -> dict[str, Any]:
    """Return the data card of a dataset (a variant shares the card of its family); empty if there is none."""
    path = cards_folder() / f"{name.partition(':')[0]}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def cards() -> dict[str, dict[str, Any]]:
    """Return every data card by name, sorted."""
    return {path.stem: card(path.stem) for path in sorted(cards_folder().glob("*.toml"))}
