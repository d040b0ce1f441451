"""Read this file first: the whole story of a check, ``plan -> run -> judge -> Run``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any

from toolkit import catalogue, executor, provenance
from toolkit.combine import headline
from toolkit.document import Finding, document, dumps, outcome_lines
from toolkit.experiment import Experiment
from toolkit.journal import Journal, cache_folder, claimed, write_atomic
from toolkit.judge import judge
from toolkit.plan import Plan, plan
from toolkit.records import BadInputError, BeliefResult, Dataset, Outcome, Run, plain
from toolkit.run import Event, Progress, by_experiment, run, silent

CALIBRATION = catalogue.ROOT / "calibration.json"


def check(
    group: str = "misconceptions",
    *,
    only: Iterable[str] = (),
    ignore: Iterable[str] = (),
    datasets: Iterable[str] = (),
    effort: str = "standard",
    seed: int = 0,
    jobs: int | None = None,
    output: str | PathLike[str] | None = None,
    cache: bool = True,
    data: Any = None,
    target: str | None = None,
    positive: str | None = None,
    sensitive: Iterable[str] = (),
    drop: Iterable[str] = (),
    progress: Progress | None = None,
    cluster: Any = None,
    timeout: float | None = 900.0,
    redact: bool = False,
) -> Run:
    """Put beliefs to the test and return what came out, saved if a folder is given.

    Parameters
    ----------
    group : str
        ``misconceptions``, or another group of experiments.
    only, ignore, datasets : iterables of str
        Which experiments and which of their datasets; controls always run.
    effort : {"quick", "standard", "full"}
    seed : int
        Of the first replicate.
    jobs : int, optional
        Workers; one for each processor by default.
    output : path, optional
        Folder for ``run.json``, ``outcomes.jsonl`` and ``report.html``.
    cache : bool
        Whether outcomes of earlier runs of the same code on the same data count.
    data : path, glob or DataFrame, optional
        Your own table, with its `target` column, the `positive` class, `sensitive` columns, and columns
        to `drop`.
    progress : callable, optional
        Called with a `toolkit.run.Event` as trials end and experiments are ruled.
    cluster : str or distributed.Client, optional
        A Dask scheduler to run on.
    timeout : float or None
        Seconds one trial may take.
    redact : bool
        Whether your table's names become codes in all that is written, single trials left out: see
        `toolkit.report.redaction`.
    """
    started, clock = datetime.now(UTC), time.perf_counter()
    tell = progress or silent
    with claimed(Path(output)) if output is not None else nullcontext():
        table = _own_table(data, target, positive, tuple(sensitive), tuple(drop))
        planned = plan(
            group,
            only=only,
            ignore=ignore,
            datasets=datasets,
            effort=effort,
            seed=seed,
            table=table,
            table_path=_saved(table) if table else "",
        )
        journal = Journal(cache_folder() / "outcomes", reuse=cache)
        outcomes = run(
            planned.trials,
            journal,
            networks=planned.networks,
            jobs=jobs,
            timeout=timeout,
            cluster=cluster,
            progress=tell,
        )
        findings = list(_judged(planned, outcomes, tell))
        made_by = _provenance(planned, table, started, time.perf_counter() - clock)
        whole = document(
            findings,
            name=group,
            provenance=made_by,
            headline=plain(headline(f.result for f in findings)),
            calibration=json.loads(CALIBRATION.read_text("utf-8")) if CALIBRATION.is_file() else [],
        )
        if redact:
            from toolkit.report.redaction import redacted

            whole = redacted(whole)
        result = Run(whole, Path(output) if output is not None else None)
        if result.folder is not None:
            _write(result, result.folder, findings)
            tell(Event("written", len(planned.trials), len(planned.trials), folder=str(result.folder)))
    return result


def _judged(planned: Plan, outcomes: Iterable[Outcome], tell: Progress) -> Iterator[Finding]:
    """Rule on each experiment as soon as its last trial is over; those that had none come last."""
    done, waiting = 0, {experiment.code: experiment for experiment in planned.experiments}
    nothing: list[tuple[str, tuple[Outcome, ...]]] = [
        (code, ()) for code in sorted(waiting) if not planned.about[code]
    ]
    for code, found in chain(by_experiment(planned.trials, outcomes), nothing):
        done += len(found)
        result = _ruled(planned, waiting[code], found)
        tell(Event("experiment", done, len(planned.trials), code, result=result))
        left_out = tuple({"dataset": n.dataset, "reason": n.reason} for n in planned.not_run[code])
        yield Finding(waiting[code], slug(code), found, result, left_out)


def _ruled(planned: Plan, experiment: Experiment, outcomes: tuple[Outcome, ...]) -> BeliefResult:
    fresh = {o.trial.dataset: o.fresh for o in outcomes if o.fresh is not None}
    result = judge(experiment, outcomes, datasets=planned.about[experiment.code], is_generator=fresh)
    if outcomes:
        return result
    why = "; ".join(n.reason for n in planned.not_run[experiment.code])
    return replace(result, ruling="not_applicable", sentence=f"Not tested here: {why}.")


def slug(code: str) -> str:
    """Return an experiment's readable id, from the name of its file."""
    return catalogue.origin(code).__name__.rpartition(".")[2].replace("_", "-")


def _own_table(
    data: Any, target: str | None, positive: str | None, sensitive: Sequence[str], drop: Sequence[str]
) -> Dataset | None:
    if data is None:
        if target or positive is not None or sensitive or drop:
            raise BadInputError("--target, --positive, --sensitive and --drop are about a table: give --data")
        return None
    if not target:
        raise BadInputError("--data needs --target, the column to predict")
    from toolkit.table import read  # duckdb is loaded for a user's table only

    table = read(data, target=target, positive=positive, sensitive=sensitive, drop=drop)
    taken = table.name in catalogue.datasets()
    return replace(table, name=f"{table.name} (your table)") if taken else table


def _saved(table: Dataset) -> str:
    """Save the user's table where workers find it, named by its content."""
    folder = cache_folder() / "tables"
    partial = folder / f".{id(table)}.npz"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        table.save(partial)
        path = folder / f"{provenance.sha256(partial.read_bytes())}.npz"
        partial.replace(path)
    except OSError as error:
        raise BadInputError(
            f"cannot keep the table for the workers in {folder} ({error.strerror}); "
            "TOOLKIT_CACHE chooses another folder"
        ) from error
    return str(path)


def _provenance(planned: Plan, table: Dataset | None, started: datetime, seconds: float) -> dict[str, Any]:
    used = {trial.dataset: trial.table for trial in planned.trials}
    return {
        "versions": provenance.versions(),
        "commit": provenance.commit(),
        "command": provenance.command(),
        "seed": planned.seed,
        "effort": planned.effort.name,
        "threads": 1,
        "environment": executor.ENVIRONMENT,
        "code": {"judge": provenance.part("judge")}
        | {e.code: provenance.measured_by(e.code) for e in planned.experiments},
        "started": started.isoformat(timespec="seconds"),
        "seconds": seconds,
        "machine": provenance.machine(),
        "datasets": [
            provenance.dataset(name, path, table if path else None) for name, path in sorted(used.items())
        ],
    }


def _write(result: Run, folder: Path, findings: list[Finding]) -> None:
    """Write the folder, the document last but one: whoever sees it finds its outcomes beside it.

    A redacted run has neither outcomes nor a log: both hold names and single trials.
    """
    hidden = bool(result.document.get("redaction"))
    for name in ("failures.log", *(("outcomes.jsonl",) if hidden else ())):
        (folder / name).unlink(missing_ok=True)  # an earlier run's
    if not hidden:
        write_atomic(folder / "outcomes.jsonl", outcome_lines(findings))
    write_atomic(folder / "run.json", dumps(result.document))
    logs = [] if hidden else [f"{o.trial.key}\n{o.log}" for f in findings for o in f.outcomes if o.log]
    if logs:
        write_atomic(folder / "failures.log", "\n".join(logs))
    write_atomic(folder / "report.html", result.report())
