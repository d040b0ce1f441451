"""The back of the page: how often the procedures err, what was read and dropped, what made the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit import words
from toolkit.report.audit.lookup import Document, shown_name
from toolkit.report.audit.parts import Block, Command, Facts, Heading, Listing, Numbers, Section, Text
from toolkit.report.tables import Table
from toolkit.report.view import facts
from toolkit.report.words import clean, count, listed, sentence, short

Row = Mapping[str, Any]
WORLD = {"k", "shape", "n", "base", "gap", "odd"}


def calibration(document: Document, most: int) -> Section:
    """Compute the appendix: the published grid of coverage, false alarms and power."""
    rows: Sequence[Row] = document.get("calibration") or ()
    blocks: list[Block] = []
    if not rows:
        blocks.append(
            Text(
                "This run carries no calibration; toolkit calibrate audit measures how often procedures err."
            )
        )
    else:
        blocks.append(Text(worst(rows)))
        alike: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            alike.setdefault(tuple(map(str, row)), []).append(row)
        for keys, found in alike.items():
            blocks.append(_grid(keys, found, max(most, 100)))
    title, short = "How often this is wrong", "How often it is wrong"
    return Section("calibration", title, tuple(blocks), short, deep=True)


def worst(rows: Sequence[Row]) -> str:
    """Say how many cells were simulated and which covered worst."""
    covered = [(float(row[key]), key, row) for row in rows for key in _coverages(row)]
    text = f"{count(len(rows), 'cell')} of planted tables whose true gaps are known."
    if not covered:
        return text
    value, key, row = min(covered, key=lambda c: c[0])
    told = {k: row[k] for k in ("part", "world") if row.get(k)} or {
        k: v
        for k, v in row.items()
        if k != key and not _rate(k) and isinstance(v, str | int | float) and not isinstance(v, bool)
    }
    where = ", ".join(
        clean(v) if k in ("part", "world") else f"{clean(k).replace('_', ' ')} {short(v)}"
        for k, v in told.items()
    )
    return (
        f"{text} The worst coverage of a 95 % interval was {100 * value:.1f} % ({where}); "
        f"{sum(c[0] >= 0.93 for c in covered)} of {len(covered)} coverages are 93 % or above."
    )


def _coverages(row: Row) -> Iterator[str]:
    for key, value in row.items():
        if "coverage" in key and isinstance(value, int | float) and not isinstance(value, bool):
            yield key


def _rate(key: str) -> bool:
    named = ("coverage", "false", "shown", "small", "power", "width", "bias", "error", "seconds", "rate_of")
    return any(part in key for part in named)


def _grid(keys: Sequence[str], rows: Sequence[Row], most: int) -> Numbers:
    known = {k for k in keys if any(row.get(k) not in (None, [], "") for row in rows)}
    if "world" in known:  # its name says these, and the title says the part
        known -= WORLD
        known -= {"part"} if len({str(row.get("part")) for row in rows}) == 1 else set()
    named = [k for k in keys if k in known]
    head = tuple(clean(k).replace("_", " ") for k in named)
    cells = tuple(tuple(short(row.get(k)) for k in named) for row in rows[:most])
    note = f"{len(rows) - most:,} more in the embedded run document." if len(rows) > most else ""
    parts = [*dict.fromkeys(clean(row["part"]) for row in rows if row.get("part"))]
    cells_said = count(len(rows), "cell")
    title = sentence(f"{listed(parts)}: {cells_said}") if parts else f"{cells_said}: {', '.join(head)}"
    return Numbers(title, Table(head, cells), folded=True, note=note)


def data(document: Document) -> Section:
    """Compute what was read: files with their hashes, rows dropped with reasons and by group."""
    found = document["data"]
    used = int((found.get("read") or {}).get("rows") or found["rows"])
    pairs = [
        ("table", clean(found.get("label") or found["path"])),
        ("format", clean(found.get("format"))),
        ("rows", (f"{int(found['rows']):,} read, " if found["rows"] is not None else "") + f"{used:,} used"),
        ("columns", ", ".join(clean(c) for c in found.get("columns") or ())),
        *((k.replace("_", " "), clean(found[k])) for k in ("weight", "cluster", "within") if found.get(k)),
    ]
    if found.get("held_out"):
        parts = found["held_out"]
        pairs.append(("held out", ", ".join(f"{int(n):,} {clean(part)}" for part, n in parts.items())))
    blocks: list[Block] = [Facts(tuple(p for p in pairs if p[1]))]
    files = tuple((clean(f["name"]), clean(f.get("sha256")) or "–") for f in found.get("files") or ())
    if files:
        blocks.append(Numbers("Files", Table(("File", "sha256"), files[:50]), folded=len(files) > 5))
    blocks += _dropped(found.get("dropped") or ())
    if found.get("notes"):
        blocks.append(Heading("How the table was read"))
        blocks.append(Listing(tuple(clean(note) for note in found["notes"])))
    blocks += _decisions(document["decisions"])
    return Section("data", "Data and decisions", tuple(blocks))


def _dropped(dropped: Sequence[Row]) -> Iterator[Block]:
    yield Heading("Rows left out")
    if not dropped:
        yield Text("None: every row was used.")
        return
    for each in dropped:
        many = "suppressed" if each["rows"] is None else count(int(each["rows"]), "row")
        by, text = each.get("by_group") or (), f"{many}: {clean(each['reason'])}"
        if each.get("p_value") is not None:
            text += f" (that every group loses the same share: p {words.p_value(each['p_value'])})"
        yield Text(f"{text}.")
        if by:
            rows = tuple(
                (
                    shown_name(g),
                    f"{int(g['dropped']):,}",
                    f"{int(g['n']):,}",
                    f"{100 * int(g['dropped']) / int(g['n']):.1f} %" if g["n"] else "–",
                )
                for g in by
            )
            head = ("Group", "Dropped", "Of", "Share")
            yield Numbers(f"By group: {clean(each['reason'])}", Table(head, rows), folded=len(rows) > 12)


def _decisions(found: Row) -> Iterator[Block]:
    yield Heading("Where decisions came from")
    kept = {k: v for k, v in found.items() if k not in {"sentence", "model", "recipe"} and v is not None}
    for key in ("model", "recipe"):
        kept |= {f"{key} {k}": v for k, v in (found.get(key) or {}).items() if v not in (None, "", [], {})}
    yield Facts(_plain(kept))


def _plain(found: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Write what the user set as it was set: 0.05, not 0.0500."""

    def as_set(value: Any) -> Any:
        if isinstance(value, float):
            return f"{value:.12g}"
        if isinstance(value, Mapping):
            return {k: as_set(v) for k, v in value.items()}
        return [as_set(v) for v in value] if isinstance(value, list | tuple) else value

    return facts({k: as_set(v) for k, v in found.items()})


def provenance(document: Document) -> Section:
    """Compute what made the numbers, and the settings that were in force."""
    settings = {k: v for k, v in document["settings"].items() if v not in (None, "", [], {})}
    return Section(
        "provenance",
        "Provenance",
        (
            Facts(facts(document["provenance"])),
            Heading("Settings"),
            Facts(_plain(settings)),
            Heading("Repeat it"),
            Command(clean(document["provenance"].get("command"))),
            Text(
                "The same table, seed and versions give the same numbers; the table’s sha256 is above.",
                "small",
            ),
        ),
        deep=True,
    )
