"""What there is to verify: a run's folder, document, or the page that carries it; and what lies beside."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.records import BadInputError
from toolkit.verify.rows import Outcomes

SCHEMAS = ("toolkit.check/1", "toolkit.audit/1")
PAGE, DOCUMENT, OUTCOMES = "report.html", "run.json", "outcomes.jsonl"


@dataclass(frozen=True, eq=False)
class Given:
    """What was given to verify.

    Attributes
    ----------
    file : Path
        The document's own, or the page.
    document : mapping
        Of a known schema; whether it follows it is a check.
    pages : mapping of Path to str
        Pages that must carry this document: the page given, or the one beside the document.
    outcomes : Outcomes or None
    broken : str
        Why the outcomes file beside cannot be read.
    """

    file: Path
    document: Mapping[str, Any]
    pages: Mapping[Path, str]
    outcomes: Outcomes | None = None
    broken: str = ""

    @property
    def audit(self) -> bool:
        """Whether it is an audit's."""
        return str(self.document["schema"]).startswith("toolkit.audit/")


def read(path: Path) -> Given:
    """Read a run's folder, ``run.json`` or ``report.html``, and what lies beside it.

    Raises
    ------
    BadInputError
        If there is no run document to be found; the text says where and the way out.
    """
    file = path
    if path.is_dir():
        file = path / DOCUMENT if (path / DOCUMENT).exists() else path / PAGE
    text = _text(file)
    pages = {}
    if text.lstrip().startswith("<"):
        pages[file] = text
        document = _embedded(file, text)
    else:
        document = _parsed(file, text)
        beside = file.with_name(PAGE)
        if beside.is_file():
            pages[beside] = _text(beside)
    if not isinstance(document, dict) or document.get("schema") not in SCHEMAS:
        said = " or ".join(SCHEMAS)
        raise BadInputError(
            f"{file}: this is not a run document of this version (schema {said}); "
            "give a run's folder, run.json or report.html"
        )
    outcomes, broken = _outcomes(file.with_name(OUTCOMES)) if document["schema"] == SCHEMAS[0] else (None, "")
    return Given(file, document, pages, outcomes, broken)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadInputError(f"{file}: not text; give a run's folder, run.json or report.html") from error
    except OSError as error:
        raise BadInputError(
            f"{file}: {error.strerror}; give a run's folder, run.json or report.html"
        ) from error


def _embedded(file: Path, text: str) -> Any:
    from toolkit.report import embedded

    try:
        return embedded(text)
    except (ValueError, OSError, EOFError, zlib.error, RecursionError) as error:
        raise BadInputError(
            f"{file}: its run document cannot be read ({error}); give run.json or a report of this toolkit"
        ) from error


def _parsed(file: Path, text: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise BadInputError(
            f"{file}, line {error.lineno}, column {error.colno}: not JSON ({error.msg}); give a whole one"
        ) from error
    except RecursionError as error:
        raise BadInputError(f"{file}: nested too deeply to be a run document; give a run.json") from error


def _outcomes(file: Path) -> tuple[Outcomes | None, str]:
    """Read the outcomes beside; what cannot be read is found, not refused."""
    try:
        return Outcomes.read(file.read_bytes()), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError) as error:
        return None, f"{file.name}: {error}"
