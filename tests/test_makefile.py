"""What a stranger meets first: the locks, and the one line that says what a machine lacks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-test.lock")
OLD = ("2.7", "3.6", "3.8", "3.10")


def pins(lock: str) -> dict[tuple[str, str], str]:
    """Return the version of each package, and of each platform where a package needs another one there."""
    text = (ROOT / lock).read_text("utf-8")
    found = re.findall(r"(?m)^([a-z0-9._-]+)==([^ ;\\]+)([^\\\n]*)", text)
    return {(name, where.strip()): version for name, version, where in found}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address_and_every_package_by_its_hash(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert "://" not in text
    assert not re.search(r"(?m)^\s*(-i|--index|--extra-index|--find-links|-f|--trusted-host)", text)
    requirements = re.findall(r"(?m)^\S+==(?:.*\\\n)*.*$", text)
    assert len(requirements) == len(pins(lock)) > 20
    assert all("--hash=sha256:" in requirement for requirement in requirements)
    assert "nvidia" not in text


def test_the_test_lock_keeps_every_version_of_the_other() -> None:
    ours, tests = pins(LOCKS[0]), pins(LOCKS[1])
    assert ours.items() <= tests.items()
    assert ("pytest", "") in tests.keys() - ours.keys()


def preflight(python: str, folder: Path, *flags: str) -> str:
    """Run the preflight by a Python in a folder; return what it says where it refuses."""
    script = str(ROOT / "scripts" / "preflight.py")
    done = subprocess.run(
        [python, *flags, script, "report"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == (2 if done.stderr else 0), done.stderr
    assert done.stderr.count("\n") <= 1
    return done.stderr


def old_python(version: str) -> str | None:
    """Return a Python of a version: one of pyenv's, or the one on the path."""
    homes = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions")
    kept = sorted(homes.glob(f"{version}.*/bin/python"))
    return str(kept[-1]) if kept else shutil.which(f"python{version}")


@pytest.mark.parametrize("version", OLD)
def test_an_old_python_is_told_in_one_line(version: str, tmp_path: Path) -> None:
    python = old_python(version)
    if python is None or subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode:
        pytest.skip(f"no Python {version} on this machine")
    said = preflight(python, tmp_path)
    assert said.startswith("Cannot start: Python 3.11 or newer is needed")
    assert said.endswith(f"is {version}. Install one, then: make PYTHON=python3.11 report\n")


@pytest.mark.parametrize("module", ["venv", "ensurepip"])
def test_a_missing_module_is_told_in_one_line(module: str, tmp_path: Path) -> None:
    script = (
        f"import runpy, sys; sys.modules[{module!r}] = None; "
        f"runpy.run_path({str(ROOT / 'scripts' / 'preflight.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert f"no {module} module" in done.stderr
    assert "apt install python3-venv" in done.stderr


def test_a_full_disk_is_told_in_one_line(tmp_path: Path) -> None:
    script = (
        "import runpy, shutil, types; shutil.disk_usage = lambda _: types.SimpleNamespace(free=4e8); "
        f"runpy.run_path({str(ROOT / 'scripts' / 'preflight.py')!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr == (
        "Cannot start: the disk has 0.4 GB free and the installation needs 3 GB. Free some space.\n"
    )


@pytest.mark.skipif(not shutil.which("make"), reason="no make on this machine")
def test_make_says_plainly_that_there_is_no_python(tmp_path: Path) -> None:
    place = tmp_path / "a path with spaces"
    shutil.copytree(ROOT / "scripts", place / "scripts")
    for name in ("Makefile", "requirements.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, place)
    done = subprocess.run(
        ["make", "PYTHON=/nowhere/python", "report"],
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "Cannot start: there is no /nowhere/python here" in done.stderr
    assert not (place / ".venv").exists()
