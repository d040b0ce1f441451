"""The only place that may call text markup: our own drawings, the data island and the style sheet.

Everything else passes through Jinja's escaping. A test looks for ``Markup(`` and ``|safe`` elsewhere.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any
from xml.etree.ElementTree import Element, tostring

from markupsafe import Markup

PLAIN_LIMIT = 400_000
_ISLAND = re.compile(
    r'<script type="application/json" id="run" data-encoding="([a-z0-9+]+)">(.*?)</script>', re.S
)
_UNSAFE = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def drawing(element: Element) -> Markup:
    """Serialise a drawing of ours; ElementTree escapes its text and its attributes."""
    return Markup(tostring(element, encoding="unicode").replace(" />", "/>"))  # noqa: S704 - escaped: no bare >


def island(document: Mapping[str, Any]) -> Markup:
    """Write the run document so that no HTML parser can leave the script element early.

    Small documents stay readable; past 400 kB they are compressed, so that the page stays small enough
    to mail. `embedded` reads either.
    """
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    encoding = "json"
    if len(text) > PLAIN_LIMIT:
        encoding = "gzip+base64"
        text = base64.b64encode(gzip.compress(text.encode(), 9, mtime=0)).decode()
    safe = text.translate(_UNSAFE)
    return Markup(  # noqa: S704 - escaped just above
        f'<script type="application/json" id="run" data-encoding="{encoding}">{safe}</script>'
    )


def embedded(html: str) -> dict[str, Any]:
    """Read the run document back out of a report.

    Raises
    ------
    ValueError
        If the text holds none.
    """
    found = _ISLAND.search(html)
    if found is None:
        raise ValueError("this file holds no run document: it is not a report of this toolkit")
    text = found[2]
    if found[1] == "gzip+base64":
        text = gzip.decompress(base64.b64decode(text)).decode()
    document: dict[str, Any] = json.loads(text)
    return document


@lru_cache
def style(*more: str) -> Markup:
    """Return the style sheet, exactly the text whose hash the policy names; `more` names sheets after it."""
    folder = files("toolkit.report").joinpath("templates")
    texts = [folder.joinpath(name).read_text(encoding="utf-8").strip() for name in ("report.css", *more)]
    return Markup("\n".join(texts))  # noqa: S704 - files of ours


def policy(*more: str) -> str:
    """Return the Content-Security-Policy: nothing may load and no script may run; our one style sheet may."""
    digest = base64.b64encode(hashlib.sha256(style(*more).encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
