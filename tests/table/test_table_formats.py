"""The same cells give the same counts, to the last bit, whatever holds them."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from toolkit.table.counting import Counted, CountSpec, count

ROWS = 400


def people(seed: int = 0, rows: int = ROWS) -> dict[str, list[Any]]:
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, rows)
    cells: dict[str, list[Any]] = {
        "race": rng.choice(["a", "b", "c d", None], rows).tolist(),
        "sex": rng.choice([1, 2], rows).tolist(),
        "age": rng.integers(18, 80, rows).tolist(),
        "y": labels.tolist(),
        "d": np.where(rng.random(rows) < 0.8, labels, 1 - labels).astype(bool).tolist(),
        "s": rng.random(rows).round(2).tolist(),
        "raw": rng.random(rows).tolist(),
        "w": (rng.random(rows) * 3).tolist(),
        "times": rng.integers(0, 4, rows).tolist(),
        "house": [f"h{i}" for i in rng.integers(0, rows // 2, rows)],
        "town": rng.choice(["x", "y", "z"], rows).tolist(),
        "pay": rng.normal(50, 10, rows).tolist(),
    }
    cells["s"][3] = cells["d"][5] = cells["y"][7] = cells["w"][9] = None
    return cells


def written(folder: Path, cells: dict[str, list[Any]]) -> dict[str, Any]:
    """Save one table in every way; the DataFrame comes in its plain and in its nullable types."""
    import duckdb
    import pandas as pd

    def save(name: str, rows: Sequence[Sequence[Any]], mark: str = ",") -> Path:
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, delimiter=mark)
            writer.writerow(cells)
            writer.writerows([["" if c is None else c for c in row] for row in rows])
        return folder / name

    rows = list(zip(*cells.values(), strict=True))
    plain = save("t.csv", rows)
    save("t.tsv", rows, "\t")
    (folder / "packed").write_bytes(gzip.compress(plain.read_bytes()))
    for part, some in (("1", rows[: len(rows) // 3]), ("2", rows[len(rows) // 3 :])):
        save(f"part-{part}.csv", some)
    frame = pd.DataFrame(cells)
    nullable = frame.convert_dtypes()
    with duckdb.connect() as con:
        con.register("f", nullable)
        con.execute(f"COPY (SELECT * FROM f) TO '{folder / 't.parquet'}' (FORMAT parquet)")
    return {
        "csv": plain,
        "tsv": str(folder / "t.tsv"),
        "gz": folder / "packed",
        "parquet": folder / "t.parquet",
        "glob": str(folder / "part-*.csv"),
        "frame": frame,
        "nullable": nullable,
        "categories": frame.astype({"race": "category", "town": "category", "sex": "category"}),
    }


def numbers(found: Counted) -> dict[str, Any]:
    cells = found.cells
    plain: dict[str, Any] = {
        name: None if (v := getattr(cells, name)) is None else v.tolist()
        for name in ("code", "label", "decision", "n", "weight", "weight2", "score", "strata")
    }
    plain |= {name: values.tolist() for name, values in cells.sums.items()}
    plain |= {"levels": cells.levels, "strata_names": cells.strata_names, "exact": cells.exact_scores}
    if cells.clusters is not None:
        moments = cells.clusters
        plain |= {
            f"cluster {name}": None if (v := getattr(moments, name)) is None else v.tolist()
            for name in ("moments", "part", "scores", "cross")
        }
        plain["clusters"] = moments.clusters
        plain["in group"] = {key: value.tolist() for key, value in moments.in_group.items()}
    plain["ordered"] = {
        name: [part.tolist() for part in (o.values, o.counts, o.totals, o.successes, *o.squares)]
        for name, o in found.ordered.items()
    }
    return plain | {
        "dropped": found.dropped,
        "notes": found.notes,
        "task": found.task,
        "positive": (found.positive, found.negative),
        "values": (found.target_values, found.prediction_values),
        "range": found.score_range,
        "rows": found.rows,
        "columns": found.columns,
    }


SPECS = {
    "decisions and intersections": CountSpec(("race", "sex"), target="y", prediction="d"),
    "ages cut": CountSpec(("race", "age"), target="y", prediction="d", cut={"age": (25, 40)}),
    "ages cut by the program": CountSpec(("age",), target="y", prediction="d"),
    "scores, weights and clusters": CountSpec(
        ("race", "sex"), target="y", score="s", threshold=0.5, weight="w", cluster="house"
    ),
    "frequencies": CountSpec(("race",), target="y", prediction="d", weight="times", frequency=True),
    "strata": CountSpec(("sex",), target="y", prediction="d", within="town", cluster="house"),
    "no labels": CountSpec(("race",), prediction="d"),
    "scores without labels": CountSpec(("race",), score="raw"),
    "labels alone": CountSpec(("race", "town"), target="y"),
    "one against the rest": CountSpec(("race",), target="town", positive="y"),
    "regression": CountSpec(("race", "sex"), target="pay", prediction="age", weight="w"),
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
def test_every_format_gives_the_same_numbers(tmp_path: Path, spec: CountSpec) -> None:
    found = {name: count(source, spec) for name, source in written(tmp_path, people()).items()}
    first = numbers(found["csv"])
    for name, each in found.items():
        assert numbers(each) == first, name
    assert {name: each.format for name, each in found.items()} == {
        "csv": "csv",
        "tsv": "tsv",
        "gz": "csv.gz",
        "parquet": "parquet",
        "glob": "csv",
        "frame": "DataFrame",
        "nullable": "DataFrame",
        "categories": "DataFrame",
    }


def test_the_hash_is_that_of_each_files_bytes(tmp_path: Path) -> None:
    import hashlib

    sources = written(tmp_path, people())
    spec = CountSpec(("race",), target="y")
    for name in ("csv", "parquet"):
        expected = hashlib.sha256(sources[name].read_bytes()).hexdigest()
        assert count(sources[name], spec).files == ((sources[name].name, expected),)
    assert [name for name, _ in count(sources["glob"], spec).files] == ["part-1.csv", "part-2.csv"]
    changed = sources["frame"].assign(pay=0.0)
    frames = [count(frame, spec).files[0] for frame in (sources["frame"], sources["frame"].copy(), changed)]
    assert frames[0] == frames[1] != frames[2]
    assert frames[0][0] == "DataFrame"


@pytest.mark.parametrize(
    ("type_", "values"),
    [
        ("BOOLEAN", ["false", "true"]),
        ("TINYINT", ["1", "2"]),
        ("UBIGINT", ["1", "2"]),
        ("HUGEINT", ["1", "2"]),
        ("FLOAT", ["0.1", "2"]),
        ("DOUBLE", ["0.1", "2"]),
        ("DECIMAL(9, 3)", ["0.1", "2"]),
        ("DATE", ["2020-01-31", "2021-02-28"]),
        ("TIMESTAMP", ["2020-01-31", "2021-02-28"]),
        ("ENUM('m', 'f')", ["f", "m"]),
        ("VARCHAR", ["f", "m"]),
        ("UUID", ["0b0e8400-e29b-41d4-a716-446655440000", "550e8400-e29b-41d4-a716-446655440000"]),
    ],
)
def test_every_plain_type_of_parquet_makes_the_groups_its_text_would(
    tmp_path: Path, type_: str, values: list[str]
) -> None:
    import duckdb

    path = tmp_path / "t.parquet"
    with duckdb.connect() as con:
        con.execute(
            f"COPY (SELECT CAST(CASE i % 5 WHEN 0 THEN NULL WHEN 1 THEN '{values[0]}' ELSE '{values[1]}' END "
            f"AS {type_}) AS g, i % 2 AS y FROM range(100) AS r(i)) TO '{path}' (FORMAT parquet)"
        )
    found = count(path, CountSpec(("g",), target="y"))
    assert found.cells.levels == ((*values, "(missing)"),)
    assert found.cells.n.sum() == 100


def test_spaces_and_the_marks_of_missing_values_are_no_groups_of_their_own(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    cells = [" f", "f ", "f", "m", "", "NA", "?", "null", "nan", "N/A"]
    path.write_text("g,y\n" + "".join(f"{g},{i % 2}\n" for i, g in enumerate(cells)))
    found = count(path, CountSpec(("g",), target="y"))
    assert found.cells.levels == (("f", "m", "(missing)"),)
    whole = found.cells.partition(["g"])
    assert whole.total(found.cells.n).tolist() == [3, 1, 6]


@pytest.mark.parametrize(
    ("cells", "levels"),
    [
        (["1", "1.0", "+1", "2e0"], ("1", "2")),
        (["01", "1", "02"], ("01", "1", "02")),  # leading zeros are codes
        (["TRUE", "False", "true"], ("false", "true")),
        (["10", "9", "inf"], ("9", "10", "(missing)")),
        (["10", "9", "x"], ("9", "10", "x")),
        (["12345678901234567890", "12345678901234567891"], ("12345678901234567890", "12345678901234567891")),
    ],
)
def test_numbers_are_spelt_in_one_way_and_codes_are_left_alone(
    tmp_path: Path, cells: list[str], levels: tuple[str, ...]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("g,y\n" + "".join(f"{g},{i % 2}\n" for i, g in enumerate(cells * 2)))
    assert count(path, CountSpec(("g",), target="y")).cells.levels == (levels,)


text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=4)
table = st.lists(
    st.tuples(
        st.one_of(st.none(), text),
        st.sampled_from([0, 1, None]),
        st.sampled_from(["yes", "no"]),
        st.integers(0, 3),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=table)
def test_any_table_counts_alike_in_every_format_and_keeps_every_row(
    tmp_path: Path, rows: list[tuple[Any, ...]]
) -> None:
    rows = [*rows, ("g", 0, "yes", 1), ("h", 1, "no", 2)]
    cells = dict(zip(("g", "y", "d", "k"), (list(column) for column in zip(*rows, strict=True)), strict=True))
    # Text cells only here: an object column of numbers and text has no one type in Parquet.
    spec = CountSpec(("g", "k"), target="y", prediction="d")
    found = {name: count(source, spec) for name, source in written_small(tmp_path, cells).items()}
    first = numbers(found["csv"])
    assert all(numbers(each) == first for each in found.values())
    kept = int(found["csv"].cells.n.sum())
    assert kept + sum(each["rows"] for each in found["csv"].dropped) == found["csv"].rows == len(rows)


def written_small(folder: Path, cells: dict[str, list[Any]]) -> dict[str, Any]:
    import duckdb
    import pandas as pd

    path = folder / "small.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, quoting=csv.QUOTE_ALL)
        writer.writerow(cells)
        writer.writerows([["" if c is None else c for c in row] for row in zip(*cells.values(), strict=True)])
    frame = pd.DataFrame(cells).convert_dtypes()
    with duckdb.connect() as con:
        con.register("f", frame)
        con.execute(f"COPY (SELECT * FROM f) TO '{folder / 'small.parquet'}' (FORMAT parquet)")
    return {"csv": path, "parquet": folder / "small.parquet", "frame": pd.DataFrame(cells)}
