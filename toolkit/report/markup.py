"""The only place that may call text markup: our own drawings, the data island and the style sheet.

Everything else passes through Jinja's escaping. A test looks for ``Markup(`` and ``|safe`` elsewhere.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import lzma
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

PLAIN_LIMIT = 400_000
SIGNS = "".join(chr(code) for code in range(33, 127) if chr(code) not in "<>&")
# Both for text, which is not aligned to four bytes. `alive.js` reads what `CLOSE` packs, with its lc, lp, pb.
TIGHT = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME, "lc": 4, "lp": 0, "pb": 0}]
CLOSE = [{"id": lzma.FILTER_LZMA1, "preset": 9 | lzma.PRESET_EXTREME, "lc": 3, "lp": 0, "pb": 0}]
UNPACK = {"gzip+base64": gzip.decompress, "xz+base64": lzma.decompress}
_ISLAND = re.compile(
    r'<script type="application/json" id="run" data-encoding="([a-z0-9+]+)"(?: data-sha256="([^"]*)")?>'
    r"(.*?)</script>",
    re.S,
)
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def drawing(element: Element) -> Markup:
    """Serialise a drawing of ours; ElementTree escapes its text and its attributes."""
    return Markup(tostring(element, encoding="unicode").replace(" />", "/>"))  # noqa: S704 - escaped: no bare >


def island(document: Mapping[str, Any]) -> Markup:
    """Write the run document so that no HTML parser can leave the script element early.

    Small documents stay readable; past 400 kB they are compressed, so that the page stays small enough
    to mail. `embedded` reads either. The element names the document's `fingerprint`.
    """
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    encoding = "json"
    if len(text) > PLAIN_LIMIT:
        encoding = "xz+base64"
        text = base64.b64encode(lzma.compress(text.encode(), filters=TIGHT)).decode()
    safe = text.translate(_UNSAFE)
    return Markup(  # noqa: S704 - escaped just above
        f'<script type="application/json" id="run" data-encoding="{encoding}" '
        f'data-sha256="{fingerprint(document)}">{safe}</script>'
    )


def fingerprint(document: Mapping[str, Any]) -> str:
    """Return the SHA-256 of a document's canonical text: JSON, keys sorted, no spaces, all of it ASCII."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def claimed(html: str) -> str | None:
    """Return the fingerprint that a report names for its document; None where it names none.

    Raises
    ------
    ValueError
        If the text holds no document.
    """
    return _found(html)[2]


def embedded(html: str) -> dict[str, Any]:
    """Read the run document back out of a report.

    Raises
    ------
    ValueError
        If the text holds none.
    """
    found = _found(html)
    text = found[3]
    if found[1] in UNPACK:
        try:
            text = UNPACK[found[1]](base64.b64decode(text)).decode()
        except lzma.LZMAError as error:
            raise ValueError("the run document inside is damaged") from error
    document: dict[str, Any] = json.loads(text)
    return document


def _found(html: str) -> re.Match[str]:
    found = _ISLAND.search(html)
    if found is None:
        raise ValueError("this file holds no run document: it is not a report of this toolkit")
    return found


@lru_cache
def style(*more: str) -> Markup:
    """Return the style sheet, exactly the text whose hash the policy names; `more` names sheets after it."""
    folder = files("toolkit.report").joinpath("templates")
    texts = [folder.joinpath(name).read_text(encoding="utf-8").strip() for name in ("report.css", *more)]
    return Markup("\n".join(texts))  # noqa: S704 - files of ours


def policy(*more: str, scripts: Iterable[str] = ()) -> str:
    """Return the Content-Security-Policy: nothing may load; what may run or style is named by its hash.

    Parameters
    ----------
    more : str
        Style sheets after our first one.
    scripts : iterable of str
        The exact texts that may run; without any, none may.
    """
    allowed = " ".join(_hash(text) for text in scripts)
    script = f"; script-src {allowed}" if allowed else ""
    return f"default-src 'none'; style-src {_hash(style(*more))}{script}; base-uri 'none'; form-action 'none'"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def script(text: str) -> Markup:
    """Write a script of ours, exactly the text whose hash the policy names."""
    if re.search(r"</script|<!--", text, re.I):
        raise ValueError("this script would end its own element early")
    return Markup(f"<script>{text}</script>")  # noqa: S704 - a file of ours, looked at just above


@lru_cache(maxsize=8)
def packed(name: str, text: str) -> Markup:
    """Write text as data that only our script reads: compressed, and in signs that can end no element.

    LZMA is a seventh shorter here than what browsers unpack themselves.
    """
    data = _base91(lzma.compress(text.encode(), format=lzma.FORMAT_RAW, filters=CLOSE))
    return Markup(f'<script type="text/plain" id="{name}">{data}</script>')  # noqa: S704 - see `SIGNS`


def _base91(data: bytes) -> str:
    """Write bytes in 91 signs, thirteen bits or fourteen to a pair: a twelfth shorter than base64.

    The scheme is Henke's basE91 (2000) with signs that mean nothing in HTML.
    """
    found: list[str] = []
    bits = many = 0
    for byte in data:
        bits |= byte << many
        many += 8
        if many > 13:
            width = 13 if bits & 8191 > 88 else 14
            value = bits & ((1 << width) - 1)
            bits, many = bits >> width, many - width
            found.append(SIGNS[value % 91] + SIGNS[value // 91])
    if many:
        found.append(SIGNS[bits % 91] + (SIGNS[bits // 91] if many > 7 or bits > 90 else ""))
    return "".join(found)
