"""The outcomes file beside a check: whether it is the run's, and whether its rows give the effects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.document import points
from toolkit.judge import judge
from toolkit.provenance import sha256
from toolkit.records import Outcome, Rows, Trial, plain
from toolkit.verify.checked import Check
from toolkit.verify.code import Installed

FRESH = {"world": True, "table": False, "your table": False}
VERDICT = ("ruling", "effect", "low", "high", "replicates", "effects", "test_train_ratio", "reason")


@dataclass(frozen=True, eq=False)
class Outcomes:
    """What an outcomes file holds.

    Attributes
    ----------
    text : bytes
        The file as it is.
    lines : tuple of mapping
        One for each trial.
    """

    text: bytes
    lines: tuple[Mapping[str, Any], ...]

    @classmethod
    def read(cls, text: bytes) -> Outcomes:
        """Read a file's lines.

        Raises
        ------
        ValueError
            If one is no outcome; the text says which.
        """
        lines = []
        for number, line in enumerate(text.splitlines(), 1):
            try:
                found = json.loads(line)
                _outcome(found)
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                raise ValueError(f"line {number} is no outcome ({type(error).__name__}: {error})") from error
            lines.append(found)
        return cls(text, tuple(lines))

    def of(self, code: str) -> list[Outcome]:
        """Return the outcomes of one experiment."""
        return [_outcome(line) for line in self.lines if line["experiment"] == code]

    def rows(self, trial: Trial) -> Mapping[str, Any] | None:
        """Return the line of one trial; None where there is none."""
        for line in self.lines:
            if (line["experiment"], line["dataset"], line["seed"]) == trial.key:
                return line
        return None


def _outcome(line: Mapping[str, Any]) -> Outcome:
    trial = Trial(str(line["experiment"]), str(line["dataset"]), int(line["seed"]), str(line["effort"]))
    if not all(isinstance(row, dict) for row in line["rows"]):
        raise TypeError("a row is no object")
    return Outcome(trial, line["status"], Rows.of(line["rows"]), line["reason"])


def outcomes_checked(
    document: Mapping[str, Any], outcomes: Outcomes, installed: Callable[[str], Installed]
) -> list[Check]:
    """See that the outcomes file is the run's, and compute effects and figures from its rows again."""
    whole = Check("outcomes", "The outcomes file: its hash, and each trial's line")
    said = document.get("outcomes") or {}
    if "sha256" in said:
        found = {"sha256": sha256(outcomes.text), "lines": len(outcomes.lines)}
        whole.agree(f"{said.get('file', 'outcomes')}", said, found, ("sha256", "lines"))
    else:
        whole.skip("the document does not name the file's hash")
    effects = Check("effects", "Effects, from the rows of the outcomes")
    figures = Check("figures", "Points of the figures, from the same rows")
    kinds = {entry["name"]: entry.get("kind") for entry in document["provenance"]["datasets"]}
    for belief in document["experiments"]:
        mine = outcomes.of(belief["code"])
        _trials(whole, belief, mine)
        here = installed(belief["code"])
        if here.experiment is None:
            effects.skip(here.excuse, sum(len(claim["verdicts"]) for claim in belief["claims"]))
            figures.skip(here.excuse, len(belief.get("figures", ())))
            continue
        _effects(effects, belief, mine, here, kinds)
        _figures(figures, belief, mine, here)
    return [whole, effects, figures]


def _trials(check: Check, belief: Mapping[str, Any], found: list[Outcome]) -> None:
    """Compare each trial's status with the document's own list."""
    said = {(one["dataset"], one["seed"]): one for one in belief.get("outcomes", ())}
    for outcome in found:
        where = f"{belief['code']} on {outcome.trial.dataset}, seed {outcome.trial.seed}"
        entry = said.pop((outcome.trial.dataset, outcome.trial.seed), None)
        if entry is None:
            check.hold(where, False, "the document does not list this trial")
        else:
            check.agree(
                where, entry, {"status": outcome.status, "reason": outcome.reason}, ("status", "reason")
            )
    for dataset, seed in said:
        check.hold(f"{belief['code']} on {dataset}, seed {seed}", False, "its line is missing in the file")


def _effects(
    check: Check,
    belief: Mapping[str, Any],
    found: list[Outcome],
    here: Installed,
    kinds: Mapping[str, Any],
) -> None:
    """Judge the outcomes anew, and compare every effect of every verdict and control."""
    assert here.experiment is not None
    names = {verdict["dataset"] for claim in belief["claims"] for verdict in claim["verdicts"]}
    fresh = {name: FRESH[str(kinds[name])] for name in kinds if kinds[name] in FRESH}
    result = judge(here.experiment, found, datasets=sorted(names), is_generator=fresh)
    again = {one.claim.id: one for one in result.claims}
    for claim in belief["claims"]:
        if claim["id"] not in again:
            check.skip(here.excuse or "the plug-in here has no such claim", len(claim["verdicts"]))
            continue
        verdicts = {v.dataset: plain(v) for v in again[claim["id"]].verdicts}
        for said in claim["verdicts"]:
            where = f"{belief['code']} {claim['id']} on {said['dataset']}"
            check.agree(where, said, verdicts.get(said["dataset"], {}), VERDICT, here.excuse)
        controls = {c.dataset: plain(v) for c, v in again[claim["id"]].controls}
        for said in claim.get("controls", ()):
            where = f"{belief['code']} {claim['id']} on {said['dataset']} (a control)"
            check.agree(where, said, controls.get(said["dataset"], {}), VERDICT, here.excuse)


def _figures(check: Check, belief: Mapping[str, Any], found: list[Outcome], here: Installed) -> None:
    """Average the rows of each figure anew."""
    assert here.experiment is not None
    figures = {figure.id: figure for figure in here.experiment.figures}
    planted = {control.dataset for control in here.experiment.controls} - set(here.experiment.datasets)
    shown = [o for o in found if o.status == "done" and o.trial.dataset not in planted]
    for said in belief.get("figures", ()):
        if said["id"] not in figures:
            check.skip(here.excuse or "the plug-in here has no such figure")
            continue
        again = {"points": plain(points(figures[said["id"]], shown))}
        check.agree(f"{belief['code']} {said['id']}", said, again, ("points",), here.excuse)
