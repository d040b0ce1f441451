"""Lines for a user's crontab.

Checked by the parser of Debian's cron (``crontab -n FILE``, cron 3.0pl1-162), which has no ``CRON_TZ``:
that is cronie's, so a job in another zone than the machine's is refused. That daemon itself ran such lines
by hand on 2026-11-25, in folders with spaces, quotes, percent, dollar and hash signs, semicolons and other
scripts.
"""

from __future__ import annotations

import shlex

from toolkit.schedule.exports.asked import ELSEWHERE, MARK, Asked, commented

LONGEST = 990  # Debian's cron cuts a command at 1000 characters
ABOUT = f"""\
{MARK} for cron: lines for a user's crontab (crontab -e), not for /etc/cron.d, where a user's name
would stand before the command. `toolkit schedule install` writes one line for all jobs instead.

Time zone: the machine's own ({{zone}}). CRON_TZ is cronie's; Debian's cron does not know it.

Environment: none. HOME and SHELL=/bin/sh are all there is, so every path is absolute.

A percent sign would end the command: it is written \\%.

Mail: none. What is said goes to a file, of the last call only; the runs themselves are in the history.

Overlap: cron starts a second one without asking; the toolkit has a lock of its own and lets the first go on.
That lock is for all jobs of the folder: what is due meanwhile waits for its next instant, so give each job
minutes of its own.

Second tries: none. What failed in passing is tried at the next instant; the line that `toolkit schedule
install` writes tries again by itself.
"""
CATCH_UP = """\
cron makes up nothing that it missed: this line asks once, when cron starts (and runs a job that never ran).
"""
NO_CATCH_UP = """\
cron makes up nothing that it missed, and this job is not to be caught up.
"""
FULL_HOUR = """\
A full hour is when everybody's jobs start; an odd minute, such as 17, is quieter.
"""


def export(asked: Asked) -> dict[str, str]:
    """Write a fragment of a crontab."""
    asked.absolute_command()
    asked.machine_zone_only()
    try:
        when = asked.expression.crontab()
    except ValueError as error:
        asked.refuse(str(error), ELSEWHERE)
    command = line(asked)
    parts = [commented(ABOUT.format(zone=asked.zone))]
    if asked.expression.minutes == (0,):
        parts.append(commented(FULL_HOUR))
    parts.append(f"{when} {command}\n")
    if asked.job.catch_up:
        parts.append(commented(CATCH_UP) + f"@reboot {command}\n")
    else:
        parts.append(commented(NO_CATCH_UP))
    return {f"toolkit-{asked.job.name}.crontab": "".join(parts)}


def line(asked: Asked) -> str:
    """Return the command as it stands in a crontab."""
    state = shlex.quote(str(asked.root / ".toolkit"))
    log = shlex.quote(str(asked.root / ".toolkit" / f"cron-{asked.job.name}.log"))
    whole = f"mkdir -p {state} && cd {shlex.quote(str(asked.folder))} && {asked.shell} >{log} 2>&1"
    if "\\" in whole:
        # Some crons take one of two backslashes away, some do not: nothing written here would be right for
        # all.
        asked.refuse("a path in its command holds a backslash", "rename the folder, or export to systemd")
    escaped = whole.replace("%", "\\%")
    if len(escaped) > LONGEST:
        asked.refuse(
            f"its command has {len(escaped)} characters, and cron cuts a command at 1000",
            "move the project to a shorter path, or export to systemd",
        )
    return escaped
