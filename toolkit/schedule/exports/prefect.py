"""A flow for Prefect 3 that serves itself on the job's schedule.

Imported under Prefect 3.9.1 (Python 3.11) on 2026-11-25, by hand: ``to_deployment`` gave one CronSchedule
with the job's expression and zone (``day_or`` True, cron's own rule), a concurrency limit of 1 and
CANCEL_NEW. The flow was called with stand-in commands: exit 0 completed, exit 1 failed after one call, exit
3 after three. It was not served. Prefect is no dependency of the toolkit or its tests, which only compile
the file.
"""

from __future__ import annotations

from toolkit.schedule.exports.airflow import module_name
from toolkit.schedule.exports.asked import FINAL, MARK, Asked
from toolkit.schedule.exports.literal import string, strings

FLOW = '''\
"""{mark} for Prefect: run this file, and it serves the flow on its schedule until it is stopped.

Prefect plans runs ahead. While this process is away they become late, and all of them start when it is
back: the first reports on the latest instant, and the others find nothing due.
A concurrency limit of one, and CANCEL_NEW, keep a second run from starting beside the first.
The schedule carries its time zone; without one Prefect means UTC. A full hour is crowded: an odd minute is
quieter.
"""

from __future__ import annotations

import subprocess

from prefect import flow, task
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.schedules import Cron

COMMAND = {command}
FOLDER = {folder}
# 1 gate failed, 2 bad input, 4 nothing evaluated, 5 untrusted model, 70 a bug: trying again would change
# nothing.
FINAL = {final}
SCHEDULE = Cron({cron}, timezone={zone})
ONE = ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)


@task(retries={retries}, retry_delay_seconds={pauses}, log_prints=True)
def report() -> int:
    with subprocess.Popen(
        COMMAND, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            for line in process.stdout or ():
                print(line, end="")
        except BaseException:  # a cancelled run: the toolkit ends its own children
            process.terminate()
            raise
    if process.returncode and process.returncode not in FINAL:
        raise RuntimeError(f"toolkit ended with {{process.returncode}}; it may pass another time")
    return process.returncode


@flow(name={name})
def toolkit_report() -> None:
    code = report()
    if code:
        raise RuntimeError(f"toolkit ended with {{code}}; see the lines above")


if __name__ == "__main__":
    toolkit_report.serve(name={name}, schedule=SCHEDULE, global_limit=ONE, limit=1)
'''


def export(asked: Asked) -> dict[str, str]:
    """Write ``toolkit_NAME.py``."""
    job = asked.job
    cron = asked.plain()
    text = FLOW.format(
        mark=MARK,
        command=strings(asked.words),
        folder=string(str(asked.folder)),
        final=FINAL,
        cron=string(cron),
        zone=string(job.timezone),
        retries=job.retries,
        pauses=[job.backoff * 2**number for number in range(job.retries)],
        name=string(f"toolkit-{job.name}"),
    )
    return {f"{module_name(job.name)}_flow.py": text}
