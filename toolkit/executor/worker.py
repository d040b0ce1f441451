"""Inside a worker: one trial measured, its rows made plain, its time and memory taken."""

from __future__ import annotations

import math
import os
import sys
import time
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from toolkit import catalogue
from toolkit.records import Dataset, Effort, NotApplicable, Outcome, Row, Rows, Trial, Value

# Unpinned, the same trial gives other bytes. BLAS reads this when it is loaded, XLA when JAX is.
BLAS = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
if sys.platform == "darwin":
    BLAS["VECLIB_MAXIMUM_THREADS"] = "1"
XLA = {
    "NPROC": "1",  # XLA's own pool
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false --xla_backend_optimization_level=1",
    "JAX_PLATFORMS": "cpu",
}
# The cache of compiled programs changes speed, and never a number.
CACHE = {
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "0",
    "JAX_ENABLE_COMPILATION_CACHE": "1",
}
ENVIRONMENT = {**BLAS, **XLA, **CACHE, "PYTHONHASHSEED": "0"}
REASON_LENGTH = 300


class TimedOutError(Exception):
    """A trial ran past its limit on a cluster."""


def perform(trial: Trial) -> Outcome:
    """Measure one trial; whatever the plug-in raises becomes the outcome's reason."""
    _forget_peak()
    started = time.perf_counter()
    rows, reason, log, fresh = Rows(()), "", "", None
    try:
        data = Dataset.load(Path(trial.table)) if trial.table else catalogue.dataset(trial.dataset)
        fresh = data.is_generator
        measured = catalogue.experiment(trial.experiment).measure(data, trial.seed, Effort(trial.effort))  # type: ignore[arg-type]  # checked by plan
        rows = tidy(measured)
        status = "done"
    except NotApplicable as why:
        status, reason = "not_applicable", _short(str(why))
    except Exception as error:
        status, log = "failed", traceback.format_exc()
        reason = _short(f"{type(error).__name__}: {error}")
    return Outcome(
        trial,
        status,  # type: ignore[arg-type]  # one of the three above
        rows=rows,
        reason=reason,
        seconds=time.perf_counter() - started,
        peak_memory=_peak(),
        threads=_threads(),
        fresh=fresh,
        log=log,
    )


def pin_networks() -> None:
    """Pin JAX in a process that others started, as long as it has not been loaded there."""
    if "jax" not in sys.modules:
        os.environ.update(XLA | CACHE)


def tidy(measured: Iterable[Row] | Any) -> Rows:
    """Make rows plain: numpy's numbers become Python's, and what is not a finite number becomes None.

    Raises
    ------
    TypeError
        If a cell is neither text, a number, a truth value nor None.
    """
    items = measured.to_dict("records") if hasattr(measured, "to_dict") else measured
    rows = Rows.of({str(name): _cell(str(name), cell) for name, cell in item.items()} for item in items)
    if not rows:
        raise NotApplicable("nothing was measured")
    return rows


def _cell(name: str, cell: Any) -> Value:
    if hasattr(cell, "item") and getattr(cell, "ndim", 0) == 0:
        cell = cell.item()
    if isinstance(cell, float):
        return cell if math.isfinite(cell) else None
    if cell is None or isinstance(cell, str | bool | int):
        return cell
    raise TypeError(f"column {name!r} holds a {type(cell).__name__}, which is no plain value")


def _short(reason: str) -> str:
    """Return the first line of a reason, cut to a readable length and free of control characters."""
    line = next((part for part in reason.splitlines() if part.strip()), "no reason was given")
    line = "".join(c if c.isprintable() else " " for c in line).strip()
    return line if len(line) <= REASON_LENGTH else line[: REASON_LENGTH - 1] + "…"


def _threads() -> int:
    """Return 1 where this process was started with every pin in place, else the processors it may use."""
    pinned = all(os.environ.get(name) == value for name, value in (BLAS | XLA).items())
    return 1 if pinned else os.cpu_count() or 0


def _forget_peak() -> None:
    """Set the kernel's high-water mark of memory back to what is in use now (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def _peak() -> int | None:
    """Return the high-water mark in bytes, None where the system cannot tell."""
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    found: Mapping[str, str] = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(found["VmHWM"].split()[0]) * 1024 if "VmHWM" in found else None
