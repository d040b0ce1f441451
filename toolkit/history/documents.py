"""Run documents as they were, packed; each is known by the hash that its record holds."""

from __future__ import annotations

import gzip
import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.records import BadInputError

RESTORE = "; restore it from a backup (the run's figures stand in its record)"
LARGEST = 1 << 31  # bytes, unpacked; more is no run document, but a bomb


def packed(data: bytes) -> bytes:
    """Return the bytes of a document packed, the same bytes for the same document."""
    return gzip.compress(data, compresslevel=6, mtime=0)


def described(data: bytes) -> dict[str, Any]:
    """Return what a record says of its document."""
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def unpacked(path: Path) -> bytes:
    """Return the bytes of a document.

    Raises
    ------
    BadInputError
        If the file is not there or damaged.
    """
    try:
        with gzip.open(path) as file:
            data = file.read(LARGEST)
    except FileNotFoundError:
        raise BadInputError(f"{path}: the document is not there") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise BadInputError(f"{path}: the document is damaged ({error}){RESTORE}") from error
    except OSError as error:
        raise BadInputError(f"{path}: the document cannot be read ({error.strerror})") from error
    return data


def parsed(path: Path, data: bytes) -> dict[str, Any]:
    """Return a document as plain data, or say that it is none."""
    try:
        plain = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadInputError(f"{path}: the document is damaged (not JSON: {error}){RESTORE}") from error
    if not isinstance(plain, dict):
        raise BadInputError(f"{path}: the document is damaged (not a JSON object){RESTORE}")
    return plain


def beside(path: Path, sha256: str) -> Path:
    """Return the second name of a document, for where the first is taken by another that has no record."""
    return path.with_name(f"{path.name.removesuffix('.json.gz')}.{sha256[:16]}.json.gz")


def found(path: Path, of: Mapping[str, Any]) -> bytes:
    """Return the bytes of the document that a record means, by its hash.

    Raises
    ------
    BadInputError
        If no file of either name holds it; the text says whether there is none or a damaged one.
    """
    second = beside(path, str(of.get("sha256")))
    place = second if second.exists() else path
    data = unpacked(place)
    if hashlib.sha256(data).hexdigest() != of.get("sha256"):
        reason = "its hash is not the one its record holds"
        raise BadInputError(f"{place}: the document is damaged ({reason}){RESTORE}")
    return data
