"""One job, written for another scheduler: a module per target.

Every target calls ``toolkit schedule run NAME --if-due``, which reads the job's own schedule again: a
target that fires twice, late, or once too often runs nothing twice. What a target cannot express is
refused, never guessed.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from toolkit.schedule.exports.asked import INSTALL, Asked, machine_zone
from toolkit.schedule.exports.asked import RefusedError as RefusedError

if TYPE_CHECKING:
    from toolkit.schedule.jobs import Config, Job

TARGETS = {
    "systemd": "a user timer and its service (Linux)",
    "cron": "lines for a user's crontab",
    "launchd": "a launch agent (macOS)",
    "github": "a workflow of GitHub Actions",
    "gitlab": "a job for .gitlab-ci.yml, and the schedule to create beside it",
    "kubernetes": "a CronJob and the claim that keeps its state",
    "airflow": "a DAG",
    "prefect": "a flow that serves itself",
}
LOCAL = ("systemd", "cron", "launchd")  # these run on this machine, by absolute paths


def export(
    target: str,
    job: Job,
    *,
    config: Config,
    command: str | Sequence[str] = "toolkit",
    zone: str | None = None,
    image: str | None = None,
    install: str = INSTALL,
) -> dict[str, str]:
    """Write one job for one target.

    Parameters
    ----------
    target
        One of `TARGETS`.
    job
        The job to write.
    config
        The configuration the job comes from; its folder is where the command runs.
    command
        How the toolkit is called there: a word, or words. systemd, cron and launchd need an absolute path,
        because none of them searches the PATH of a login.
    zone
        The time zone of the machine that will run it (cron and launchd know no other); by default this
        machine's.
    image
        The container image (kubernetes, gitlab); by default a name to be replaced by the reader's own.
    install
        The shell command that installs the toolkit where there is none yet (github, gitlab).

    Returns
    -------
    dict of str to str
        File name to text.

    Raises
    ------
    RefusedError
        If the target cannot express the job; the message says why, and what can be done instead.
    """
    words = (command,) if isinstance(command, str) else tuple(command)
    asked = Asked(target, job, config, words, zone or machine_zone(), image, install)
    module = importlib.import_module(f"toolkit.schedule.exports.{target}")
    written: dict[str, str] = module.export(asked)
    return written
