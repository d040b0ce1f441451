"""The history for other programs: every point of every run as CSV, the records as JSON or JSON lines."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from toolkit.records import BadInputError

FORMATS = ("csv", "json", "jsonl")
OF_RECORD = (
    "job",
    "id",
    "kind",
    "due",
    "first_due",
    "count",
    "outcome",
    "exit",
    "reason",
    "started",
    "ended",
)
OF_POINT = (
    *("series", "kind", "label", "unit", "value", "low", "high", "margin", "ruling", "n", "ratio"),
    *("e_value", "alarm"),
)
RISKY = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would run as a formula


def export(records: Iterable[Mapping[str, Any]], style: str) -> str:
    """Return records as text.

    Parameters
    ----------
    style : {"csv", "json", "jsonl"}
        Of CSV, one row for each point, and one for a record without any; texts that a spreadsheet would run
        get an apostrophe in front.
    """
    if style == "csv":
        return _csv(records)
    if style == "json":
        return json.dumps(list(records), ensure_ascii=False, allow_nan=False, indent=1) + "\n"
    if style == "jsonl":
        return "".join(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n" for record in records)
    raise BadInputError(f"there is no format {style!r}; there are {', '.join(FORMATS)}")


def _csv(records: Iterable[Mapping[str, Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*OF_RECORD, *(f"point_{name}" if name == "kind" else name for name in OF_POINT)])
    for record in records:
        writer.writerows(_rows(record))
    return text.getvalue()


def _rows(record: Mapping[str, Any]) -> Iterator[list[Any]]:
    own = [_inert(record[name]) for name in OF_RECORD]
    points: list[dict[str, Any]] = record["points"] or [{}]
    for point in points:
        yield [*own, *(_inert(point.get(name)) for name in OF_POINT)]


def _inert(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{value}" if isinstance(value, str) and value.startswith(RISKY) else value
