"""``toolkit check``: one subcommand per group of experiments, all alike."""

from __future__ import annotations

import click

from toolkit.cli import refuse_unknown
from toolkit.cli.checking import check_command


class _Groups(click.Group):
    """The groups of experiments; a further one is one more line below."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Offer the nearest name for one that is not known."""
        refuse_unknown(ctx, args, self.commands)
        return super().resolve_command(ctx, args)


@click.group(cls=_Groups, no_args_is_help=True)
def command() -> None:
    """Put beliefs about model parameters to the test."""


command.add_command(check_command("misconceptions", "Test eight beliefs about model parameters."))
