"""A lease on the state folder, for machines that share one where a lock of the file system does not reach.

Each lease is one file, ``leases/<number>.json``; the highest number counts. A lease is taken by making the
file of the next number, exclusively and whole (a hard link, which is atomic on network file systems too), and
given back by writing into it that it is free. Numbers are never used again, so that a contender who was slow
finds either its number taken or a higher one, and loses: there is no moment in which removing a stale file
could remove somebody's fresh one.

A holder renews by touching its file. A lease is stale where its process is gone from the same machine, or
where it has not been renewed for some minutes *by the folder's own clock*, that is against the time the file
system gives to a file just written: clocks of machines may be wrong and need not agree.
"""

from __future__ import annotations

import errno
import json
import os
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.schedule.process import Process, known, lives

RENEW = 60.0  # seconds between renewals
STALE = 900.0  # seconds without one, fifteen times as long: a suspended machine, a slow network
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EACCES, errno.ENOTSUP}


class LeasedError(RuntimeError):
    """Somebody else holds the lease; the text says who."""


@dataclass(frozen=True)
class Lease:
    """A lease that was taken."""

    folder: Path
    number: int
    token: str

    @property
    def path(self) -> Path:
        """Its file."""
        return self.folder / f"{self.number}.json"

    def renew(self) -> bool:
        """Say that the holder lives; False where another took the lease over."""
        if not self.ours():
            return False
        with suppress(OSError):  # a disk that is full for a minute loses nobody the lease
            os.utime(self.path)
        return True

    def ours(self) -> bool:
        """Whether nobody took the lease over."""
        return (
            max(_numbers(self.folder), default=0) == self.number
            and _read(self.path).get("token") == self.token
        )

    def free(self) -> None:
        """Give it back; the file stays, for numbers are not used again.

        On a full disk it is written over where it stands, which takes no room: this process may live on.
        """
        if not self.ours():
            return
        plain = {"number": self.number, "free": True}
        draft = self.folder / f".draft.{self.token}"
        try:
            _write(draft, plain)
            draft.replace(self.path)
        except OSError:
            with self.path.open("r+b") as file:
                file.write(json.dumps(plain).encode().ljust(self.path.stat().st_size))
        finally:
            draft.unlink(missing_ok=True)


@dataclass(frozen=True)
class Standing:
    """The lease that counts now.

    Attributes
    ----------
    age : float
        Seconds since it was made or renewed, by the folder's clock.
    """

    number: int
    free: bool
    holder: Process | None
    age: float

    def stale(self, me: Process, after: float = STALE) -> bool:
        """Whether its holder is gone: seen from here, or silent for too long."""
        alive = lives(self.holder, me) if self.holder else None
        return self.age > after if alive is None else not alive

    @property
    def who(self) -> str:
        """Name the holder."""
        return f"process {self.holder.pid} on {self.holder.host}" if self.holder else "an unknown process"


def take(folder: Path, me: Process, *, stale: float = STALE) -> Lease:
    """Take the lease, from a holder that is gone if need be.

    Raises
    ------
    LeasedError
        If somebody holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = standing(folder)
    if before and not before.free and not before.stale(me, stale):
        raise LeasedError(before.who)
    lease = Lease(folder, before.number + 1 if before else 1, uuid.uuid4().hex)
    try:
        _make(lease, me)
    except (FileExistsError, FileNotFoundError):  # made by another, or our draft swept by the new holder
        raise LeasedError(_others(folder)) from None
    if max(_numbers(folder)) != lease.number:  # we were slow: numbers went on meanwhile
        lease.path.unlink(missing_ok=True)
        raise LeasedError(_others(folder))
    _sweep(lease)
    return lease


def standing(folder: Path) -> Standing | None:
    """Return the lease that counts, None where there never was one; reading changes nothing that counts."""
    number = max(_numbers(folder), default=0)
    if not number:
        return None
    path = folder / f"{number}.json"
    plain = _read(path)
    if plain.get("free") is True:
        return Standing(number, True, None, 0.0)
    try:
        age = folder_clock(folder) - path.stat().st_mtime
    except OSError:
        age = 0.0  # nobody can take what cannot be written
    return Standing(number, False, known(plain.get("holder")), age)


def folder_clock(folder: Path) -> float:
    """Return the time by the clock of the file system that holds a folder, in seconds."""
    path = folder / f".clock.{uuid.uuid4().hex}"
    try:
        path.write_bytes(b"")
        return path.stat().st_mtime
    finally:
        path.unlink(missing_ok=True)


def _make(lease: Lease, me: Process) -> None:
    """Make the lease's file, whole or not at all, and only if it is not there."""
    text = {"number": lease.number, "token": lease.token, "holder": me.plain()}
    draft = lease.folder / f".draft.{lease.token}"
    try:
        _write(draft, text)
        os.link(draft, lease.path)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        with lease.path.open("x", encoding="utf-8") as file:  # no links here: whole but for a power cut
            json.dump(text, file)
    finally:
        draft.unlink(missing_ok=True)


def _write(draft: Path, plain: dict[str, Any]) -> None:
    with draft.open("w", encoding="utf-8") as file:
        json.dump(plain, file)  # torn by a power cut it says nothing, and is stale after a while


def _sweep(lease: Lease) -> None:
    """Remove earlier leases, and what contenders left that were killed."""
    for path in lease.folder.iterdir():
        if path != lease.path:
            with suppress(OSError):
                path.unlink()


def _others(folder: Path) -> str:
    now = standing(folder)
    return now.who if now and not now.free else "another process"


def _numbers(folder: Path) -> list[int]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are all that is asked
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [int(name[:-5]) for name in names if name.endswith(".json") and name[:-5].isdecimal()]


def _read(path: Path) -> dict[str, Any]:
    """Read a lease; what is torn says nothing, and only its age counts."""
    try:
        plain = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return plain if isinstance(plain, dict) else {}
