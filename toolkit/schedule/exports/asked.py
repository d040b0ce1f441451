"""What an export is asked for: one job, one target, and the place where it will run."""

from __future__ import annotations

import os
import shlex
import unicodedata
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from textwrap import TextWrapper
from typing import TYPE_CHECKING, NoReturn

from toolkit.records import BadInputError
from toolkit.schedule.exports.expression import Expression

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Config, Job

MARK = "Written by `toolkit schedule export`"
ALIKE = {"Etc/UTC", "Etc/UCT", "UCT", "Universal", "Zulu", "Etc/Universal", "Etc/Zulu", "GMT", "Etc/GMT"}
FILLED = TextWrapper(100, break_on_hyphens=False, break_long_words=False)
FINAL = (1, 2, 4, 5, 70)  # exit codes that a second try would only repeat; 3 and signals may pass
HIDDEN = {"Cc", "Cs", "Zl", "Zp"}
ELSEWHERE = (
    "let the target call `toolkit schedule run-due` every ten minutes instead: it reads the expression itself"
)


def _released() -> str:
    try:
        return version("misconception-toolkit")
    except PackageNotFoundError:  # run from a folder that was never installed
        return ""


INSTALL = "python -m pip install misconception-toolkit" + (f"=={_released()}" if _released() else "")


class RefusedError(BadInputError):
    """A target cannot express a job; the message says why and what can be done instead."""


@dataclass(frozen=True)
class Asked:
    """One job for one target.

    Attributes
    ----------
    target, job, config
        What is to be written.
    command
        The words that call the toolkit there.
    zone
        The time zone of the machine that will run it.
    image, install
        Container image and install command, for the targets that need them.
    """

    target: str
    job: Job
    config: Config
    command: tuple[str, ...]
    zone: str
    image: str | None
    install: str

    def __post_init__(self) -> None:
        for word in (*self.command, str(self.folder), self.image or "", self.job.name):
            self._refuse_hidden(word)

    def _refuse_hidden(self, word: str) -> None:
        """Refuse what no file of a schedule can hold in one line: line breaks, controls, broken encodings."""
        for character in word:
            if unicodedata.category(character) in HIDDEN or ord(character) & 0xFFFE == 0xFFFE:
                self.refuse(
                    f"{word!a} holds the character U+{ord(character):04X}",
                    "rename the folder, or give a --command without it",
                )

    def refuse(self, why: str, way: str) -> NoReturn:
        """Raise the refusal: file, line, job, reason, way out."""
        raise RefusedError(
            f"{self.job.source}, line {self.job.line}: {self.target} cannot express job {self.job.name!r}: "
            f"{why}; {way}"
        )

    @cached_property
    def expression(self) -> Expression:
        """The job's cron expression, read."""
        return Expression.read(self.job.cron)

    def plain(self) -> str:
        """Return the cron expression in the grammar that all crons share, or refuse."""
        try:
            return self.expression.plain()
        except ValueError as error:
            self.refuse(str(error), f"write the days out so that one day field decides, or {ELSEWHERE}")

    @property
    def folder(self) -> Path:
        """The folder the command runs in, absolute: where the configuration file lies."""
        here = self.config.path.parent if self.config.path else Path.cwd()
        return Path(os.path.abspath(here))  # noqa: PTH100 - a link in the path is the user's own choice, kept

    @property
    def words(self) -> tuple[str, ...]:
        """The whole command: run what is due of this job."""
        return (*self.command, "schedule", "run", self.job.name, "--if-due")

    @property
    def shell(self) -> str:
        """The whole command, quoted for a POSIX shell."""
        return shlex.join(self.words)

    @property
    def pause(self) -> int:
        """Seconds before another try, for targets that know one pause: the longest that the toolkit waits.

        The toolkit doubles its own pause with every failure; a try that came before it would find nothing
        to do.
        """
        return self.job.backoff << max(self.job.retries - 1, 0)

    @property
    def root(self) -> Path:
        """The folder of reports, absolute."""
        return Path(os.path.abspath(self.folder / self.config.root))  # noqa: PTH100 - as above

    @property
    def output(self) -> Path:
        """The folder of this job's reports, absolute."""
        below = self.folder / self.job.output if self.job.output else self.root / self.job.name
        return Path(os.path.abspath(below))  # noqa: PTH100 - as above

    @cached_property
    def repository(self) -> Path:
        """The checkout that the configuration lies in, or its own folder where there is none."""
        for folder in (self.folder, *self.folder.parents):
            if (folder / ".git").exists():
                return folder
        return self.folder

    def within(self, path: Path) -> str:
        """Return a path relative to the checkout, for machines that have nothing else."""
        if not path.is_relative_to(self.repository):
            self.refuse(
                f"{path} lies outside the checkout {self.repository}, and the runner has only the checkout",
                "choose a root or an output below it",
            )
        return path.relative_to(self.repository).as_posix()

    def absolute_command(self) -> None:
        """Refuse a command that this machine's scheduler would not find."""
        if not Path(self.command[0]).is_absolute():
            self.refuse(
                f"it searches no PATH of yours, and the command {self.command[0]!r} is not absolute",
                'give an absolute one: --command "$(command -v toolkit)"',
            )

    def machine_zone_only(self) -> None:
        """Refuse a job in another zone than the machine's: the target reads no other clock."""
        ours, theirs = (("UTC" if z in ALIKE else z) for z in (self.zone, self.job.timezone))
        if ours != theirs:
            self.refuse(
                f"the job's time zone is {self.job.timezone}, the machine's is {self.zone}, and "
                f"{self.target} reads the machine's clock alone",
                f"set timezone = {self.zone!r} on the job, export it to systemd, or run "
                "`toolkit schedule install`, whose tick reads the zone itself",
            )


def machine_zone() -> str:
    """Return the IANA name of this machine's time zone, or UTC where it has none."""
    named = os.environ.get("TZ", "").removeprefix(":")
    if named and not named.startswith("/"):
        return named
    link = Path(named or "/etc/localtime")
    resolved = link.resolve().as_posix()
    if "/zoneinfo/" in resolved:
        return resolved.partition("/zoneinfo/")[2].removeprefix("posix/").removeprefix("right/")
    try:
        return Path("/etc/timezone").read_text(encoding="utf-8").strip() or "UTC"
    except OSError:
        return "UTC"


def commented(text: str) -> str:
    """Return text as comment lines."""
    return "".join(f"# {line}".rstrip() + "\n" for line in laid_out(text))


def laid_out(text: str) -> list[str]:
    """Return text as lines of one width: blank lines part paragraphs, an indented line stays as it is."""
    lines: list[str] = []
    for paragraph in text.strip().split("\n\n"):
        for indented, group in groupby(paragraph.splitlines(), key=lambda line: line.startswith(" ")):
            said = list(group)
            lines += said if indented else FILLED.wrap(" ".join(said))
    return lines
