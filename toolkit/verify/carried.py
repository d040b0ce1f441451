"""Schema and hash: whether the document is whole, and the one that its page was made from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toolkit import provenance
from toolkit.report import embedded, render
from toolkit.report.markup import claimed, fingerprint
from toolkit.report.validation import InvalidDocumentError, is_audit, validate
from toolkit.verify.checked import Check
from toolkit.verify.code import other_versions
from toolkit.verify.reading import Given

NO_PAGE = "a document alone names no hash: give the folder or the report"
RENDERER = "another version of the renderer may have written the page"
DRAWN = "only drawings differ, which another vl-convert may have drawn"
_DRAWING = re.compile(r"<svg.*?</svg>", re.S)
OLDER = "the page names no hash: it was made by an earlier version"


def schema(given: Given) -> Check:
    """See that the document follows its published schema."""
    check = Check("schema", "The document follows its schema")
    try:
        validate(given.document)
        check.hold("the document", True, "")
    except InvalidDocumentError as error:
        for line in str(error).splitlines():
            where, _, what = line.partition(": ")
            check.hold(where, False, what)
    return check


def hashes(given: Given) -> Check:
    """See that each page names the hash of the document it carries, and carries this very one."""
    check = Check("hash", "The page names the SHA-256 of its document")
    if not given.pages:
        check.skip(NO_PAGE)
    for file, text in given.pages.items():
        try:
            inside, said = fingerprint(embedded(text)), claimed(text)
        except (ValueError, OSError, EOFError, RecursionError) as error:
            check.hold(file.name, False, f"its run document cannot be read ({error})")
            continue
        if said is None:
            check.skip(OLDER)
        else:
            check.hold(file.name, said == inside, f"it names {said!r}, its document has {inside!r}")
        if file != given.file:
            mine = fingerprint(given.document)
            otherwise = f"it carries another document ({inside!r}) than {given.file.name} ({mine!r})"
            check.hold(f"{file.name} beside {given.file.name}", mine == inside, otherwise)
    return check


def page(given: Given) -> Check:
    """See that a page says what its document says: rendered again it must be the same, letter by letter."""
    check = Check("page", "What the page shows is what its document gives")
    for file, text in given.pages.items():
        try:
            again = _rendered(embedded(text), text)
        except Exception as error:  # whatever a tampered document does to the renderer
            check.skip(f"it cannot be rendered again here ({type(error).__name__})")
            continue
        excuse = _excuse(given.document)
        if not excuse and _DRAWING.sub("", again) == _DRAWING.sub("", text):
            excuse = DRAWN
        check.hold(file.name, again == text, _first_difference(text, again), excuse)
    return check


def _rendered(document: Mapping[str, Any], text: str) -> str:
    """Render a page again, in whichever of its ways gives this very text; else in the ordinary one."""
    first = render(document)
    if first == text or is_audit(document):
        return first
    others = ({"alive": False}, {"quiz": True}, {"alive": False, "quiz": True})
    return next((page for way in others if (page := render(document, **way)) == text), first)


def _excuse(document: Mapping[str, Any]) -> str:
    """Say why a page may differ rightly: another version of the renderer wrote it."""
    made, here = document["provenance"], provenance.commit()
    clean = made.get("commit") == here and not (here or "").endswith("+")
    return "" if clean and not other_versions(made, ("toolkit",)) else RENDERER


def _first_difference(said: str, found: str) -> str:
    lines = zip(said.splitlines(), found.splitlines(), strict=False)
    for number, (one, two) in enumerate(lines, 1):
        if one != two:
            place = next((i for i, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), 0)
            start = max(0, place - 20)
            near = slice(start, place + 40)
            return f"line {number} says {one[near]!r}, the document gives {two[near]!r}"
    return "it is longer or shorter than what the document gives"
