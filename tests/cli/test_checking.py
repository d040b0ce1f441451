"""A whole check through the door, on coins: what is printed where, what is written, and the exit code."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from toolkit import __main__ as door
from toolkit.cli import output
from toolkit.records import BadInputError

pytestmark = pytest.mark.usefixtures("coins")
COINS = ("check", "misconceptions", "--only", "Z001", "--effort", "quick", "--jobs", "1")


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def toolkit(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["toolkit", *arguments])
    return door.main()


def documents(folder: str = "out") -> dict[str, object]:
    found: dict[str, object] = json.loads(Path(folder, "run.json").read_text())
    return found


def test_third_parties_beliefs_are_listed_explained_and_planned(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert toolkit(monkeypatch, *COINS, "--list") == 0
    assert "Coins land on heads." in capfd.readouterr().out
    assert toolkit(monkeypatch, *COINS[:2], "--explain", "z001") == 0
    explained = capfd.readouterr().out
    for part in ("Claim mostly-heads (belief)", "Predicts increase, margin 0.05 share", "a loaded coin"):
        assert part in explained
    assert toolkit(monkeypatch, *COINS, "--dry-run", "--json") == 0
    planned = json.loads(capfd.readouterr().out)
    assert {"code": "Z001", "dataset": "coins:fair", "replicates": 4} in planned["trials"]
    assert toolkit(monkeypatch, *COINS[:2], "--explain", "Z001", "--json") == 0
    assert json.loads(capfd.readouterr().out)["claims"][0]["id"] == "mostly-heads"
    assert not Path("reports").exists()


@pytest.mark.slow
def test_a_check_prints_rulings_on_stderr_a_table_and_paths_on_stdout_and_repeats_from_the_journal(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    everything = ("--output", "out", "--format", "html,json,markdown,junit")
    assert toolkit(monkeypatch, *COINS, *everything) == 0
    first = capfd.readouterr()
    assert "Z001" in first.err
    assert "Coins land on heads" in first.err
    lines = first.out.splitlines()
    assert lines[0].split() == ["code", "ruling", "belief"]
    assert lines[1].startswith("Z001")
    assert lines[2:] == ["out/run.json", "out/report.md", "out/junit.xml", "out/report.html"]
    assert all(Path(line).is_file() for line in lines[2:])
    document = documents()

    assert toolkit(monkeypatch, *COINS, "--output", "again", "--json", "--quiet") == 0
    second = capfd.readouterr()
    assert second.err == ""
    assert json.loads(second.out) == documents("again")
    assert json.loads(second.out)["experiments"][0]["claims"] == document["experiments"][0]["claims"]  # type: ignore[index]

    ruling = document["experiments"][0]["ruling"]  # type: ignore[index]
    others = {"refuted", "supported", "inconclusive"} - {ruling}
    assert toolkit(monkeypatch, *COINS, "--output", "out", "--fail-on", ruling) == 1
    assert toolkit(monkeypatch, *COINS, "--output", "out", "--fail-on", ",".join(others)) == 0
    capfd.readouterr()

    assert toolkit(monkeypatch, "report", "show", "out") == 0
    assert "Z001" in capfd.readouterr().out
    Path("out/report.html").rename("mailed.html")
    assert (
        toolkit(monkeypatch, "report", "build", "mailed.html", "--output", "new", "--format", "html,markdown")
        == 0
    )
    assert capfd.readouterr().out.splitlines() == ["new/report.html", "new/report.md"]
    assert Path("new/report.html").read_text() == Path("mailed.html").read_text()


@pytest.mark.slow
def test_a_failed_trial_is_told_and_exits_3_even_where_the_gate_fails_too(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("STUB_TROUBLE", json.dumps({"coins:fair/1": "raise"}))
    gates = "refuted,supported,inconclusive"
    assert toolkit(monkeypatch, *COINS, "--output", "out", "--fail-on", gates) == 3
    printed = capfd.readouterr()
    assert "failed: Z001 on coins:fair, seed 1" in printed.out
    assert "\x1b" not in printed.out
    assert "Traceback" not in printed.err


@pytest.mark.slow
def test_the_gate_counts_even_if_whoever_read_the_output_has_gone(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "toolkit",
                *COINS,
                "--output",
                "out",
                "--fail-on",
                "refuted,supported,inconclusive",
            ],
            stdout=gone,
            stderr=gone,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
            check=False,
        )
    assert done.returncode == 1
    assert Path("out/report.html").is_file()


@pytest.mark.slow
def test_a_check_runs_on_ones_own_table_and_leaves_nothing_behind_a_bad_one(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{i % 17},{'ab'[i % 2]},{int(i % 5 < 3)}\n" for i in range(300))
    Path("own.csv").write_text("x,g,y\n" + rows)
    own = ("--data", "own.csv", "--target", "y", "--sensitive", "g")
    assert toolkit(monkeypatch, *COINS, *own, "--output", "deep/out", "--drop", "nothing") == 2
    assert "no column 'nothing'" in capfd.readouterr().err
    assert not Path("deep").exists()
    assert toolkit(monkeypatch, *COINS, *own, "--output", "deep/out") == 0
    claims = documents("deep/out")["experiments"][0]["claims"]  # type: ignore[index]
    assert [v["dataset"] for v in claims[0]["verdicts"]] == ["own.csv"]


def test_a_fetched_table_brings_its_target_and_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    from toolkit.datasets import _download

    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "data"))
    path = tmp_path / "data" / "compas.csv"
    path.parent.mkdir()
    path.write_text(
        "sex,age,race,two_year_recid\n"
        + "".join(f"{'fm'[i % 2]},{i % 60},{'ab'[i // 2 % 2]},{int(i % 5 < 2)}\n" for i in range(300))
    )
    _download.record(path, "http://127.0.0.1/", _download.sha256(path))
    assert toolkit(monkeypatch, *COINS, "--data", "compas", "--dry-run", "--json") == 0
    planned = json.loads(capfd.readouterr().out)
    assert {"code": "Z001", "dataset": "compas.csv", "replicates": 4} in planned["trials"]
    assert any("run again with sex" in note for note in planned["notes"])


def test_a_terminal_sees_a_bar_and_the_rulings_and_a_pipe_the_rulings_alone(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    script = (
        "from types import SimpleNamespace as E\n"
        "from toolkit.cli.progress import watching\n"
        "with watching('misconceptions', quiet=False) as tell:\n"
        "    tell(E(kind='planned', done=0, total=2, experiment='', reused=False, result=None))\n"
        "    tell(E(kind='trial', done=2, total=2, experiment='Z001', reused=True, result=None))\n"
        "    r = E(ruling='refuted', sentence='Because \\x1b[5m.')\n"
        "    tell(E(kind='experiment', done=2, total=2, experiment='Z001', reused=False, result=r))\n"
        "    tell(E(kind='written', done=2, total=2, experiment='', reused=False, result=None))\n"
    )
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "TERM": "xterm", "COLUMNS": "100"}
    for colour in ({}, {"NO_COLOR": "1"}):
        subprocess.run([sys.executable, "-c", script], stderr=theirs, env=env | colour, check=True)
        seen = os.read(ours, 65536).decode()
        assert "2/2" in seen
        assert "Coins land on heads." in seen
        assert "\\u001b[5m" in seen
        assert ("\x1b[31m" in seen) == (not colour)
    os.close(theirs)
    os.close(ours)
    piped = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=env, check=True
    )
    assert piped.stderr.splitlines() == [
        "Z001 refuted  Coins land on heads.",
        "     Because \\u001b[5m.",
        "1 of 2 trials were found from earlier runs",
    ]


@pytest.mark.parametrize("wrong", [("--only", "Z999"), ("--dataset", "coins:farr")])
def test_a_name_that_is_not_known_leaves_no_folder_behind(
    wrong: tuple[str, str], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert toolkit(monkeypatch, *COINS[:2], *wrong, "--output", "deep/out") == 2
    assert "there is no" in capfd.readouterr().err
    assert not Path("deep").exists()


def test_a_table_is_refused_where_it_cannot_be_kept_for_the_workers(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    monkeypatch.setenv("TOOLKIT_CACHE", str(Path("file", "cache").absolute()))
    Path("own.csv").write_text("x,y\n" + "".join(f"{i % 17},{int(i % 5 < 3)}\n" for i in range(300)))
    assert toolkit(monkeypatch, *COINS, "--data", "own.csv", "--target", "y", "--output", "out") == 2
    assert "TOOLKIT_CACHE chooses another folder" in capfd.readouterr().err
    assert not Path("out").exists()


@pytest.mark.slow
def test_a_cache_that_cannot_be_kept_is_told_in_one_line_and_costs_no_trial(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Path("file").touch()
    monkeypatch.setenv("TOOLKIT_CACHE", str(Path("file", "cache").absolute()))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert toolkit(monkeypatch, *COINS, "--output", "out") == 0
    told = [line for line in capfd.readouterr().err.splitlines() if "not kept" in line]
    assert len(told) == 1
    assert told[0].startswith("Warning: outcomes are not kept in ")
    assert documents()["experiments"][0]["ruling"] != "withheld"  # type: ignore[index]


@pytest.mark.parametrize("folder", ["file/out", "file"])
def test_an_output_path_through_a_file_is_refused_before_the_work_starts(
    folder: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], coins: Path
) -> None:
    Path("file").write_text("kept")
    assert toolkit(monkeypatch, *COINS, "--output", folder) == 2
    assert "choose another --output" in capfd.readouterr().err
    assert not coins.exists()
    assert Path("file").read_text() == "kept"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of one MiB, where the system lets us mount one."""
    place = tmp_path / "small"
    place.mkdir()
    mount = shutil.which("mount")
    made = (
        mount
        and subprocess.run(
            [mount, "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=False
        ).returncode
        == 0
    )
    if not made:
        assert not os.environ.get("CI_MOUNTS"), "mounting is needed here"
        pytest.skip("no right to mount a file system")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_is_said_before_the_work_starts(small_disk: Path) -> None:
    with pytest.raises(BadInputError, match="free some space"):
        output.refuse_unwritable(small_disk / "out")
    (small_disk / "filling").write_bytes(b"\0" * (2**20 - 4096 * 2))
    with pytest.raises(BadInputError, match="cannot write"):
        output.refuse_unwritable(small_disk / "out")


def test_a_read_only_disk_is_said_before_the_work_starts(small_disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    with pytest.raises(BadInputError, match="Read-only"):
        output.refuse_unwritable(small_disk / "out")


def test_stray_prints_of_libraries_and_children_do_not_reach_stdout() -> None:
    script = (
        "import os, subprocess, sys\n"
        "from toolkit.cli.terminal import owned_stdout\n"
        "with owned_stdout() as results:\n"
        "    print('a library'); os.write(1, b'compiled code\\n'); subprocess.run(['echo', 'a child'])\n"
        "    results.write('the result\\n')\n"
        "print('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "the result\nafter\n"
    assert {"a library", "compiled code", "a child"} <= set(done.stderr.splitlines())
