"""Say in one line what this machine lacks before anything is installed.

Runs on whatever Python `make` finds, an old one too, so it keeps to syntax that Python 3.4 can read.
"""

import os
import shutil
import sys

NEED_GB = 3.0


def missing():
    """Return what is missing and the way out, or an empty string."""
    if sys.version_info < (3, 11):
        return (
            "Python 3.11 or newer is needed and %s is %d.%d. Install one, then: make PYTHON=python3.11 %s"
            % ((sys.executable,) + tuple(sys.version_info[:2]) + (" ".join(sys.argv[1:]),))
        )
    for module in ("venv", "ensurepip"):
        try:
            __import__(module)
        except ImportError:
            return "this Python has no %s module. On Debian or Ubuntu: apt install python3-venv" % module
    if not os.access(".", os.W_OK):
        return "the folder %s cannot be written. Clone the project where you may write." % os.getcwd()
    free = shutil.disk_usage(".").free / 1e9
    if free < NEED_GB and not os.path.exists(os.path.join(".venv", ".locked")):
        return "the disk has %.1f GB free and the installation needs %.0f GB. Free some space." % (
            free,
            NEED_GB,
        )
    return ""


if __name__ == "__main__":
    problem = missing()
    if problem:
        sys.stderr.write("Cannot start: %s\n" % problem)
        sys.exit(2)
