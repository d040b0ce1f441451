"""The ids that a job's newest watching run has seen, kept in the state folder too.

They lie beside the run's report; but where only the state folder outlives the machine, as in the cache of a
CI runner, the next run could not go on from there.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from toolkit.history.instants import moment_of
from toolkit.history.writing import placed, staged
from toolkit.schedule.home import IDS, Home

SEEN = "watch.seen"  # what a run that watches by ids leaves beside its run.json
KEPT = 2  # of the newest runs: whose record is damaged may be gone back from


def keep(home: Home, job: str, run: str, report: Path) -> None:
    """Copy what a run left beside its report, whole or not at all; safe to repeat. Older ones go."""
    target = home.seen(job, run)
    if not (report / SEEN).is_file() or target.is_file():
        return
    with staged(target, (report / SEEN).read_bytes()) as part:
        placed(part, target)
    runs = sorted((p for p in target.parent.iterdir() if IDS.fullmatch(p.name)), key=_age, reverse=True)
    for old in runs[KEPT:]:
        old.unlink(missing_ok=True)


def lay(home: Home, job: str, run: str, report: Path | None, folder: Path) -> None:
    """Copy the ids of a run to where its document was laid, if there are any."""
    for source in ([report / SEEN] if report else []) + [home.seen(job, run)]:
        with suppress(FileNotFoundError, NotADirectoryError):
            shutil.copyfile(source, folder / SEEN)
            return


def _age(path: Path) -> tuple[object, str]:
    return moment_of(path.name), path.name
