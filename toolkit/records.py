"""The nouns that travel between the stages: frozen, plain data that imports nothing of ours.

The flow is ``plan -> [Trial] -> run -> [Outcome] -> judge -> [Verdict] -> Run``; every stage takes one of
these records and returns another, so any stage can be replaced, replayed or checked on its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Predicts = Literal["increase", "decrease", "no_change", "no_increase", "no_decrease"]
Ruling = Literal["supported", "refuted", "inconclusive", "not_applicable", "error"]
Quantifier = Literal["universal", "existential"]
Stance = Literal["belief", "counter", "description"]
Task = Literal["binary", "multiclass", "regression"]
EffortName = Literal["quick", "standard", "full"]
T = TypeVar("T")
Value = str | int | float | bool | None
Row = Mapping[str, Value]

PREDICTIONS: tuple[Predicts, ...] = get_args(Predicts)
RULINGS: tuple[Ruling, ...] = get_args(Ruling)


class NotApplicable(Exception):  # noqa: N818 - a finding, not a fault
    """Raised by a plug-in where something cannot be measured here; its text is the reason the reader sees."""


class BadInputError(ValueError):
    """What the user gave cannot be used; its text says what, where, and the way out. The command exits 2."""


class UntrustedModelError(ValueError):
    """A model file could run code and was not loaded; its text says what was found and the way out (5)."""


@dataclass(frozen=True)
class Rows:
    """Tidy rows of one trial or several: one row per arm, plain values only."""

    items: tuple[Row, ...]

    @classmethod
    def of(cls, rows: Iterable[Row]) -> Rows:
        """Gather rows from any iterable of mappings."""
        return cls(tuple(rows))

    def __iter__(self) -> Iterator[Row]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def where(self, **arm: Value) -> Rows:
        """Keep the rows whose columns equal the values given."""
        kept: Sequence[Row] = self.items
        for name, value in arm.items():  # one pass per column: rulings ask this some ten thousand times
            kept = [row for row in kept if row.get(name) == value]
        return Rows(tuple(kept))

    def column(self, name: str) -> list[Any]:
        """Return one column in row order; a row without it raises KeyError."""
        return [row[name] for row in self.items]

    def value(self, name: str, **arm: Value) -> float:
        """Return the one number in column `name` of the one row that matches `arm`.

        Raises
        ------
        NotApplicable
            If no row matches, or the number is missing there.
        ValueError
            If more than one row matches.
        """
        found = self.where(**arm).items
        if len(found) > 1:
            raise ValueError(f"{len(found)} rows match {arm}, expected one")
        if not found or found[0].get(name) is None:
            raise NotApplicable(f"no {name} for {arm}" if arm else f"no {name}")
        return float(found[0][name])  # type: ignore[arg-type]  # a number by the contract of measure

    def mean(self, name: str, **arm: Value) -> float:
        """Return the mean of column `name` over the rows that match `arm`, missing numbers left out."""
        found = [float(v) for v in (row.get(name) for row in self.where(**arm)) if v is not None]
        if not found:
            raise NotApplicable(f"no {name} for {arm}" if arm else f"no {name}")
        return sum(found) / len(found)


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table ready to learn from, or a world that draws one.

    Attributes
    ----------
    X : ndarray of float64, shape (rows, features)
        NaN marks a missing number; categories are one-hot already. Not scaled.
    y : ndarray, shape (rows,)
        int64 class codes ``0 .. len(classes) - 1``, or float64 for a regression.
    source_columns : tuple of int
        For each feature the index in `columns` of the column it came from.
    sensitive : ndarray of int64, shape (rows,), or None
        Codes into `groups`.
    draw : callable (seed, rows) -> Dataset, or None
        Present for a generator: fresh independent rows of known truth. None for a fixed table.
    params, truth : mapping
        What a generator was set to, and what is true in it.
    """

    name: str
    task: Task
    X: NDArray[np.float64]
    y: NDArray[Any]
    feature_names: tuple[str, ...]
    columns: tuple[str, ...] = ()
    source_columns: tuple[int, ...] = ()
    classes: tuple[str, ...] = ()
    target: str = "target"
    sensitive: NDArray[np.int64] | None = None
    sensitive_name: str = ""
    groups: tuple[str, ...] = ()
    draw: Callable[[int, int], Dataset] | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    truth: Mapping[str, Any] = field(default_factory=dict)
    sha256: str = ""
    notes: tuple[str, ...] = ()

    @property
    def is_generator(self) -> bool:
        """Whether each trial draws fresh independent data (otherwise splits of one table overlap)."""
        return self.draw is not None

    def save(self, path: Path) -> None:
        """Write the table as an uncompressed ``.npz`` that needs no pickle to read."""
        import json

        import numpy as np

        plain = {
            f.name: getattr(self, f.name)
            for f in fields(self)
            if f.name not in {"X", "y", "sensitive", "draw", "params", "truth"}
        }
        arrays = {"X": self.X, "y": self.y} | ({} if self.sensitive is None else {"s": self.sensitive})
        with path.open("wb") as file:
            np.savez(file, meta=np.array(json.dumps(plain)), **arrays)  # type: ignore[arg-type]  # numpy's stub

    @classmethod
    def load(cls, path: Path) -> Dataset:
        """Read what `save` wrote."""
        import json

        import numpy as np

        with np.load(path, allow_pickle=False) as file:
            plain = json.loads(str(file["meta"]))
            plain = {k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}
            return cls(**plain, X=file["X"], y=file["y"], sensitive=file.get("s"))


@dataclass(frozen=True)
class Effort:
    """How much a run may spend."""

    name: EffortName

    def pick(self, quick: T, standard: T, full: T) -> T:
        """Choose a setting by effort."""
        return {"quick": quick, "standard": standard, "full": full}[self.name]


@dataclass(frozen=True)
class Claim:
    """A falsifiable statement: an effect of one trial, its unit, the direction predicted, and a margin.

    Attributes
    ----------
    effect : callable
        ``effect(rows)`` gives one number from one trial's rows. With `choose` it is called as
        ``effect(rows, choice)``, where the choice was made on the other half of the trials, so that no
        maximum is ever measured on the data that chose it.
    margin : float
        The smallest effect of interest, in `unit`, fixed before anything is measured.
    quantifier : {"universal", "existential"}
        How the verdicts over datasets combine: one counter-example refutes a universal claim, one example
        supports an existential one (both after Holm's correction).
    stance : {"belief", "counter", "description"}
        What people say, what the article answers, or what is only described.
    trimmed : bool
        Judge by a 20 % trimmed mean with Yuen's t (heavy tails; generator mode only).
    datasets : tuple of str
        The datasets of the experiment it is about; empty for all of them and for the user's table.
    """

    id: str
    statement: str
    effect: Callable[..., float]
    unit: str
    predicts: Predicts
    margin: float
    quantifier: Quantifier = "universal"
    stance: Stance = "belief"
    choose: Callable[[Rows], Any] | None = None
    trimmed: bool = False
    datasets: tuple[str, ...] = ()
    scope: str = ""


@dataclass(frozen=True)
class Control:
    """A planted world in which the named claims are known to hold or to fail."""

    dataset: str
    expects: Mapping[str, Ruling]
    why: str


@dataclass(frozen=True)
class Figure:
    """What to draw: means over trials with 95 % intervals, by dataset and panel; data only, no drawing.

    `x`, `y`, `series` and `panel` name columns of the rows; `where` keeps the rows that equal its values.
    """

    id: str
    title: str
    x: str
    y: str
    x_title: str
    y_title: str
    series: str = ""
    panel: str = ""
    where: Mapping[str, Value] = field(default_factory=dict)
    x_log: bool = False
    y_log: bool = False
    kind: Literal["line", "bar"] = "line"
    claims: tuple[str, ...] = ()


@dataclass(frozen=True)
class Table:
    """Something computed from all trials together that is described and never ruled on.

    `rows` hold plain values in the order of `columns`; `note` says in whole sentences how it was computed
    and what it does not mean.
    """

    id: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    note: str = ""


@dataclass(frozen=True)
class Trial:
    """One replicate: experiment, dataset and seed; plain fields, so that any worker can receive it.

    `table` is the path of the saved user's table, empty for a dataset of the catalogue.
    """

    experiment: str
    dataset: str
    seed: int
    effort: str
    table: str = ""

    @property
    def key(self) -> tuple[str, str, int]:
        """What a run sorts its outcomes by."""
        return (self.experiment, self.dataset, self.seed)


@dataclass(frozen=True)
class Outcome:
    """What a trial gave: rows, or an error with its reason.

    Attributes
    ----------
    status : {"done", "not_applicable", "failed", "timeout", "died"}
    seconds : float
        Wall time of the measurement.
    peak_memory : int or None
        Bytes, where the system can tell.
    threads : int
        Inner threads of the worker; 1 where it is pinned.
    fresh : bool or None
        Whether the data were drawn anew for this trial (a generator) or are a split of a fixed table; None
        where they could not be loaded.
    log : str
        The traceback of a failed measurement: kept beside the run, never inside its document.
    """

    trial: Trial
    status: Literal["done", "not_applicable", "failed", "timeout", "died"]
    rows: Rows = Rows(())
    reason: str = ""
    seconds: float = 0.0
    peak_memory: int | None = None
    threads: int = 1
    fresh: bool | None = None
    log: str = ""


@dataclass(frozen=True)
class Verdict:
    """A claim's ruling on one dataset, or pooled over them.

    Attributes
    ----------
    effect, low, high : float or None
        Point and 95 % interval, in the claim's unit.
    low90, high90 : float or None
        The 90 % interval, by which "no practical effect" is judged.
    p_for, p_against : float or None
        p-values of the tests that support and that refute; ``<= .05`` says the same as the ruling.
    effects : tuple of (float or None)
        One number per trial, None where it failed.
    test_train_ratio : float or None
        n_test / n_train for splits of one fixed table; None for fresh data per trial.
    mde90 : float or None
        The smallest true effect that this many trials would have settled with 90 % power.
    equivalence_margin : float or None
        The margin at which "no practical effect" would have had 90 % power at a true effect of 0.
    settles : str
        What would settle an inconclusive ruling.
    """

    dataset: str
    ruling: Ruling
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    low90: float | None = None
    high90: float | None = None
    replicates: int = 0
    reason: str = ""
    effects: tuple[float | None, ...] = ()
    test_train_ratio: float | None = None
    p_for: float | None = None
    p_against: float | None = None
    mde90: float | None = None
    equivalence_margin: float | None = None
    settles: str = ""


@dataclass(frozen=True)
class ClaimResult:
    """A claim with its verdicts, controls included."""

    claim: Claim
    pooled: Verdict
    verdicts: tuple[Verdict, ...]
    controls: tuple[tuple[Control, Verdict], ...] = ()


@dataclass(frozen=True)
class BeliefResult:
    """A belief's own ruling, the sentence that says why, and the claims it follows from."""

    code: str
    ruling: Ruling
    sentence: str
    claims: tuple[ClaimResult, ...]


@dataclass(frozen=True, eq=False)
class Run:
    """Everything one command produced: the versioned document, and the folder it was written to, if any."""

    document: Mapping[str, Any]
    folder: Path | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the run document as plain data of one's own."""
        return cast(dict[str, Any], plain(self.document))

    def report(self) -> str:
        """Return the report: one HTML page that needs nothing else."""
        from toolkit.report import render

        return render(self.to_dict())

    def _repr_html_(self) -> str:
        """Show the report in a notebook, framed so that its style touches nothing else."""
        from html import escape

        from toolkit.report import render

        page = escape(render(self.to_dict(), alive=False), quote=True)  # a notebook keeps every output
        return f'<iframe srcdoc="{page}" style="width:100%;height:80vh;border:0" title="Report"></iframe>'

    @property
    def failures(self) -> list[dict[str, Any]]:
        """Return the trials that failed, ran past their limit or lost their worker, with the reasons."""
        experiments: list[dict[str, Any]] = self.to_dict().get("experiments", [])
        return [{"code": e["code"], **failure} for e in experiments for failure in e["failures"]]

    @property
    def exit_hint(self) -> int:
        """Return the exit code this run asks for before any gate: 0, 3 (a failure), 4 (nothing evaluated)."""
        if "experiments" not in self.document:  # an audit
            gaps = [gap["ruling"] for gap in self.document["gaps"]]
            return 4 if all(ruling == "not_applicable" for ruling in gaps) else 0
        rulings = [e["ruling"] for e in self.document["experiments"]]
        if self.failures or "error" in rulings:
            return 3
        return 4 if all(ruling == "not_applicable" for ruling in rulings) else 0


def plain(value: Any) -> Any:
    """Turn records, tuples and numpy scalars into what JSON can hold, in a fixed order."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    if isinstance(value, Sequence):
        return [plain(v) for v in value]
    if hasattr(value, "item"):
        return value.item()
    return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
