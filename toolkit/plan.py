"""The first stage: experiments x datasets x seeds become trials; what cannot run says why."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import get_args

from toolkit import catalogue
from toolkit.experiment import Experiment
from toolkit.records import BadInputError, Dataset, Effort, EffortName, Trial


@dataclass(frozen=True)
class NotRun:
    """A dataset an experiment does not run on, and why; `dataset` is "*" where it runs on nothing."""

    dataset: str
    reason: str


@dataclass(frozen=True)
class Plan:
    """What a run will do, in the order it will do it; nothing has been measured yet.

    Attributes
    ----------
    experiments : tuple of Experiment
        Sorted by code.
    trials : tuple of Trial
        Cheapest experiment first, so that a first ruling comes early.
    about : mapping
        By experiment code, the datasets its claims are ruled on; the controls' are not among them.
    not_run : mapping
        By experiment code, the datasets left out with their reasons.
    """

    group: str
    experiments: tuple[Experiment, ...]
    trials: tuple[Trial, ...]
    about: dict[str, tuple[str, ...]]
    not_run: dict[str, tuple[NotRun, ...]]
    effort: Effort
    seed: int

    @property
    def networks(self) -> frozenset[str]:
        """The experiments whose trials compile programs first."""
        return frozenset(e.code for e in self.experiments if e.compiled)


def plan(
    group: str = "misconceptions",
    *,
    only: Iterable[str] = (),
    ignore: Iterable[str] = (),
    datasets: Iterable[str] = (),
    effort: str = "standard",
    seed: int = 0,
    table: Dataset | None = None,
    table_path: str = "",
) -> Plan:
    """Expand a group of experiments into trials.

    Parameters
    ----------
    only, ignore : iterables of str
        Codes of experiments, whatever their case.
    datasets : iterable of str
        Keep these of each experiment's own datasets; a family's name keeps all its variants. The controls
        run in any case.
    seed : int
        Of the first replicate; the others count up from it.
    table : Dataset, optional
        The user's table, which takes the place of the experiments' own datasets beside the controls.
    table_path : str
        Where `table` is saved for the workers.

    Raises
    ------
    toolkit.catalogue.UnknownNameError
        If a name is not known; the text offers the nearest.
    BadInputError
        If the options contradict each other or leave nothing to do.
    """
    names = get_args(EffortName)
    if effort not in names:
        raise BadInputError(f"effort is one of {', '.join(names)}, not {effort!r}")
    if seed < 0:
        raise BadInputError(f"a seed is 0 or more, not {seed}")
    datasets = tuple(datasets)
    if table is not None and datasets:
        raise BadInputError(
            "--data takes the place of the embedded datasets: leave out one of --data, --dataset"
        )
    chosen = _chosen(group, tuple(only), tuple(ignore))
    wanted = _wanted(datasets)
    level = Effort(effort)  # type: ignore[arg-type]  # checked above
    trials: dict[str, tuple[Trial, ...]] = {}
    about: dict[str, tuple[str, ...]] = {}
    not_run: dict[str, tuple[NotRun, ...]] = {}
    for experiment in chosen:
        own, left_out = _places(experiment, wanted, table, level)
        about[experiment.code], not_run[experiment.code] = own, left_out
        path = table_path if table is not None else ""
        trials[experiment.code] = tuple(_trials(experiment, own, level, seed, path))
    order = sorted(chosen, key=lambda e: (e.seconds, e.code))
    in_order = tuple(trial for e in order for trial in trials[e.code])
    return Plan(group, chosen, in_order, about, not_run, level, seed)


def _chosen(group: str, only: Sequence[str], ignore: Sequence[str]) -> tuple[Experiment, ...]:
    known = catalogue.experiments(group)
    kept = {catalogue.nearest(name, known, "experiment") for name in only} or set(known)
    kept -= {catalogue.nearest(name, known, "experiment") for name in ignore}
    if not kept:
        raise BadInputError(f"no experiment is left of {', '.join(known) or 'none'}: ease --only or --ignore")
    return tuple(known[code] for code in sorted(kept))


def _wanted(names: Sequence[str]) -> frozenset[str]:
    """Return full dataset names; the name of a family stands for all its variants."""
    known = catalogue.datasets()
    families: dict[str, object] = {name.partition(":")[0]: None for name in known}
    full: set[str] = set()
    for name in names:
        found = catalogue.nearest(name, {**families, **known}, "dataset")
        full |= {k for k in known if k == found or k.partition(":")[0] == found}
    return frozenset(full)


def _places(
    experiment: Experiment, wanted: Collection[str], table: Dataset | None, effort: Effort
) -> tuple[tuple[str, ...], tuple[NotRun, ...]]:
    """Return the datasets an experiment measures, and those it does not with the reasons."""
    if table is not None:
        missing = experiment.needs.missing(table)
        return ((), (NotRun(table.name, missing),)) if missing else ((table.name,), ())
    later = experiment.standard_only if effort.name == "quick" and not wanted else ()
    own = tuple(name for name in experiment.datasets if name not in later and (not wanted or name in wanted))
    if own:
        return own, tuple(NotRun(name, "quick effort leaves it out") for name in later)
    return (), (NotRun("*", f"none of its datasets was asked for; it has {', '.join(experiment.datasets)}"),)


def _trials(
    experiment: Experiment, own: Sequence[str], effort: Effort, seed: int, own_path: str
) -> Iterator[Trial]:
    """Yield an experiment's trials, its controls' included; none at all if it has no dataset to rule on."""
    if not own:
        return
    counts = dict.fromkeys(own, effort.pick(*experiment.replicates))
    planted = effort.pick(*experiment.control_replicates)
    for control in experiment.controls:
        counts[control.dataset] = max(counts.get(control.dataset, 0), planted)
    for dataset, replicates in sorted(counts.items()):
        path = own_path if dataset in own else ""
        for replicate in range(replicates):
            yield Trial(experiment.code, dataset, seed + replicate, effort.name, path)
