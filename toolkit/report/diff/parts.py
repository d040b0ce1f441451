"""What the view of a comparison is made of: rows, groups of rows, inputs; plain data and nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

FIRST = 12  # comparisons told in full before the tables


@dataclass(frozen=True)
class RowView:
    """One comparison.

    Attributes
    ----------
    name, about, where : str
        The claim, what it states, and the dataset; or the metric and who is compared.
    scaled : mapping or None
        The change in units of its own margin (1 is the margin), for drawing.
    """

    name: str
    about: str
    where: str
    was: str
    now: str
    ruling_changed: bool
    before: str
    after: str
    change: str
    margin: str
    word: str
    how: str
    note: str
    because: str
    scaled: Mapping[str, float | None] | None

    @property
    def stands_out(self) -> bool:
        """Whether a reader must see it first: another ruling, or a change beyond the margin."""
        return self.ruling_changed or self.word == "changed"

    @property
    def told(self) -> bool:
        """Whether there is something to tell: it stands out, or a change with an interval was measured."""
        return self.stands_out or self.word in {"cannot_say", "unchanged"}


@dataclass(frozen=True)
class GroupView:
    """The rows of one belief, or of one attribute of an audit, under its own ruling before and after."""

    title: str
    code: str
    was: str
    now: str
    ruling_changed: bool
    rows: tuple[RowView, ...]


@dataclass(frozen=True)
class InputView:
    """One kind of input: what of it differs."""

    title: str
    state: str
    changes: tuple[tuple[str, str, str], ...]
    note: str

    @property
    def heading(self) -> str:
        """The kind, and whether it differs."""
        if self.state == "changed":
            return f"{self.title} differ{'' if self.title.endswith(('s', 'ta')) else 's'}"
        return f"{self.title}: {'not known to be the same' if self.state == 'unknown' else 'read otherwise'}"

    @property
    def named(self) -> tuple[tuple[str, str, str], ...]:
        """The changes as rows of a table: what has no name of its own takes the kind's."""
        return tuple((what or self.title, before, after) for what, before, after in self.changes)


@dataclass(frozen=True)
class DiffView:
    """The whole comparison in words."""

    kind: str
    title: str
    identical: bool
    no_change: str
    lead: str
    crossed: str
    attribution: str
    sides: tuple[tuple[str, str, str], ...]
    differing: tuple[InputView, ...]
    alike: str
    tally: tuple[tuple[str, int], ...]
    groups: tuple[GroupView, ...]
    appeared: tuple[tuple[str, str, str], ...]
    vanished: tuple[tuple[str, str, str], ...]
    others: tuple[tuple[str, str, str], ...]
    rates: tuple[tuple[str, ...], ...]

    @property
    def turned(self) -> tuple[GroupView, ...]:
        """The beliefs whose own ruling changed."""
        return tuple(group for group in self.groups if group.ruling_changed)

    @property
    def first(self) -> tuple[tuple[GroupView, RowView], ...]:
        """The rows that stand out most, each with its group: what moved, then rulings that changed."""
        return tuple(sorted(self._standing_out(), key=lambda pair: pair[1].word != "changed")[:FIRST])

    @property
    def others_stand_out(self) -> int:
        """How many more stand out than are told first."""
        return len(self._standing_out()) - len(self.first)

    def _standing_out(self) -> list[tuple[GroupView, RowView]]:
        return [(g, r) for g in self.groups for r in g.rows if r.stands_out]
