"""A job for ``.gitlab-ci.yml``; the schedule itself is no part of that file.

Facts, looked up: pipeline schedules are made in the project's settings, by the API or by ``glab schedule
create`` (flags --cron, --cronTimeZone, --description, --ref, --variable); ``retry:max`` is at most 2;
``resource_group`` lets one job of a name run at a time. Checked by check-jsonschema's copy of the CI
schema; never run on a GitLab.
"""

from __future__ import annotations

import shlex

from toolkit.schedule.exports.asked import MARK, Asked, commented
from toolkit.schedule.exports.literal import string, strings

IMAGE = "python:3.11-slim"
ABOUT = f"""\
{MARK} for GitLab. Put this file into the repository and name it in .gitlab-ci.yml:
  include: {{file}}

The schedule is no part of it. Make it once:
  {{glab}}

The pipeline that it starts has your other jobs too, but for those whose rules leave schedules out.

Time zone: read from the schedule ({{zone}}). GitLab looks for due schedules every few minutes only, so a
run may come later than its minute; a full hour is crowded. What was missed is not made up; the next run
reports on the latest instant. A schedule belongs to a person, runs with that person's rights, and stops
when the person is blocked.
"""
JOB = """\
{about}
{title}:
  image: {image}
  rules:
    - if: {scheduled}
    - if: {by_hand}
  # One run at a time; a second one waits.
  resource_group: {group}
  interruptible: false
  timeout: {minutes} minutes
{retry}\
  # A runner starts empty: the history travels in a cache, which a runner's administrator may empty at any
  # time. Several runners share one only where it is set up as distributed.
  cache:
    key: {group}
    paths: {state}
    when: always
  script:
    - {install}
    - {enter}
    - {command}
  artifacts:
    when: always
    paths: {reports}
"""
RETRY = """\
  # 1 gate failed, 2 bad input, 4 nothing evaluated, 5 untrusted model, 70 a bug: those are not tried again.
  retry:
    max: {most}
    exit_codes: [3, 137, 143]
"""


def export(asked: Asked) -> dict[str, str]:
    """Write ``toolkit-NAME.gitlab-ci.yml``."""
    job, name = asked.job, asked.job.name
    cron = asked.plain()
    file = f"toolkit-{name}.gitlab-ci.yml"
    create = ("glab", "schedule", "create", "--description", f"toolkit {name}", "--ref", "main")
    when = ("--cron", cron, "--cronTimeZone", job.timezone, "--variable", f"TOOLKIT_JOB:{name}")
    glab = shlex.join((*create, *when))
    asks = '$CI_PIPELINE_SOURCE == "{}" && $TOOLKIT_JOB == "{}"'
    due = 'if [ "$CI_PIPELINE_SOURCE" = schedule ]; then set -- --if-due; else set --; fi; '
    text = JOB.format(
        about=commented(ABOUT.format(file=file, glab=glab, zone=job.timezone)),
        title=string(f"toolkit {name}"),
        image=string(asked.image or IMAGE),
        scheduled=string(asks.format("schedule", name)),
        by_hand=string(asks.format("web", name)),
        group=string(f"toolkit-{name}"),
        minutes=max(1, -(-job.timeout // 60)) + 15,
        retry=RETRY.format(most=min(job.retries, 2)) if job.retries else "",
        state=strings([asked.within(asked.root / ".toolkit") + "/"]),
        install=string(asked.install),
        enter=string(f"cd {shlex.quote(asked.within(asked.folder))}"),
        command=string(f'{due}{shlex.join(asked.words[:-1])} "$@"'),
        reports=strings([asked.within(asked.output) + "/"]),
    )
    return {file: text}
