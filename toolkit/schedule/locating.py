"""Where the jobs stand: the nearest configuration file, and the line of each job in it."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.records import BadInputError

OWN, SHARED = "toolkit.toml", "pyproject.toml"
HEADERS = {
    True: re.compile(r"""\s*\[\[\s*["']?schedule["']?\s*\]\]"""),
    False: re.compile(
        r"""\s*\[\[\s*["']?tool["']?\s*\.\s*["']?toolkit["']?\s*\.\s*["']?schedule["']?\s*\]\]"""
    ),
}
TOKENS = re.compile(
    r"""\"{3}(?:\\.|(?!\"{3})[\s\S])*\"{3,5}|'{3}(?:(?!'{3})[\s\S])*'{3,5}"""
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*'|#[^\n]*"""
)


@dataclass(frozen=True)
class Source:
    """A configuration file that was read.

    Attributes
    ----------
    table : dict
        The toolkit's settings: the whole file, or [tool.toolkit] of a pyproject.toml.
    lines : tuple of int
        For each job the line (from 1) where it begins; 0 where it is not known.
    """

    path: Path
    text: str
    table: dict[str, Any]
    lines: tuple[int, ...]

    def line_of(self, place: int, key: str) -> int:
        """Return the line of a key of the job at `place`, or of the job itself."""
        begin = self.lines[place]
        pattern = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        for number, line in enumerate(lines_of(masked(self.text))[begin:], start=begin + 1):
            if re.match(r"\s*\[", line) or not begin:
                break
            if pattern.match(line):
                return number
        return begin


def find(start: Path | None = None) -> Path | None:
    """Return the nearest toolkit.toml, or pyproject.toml with [tool.toolkit], from a folder upwards.

    Of the two in one folder toolkit.toml counts, as for the settings.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        own, shared = folder / OWN, folder / SHARED
        if own.is_file():
            return own
        if shared.is_file() and "toolkit" in parsed(shared, text_of(shared)).get("tool", {}):
            return shared
    return None


def read(path: Path, text: str | None = None) -> Source:
    """Read a configuration file: toolkit.toml, or the [tool.toolkit] of anything named pyproject.toml.

    With `text` that is read in the file's place: what an edit would make of it.

    Raises
    ------
    BadInputError
        If it cannot be read, is no UTF-8 or no TOML, or [[schedule]] is not an array of tables.
    """
    text = text_of(path) if text is None else text
    whole = parsed(path, text)
    own = path.name != SHARED
    table: Any = whole if own else whole.get("tool", {}).get("toolkit", {})
    if not isinstance(table, dict):
        raise BadInputError(f"{path}: [tool.toolkit] must be a table of settings")
    jobs = table.get("schedule", [])
    said = "[[schedule]]" if own else "[[tool.toolkit.schedule]]"
    if not isinstance(jobs, list) or not all(isinstance(job, dict) for job in jobs):
        found = re.compile(r"\s*(\[+[^\]]*\b)?[\"']?schedule[\"']?\s*[=\]]")
        where = next((f", line {n}" for n, line in enumerate(lines_of(text), 1) if found.match(line)), "")
        raise BadInputError(f"{path}{where}: schedule must be jobs, each under a line {said} of its own")
    return Source(path, text, table, _lines(text, len(jobs), own=own))


def lines_of(text: str) -> list[str]:
    """Split a text where TOML ends a line, and nowhere else; the endings stay."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def text_of(path: Path) -> str:
    """Return the text of a file with its line endings, or say why there is none."""
    try:
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise BadInputError(f"{path}, line {line}: this is not UTF-8; save the file as UTF-8") from error
    except OSError as error:
        raise BadInputError(
            f"{path}: the file cannot be read ({error.strerror}); check its name and permissions"
        ) from error


def parsed(path: Path, text: str) -> dict[str, Any]:
    """Parse TOML, or say in which line and column it breaks."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        where = f"line {found[1]}, column {found[2]}" if found else "at its end"
        reason = re.sub(r"\s*\(at .*\)$", "", str(error))
        raise BadInputError(f"{path}, {where}: {reason}; mend the file or move it away") from error
    except RecursionError as error:
        raise BadInputError(f"{path}: it is nested too deeply to be a configuration") from error


def masked(text: str) -> str:
    """Return a text of the same lines in which what stands in strings over several lines is crossed out.

    A line of such a string may look like a header, a key or a comment, and is none.
    """
    return TOKENS.sub(
        lambda found: re.sub(r"[^\n]", "x", found[0]) if "\n" in found[0] else found[0],
        text,
    )


def _lines(text: str, jobs: int, *, own: bool) -> tuple[int, ...]:
    """Return the line of each job's header (TOML's reader keeps none)."""
    lines = enumerate(lines_of(masked(text)), start=1)
    found = [number for number, line in lines if HEADERS[own].match(line)]
    return tuple(found) if len(found) == jobs else (0,) * jobs
