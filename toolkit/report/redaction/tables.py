"""Which counts of a table of groups may be told, so that none under 10 can be worked out; no names, no prose.

A group's cells (tn, fp, fn, tp; or negative and positive; or people alone) are joined to *blocks*, and only
sums of whole blocks are told. Three rules, each about one table of groups with one total, make the promise:

1. A block is told only if it holds `LEAST` people or more, in the total and in every group told so far.
2. Groups that are not told leave a remainder (the total less those told). It holds `LEAST` or more in every
   block as well; if not, the smallest group still told is left out too, until it does.
3. The same once more for groups that are told more finely than the others.

So a cell that is not told stands in a row and a column whose sums are known at most, and the sums of all
other rows and all other columns of that part are `LEAST` or more as well. With those four numbers known the
sharp bounds of a cell (Fréchet's) are as wide as the smallest of the four: `LEAST` at least.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from typing import TypeVar

LEAST = 10
ROUNDING = 1e-6  # counts of weights are sums of floats

Counts = Mapping[str, float]
Block = frozenset[str]
Blocks = tuple[Block, ...]
Key = TypeVar("Key", bound=Hashable)


def total(rows: Collection[Counts], cells: Sequence[str]) -> dict[str, float]:
    """Return the sum of counts, cell by cell."""
    return {cell: sum(row[cell] for row in rows) for cell in cells}


def safe(row: Counts, blocks: Blocks) -> bool:
    """Whether every block holds enough people to be told."""
    return all(sum(row[cell] for cell in block) >= LEAST - ROUNDING for block in blocks)


def tells(blocks: Blocks, *asked: Collection[str]) -> bool:
    """Whether each sum of cells that is asked for is a sum of whole blocks.

    >>> sides = (frozenset({"fp", "tp"}), frozenset({"tn", "fn"}))
    >>> tells(sides, ["fp", "tp"]), tells(sides, ["tp"], ["tp", "fn"])
    (True, False)
    """
    return all(all(block <= set(cells) or block.isdisjoint(cells) for block in blocks) for cells in asked)


def partitions(cells: Sequence[str]) -> Iterator[Blocks]:
    """Yield every way to join cells to blocks: 15 of four cells, 2 of two."""
    if not cells:
        yield ()
        return
    first, rest = cells[0], cells[1:]
    for smaller in partitions(rest):
        yield (frozenset({first}), *smaller)
        for place, block in enumerate(smaller):
            yield (*smaller[:place], block | {first}, *smaller[place + 1 :])


def within(blocks: Blocks, finest: Blocks) -> bool:
    """Whether each block is made of whole blocks of `finest`."""
    return tells(finest, *blocks)


def finest(whole: Counts, wanted: Sequence[Sequence[Collection[str]]]) -> Blocks | None:
    """Return the blocks in which the total may be told, which bound what may be told of any group.

    Parameters
    ----------
    whole : mapping
        The counts of everybody.
    wanted : sequence
        For each metric of interest the sets of cells it is made of.

    Returns
    -------
    blocks, or None
        Those that tell most metrics; None where there are fewer than `LEAST` people.
    """
    able = [blocks for blocks in partitions(tuple(whole)) if safe(whole, blocks)]
    return max(able, key=lambda b: (sum(tells(b, *m) for m in wanted), len(b)), default=None)


def tellable(
    rows: Mapping[Key, Counts],
    whole: Counts,
    most: Blocks,
    wanted: Sequence[Sequence[Collection[str]]],
) -> dict[Key, Blocks]:
    """Say which groups of one attribute may be told, and in which blocks.

    Parameters
    ----------
    rows : mapping
        Each group's counts, in the order that decides between groups of one size.
    whole : mapping
        The counts of everybody; what no group holds counts as a group that is never told.
    most : blocks
        What may be told of everybody: nothing finer is told of a group.
    wanted : sequence
        For each metric of interest the sets of cells it is made of.

    Returns
    -------
    dict
        The blocks of each group that may be told. Of all ways to choose them, the one that tells most
        metrics of most groups.
    """
    hidden = {cell: whole[cell] - sum(row[cell] for row in rows.values()) for cell in whole}
    if any(value < -ROUNDING for value in hidden.values()):
        return {}  # the groups do not add up, so nothing can be promised
    rest = hidden if any(value > ROUNDING for value in hidden.values()) else None
    best: dict[Key, Blocks] = {}
    for coarse in partitions(tuple(whole)):
        if not within(coarse, most):
            continue
        told = _kept(rows, coarse, rest)
        fine = _kept({k: rows[k] for k in told}, most, _left(rows, told, rest))
        found = {key: most if key in fine else coarse for key in told}
        if _worth(found, wanted) > _worth(best, wanted):
            best = found
    return best


def _worth(found: Mapping[Key, Blocks], wanted: Sequence[Sequence[Collection[str]]]) -> tuple[int, int]:
    told = sum(tells(blocks, *metric) for blocks in found.values() for metric in wanted)
    return told, sum(map(len, found.values()))


def _left(rows: Mapping[Key, Counts], told: Collection[Key], rest: Counts | None) -> Counts | None:
    """Return what the groups that are not told hold together; None where there is none."""
    out = [row for key, row in rows.items() if key not in told] + ([rest] if rest is not None else [])
    return total(out, tuple(out[0])) if out else None


def _kept(rows: Mapping[Key, Counts], blocks: Blocks, rest: Counts | None) -> list[Key]:
    """Return the groups that may be told in these blocks, the smallest left out until the rest is safe."""
    told = [key for key, row in rows.items() if safe(row, blocks)]
    told.sort(key=lambda key: -sum(rows[key].values()))  # stable: the order of `rows` decides between equals
    while told and (left := _left(rows, told, rest)) is not None and not safe(left, blocks):
        told.pop()
    return told


def crossed(
    rows: Sequence[tuple[Mapping[str, str], Counts]],
    parents: Sequence[tuple[Mapping[str, str], Counts]],
    most: Blocks,
) -> bool:
    """Whether all groups of an intersection may be told, which is all or none of them.

    Parameters
    ----------
    rows : sequence of (attributes, counts)
        The intersection's groups.
    parents : sequence of (attributes, counts)
        The groups of every smaller set of its attributes, all told in the blocks `most`; everybody has no
        attributes. Each must be the sum of its parts, or the difference would be told.
    """
    if not all(safe(row, most) for _, row in rows):
        return False
    for attributes, whole in parents:
        parts = [row for names, row in rows if attributes.items() <= names.items()]
        summed = total(parts, tuple(whole))
        if any(abs(summed[cell] - whole[cell]) > ROUNDING for cell in whole):
            return False
    return True
