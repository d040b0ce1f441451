"""The attempt's own process: it runs one command and says, as its last act, how that ended.

``python -m toolkit.schedule.attempt STAGING`` reads ``attempt.json`` there, becomes findable
(``process.json``), runs the command in this very process and writes ``exit.json``. Whoever finds that
may rely on all else in the folder being whole, though the tick that asked for it may be long gone.

Imports the standard library only, until the command itself is imported.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

from toolkit.schedule.process import this

ABOUT, PROCESS, EXIT, LOG = "attempt.json", "process.json", "exit.json", "log.txt"
SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG in linux/prctl.h
ORPHAN = 130  # the exit of an attempt whose tick was gone before it began
GRACE = 120  # seconds past the limit after which an attempt that nobody watches ends itself


def main() -> int:
    """Run the attempt in the folder named on the command line."""
    return attend(Path(sys.argv[1]), _toolkit)


def attend(staging: Path, call: Callable[[Mapping[str, Any]], int]) -> int:
    """Run one attempt and leave its exit code behind.

    Parameters
    ----------
    call : callable
        What does the work: takes the content of ``attempt.json``, returns the exit code.
    """
    if hasattr(signal, "pthread_sigmask"):  # the tick was deaf while it started us
        signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
    about = json.loads((staging / ABOUT).read_bytes())
    if about["bound"]:
        _die_with_parent()
        if os.getppid() != about["parent"]:
            return ORPHAN  # nobody waits for it any more, and the next tick will try again
    for handle in about["handles"]:
        os.set_inheritable(handle, False)  # the lock is this process's, and no child's of it
    _own_limit(about["timeout"])
    _write(staging / PROCESS, this(about["host"]).plain())
    code = call(about)
    with suppress(ValueError):  # it is done; being told to stop now must not lose that
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _write(staging / EXIT, {"exit": code, "ended": datetime.now(UTC).replace(microsecond=0).isoformat()})
    return code


def _toolkit(about: Mapping[str, Any]) -> int:
    """Run the command as the command line does, from above this floor: by name, as ``-m toolkit`` would."""
    sys.argv = list(about["typed"])  # what the run document tells a reader to type
    exits, cli = import_module("toolkit.cli.exits"), import_module("toolkit.cli")
    arguments = list(about["arguments"])
    code: int = exits.guarded(lambda: cli.command.main(arguments, prog_name="toolkit", standalone_mode=False))
    return code


def _die_with_parent() -> None:
    """Have Linux terminate this process when its tick is gone; elsewhere the lock says that it lives."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGTERM, 0, 0, 0)


def _own_limit(timeout: float) -> None:
    """End some time after the limit whatever happens, where an orphan could go on for ever."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, timeout + GRACE)


def _write(path: Path, plain: Mapping[str, Any]) -> None:
    """Write a file whole or not at all, and make it last."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(plain, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    with suppress(OSError, AttributeError):  # the name as well as the content, where folders can be synced
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


if __name__ == "__main__":
    sys.exit(main())
