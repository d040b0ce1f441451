"""Some trials of a check once more, chosen at random: the same code must give the same rows."""

from __future__ import annotations

import math
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from toolkit import executor, provenance
from toolkit.effects import effects_of
from toolkit.journal import Journal, cache_folder
from toolkit.records import BadInputError, Outcome, Trial, plain
from toolkit.run import Progress, run, silent
from toolkit.verify.checked import Check
from toolkit.verify.code import Installed, other_versions
from toolkit.verify.rows import Outcomes

NOTHING = "neither the outcomes file nor an effect of one trial alone is at hand to compare with"


def rerun(
    document: Mapping[str, Any],
    many: int,
    installed: Callable[[str], Installed],
    outcomes: Outcomes | None = None,
    *,
    seed: int = 0,
    jobs: int | None = None,
    timeout: float | None = 900.0,
    progress: Progress = silent,
) -> Check:
    """Run trials again and compare what they give.

    Parameters
    ----------
    document : mapping
        ``toolkit.check/1``, valid.
    many : int
        How many trials, or all if there are fewer.
    outcomes : Outcomes, optional
        The rows to compare with, value by value; without them the effects of each trial are compared.
    seed : int
        Of the choice.

    Raises
    ------
    BadInputError
        If no trial of the document can be run here; the text says why.
    """
    check = Check("rerun", "Trials run again")
    trials, reasons = _chosen(document, many, installed, seed)
    if not trials:
        raise BadInputError(f"--rerun: no trial can be run again here ({'; '.join(reasons)}); leave it out")
    known = {belief["code"]: belief for belief in document["experiments"]}
    # A journal of its own: what is run again must be measured, not looked up, and leaves nothing behind.
    with tempfile.TemporaryDirectory(dir=_cache()) as folder:
        journal = Journal(Path(folder) / "outcomes", reuse=False)
        networks = {t.experiment for t in trials if _compiled(installed(t.experiment))}
        for outcome in sorted(
            run(trials, journal, networks=networks, jobs=jobs, timeout=timeout, progress=progress),
            key=lambda o: o.trial.key,
        ):
            excuse = other_machine(document, outcome.trial, installed(outcome.trial.experiment))
            line = outcomes.rows(outcome.trial) if outcomes else None
            if line is not None:
                _rows(check, line, outcome, excuse)
            else:
                belief = known[outcome.trial.experiment]
                _effects(check, belief, outcome, installed(outcome.trial.experiment), excuse)
    return check


def _cache() -> Path:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _compiled(here: Installed) -> bool:
    return here.experiment is not None and here.experiment.compiled


def _chosen(
    document: Mapping[str, Any], many: int, installed: Callable[[str], Installed], seed: int
) -> tuple[list[Trial], list[str]]:
    """Draw trials from those that can be run here, and say why others cannot."""
    own = {d["name"] for d in document["provenance"]["datasets"] if d.get("kind") == "your table"}
    effort = document["provenance"]["effort"]
    able: list[Trial] = []
    reasons: dict[str, None] = {}
    for belief in document["experiments"]:
        for one in belief.get("outcomes", ()):
            reason = _cannot(one, belief["code"], own, installed)
            if reason:
                reasons[reason] = None
            else:
                able.append(Trial(belief["code"], one["dataset"], one["seed"], effort))
    able.sort(key=lambda trial: trial.key)
    drawn = random.Random(seed).sample(able, min(many, len(able)))
    return sorted(drawn, key=lambda trial: trial.key), list(reasons) or ["it lists none"]


def _cannot(one: Mapping[str, Any], code: str, own: set[str], installed: Callable[[str], Installed]) -> str:
    from toolkit import catalogue

    if installed(code).experiment is None:
        return installed(code).excuse
    if one["dataset"] in own:
        return "your own table is not in the document"
    if one["dataset"] not in catalogue.datasets():
        return f"there is no dataset {one['dataset']} here"
    return "" if one["status"] == "done" else f"trials that ended as {one['status']!r} are not tried again"


def other_machine(document: Mapping[str, Any], trial: Trial, here: Installed) -> str:
    """Say what may make other numbers here: code, versions, data, processor, settings; empty if nothing."""
    made = document["provenance"]
    reasons = [here.excuse] if here.excuse else []
    versions = other_versions(made)
    if versions:
        reasons.append(f"other versions: {versions}")
    data = {d["name"]: d.get("sha256") for d in made["datasets"]}.get(trial.dataset)
    if data and data != provenance.dataset(trial.dataset, "", None)["sha256"]:
        reasons.append(f"the data of {trial.dataset} are others here")
    machine, mine = made.get("machine") or {}, provenance.machine()
    name = "kind" if "kind" in machine else "processor"
    if machine.get(name) != mine[name]:
        reasons.append(f"another processor: {machine.get('processor')}, here {mine['processor']}")
    if (made.get("environment") or executor.ENVIRONMENT) != executor.ENVIRONMENT:
        reasons.append("libraries were pinned otherwise")
    return "; ".join(reasons)


def _rows(check: Check, line: Mapping[str, Any], found: Outcome, excuse: str) -> None:
    """Compare a trial's rows bit for bit."""
    where = _where(found.trial)
    again = plain(found.rows.items)
    apart = list(_apart(line["rows"], again))
    if found.status != line["status"]:
        apart = [f"it was {line['status']} and is now {found.status} ({found.reason})"]
    more = f" and {len(apart) - 3} more" if len(apart) > 3 else ""
    check.hold(where, not apart, "; ".join(apart[:3]) + more, excuse)


def _apart(said: list[dict[str, Any]], found: list[dict[str, Any]]) -> Iterator[str]:
    """Yield every value that differs, in words."""
    if len(said) != len(found):
        yield f"{len(said)} rows then, {len(found)} now"
        return
    for number, (one, two) in enumerate(zip(said, found, strict=True), 1):
        for name in dict.fromkeys([*one, *two]):
            if one.get(name) != two.get(name) or (name in one) != (name in two):
                yield f"row {number}, {name}: {one.get(name)!r} then, {two.get(name)!r} now"


def _effects(check: Check, belief: Mapping[str, Any], found: Outcome, here: Installed, excuse: str) -> None:
    """Compare the effects of one trial, where a claim's effect needs no other trial."""
    assert here.experiment is not None
    own = {claim.id: claim for claim in here.experiment.claims if claim.choose is None}
    dataset, seed = found.trial.dataset, found.trial.seed
    seeds = sorted(o["seed"] for o in belief["outcomes"] if o["dataset"] == dataset)
    apart, compared = [], False
    for claim in belief["claims"]:
        verdicts = [v for v in (*claim["verdicts"], *claim.get("controls", ())) if v["dataset"] == dataset]
        effects = verdicts[0].get("effects") or [] if verdicts else []
        if claim["id"] not in own or len(effects) != len(seeds):
            continue
        compared = True
        said = effects[seeds.index(seed)]
        again = _capped(effects_of(own[claim["id"]], {seed: found}).values[0])
        if said != again:
            apart.append(f"{claim['id']}: {said!r} then, {again!r} now")
    if compared:
        check.hold(_where(found.trial), not apart, "; ".join(apart), excuse)
    else:
        check.skip(NOTHING)


def _capped(value: float | None) -> float | None:
    """Return an effect as a verdict holds it: JSON has no infinity."""
    if value is None or math.isnan(value):
        return None
    return max(-sys.float_info.max, min(sys.float_info.max, value))


def _where(trial: Trial) -> str:
    return f"{trial.experiment} on {trial.dataset}, seed {trial.seed}"
