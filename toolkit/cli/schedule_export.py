"""``toolkit schedule export``: the jobs, written for another scheduler."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from toolkit.cli import scheduling
from toolkit.cli.exits import say
from toolkit.cli.terminal import harmless
from toolkit.records import BadInputError
from toolkit.schedule.exports import LOCAL, TARGETS, export
from toolkit.schedule.exports.asked import INSTALL

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Config, Job

EPILOG = """\
\b
Targets:
""" + "\n".join(f"  {name:<11} {what}" for name, what in TARGETS.items())


@click.command("export", epilog=EPILOG)
@click.argument("target", type=click.Choice(tuple(TARGETS)), metavar="TARGET")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--output", "-o", type=click.Path(path_type=Path, file_okay=False), help="Folder to write to.")
@click.option("--command", "called", metavar="CMD", help="How the toolkit is called there.")
@click.option("--zone", metavar="ZONE", help="cron, launchd: the machine's time zone, if not this one's.")
@click.option("--image", metavar="IMAGE", help="kubernetes, gitlab: the container image.")
@click.option("--install", default=INSTALL, metavar="CMD", help="github, gitlab: installs the toolkit there.")
def command(
    *,
    target: str,
    names: tuple[str, ...],
    output: Path | None,
    called: str | None,
    zone: str | None,
    image: str | None,
    install: str,
) -> None:
    """Write the jobs, or those named, as a schedule of another system.

    One file goes to stdout; several need a folder. What TARGET cannot express is refused with the reason.
    """
    from toolkit.schedule.jobs import read_jobs
    from toolkit.schedule.values import timezone

    try:
        zone = None if zone is None else timezone(zone)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="'--zone'") from error
    config = read_jobs()
    scheduling.say_other_root(config)
    words = own_command() if target in LOCAL else ("toolkit",)
    if called is not None:
        words = _split(called)
    files: dict[str, str] = {}
    for job in chosen(config, names):
        written = export(target, job, config=config, command=words, zone=zone, image=image, install=install)
        _refuse_twice(files, written, job)
        files |= written
    if output is not None:
        _save(output, files)
    elif len(files) == 1:
        click.echo(next(iter(files.values())), nl=False)
    else:
        raise BadInputError(f"these are {len(files)} files ({', '.join(files)}); name a folder with --output")


def own_command() -> tuple[str, ...]:
    """Return how this very toolkit is called, by an absolute path: schedulers search no PATH of a login."""
    script = Path(sys.executable).with_name("toolkit")
    return (str(script),) if script.is_file() else (sys.executable, "-m", "toolkit")


def chosen(config: Config, names: tuple[str, ...]) -> list[Job]:
    """Return the jobs named, or all that are enabled.

    Raises
    ------
    BadInputError
        If there is no such job, or none at all, or one named is disabled.
    """
    jobs = [config.job(name) for name in dict.fromkeys(names)]
    for job in jobs:
        if not job.enabled:
            raise BadInputError(
                f"{job.source}, line {job.line}: job {job.name!r} is disabled; set enabled = true first"
            )
    if names:
        return jobs
    for job in config.jobs:
        if not job.enabled:
            say(f"Job {job.name} is disabled and left out.")
    jobs = [job for job in config.jobs if job.enabled]
    if not jobs:
        where = f"{config.path} has" if config.path else "there are"
        raise BadInputError(f"{where} no jobs to export; write one with toolkit schedule add")
    return jobs


def _split(text: str) -> tuple[str, ...]:
    """Split a command as a shell would."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise BadInputError(f"--command {text!r}: {error}; quote it as for a shell") from error
    if not words:
        raise BadInputError("--command names nothing; leave it out, or give the command")
    return words


def _refuse_twice(files: dict[str, str], written: dict[str, str], job: Job) -> None:
    """Refuse two jobs whose names become one: a target may know fewer letters than we do."""
    both = sorted(files.keys() & written.keys())
    if both:
        raise BadInputError(
            f"{job.source}, line {job.line}: job {job.name!r} and another would both be {both[0]}; rename one"
        )


def _save(folder: Path, files: dict[str, str]) -> None:
    """Write the files; one that was not written by us is left alone."""
    from toolkit.cli.output import refuse_unwritable
    from toolkit.journal import write_atomic
    from toolkit.schedule.exports.asked import MARK

    refuse_unwritable(folder)
    for name in files:
        path = folder / name
        if path.exists() and MARK not in path.read_text(encoding="utf-8", errors="replace"):
            raise BadInputError(
                f"{path} is not ours and would be overwritten; move it, or choose another --output"
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        write_atomic(folder / name, text)
        click.echo(harmless(str(folder / name)))
