"""A systemd user timer and the service it starts.

Checked offline by ``systemd-analyze verify`` (system mode) and, for the instants, ``systemd-analyze
calendar``. A live user manager was not at hand where this was written: that the timer really elapses was
never seen.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.schedule.exports.asked import ELSEWHERE, FINAL, MARK, Asked, commented
from toolkit.schedule.exports.oncalendar import lines

SERVICE = """\
{about}
[Unit]
Description=toolkit report {name}
{bound}
[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={command}
# The toolkit has a time limit of its own ({timeout} s an attempt); this one is for a toolkit that hangs.
TimeoutStartSec={limit}
# No mail is sent; journalctl --user -u {unit} shows what was said, systemctl --user --failed what failed.
StandardOutput=journal
StandardError=journal
{again}"""
AGAIN = """\
# 1 gate failed, 2 bad input, 4 nothing evaluated, 5 untrusted model, 70 a bug: trying again would change
# nothing.
Restart=on-failure
RestartSec={pause}
RestartPreventExitStatus={final}
"""
NOT_AGAIN = """\
# Not started again after a failure: the next instant, or run-due, takes up an attempt that may pass.
Restart=no
"""
TIMER = """\
{about}
[Unit]
Description=toolkit report {name}: {cron}

[Timer]
{calendar}
# true: instants missed while the machine was off become one start, at the next chance.
Persistent={persistent}
# The minute is as good as systemd promises; it may start this much later, to wake the machine less often.
AccuracySec=1min
{jitter}Unit={unit}.service

[Install]
WantedBy=timers.target
"""
ABOUT = f"""\
{MARK} for systemd.
Put both files into ~/.config/systemd/user, then:
  systemctl --user daemon-reload && systemctl --user enable --now {{unit}}.timer

A user's timers run while the user is logged in; to run them always: loginctl enable-linger
"""
CALENDAR = """\
cron = {cron}, in {zone}. cron joins two restricted day fields by "or", systemd by "and": hence a line for
each.

At a change of summer time systemd passes over an instant that does not exist and takes one that comes twice
once. cron, and the toolkit, mean the end of the gap, but nobody asks then: choose a time outside the small
hours.
"""


def export(asked: Asked) -> dict[str, str]:
    """Write NAME.service and NAME.timer for ``~/.config/systemd/user``."""
    asked.absolute_command()
    job = asked.job
    unit = f"toolkit-{job.name}"
    try:
        events = lines(asked.expression, job.timezone)
    except ValueError as error:
        asked.refuse(str(error), ELSEWHERE)
    about = commented(ABOUT.format(unit=unit))
    limit = job.timeout + 300
    again, bound = _again(asked, limit)
    service = SERVICE.format(
        about=about,
        name=job.name,
        unit=unit,
        bound=bound,
        folder=_path(asked),
        command=exec_start(asked.words),
        timeout=job.timeout,
        limit=limit,
        again=again,
    )
    calendar = commented(CALENDAR.format(cron=job.cron, zone=job.timezone)) + "\n".join(
        f"OnCalendar={event}" for event in events
    )
    jitter = f"RandomizedDelaySec={job.jitter}\nFixedRandomDelay=true\n" if job.jitter else ""
    timer = TIMER.format(
        about=about,
        name=job.name,
        unit=unit,
        cron=job.cron.replace("%", "%%"),
        calendar=calendar,
        persistent="true" if job.catch_up else "false",
        jitter=jitter,
    )
    return {f"{unit}.service": service, f"{unit}.timer": timer}


def _again(asked: Asked, limit: int) -> tuple[str, str]:
    """Return how a failed attempt is tried again, and the bound on that.

    systemd counts every start within a window, those of the timer too. Where the next instant may come
    before all tries are over, such a bound would stop the timer itself, so that instant is the next try.
    """
    retries = asked.job.retries
    window = (retries + 1) * (limit + asked.pause)
    if not retries or window >= asked.expression.shortest().total_seconds():
        return NOT_AGAIN, ""
    return (
        AGAIN.format(pause=asked.pause, final=" ".join(map(str, FINAL))),
        f"StartLimitIntervalSec={window}\nStartLimitBurst={retries + 1}\n",
    )


def quoted(word: str) -> str:
    r"""Return one argument of ``ExecStart=``: ``%`` and ``$`` doubled, quotes and backslashes escaped."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"'


def exec_start(words: Sequence[str]) -> str:
    """Return the value of ``ExecStart=``.

    systemd expands ``%`` in the program's path, but no variable (a dollar stays single), and refuses quotes
    and backslashes in it; a shell then starts it, handed the path as an argument.
    """
    program, *arguments = words
    start = quoted(program).replace("$$", "$")
    if set(program) & set("\"'\\"):
        start = " ".join(("/bin/sh -c", quoted('exec "$0" "$@"'), quoted(program)))
    return " ".join((start, *(quoted(word) for word in arguments)))


def _path(asked: Asked) -> str:
    return working_directory(asked.folder) or asked.refuse(
        f"a unit file cannot hold the folder {str(asked.folder)!r}, with its space or backslash at an end",
        "rename the folder",
    )


def working_directory(folder: Path) -> str:
    """Return a folder for ``WorkingDirectory=``, or nothing where it cannot be said.

    The setting knows no quotes: the rest of the line is the path, and a backslash at its end joins the next
    line.
    """
    text = str(folder)
    return "" if text != text.strip() or text.endswith("\\") else text.replace("%", "%%")
