"""``toolkit datasets``: what there is, what is known about it, and what can be fetched on request."""

from __future__ import annotations

import json
import textwrap
from typing import Any

import click

from toolkit.cli.terminal import columns, harmless


@click.group(no_args_is_help=True)
def command() -> None:
    """List, describe and fetch the datasets."""


@command.command("list", short_help="List every dataset.")
@click.option("--json", "as_json", is_flag=True, help="Print the data cards as JSON.")
def list_(as_json: bool) -> None:
    """List every dataset: embedded tables, worlds of known truth, and tables to fetch."""
    from toolkit.datasets import cards

    known = cards()
    if as_json:
        click.echo(json.dumps(known, ensure_ascii=False, indent=1))
        return
    rows = [
        (name, _kind(name, card), _size(card), str(card.get("title", ""))) for name, card in known.items()
    ]
    columns(rows, header=("name", "kind", "rows x columns", "title"))


@command.command(short_help="Print the data card of a dataset.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the data card as JSON.")
def show(name: str, as_json: bool) -> None:
    """Print the data card of NAME: source, licence, target, sensitive columns, known defects."""
    card = _card(name)
    if as_json:
        click.echo(json.dumps(card, ensure_ascii=False, indent=1))
        return
    click.echo(harmless(f"{card['name']}: {card['title']} ({_kind(card['name'], card)})\n"))
    for key in ("source", "licence", "target", "positive", "sensitive", "rows", "columns", "sha256"):
        value = card.get(key)
        shown = ", ".join(value) if isinstance(value, list) else str(value)
        if value not in ("", None, [], 0):
            click.echo(harmless(f"  {key:<10} {shown}"))
    click.echo()
    _paragraph(str(card.get("about", "")))
    for variant, planted in card.get("variants", {}).items():
        _paragraph(f"{card['name']}:{variant}: {planted}")
    for defect in card.get("defects", []):
        _paragraph(f"- {defect}")


@command.command(short_help="Download a dataset.")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def fetch(names: tuple[str, ...]) -> None:
    """Download NAME (adult, acs_income, german_credit, compas) into the cache that TOOLKIT_DATA names."""
    from toolkit.datasets import _public as public

    known = [public.source(name) for name in names]
    for source in known:
        click.echo(f"fetching {source.name} from {source.home}", err=True)
        path = public.fetch(source)
        click.echo(path)
        click.echo(f"now: toolkit check misconceptions --data {source.name}", err=True)


def _card(name: str) -> dict[str, Any]:
    """Return a card by name, or offer the nearest."""
    from toolkit.catalogue import nearest
    from toolkit.datasets import card, cards

    names: dict[str, object] = dict.fromkeys(cards())
    return card(nearest(name.partition(":")[0], names, "dataset"))


def _kind(name: str, card: dict[str, Any]) -> str:
    """Say what a dataset is, and whether a fetched one is here."""
    from toolkit.datasets import _public as public

    if name in public.SOURCES:
        return "fetched" if public.path_of(name).is_file() else "to fetch"
    return "world" if card.get("kind") == "world" else "table"


def _size(card: dict[str, Any]) -> str:
    rows, width = card.get("rows", 0), card.get("columns", 0)
    return f"{rows:,} x {width}" if rows and width else "any number" if card.get("kind") == "world" else ""


def _paragraph(text: str) -> None:
    if text:
        click.echo(textwrap.fill(harmless(text), 96, initial_indent="  ", subsequent_indent="    "))
