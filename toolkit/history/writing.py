"""Files that appear whole or not at all, and never in the place of another."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

LEFT_AFTER = 24 * 3600.0  # seconds by the folder's own clock after which a part belongs to nobody
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


@contextmanager
def staged(path: Path, data: bytes) -> Iterator[Path]:
    """Write the bytes down under a name of their own beside `path`, safe on the disk, for `placed` to use."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(handle, view) :]
            os.fsync(handle)
        finally:
            os.close(handle)
        yield part
    finally:
        part.unlink(missing_ok=True)


def placed(part: Path, path: Path) -> bool:
    """Give a staged file its name; False where that name is taken, by whoever was first."""
    try:
        os.link(part, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return _copied(part, path)
    synced(path.parent)
    return True


def _copied(part: Path, path: Path) -> bool:
    """Do the same where the file system has no links: exclusive still, whole only if nobody kills us now."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    try:
        view = memoryview(part.read_bytes())
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(handle)
    synced(path.parent)
    return True


def synced(folder: Path) -> None:
    """Make the names in a folder last; not every file system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def swept(path: Path) -> None:
    """Remove the parts that killed writers left beside a file just written, a day old by its own clock."""
    with suppress(OSError):
        now = path.stat().st_mtime
        for part in path.parent.glob(".*.part"):
            if now - part.stat().st_mtime > LEFT_AFTER:
                part.unlink(missing_ok=True)
