"""Which process this is, in words by which another process can tell whether it still lives.

Imports the standard library only: the attempt reads this before anything else is there.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

BOOT = Path("/proc/sys/kernel/random/boot_id")
SPACE = Path("/proc/self/ns/pid")
START = 19  # field 22 of /proc/<pid>/stat (proc(5)), counted from the third, the first after the name
GONE = ("Z", "X")  # a zombie does nothing any more


@dataclass(frozen=True)
class Process:
    """A process, on which machine since which start.

    Attributes
    ----------
    host, boot, space : str
        The machine's name, its boot and the space of process numbers (Linux; "" elsewhere). Only where all
        three agree does a process number mean the same process: two containers may share name and boot.
    started : str
        The start in clock ticks since the boot (Linux; "" elsewhere), because numbers are used again.
    """

    host: str
    boot: str
    space: str
    pid: int
    started: str

    def plain(self) -> dict[str, Any]:
        """Return it as plain data."""
        return asdict(self)


def this(host: str | None = None) -> Process:
    """Return this process; another name of the machine is for rehearsals of two machines in one."""
    name, boot, space = _machine()
    pid = os.getpid()
    if host not in (None, name):
        name, boot = str(host), f"{boot} as {host}"
    return Process(name, boot, space, pid, _started(pid))


def known(plain: Any) -> Process | None:
    """Read a process from plain data; None where it is none."""
    if not isinstance(plain, Mapping):
        return None
    try:
        return Process(
            str(plain["host"]),
            str(plain["boot"]),
            str(plain["space"]),
            int(plain["pid"]),
            str(plain["started"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def lives(other: Process, me: Process | None = None) -> bool | None:
    """Tell whether a process still lives; None where that cannot be seen from here."""
    me = me or this()
    if (other.host, other.boot, other.space) != (me.host, me.boot, me.space):
        return None
    try:
        os.kill(other.pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        pass
    fields = _fields(other.pid)
    if fields is None:
        return not BOOT.exists()  # with /proc, no entry means gone; without it the number is all there is
    return fields[0] not in GONE and (not other.started or fields[START] == other.started)


@lru_cache(maxsize=1)
def _machine() -> tuple[str, str, str]:
    try:
        boot = BOOT.read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    try:
        space = str(SPACE.readlink())
    except OSError:
        space = ""
    return socket.gethostname(), boot, space


def _started(pid: int) -> str:
    fields = _fields(pid)
    return fields[START] if fields else ""


def _fields(pid: int) -> list[str] | None:
    """Return what /proc says of a process from its state on; its name may hold spaces and brackets."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes().decode("ascii", "replace")
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return fields if len(fields) > START else None
