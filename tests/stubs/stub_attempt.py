"""An attempt whose work is a few lines of Python: ``python -S -E stub_attempt.py STAGING``.

The real attempt's own code runs around it, so that what is killed here is what is killed in life. The job's
arguments say what to do, in order:

    seconds=0.01      work for so long
    document=TEXT     leave a run document and a report
    says=TEXT         print a line
    spawns=SECONDS    leave a child behind that lives for so long, and write its number to child.txt
    deaf              do not end on TERM
    exit=CODE         end so

With ``ledger=FILE`` among them the run's id is written there once the attempt is over and its exit code safe.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

from toolkit.schedule.attempt import attend


class Terminated(BaseException):
    """TERM came."""


def work(about: Mapping[str, Any]) -> int:
    """Do what the arguments say; end with 143 on TERM, as the real command does."""

    def terminate(_number: int, _frame: object) -> None:
        raise Terminated

    signal.signal(signal.SIGTERM, terminate)
    try:
        return perform(list(about["arguments"]), Path(sys.argv[1]))
    except Terminated:
        return 143


def perform(words: list[str], staging: Path) -> int:
    """Do one word after the other."""
    for word in words:
        name, _, value = word.partition("=")
        if name == "seconds":
            time.sleep(float(value))
        elif name == "document":
            text = json.dumps({"schema": "stub", "said": value, "padding": "x" * 2000})
            (staging / "run.json").write_text(text, "utf-8")
            (staging / "report.html").write_text(f"<p>{value}", "utf-8")
        elif name == "says":
            print(value, flush=True)  # noqa: T201 - into the log
        elif name == "spawns":
            code = f"import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep({value})"
            child = subprocess.Popen([sys.executable, "-S", "-E", "-c", code])
            (staging / "child.txt").write_text(str(child.pid), "utf-8")
        elif name == "deaf":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        elif name == "exit":
            return int(value)
    return 0


def main() -> int:
    """Attend to the work, and keep the ledger."""
    staging = Path(sys.argv[1])
    words = json.loads((staging / "attempt.json").read_bytes())["arguments"]
    code = attend(staging, work)
    for word in words:
        if word.startswith("ledger=") and code == 0:
            with Path(word.partition("=")[2]).open("a", encoding="utf-8") as file:
                file.write(f"{staging.parent.parent.name} {staging.parent.name}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
