"""``toolkit history show``: one run in words, and its points in a table."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from toolkit.cli import scheduling
from toolkit.cli.historical import as_history, finished, job_of, outcome_of, span_of
from toolkit.cli.terminal import RULING_WORDS, columns, one_line

if TYPE_CHECKING:
    from toolkit.history import History


@click.command(short_help="Print one run: how it ended, what it found.")
@click.argument("job")
@click.argument("identity", metavar="[ID]", required=False)
@scheduling.root
@click.option("--json", "as_json", is_flag=True, help="Print the record as JSON.")
def show(job: str, identity: str | None, root: str | None, as_json: bool) -> None:
    """Print run ID of JOB, by default its newest: how it ended, what had changed, what it found."""
    history = as_history(root)
    job_of(history, job)
    record = history.record(job, identity) if identity else history.records(job, limit=1)[0]
    if as_json:
        click.echo(json.dumps(record, ensure_ascii=False, indent=1))
    else:
        for line in _words(history, record):
            click.echo(one_line(line))
        _points(record)
    finished(history)


def _words(history: History, record: dict[str, Any]) -> Iterator[str]:
    """Yield what there is to say of a record, line by line."""
    reason = f": {record['reason']}" if record["reason"] else ""
    yield f"{record['job']} {record['id']}: {outcome_of(record)}{reason}"
    about = {
        "due": f"{span_of(record)} UTC" if record["due"] else "never: it was run by hand",
        "ran": _ran(record),
        "command": " ".join(str(word) for word in record["command"] or ()),
        "report": record["report"],
        "document": _document(history, record),
        "changed": ", ".join(history.breaks(record["job"]).get(record["id"], ())),
    }
    for name, said in about.items():
        if said:
            yield f"  {name:<9} {said}"
    for attempt in record["attempts"] if len(record["attempts"]) > 1 else ():
        said = f"exit {attempt.get('exit')}, {attempt.get('reason') or 'done'}"
        yield f"  attempt {attempt.get('number')}: {said}"


def _ran(record: dict[str, Any]) -> str:
    if not (record["started"] and record["ended"]):
        return ""
    took = datetime.fromisoformat(record["ended"]) - datetime.fromisoformat(record["started"])
    where = f" on {record['host']}" if record["host"] else ""
    return f"{record['started']} to {record['ended']}, {took.total_seconds():g} s{where}"


def _document(history: History, record: dict[str, Any]) -> str:
    from toolkit.history.pruning import kept, pruned

    if record["document"] is None:
        return ""
    when = pruned(history.home, record["job"]).get(record["id"])
    gone = f"pruned on {when}" if when else "gone"
    return f"{record['document']['bytes']:,} bytes, {'kept' if kept(history.home, record) else gone}"


def _points(record: dict[str, Any]) -> None:
    """Print the points with their 95 % limits."""
    watched = any(point.get("e_value") is not None for point in record["points"])
    header = (
        "series",
        "value",
        "95 % limits",
        "margin",
        "ruling",
        "n",
        *(("e-value", "alarm") if watched else ()),
    )
    if not record["points"]:
        return
    rows = []
    for point in record["points"]:
        limits = f"{_number(point.get('low'))} to {_number(point.get('high'))}"
        ruling = str(point.get("ruling", ""))
        row = (
            str(point["series"]),
            _number(point.get("value")),
            limits if point.get("low") is not None else "",
            _number(point.get("margin")),
            RULING_WORDS.get(ruling, ruling.replace("_", " ")),
            _number(point.get("n")),
        )
        more = (_number(point.get("e_value")), "alarm" if point.get("alarm") else "")
        rows.append(row + (more if watched else ()))
    click.echo()
    columns(rows, header=header)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else f"{value}"
