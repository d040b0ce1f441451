"""Attribution of the gap in mean score to features, on each scale, with what the explainer left over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.report.audit.account import opening
from toolkit.report.audit.lookup import Document
from toolkit.report.audit.parts import (
    Block,
    DrawnRow,
    DrawnTable,
    Heading,
    Listing,
    Marks,
    Numbers,
    Section,
    Text,
)
from toolkit.report.audit.scales import track
from toolkit.report.claims import anchor
from toolkit.report.tables import Table
from toolkit.report.words import clean, count, interval, number

Found = Mapping[str, Any]
DRAWN = 15  # features with a bar of their own
MEANING = (
    "A bar is the part of the gap in mean score that a feature accounts for: the difference of its mean SHAP "
    "value between the two groups. The bars and the residual add up to the gap. Features that move together "
    "share credit in a way that no data can settle, and a feature that accounts for a gap need not be its "
    "cause."
)


def features(document: Document, most: int) -> Section:
    """Compute the section on features."""
    found = document.get("attribution")
    blocks = opening(found, "attribution to features")
    if found and found["status"] != "not_applicable":
        blocks.append(Text(MEANING, "small"))
        for scale in found.get("scales") or ():
            blocks += _scale(scale, most)
        blocks += _proxies(found.get("proxies"), most)
        if found.get("notes"):
            blocks.append(Listing(tuple(clean(note) for note in found["notes"])))
    return Section("features", "Which features account for it", tuple(blocks), short="Features")


def _scale(scale: Found, most: int) -> Iterator[Block]:
    name, gap = clean(scale["scale"]), float(scale["gap"])
    yield Heading(f"On the {name} scale")
    if scale.get("sentence"):
        yield Text(clean(scale["sentence"]))
    parts = sorted(scale["parts"], key=lambda p: -abs(p.get("value") or 0.0))
    values = [p.get(k) for p in parts for k in ("value", "low", "high")]
    rows = [_row(clean(p["feature"]), p) for p in parts[:DRAWN]]
    if len(parts) > len(rows):
        rest = sum(float(p.get("value") or 0.0) for p in parts[len(rows) :])
        rows.append(_row(f"{len(parts) - len(rows)} smaller ones together", {"value": rest}))
    residual = float(scale.get("residual") or 0.0)
    rows.append(_row("residual: left over by the explainer", {"value": residual}, tone="residual"))
    rows.append(_row("the gap in mean score", {"value": gap}, tone="whole"))
    yield DrawnTable(
        anchor=anchor("features", name),
        label=f"What features account for, on the {name} scale",
        first="Feature",
        head=("Part", "95 % interval"),
        track=track([*values, gap, residual], name),
        rows=tuple(rows),
        kind="bars",
    )
    if len(parts) > DRAWN:
        every = tuple((r.name, *r.cells) for r in (_row(clean(p["feature"]), p) for p in parts[:most]))
        yield Numbers(
            f"All {len(parts)} features", Table(("Feature", "Part", "95 % interval"), every), folded=True
        )
    used = f"{count(int(scale['rows']), 'row')} explained" if scale.get("rows") else ""
    ground = f"{count(int(scale['background']), 'row')} as background" if scale.get("background") else ""
    if used or ground:
        yield Text(f"{', '.join(s for s in (used, ground) if s)}.", "small")


def _row(name: str, part: Found, tone: str = "") -> DrawnRow:
    value, low, high = part.get("value"), part.get("low"), part.get("high")
    known = float(value) if value is not None else 0.0
    ends = interval(low, high, 3)
    return DrawnRow(
        name=name,
        label=f"{name}: {number(value, 3, sign=True)}, 95 % interval {ends}",
        marks=Marks(tone=tone or ("rise" if known >= 0 else "fall"), bar=(0.0, known), low=low, high=high),
        cells=(number(value, 3, sign=True), ends),
        strong=tone == "whole",
    )


def _proxies(found: Found | None, most: int) -> Iterator[Block]:
    if not found:
        return
    yield Heading("Proxies: what the other features know about the group")
    if found.get("sentence"):
        yield Text(clean(found["sentence"]))
    elif found.get("auc") is not None:
        spread = (
            f" ({interval(found.get('low'), found.get('high'), 2)})" if found.get("low") is not None else ""
        )
        yield Text(
            f"All other features together, AUC {number(found['auc'], 2)}{spread.replace('+', '')}; "
            "0.5 is no better than a coin.",
            "small",
        )
    listed: Sequence[Found] = (found.get("features") or ())[:most]
    if listed:
        rows = tuple((clean(f["feature"]), number(f.get("auc"), 3)) for f in listed)
        yield Numbers("Each feature alone", Table(("Feature", "AUC alone"), rows), folded=len(rows) > 12)
