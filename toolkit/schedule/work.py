"""What the steps of a tick share: the folder that is held, the history, the clock, what was done so far."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from toolkit.history import History
from toolkit.history.instants import iso
from toolkit.records import BadInputError
from toolkit.schedule.home import Home
from toolkit.schedule.jobs import Config, Job
from toolkit.schedule.lease import STALE
from toolkit.schedule.lock import Held, LostError
from toolkit.schedule.process import Process
from toolkit.schedule.result import TickResult
from toolkit.schedule.runner import Runner

ROOM = 64 * 2**20  # bytes; a check or an audit refuses to begin with less
LEFT_BEHIND = 900.0  # seconds


@dataclass(frozen=True)
class Terms:
    """Under which conditions a tick works; the defaults are for real life.

    Attributes
    ----------
    me : Process, optional
        Who we are; another identity is for rehearsals of two machines.
    flock : bool
        Whether a lock of the file system is asked for besides the lease.
    stale : float
        Seconds without renewal after which another machine's lease counts no more.
    room : int
        Bytes that must be free before an attempt begins.
    left_behind : float
        Seconds after which a draft in the history belongs to nobody.
    """

    me: Process | None = None
    flock: bool = True
    stale: float = STALE
    room: int = ROOM
    left_behind: float = LEFT_BEHIND


@dataclass(frozen=True)
class Work:
    """A tick at work.

    Attributes
    ----------
    complete : bool
        Whether all jobs of the configuration could be read; else one that is missing may only be misspelt.
    busy : set of str
        Jobs of which an attempt still runs that nobody watches.
    """

    config: Config
    home: Home
    history: History
    runner: Runner
    held: Held
    clock: Callable[[], datetime]
    terms: Terms
    result: TickResult
    complete: bool = True
    busy: set[str] = field(default_factory=set)

    @property
    def now(self) -> datetime:
        """The time on the wall."""
        return self.clock()

    @property
    def now_text(self) -> str:
        """The same, as a record has it."""
        return iso(self.now)

    def job(self, name: str) -> Job | None:
        """Return a job of the configuration, None where there is none of this name."""
        return next((job for job in self.config.jobs if job.name == name), None)

    def sure(self) -> None:
        """Make sure that the folder is still ours before something lasting is done.

        Raises
        ------
        LostError
            If another machine took it over.
        """
        self.held.renew()


@contextmanager
def told(work: Work, job: str) -> Iterator[None]:
    """Let a trouble of the disk or of the input of one job be told, and the others go on.

    Nothing is lost by it: every step that was not done is found undone by the next tick. A bug of ours is
    kept for whoever called the tick, who raises it when all is done.
    """
    try:
        yield
    except BadInputError as error:
        work.result.trouble(f"{job}: {error}", 2)
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        why = error.strerror or str(error)
        work.result.trouble(f"{job}: {why}{where}; nothing is lost, the next tick goes on from there", 3)
    except LostError:
        raise
    except Exception as error:
        work.result.trouble(f"{job}: a bug of ours, {type(error).__name__}: {error}", 70)
        work.result.bug = work.result.bug or error
