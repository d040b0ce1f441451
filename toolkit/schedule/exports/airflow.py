"""A DAG for Airflow 3.

Imported under Airflow 3.3.2 (Python 3.11) on 2026-11-25 through its DagBag, by hand: no import error, one
DAG, its timetable a CronTriggerTimetable with the job's expression and zone, catchup False, max_active_runs
1, and the task's retries, pause and time limit as written here. ``airflow dags test`` with stand-in
commands: exit 0 was a success, exit 1 failed at once and was not tried again. No scheduler ran it. Airflow
is no dependency of the toolkit or its tests, which only compile the file.
"""

from __future__ import annotations

from toolkit.schedule.exports.asked import FINAL, MARK, Asked
from toolkit.schedule.exports.literal import string, strings

DAG = '''\
"""{mark} for Airflow: a DAG for the dags folder.

catchup=False: after a pause the latest instant alone is made up, by the scheduler, once.
max_active_runs=1: a run that is still going on is not overtaken; the toolkit has a lock of its own besides.
CronTriggerTimetable runs *at* the instant, in the time zone given; a bare cron string means one thing in
Airflow 2 and another in Airflow 3.
A full hour is when everybody's DAGs start: an odd minute is quieter.
The worker needs the project's folder, at the same path, and the toolkit; its shell environment is not yours.
"""

from __future__ import annotations

import subprocess
from datetime import timedelta

import pendulum
from airflow.sdk import dag, task
from airflow.sdk.exceptions import AirflowFailException
from airflow.timetables.trigger import CronTriggerTimetable

COMMAND = {command}
FOLDER = {folder}
# 1 gate failed, 2 bad input, 4 nothing evaluated, 5 untrusted model, 70 a bug: trying again would change
# nothing.
FINAL = {final}


@dag(
    dag_id={dag_id},
    schedule=CronTriggerTimetable({cron}, timezone={zone}),
    start_date=pendulum.datetime(2026, 1, 1, tz={zone}),
    catchup=False,
    max_active_runs=1,
    tags=["toolkit"],
)
def toolkit_report() -> None:
    @task(
        retries={retries},
        retry_delay=timedelta(seconds={pause}),
        execution_timeout=timedelta(seconds={limit}),
    )
    def report() -> None:
        with subprocess.Popen(
            COMMAND, cwd=FOLDER, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:
            try:
                for line in process.stdout or ():
                    print(line, end="")
            except BaseException:  # the time limit: the toolkit ends its own children
                process.terminate()
                raise
        if process.returncode in FINAL:
            raise AirflowFailException(f"toolkit ended with {{process.returncode}}; see the lines above")
        if process.returncode:
            raise RuntimeError(f"toolkit ended with {{process.returncode}}; it may pass another time")

    report()


toolkit_report()
'''


def export(asked: Asked) -> dict[str, str]:
    """Write ``toolkit_NAME.py`` for the dags folder."""
    job = asked.job
    cron = asked.plain()
    text = DAG.format(
        mark=MARK,
        command=strings(asked.words),
        folder=string(str(asked.folder)),
        final=FINAL,
        dag_id=string(f"toolkit-{job.name}"),
        cron=string(cron),
        zone=string(job.timezone),
        retries=job.retries,
        pause=asked.pause,
        limit=job.timeout + 300,
    )
    return {f"{module_name(job.name)}.py": text}


def module_name(name: str) -> str:
    """Return a file name that Python can import."""
    return "toolkit_" + name.replace("-", "_").replace(".", "_")
