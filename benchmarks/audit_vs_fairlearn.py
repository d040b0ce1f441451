"""How much faster an audit's counts and intervals are than a bootstrap of fairlearn's MetricFrame.

    python benchmarks/audit_vs_fairlearn.py [--rows 10000 100000 1000000] [--long 10000000]

Five metrics in four groups, 95 % intervals of each. Ours reads a Parquet file (hash included) or a DataFrame
into counts and takes its intervals from those; fairlearn resamples rows 1,000 times (n_boot, ci_quantiles)
from arrays in memory. Its bootstrap is run with fewer replicates and scaled: the time with some replicates
less the time with one, per replicate, times 1,000, as each costs the same; how many were run is printed.
CPU seconds of this process, the best of seven for ours, imports and one warming call excluded; ratios in
one run. Then a long table of Parquet: wall-clock seconds of our count against DuckDB's own bare GROUP BY of
the same columns, on the same threads, the best of five each.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

from toolkit.fairness.metrics.measures import measure
from toolkit.table.counting import CountSpec, count

REPLICATES = 1_000
MEASURED = {10_000: 20, 100_000: 6, 1_000_000: 2}
METRICS = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "accuracy")
SPEC = CountSpec(("g",), target="y", prediction="d")
TABLE = """
    SELECT ['a', 'b', 'c', 'd'][1 + CAST(floor(pow(random(), 2) * 4) AS INTEGER)] AS g,
           CAST(random() < 0.3 AS INTEGER) AS y, CAST(random() < 0.35 AS INTEGER) AS d, random() AS x
    FROM range({rows})
"""


def write(path: Path, rows: int) -> None:
    """Write a table of four unequal groups, labels and decisions, and a column nobody asks for."""
    with duckdb.connect(config={"threads": 1}) as con:
        con.execute("SELECT setseed(0.5)")
        con.execute(f"COPY ({TABLE.format(rows=rows)}) TO '{path}' (FORMAT parquet)")


def ours(source: object) -> list[tuple[np.ndarray, np.ndarray]]:
    """Count, and take every metric's intervals."""
    cells = count(source, SPEC).cells
    parts = cells.partition(["g"])
    return [(found.low, found.high) for found in (measure(cells, parts, name) for name in METRICS)]


def theirs(frame: pd.DataFrame, replicates: int) -> object:
    """Run fairlearn's bootstrap with some replicates."""
    from fairlearn import metrics as fairlearn
    from sklearn.metrics import accuracy_score, precision_score

    named = {
        "selection_rate": fairlearn.selection_rate,
        "true_positive_rate": fairlearn.true_positive_rate,
        "false_positive_rate": fairlearn.false_positive_rate,
        "precision": precision_score,
        "accuracy": accuracy_score,
    }
    found = fairlearn.MetricFrame(
        metrics=named,
        y_true=frame["y"].to_numpy(),
        y_pred=frame["d"].to_numpy(),
        sensitive_features=frame["g"],
        n_boot=replicates,
        ci_quantiles=[0.025, 0.975],
        random_state=0,
    )
    return found.by_group_ci


def seconds(work: Callable[[], object], clock: Callable[[], float], times: int = 1) -> float:
    """Return the best of some times the work takes by a clock."""
    taken = []
    for _ in range(times):
        begun = clock()
        work()
        taken.append(clock() - begun)
    return min(taken)


def against_fairlearn(folder: Path, sizes: list[int]) -> None:
    """Print one line per size."""
    print(f"{len(METRICS)} metrics, 4 groups, {REPLICATES:,} replicates, CPU seconds\n")
    print("| rows | ours, file | ours, frame | fairlearn | replicates run | ratio, file | ratio, frame |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for rows in sizes:
        path = folder / f"{rows}.parquet"
        write(path, rows)
        with duckdb.connect() as con:
            frame = con.execute(f"SELECT * FROM '{path}'").df()
        ours(path), ours(frame)
        file, arrays = (seconds(lambda s=s: ours(s), time.process_time, 7) for s in (path, frame))
        run = MEASURED.get(rows, 2)
        first = seconds(lambda f=frame: theirs(f, 1), time.process_time)
        some = seconds(lambda f=frame, k=run + 1: theirs(f, k), time.process_time)
        peer = first + (some - first) / run * (REPLICATES - 1)
        print(
            f"| {rows:,} | {file:.4f} | {arrays:.4f} | {peer:,.0f} | {run} | {peer / file:,.0f}x "
            f"| {peer / arrays:,.0f}x |",
            flush=True,
        )


def against_group_by(folder: Path, rows: int) -> None:
    """Print our count of a long file beside a bare GROUP BY of its columns."""
    path = folder / f"{rows}.parquet"
    write(path, rows)

    def bare() -> object:
        with duckdb.connect() as con:
            return con.execute(f"SELECT g, y, d, count(*) FROM '{path}' GROUP BY ALL").fetchnumpy()

    bare(), count(path, SPEC)
    group_by = seconds(bare, time.perf_counter, 5)
    counted = seconds(lambda: count(path, SPEC), time.perf_counter, 5)
    intervals = seconds(lambda: ours(path), time.perf_counter, 5)
    size = path.stat().st_size / 1e6
    print(f"\n{rows:,} rows of Parquet ({size:,.0f} MB), wall-clock seconds\n")
    print("| bare GROUP BY | our count, hash included | with intervals | allowed: twice and 1 s |")
    print("|---:|---:|---:|---:|")
    print(f"| {group_by:.3f} | {counted:.3f} | {intervals:.3f} | {2 * group_by + 1:.3f} |")


def main() -> None:
    """Print both tables."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--rows", type=int, nargs="*", default=list(MEASURED))
    options.add_argument("--long", type=int, default=10_000_000)
    asked = options.parse_args()
    warnings.filterwarnings("ignore", module="sklearn|fairlearn")
    with tempfile.TemporaryDirectory() as folder:
        against_fairlearn(Path(folder), asked.rows)
        if asked.long:
            against_group_by(Path(folder), asked.long)


if __name__ == "__main__":
    main()
