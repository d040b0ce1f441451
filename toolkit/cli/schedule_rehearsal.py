"""What a job's command would say against itself: parsed by the real command, nothing is measured.

A check is rehearsed by its own ``--dry-run``, which reads the table. Of an audit the table's header is read,
so that a file that is gone, or a column that was renamed, is known before the night.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import chdir, redirect_stderr, redirect_stdout, suppress
from dataclasses import fields
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.records import BadInputError

if TYPE_CHECKING:
    from toolkit.audit.request import Request
    from toolkit.schedule.jobs import Job

NO_REPORT = {"listing": "--list", "explain": "--explain", "dry_run": "--dry-run"}
OWNED = {"output": "--output", "as_json": "--json", "quiet": "--quiet"}


def refusal(job: Job) -> str:
    """Return why the real command would refuse what it is told, in its own words; "" where it would not.

    Nothing that the job reads need be there yet.
    """
    return _said(job, lambda: _contradictions(job))


def missing(job: Job) -> str:
    """Return what a job needs and is not there (a table, a column, a model, a baseline); "" where all is."""
    return _said(job, lambda: _needs(job))


def _said(job: Job, call: Callable[[], object]) -> str:
    """Call, in the folder where the job runs, and return what was said against it."""
    from toolkit.catalogue import UnknownNameError

    try:
        with chdir(job.source.parent), redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            call()
    except click.exceptions.NoArgsIsHelpError:
        return f"`toolkit {job.run[0]}` alone makes no report; say what to {job.run[0]}"
    except click.exceptions.Exit:
        return "it would print its help and end; leave --help out"
    except click.ClickException as error:
        return error.format_message()
    except (BadInputError, UnknownNameError) as error:
        return str(error.args[0] if error.args else error)
    except OSError as error:
        return f"{error.filename}: {error.strerror}"
    return ""


def _parsed(job: Job) -> click.Context:
    """Parse a job's arguments, and the options that the job adds, as the real command does."""
    from toolkit.cli import command as door

    # What a change is measured against is there only when the job runs.
    added = [f"--fail-on={gate}" for gate in job.gate if gate != "change"]
    added += [f"--format={one}" for one in job.formats]
    words = 2 if job.run[0] == "check" else 1
    arguments = [*job.run[:words], *added, *job.run[words:]]
    if len(job.run) < words:
        arguments = list(job.run)  # its help says what is missing
    found: click.Group = door
    context = click.Context(door, info_name="toolkit")
    while True:
        name, chosen, arguments = found.resolve_command(context, arguments)
        if chosen is None:
            raise click.UsageError(f"there is no command {name}")
        if not isinstance(chosen, click.Group) or not arguments:
            break  # a group without a name says what is missing
        found = chosen
    context = chosen.make_context(name, arguments, parent=context)
    _refuse_no_report(context)
    return context


def _refuse_no_report(context: click.Context) -> None:
    """Refuse what makes no report, and options that are the job's own, however they were written."""
    for name, flag in NO_REPORT.items():
        if context.params.get(name):
            raise BadInputError(f"{flag} makes no report; leave it out")
    for name, flag in OWNED.items():
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            raise BadInputError(f"leave out {flag}: it is the job's own to say")


def _contradictions(job: Job) -> None:
    """Let the command refuse what it can without any file of the user's."""
    from toolkit.audit.request import refuse_contradictions
    from toolkit.audit.sources import resolve

    context = _parsed(job)
    if job.run[0] == "check":
        if context.params.get("data") is None:
            _dry_run(context)
        return
    request = _request(context)
    with suppress(BadInputError):  # a table that is not there, which `missing` says
        request = resolve(request)[1]  # a table that is known brings its own answers
    refuse_contradictions(request)


def _needs(job: Job) -> None:
    """Look for everything that a job reads."""
    baseline = job.baseline_file
    if baseline is not None and not baseline.exists():
        raise BadInputError(
            f"the baseline {baseline} is not there; copy the run.json of a run to it, or write "
            'baseline = "previous"'
        )
    if baseline is not None:
        _comparable(baseline, job.run[0])
    context = _parsed(job)
    if job.run[0] == "check":
        _dry_run(context)
    else:
        _look_into(_request(context))


def _comparable(baseline: Path, kind: str) -> None:
    """Refuse a baseline that is no run document, or one of another kind."""
    from toolkit.cli.report import read_document
    from toolkit.gate.findings import kind_of

    found = kind_of(read_document(baseline))
    if found != kind:
        raise BadInputError(f"the baseline {baseline} is of toolkit {found}; name a run of toolkit {kind}")


def _dry_run(context: click.Context) -> None:
    """Let a check say what it would do; it reads its table for that."""
    context.params["dry_run"] = True
    with context:
        context.command.invoke(context)


def _request(context: click.Context) -> Request:
    """Return what an audit is asked for."""
    from toolkit.audit.request import Request
    from toolkit.cli.audit import asked_of

    known = {field.name for field in fields(Request)}
    return Request(**{name: value for name, value in asked_of(context.params).items() if name in known})


def _look_into(request: Request) -> None:
    """Look for an audit's model, its table, and the columns that are named."""
    from toolkit.audit.sources import resolve
    from toolkit.table.sources import opened

    if request.model is not None and not Path(str(request.model)).is_file():
        raise BadInputError(f"{request.model}: there is no such model; check the path")
    source, request = resolve(request)
    with opened(source.table, source.name) as table:
        names = table.names
    for column in (*request.sensitive, *request.roles.values(), *filter(None, [request.within])):
        if column not in names:
            close = get_close_matches(column, names, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(names[:20])}"
            raise BadInputError(f"{source.origin}: there is no column {column!r}; {hint}")
