"""The command line: options in, one call, a path out; one file per command, loaded when it is called.

``toolkit --help`` imports Click and nothing numerical: the short helps stand here, and a test compares them
with the commands' own.
"""
# ruff: noqa: ARG001, ARG002 - Click decides what these are called with

from __future__ import annotations

import importlib
from collections.abc import Mapping
from difflib import get_close_matches

import click

COMMANDS = {
    "check": "Put beliefs about model parameters to the test.",
    "audit": "Audit a table, predictions or a model for group gaps.",
    "report": "Render a finished run again, or read it in the terminal.",
    "schedule": "Build reports on a schedule: jobs, the tick, exports.",
    "history": "List, compare and prune the runs of scheduled jobs.",
    "gate": "Judge a finished run against what has been accepted.",
    "datasets": "List, describe and fetch the datasets.",
    "calibrate": "Measure how often the judge is wrong where the truth is known.",
    "schema": "Print the JSON Schema of a run document.",
    "config": "Show each setting and where it comes from.",
}
EPILOG = """\
\b
Exit codes: 0 done; 1 the gate (--fail-on) failed; 2 usage, configuration or bad input; 3 an experiment
failed or timed out; 4 nothing could be evaluated; 5 an untrusted model was refused; 70 a bug of ours;
130 interrupted; 143 terminated.

\b
Shell completion, in the file your shell starts with:
  bash  eval "$(_TOOLKIT_COMPLETE=bash_source toolkit)"
  zsh   eval "$(_TOOLKIT_COMPLETE=zsh_source toolkit)"
  fish  _TOOLKIT_COMPLETE=fish_source toolkit | source
"""


class LazyGroup(click.Group):
    """A group whose commands are imported when called: name -> short help, module ``toolkit.cli.<name>``."""

    def __init__(self, *, known: Mapping[str, str], **options: object) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # handed through as Click takes them
        self.known = known

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the story."""
        return list(self.known)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Import one command."""
        if name not in self.known:
            return None
        found: click.Command = importlib.import_module(f"toolkit.cli.{name}").command
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Offer the nearest name for one that is not known."""
        refuse_unknown(ctx, args, self.known)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.known.items()))


def refuse_unknown(ctx: click.Context, args: list[str], known: Mapping[str, object]) -> None:
    """Refuse a command that is not known, naming the nearest."""
    if args and args[0] not in known and not args[0].startswith("-"):
        close = get_close_matches(args[0], known, n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"there are {', '.join(known)}"
        ctx.fail(f"There is no command {args[0]!r}; {hint}")


def _version(ctx: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    """Print the versions of the toolkit and of the libraries that make its numbers."""
    if not wanted or ctx.resilient_parsing:
        return
    from toolkit.provenance import versions

    found = dict(versions())  # a copy: what is cached must stay whole
    click.echo(f"toolkit {found.pop('toolkit') or '(not installed)'}")
    for name, version in found.items():
        click.echo(f"  {name} {version or 'missing'}")
    ctx.exit()


@click.group(
    cls=LazyGroup,
    known=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
    no_args_is_help=True,
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_version,
    help="Show versions and exit.",
)
def command() -> None:
    """Replace folklore about AI model parameters with evidence.

    Start with `toolkit check misconceptions --list`, then `toolkit check misconceptions`.
    """
