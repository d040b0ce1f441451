"""Everything an audit's page says, computed from the run document as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count as counting

from toolkit.report.audit import verdicts
from toolkit.report.audit.account import account
from toolkit.report.audit.back import calibration, data, provenance
from toolkit.report.audit.crossed import intersections
from toolkit.report.audit.families import families
from toolkit.report.audit.features import features
from toolkit.report.audit.groups import groups
from toolkit.report.audit.lenses import lenses, within
from toolkit.report.audit.options import options
from toolkit.report.audit.parts import Block, Document, DrawnTable, Section, View
from toolkit.report.audit.watch import watch
from toolkit.report.words import clean


def _distinct(sections: Iterable[Section]) -> Iterator[Section]:
    """Number anchors that names reduced to the same letters: two columns in Hebrew, say."""
    seen: Counter[str] = Counter()
    for section in sections:
        blocks: list[Block] = []
        for block in section.blocks:
            if isinstance(block, DrawnTable):
                seen[block.anchor] += 1
                again = seen[block.anchor]
                blocks.append(block if again == 1 else replace(block, anchor=f"{block.anchor}-{again}"))
            else:
                blocks.append(block)
        yield replace(section, blocks=tuple(blocks))


def view(document: Document, most: int) -> View:
    """Compute the page of a run document (``toolkit.audit/1``), with at most so many rows in a table."""
    numbers = counting(1)
    return View(
        title=f"Audit of {clean(document['data'].get('label') or document['name'])}",
        lead=clean(document["decisions"].get("sentence")),
        asked=verdicts.asked(document),
        tally=verdicts.tally(document),
        remark=verdicts.remark(document),
        verdicts=verdicts.verdicts(document),
        gate=verdicts.gate(document),
        warnings=verdicts.warnings(document),
        warned=verdicts.warned(document),
        sections=tuple(
            _distinct(
                section
                for section in (
                    groups(document, numbers, most),
                    intersections(document, numbers, most),
                    families(document, most),
                    watch(document, numbers),
                    account(document, numbers),
                    features(document, most),
                    options(document, numbers),
                    lenses(document, most),
                    within(document, most),
                    Section("method", "Method", (), deep=True),
                    calibration(document, most),
                    data(document),
                    provenance(document),
                    Section("glossary", "Glossary", ()),
                )
                if section is not None
            )
        ),
    )
