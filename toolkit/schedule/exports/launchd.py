"""A launch agent for macOS: a property list for ``~/Library/LaunchAgents``.

Source: launchd.plist(5). Where ``Day`` and ``Weekday`` stand in one dictionary its readers disagree whether
both must fit or either, so no dictionary written here holds both: cron's "or" is two lists of dictionaries,
and where both must fit the job is refused. Written and read back by plistlib; no Mac was at hand.
"""

from __future__ import annotations

import plistlib
from itertools import product

from toolkit.schedule.exports.asked import ELSEWHERE, MARK, Asked, laid_out
from toolkit.schedule.exports.expression import Expression

MOST = 500
ABOUT = f"""\
{MARK} for launchd. Put it into ~/Library/LaunchAgents, then:
  launchctl bootstrap gui/$(id -u) ~/Library/LaunchAgents/{{label}}.plist

Time zone: the Mac's own ({{zone}}); launchd knows no other.

Catch-up: instants slept through become one start upon waking. Instants that passed while the Mac was off,
or while the user was logged out, are lost to launchd{{again}}

Overlap: launchd starts no second one while the first still runs. Another job of the same folder that is due
meanwhile waits for its next instant: give each job minutes of its own.

Second tries: none. What failed in passing is tried at the next instant.

Privacy: macOS may keep what launchd starts out of Desktop, Documents and Downloads. Keep the project
elsewhere.

Environment: none of your shell's, so every path is absolute. No mail; what is said goes to the log below.
"""
AGAIN = """: RunAtLoad asks for them at the next login.
The first load therefore runs the job once, if it never ran."""


def export(asked: Asked) -> dict[str, str]:
    """Write LABEL.plist."""
    asked.absolute_command()
    asked.machine_zone_only()
    try:
        intervals = calendar(asked.expression)
    except ValueError as error:
        asked.refuse(str(error), ELSEWHERE)
    label = f"toolkit.schedule.{asked.job.name}"
    log = str(asked.folder / f"toolkit-{asked.job.name}.log")
    agent = {
        "Label": label,
        "ProgramArguments": list(asked.words),
        "WorkingDirectory": str(asked.folder),
        "StartCalendarInterval": intervals,
        "RunAtLoad": asked.job.catch_up,
        "ProcessType": "Background",
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    text = plistlib.dumps(agent, sort_keys=False).decode("utf-8")
    about = ABOUT.format(label=label, zone=asked.zone, again=AGAIN if asked.job.catch_up else ".")
    head, doctype, rest = text.split("\n", 2)
    comment = "\n".join(laid_out(about)).replace("--", "- -")  # two hyphens would end an XML comment
    return {f"{label}.plist": f"{head}\n{doctype}\n<!--\n{comment}\n-->\n{rest}"}


def calendar(expression: Expression) -> list[dict[str, int]]:
    """Return the dictionaries of ``StartCalendarInterval``; a key that is left out fits every value.

    Raises
    ------
    ValueError
        If launchd cannot say it, or only in more than `MOST` dictionaries.
    """
    if expression.extended:
        raise ValueError(
            f"launchd knows nothing like {expression.extended!r} in {' '.join(expression.fields)!r}"
        )
    if expression.rule == "both":
        raise ValueError(
            f"in {' '.join(expression.fields)!r} a day must fit both day fields, one of which has a star"
        )
    shared = {
        "Month": expression.months if len(expression.months) < 12 else (),
        "Hour": expression.hours if len(expression.hours) < 24 else (),
        "Minute": expression.minutes if len(expression.minutes) < 60 else (),
    }
    days: list[dict[str, tuple[int, ...]]] = []
    if expression.rule in {"day", "either"}:
        days.append({"Day": expression.days})
    if expression.rule in {"weekday", "either"}:
        days.append({"Weekday": expression.weekdays})
    found: list[dict[str, int]] = []
    for day in days or [{}]:
        fixed = {key: values for key, values in {**shared, **day}.items() if values}
        found += [dict(zip(fixed, values, strict=True)) for values in product(*fixed.values())]
    if len(found) > MOST:
        raise ValueError(
            f"it would take {len(found)} dictionaries of StartCalendarInterval, more than {MOST}"
        )
    return found
