"""The tick as a systemd user timer: two files named after the configuration, so that projects coexist."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

from toolkit.records import BadInputError
from toolkit.schedule.exports.systemd import exec_start, working_directory
from toolkit.schedule.install import RELOAD, Call, Plan, Write, called, text_of

SERVICE = """\
# Written by `toolkit schedule install` for {config}
# `toolkit schedule uninstall` there takes it away.
[Unit]
Description=toolkit schedule: run what is due

[Service]
Type=oneshot
WorkingDirectory={folder}
ExecStart={command}
# A report may take hours; every job has a time limit of its own.
TimeoutStartSec=infinity
# No mail is sent; journalctl --user -u {unit} shows what was said.
StandardOutput=journal
StandardError=journal
"""
TIMER = """\
# Written by `toolkit schedule install` for {config}
# `toolkit schedule uninstall` there takes it away.
[Unit]
Description=toolkit schedule: every ten minutes

[Timer]
# Never at a full hour, when everything starts.
OnCalendar=*-*-* *:07,17,27,37,47,57:00
# A tick missed while the machine was off is made up at once; the toolkit then sees what was due.
Persistent=true
AccuracySec=1min
Unit={unit}.service

[Install]
WantedBy=timers.target
"""
LINGER = "A user's timers run while the user is logged in; to run them always: loginctl enable-linger"


def units(config: Path) -> tuple[Path, Path]:
    """Return the paths of the service and the timer of a configuration file."""
    name = f"toolkit-schedule-{hashlib.sha256(os.fsencode(config)).hexdigest()[:8]}"
    # A manager reads XDG_CONFIG_HOME of its own environment, which is nearly always unset or this one's.
    base = os.environ.get("XDG_CONFIG_HOME", "")
    folder = Path(base) if base.startswith("/") else Path.home() / ".config"
    home = folder / "systemd" / "user"
    return home / f"{name}.service", home / f"{name}.timer"


def plan(config: Path, command: Sequence[str]) -> Plan:
    """Plan the two files and the calls that make them count; nothing where all is there and enabled."""
    service, timer = units(config)
    folder = working_directory(config.parent)
    if not folder:
        raise BadInputError(
            f"{config}: a unit file cannot hold a folder with a space or a backslash at an end; rename it, "
            "or use --user crontab"
        )
    said = {"config": config, "unit": service.stem}
    wanted = {
        service: SERVICE.format(folder=folder, command=exec_start((*command, "schedule", "run-due")), **said),
        timer: TIMER.format(**said),
    }
    writes = [Write(path, text) for path, text in wanted.items() if text_of(path) != text]
    enabled = called(("systemctl", "--user", "is-enabled", timer.name)).returncode == 0
    active = called(("systemctl", "--user", "is-active", timer.name)).returncode == 0
    if not writes and enabled and active:
        return Plan("systemd", (), (LINGER,))
    start = Call(("systemctl", "--user", "enable", "--now", timer.name))
    # A timer that runs already goes on with its old text until it is started anew.
    again = (Call(("systemctl", "--user", "restart", timer.name)),) if writes and active else ()
    return Plan("systemd", (*writes, Call(RELOAD), start, *again), (LINGER,))


def plan_away(config: Path) -> Plan:
    """Plan to stop the timer and to remove its files; nothing where there are none."""
    service, timer = units(config)
    there = [path for path in (timer, service) if path.exists()]
    if not there:
        return Plan("systemd", ())
    stop = Call(("systemctl", "--user", "disable", "--now", timer.name))
    return Plan("systemd", (stop, *(Write(path, None) for path in there), Call(RELOAD)))
