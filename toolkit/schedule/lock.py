"""One tick at a time: a lock of the file system, and a lease for machines that such a lock does not reach.

The lock is handed on to the attempt's process, so that an attempt whose tick was killed keeps the folder
locked for as long as it lives, and the system lets go of it however everybody ends.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolkit.records import BadInputError
from toolkit.schedule import lease as leases
from toolkit.schedule.process import Process, lives, this

fcntl: Any = None
with suppress(ImportError):  # Windows has no flock: there the lease alone holds
    import fcntl

BUSY = {errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES}


class HeldError(RuntimeError):
    """Another tick holds the state folder; the text says who."""


class LostError(RuntimeError):
    """The lease was taken over while this machine slept: whatever is still to be done, another does it."""


@dataclass(frozen=True)
class Held:
    """The state folder, held.

    Attributes
    ----------
    handle : int or None
        The open lock, for the attempt to inherit.
    """

    handle: int | None
    lease: leases.Lease
    me: Process

    def renew(self) -> None:
        """Say that we live.

        Raises
        ------
        LostError
            If another machine took over.
        """
        if not self.lease.renew():
            raise LostError("another machine took the folder over; it goes on with what is due")


@contextmanager
def held(
    home: Path, *, me: Process | None = None, flock: bool = True, stale: float = leases.STALE
) -> Iterator[Held]:
    """Hold a state folder.

    Parameters
    ----------
    me : Process, optional
        Who we are; another identity is for rehearsals.
    flock : bool
        Whether to ask the file system for a lock; without it the lease alone must do.
    stale : float
        Seconds without renewal after which the lease of another machine counts no more.

    Raises
    ------
    HeldError
        If another holds it; said at once, for the next tick comes soon.
    BadInputError
        If a file stands where the state folder should.
    """
    me = me or this()
    handle = _locked(home) if flock and fcntl else None
    try:
        try:
            taken = leases.take(home / "leases", me, stale=stale)
        except leases.LeasedError as error:
            raise HeldError(str(error)) from None
        try:
            yield Held(handle, taken, me)
        finally:
            with suppress(OSError):  # on a full disk it goes stale by itself: its process is gone
                taken.free()
    finally:
        if handle is not None:
            os.close(handle)


def holder(home: Path, me: Process | None = None) -> str | None:
    """Say who holds a state folder, None where nobody does; takes nothing and waits for nothing."""
    now = leases.standing(home / "leases")
    return now.who if now and not now.free and not now.stale(me or this()) else None


def _locked(home: Path) -> int | None:
    """Open the lock and hold it; None where the file system knows no locks."""
    try:
        home.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError) as error:
        file = next(place for place in (home, *home.parents) if place.exists())
        raise BadInputError(
            f"{file} is a file, and {home} would hold what the schedule knows; move it away, or name another "
            "folder with --root"
        ) from error
    handle = os.open(home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        if error.errno not in BUSY:
            return None
        raise HeldError(_who(home)) from None
    return handle


def _who(home: Path) -> str:
    """Say who keeps the lock: the holder of the lease, or what a killed one left running."""
    now = leases.standing(home / "leases")
    if now is None or now.free:
        return "another process"
    left = now.holder is not None and lives(now.holder) is False
    return f"what {now.who} left running" if left else now.who
