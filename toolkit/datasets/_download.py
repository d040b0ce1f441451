"""Downloading on request: whole or not at all, checked against the hash recorded at the first fetch."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

from toolkit.records import BadInputError

TIMEOUT = 60.0
LARGEST = 2 * 2**30
CHUNK = 2**20


def download(url: str, path: Path, *, timeout: float = TIMEOUT) -> None:
    """Bring a file from its public home to `path`.

    At the first fetch the SHA-256 is recorded beside it; ever after a file that differs is refused and the
    one here is kept.
    """
    with part_file(path) as partial:
        _receive(url, partial, timeout)
        found = sha256(partial)
        known = recorded(path)
        if known and known != found:
            raise BadInputError(
                f"{url}: the file at the source has changed since its first fetch (sha256 {found}, "
                f"recorded {known}); nothing was replaced. To accept the new one remove {_record(path)}"
            )
        partial.replace(path)
    if not known:
        record(path, url, found)


def _receive(url: str, partial: Path, timeout: float) -> None:
    """Receive a body into a file, refusing one that is cut short."""
    if not url.startswith(("https://", "http://")):
        raise BadInputError(f"{url}: only http and https addresses are fetched")
    request = urllib.request.Request(url, headers={"User-Agent": "misconception-toolkit"})  # noqa: S310 - checked above
    received = 0
    try:
        with urllib.request.urlopen(request, timeout=timeout) as answer, partial.open("wb") as file:  # noqa: S310
            expected = answer.headers.get("Content-Length")
            while block := answer.read(CHUNK):
                received += len(block)
                if received > LARGEST:
                    raise BadInputError(f"{url}: more than {LARGEST // 2**30} GiB; nothing was kept")
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
    except urllib.error.HTTPError as error:
        raise BadInputError(
            f"{url}: the server answers {error.code} {error.reason}; try again later"
        ) from error
    except HTTPException as error:
        raise BadInputError(_cut_short(url, received)) from error
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        raise BadInputError(
            f"{url}: cannot be reached ({reason}); check the network and try again"
        ) from error
    if expected is not None and received != int(expected):
        raise BadInputError(_cut_short(url, received))


def _cut_short(url: str, received: int) -> str:
    return f"{url}: the download was cut short after {received:,} bytes; nothing was kept, try again"


@contextmanager
def part_file(path: Path) -> Iterator[Path]:
    """Yield a name of one's own beside `path`, gone again whatever happens."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInputError(
            f"cannot write to {path.parent}: {error.strerror}; point TOOLKIT_DATA at another folder"
        ) from error
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield partial
    finally:
        partial.unlink(missing_ok=True)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def record(path: Path, url: str, digest: str) -> None:
    """Write down what was fetched, from where, and its hash."""
    whole = json.dumps({"url": url, "sha256": digest, "bytes": path.stat().st_size}, indent=1) + "\n"
    target = _record(path)
    with part_file(target) as partial:
        partial.write_text(whole, encoding="utf-8")
        partial.replace(target)


def recorded(path: Path) -> str:
    """Return the hash recorded at the first fetch; empty if there was none."""
    try:
        return str(json.loads(_record(path).read_text(encoding="utf-8"))["sha256"])
    except FileNotFoundError:
        return ""
    except (ValueError, KeyError, TypeError) as error:
        raise BadInputError(f"{_record(path)} is damaged; remove it and fetch again") from error


def refuse_changed(path: Path) -> None:
    """Refuse a cached file that is no longer what was fetched."""
    if recorded(path) != sha256(path):
        raise BadInputError(
            f"{path} is not what was fetched (its sha256 differs); remove it and fetch it again"
        )


def _record(path: Path) -> Path:
    return path.with_name(f"{path.name}.fetched.json")
