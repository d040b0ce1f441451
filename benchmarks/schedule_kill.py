"""What random kills do to the schedule: 200 ticks are killed, and nothing may be lost, torn or done twice.

    python benchmarks/schedule_kill.py [--kills 200] [--seed 0] [--folder /dev/shm]

The rounds are those of ``tests/stubs/killed_ticks.py``, of which the test suite does twenty. The table says
how far the killed ticks had come, which shows that no part of a tick was spared.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

ROUNDS = Path(__file__).parents[1] / "tests" / "stubs" / "killed_ticks.py"


def main() -> int:
    parser = argparse.ArgumentParser(description="Kill ticks at random moments.")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--folder", help="where to work, by default the temporary folder; /dev/shm is quicker"
    )
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        command = [sys.executable, str(ROUNDS), folder, f"--kills={given.kills}", f"--seed={given.seed}"]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    found = json.loads(done.stdout)
    print(f"{found['kills']} kills in {found['seconds']:.0f} s; a tick of two jobs takes", end=" ")
    print(f"{found['tick_seconds'] * 1000:.0f} ms")
    for title, part in (
        ("what was killed", "modes"),
        ("how far it had come", "phases"),
        ("records", "records"),
    ):
        print(f"\n{title}")
        for name, count in found[part].items():
            print(f"  {name:<24}{count:>5}")
    print(f"\n{found['instants']} instants, {found['attempts']} attempts")
    for violation in found["violations"]:
        print(f"VIOLATION: {violation}")
    print(f"{len(found['violations'])} lost, torn, left behind or done twice")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
