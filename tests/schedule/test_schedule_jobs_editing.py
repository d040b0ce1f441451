"""Jobs are written and taken out: comments, order and line endings of everything else survive."""

from __future__ import annotations

import errno
import os
import re
import stat
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.records import BadInputError
from toolkit.schedule.editing import Edit, added, removed

JOB = {"name": "new", "run": "check misconceptions", "cron": "17 3 * * 1"}
NEW = '[[schedule]]\nname = "new"\nrun = "check misconceptions"\ncron = "17 3 * * 1"\n'
FILE = """\
# Settings of the house.   \n\
effort   =  'quick'   # never more

# The loans, every night.
# Ask Ada before it is moved.
[[schedule]]
name = "loans" # the name
run = \"\"\"audit loans.csv \\
  --sensitive race\"\"\"
cron = "17 3 * * *"
# keep more in winter
gate = [
  "gap", # the gate
]

# The beliefs, every week.

[[schedule]]
cron = "0 4 * * 1"
run = ["check", "misconceptions"]
name = 'beliefs'
# the end of the beliefs

# The end of the file.
"""


def file(folder: Path, text: str, name: str = "toolkit.toml") -> Path:
    """Write a file as it is, line endings and all."""
    path = folder / name
    path.write_bytes(text.encode())
    return path


def test_a_file_that_is_not_there_is_made(tmp_path: Path) -> None:
    path = tmp_path / "toolkit.toml"
    edit, config, job = added(path, JOB)
    assert not path.exists()
    edit.write()
    assert path.read_text() == NEW
    assert (config.jobs, job.line) == ((job,), 1)


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "between"),
    [
        (FILE, "\n"),
        (FILE + "\n\n", ""),
        ("seed = 3", "\n\n"),
        ("seed = 3\n", "\n"),
        ("# only a comment\n", "\n"),
        ("\n", ""),
        ("[tool]\nx = 1\n\n", ""),
    ],
)
def test_a_job_is_added_at_the_end_and_every_byte_before_it_stays(
    tmp_path: Path, text: str, between: str, end: str
) -> None:
    text, between = text.replace("\n", end), between.replace("\n", end)
    path = file(tmp_path, text)
    if end not in text:
        end = "\n"
        between = between.replace("\r\n", "\n")
    added(path, JOB)[0].write()
    assert path.read_bytes() == (text + between + NEW.replace("\n", end)).encode()


def test_in_pyproject_the_job_is_a_table_of_the_tool(tmp_path: Path) -> None:
    text = '[project]\nname = "x"\n\n[tool.toolkit]\nseed = 3\n\n[tool.ruff]\nline-length = 99\n'
    path = file(tmp_path, text, "pyproject.toml")
    _, config, job = added(path, JOB)
    assert config.job("new") == job
    added(path, JOB)[0].write()
    assert path.read_text() == text + "\n" + NEW.replace("[[schedule]]", "[[tool.toolkit.schedule]]")


@given(
    st.fixed_dictionaries(
        {
            "run": st.lists(
                st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8),
                max_size=4,
            )
        }
    )
)
def test_arguments_come_back_as_they_were_given(given: dict[str, list[str]]) -> None:
    run = ["audit", *[word for word in given["run"] if not word.startswith("-")]]
    edit, _, job = added(Path("/nowhere/toolkit.toml"), {**JOB, "run": run})
    assert job.run == tuple(run)
    assert tomllib.loads(edit.after)["schedule"][0]["run"] == run


def test_a_double_name_is_refused_with_its_line_and_nothing_is_written(tmp_path: Path) -> None:
    path = file(tmp_path, FILE)
    with pytest.raises(BadInputError, match="line 6: there is a job 'loans' already; take another name"):
        added(path, {**JOB, "name": "loans"})
    assert path.read_text() == FILE


def test_a_job_that_would_not_be_valid_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="jitter: 2m is longer than the shortest distance"):
        added(file(tmp_path, FILE), {**JOB, "cron": "* * * * *", "jitter": "2m"})


def test_no_job_is_added_to_a_file_whose_jobs_are_faulty(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="line 4: job 'loans': cron"):
        added(file(tmp_path, '[[schedule]]\nname = "loans"\nrun = "check misconceptions"\ncron = "x"\n'), JOB)


@pytest.mark.parametrize("text", ["schedule = []\n", 'schedule = [{name = "a"}]\n'])
def test_an_array_in_one_place_cannot_be_added_to(tmp_path: Path, text: str) -> None:
    with pytest.raises(
        BadInputError, match=r"to which no table can be added; write each job under a line \[\["
    ):
        added(file(tmp_path, text), JOB)


# ---- taking out


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_job_goes_with_the_comment_right_above_it_and_the_rest_stays(tmp_path: Path, end: str) -> None:
    path = file(tmp_path, FILE.replace("\n", end))
    removed(path, "loans").write()
    begin, stop = FILE.index("# The loans"), FILE.index("# The beliefs")
    assert path.read_bytes() == (FILE[:begin] + FILE[stop:]).replace("\n", end).encode()


def test_comments_below_the_last_key_stay(tmp_path: Path) -> None:
    path = file(tmp_path, FILE)
    removed(path, "beliefs").write()
    begin, stop = FILE.index("[[schedule]]\ncron"), FILE.index("# the end of the beliefs")
    assert path.read_text() == FILE[:begin] + FILE[stop:]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("text", [FILE, "seed = 3\n", "# only a comment\n", "[tool]\nx = 1\n"])
def test_what_was_added_and_is_taken_out_again_leaves_the_file_as_it_was(
    tmp_path: Path, text: str, end: str
) -> None:
    text = text.replace("\n", end)
    path = file(tmp_path, text)
    added(path, JOB)[0].write()
    removed(path, "new").write()
    assert path.read_bytes() == text.encode()


def test_a_faulty_job_can_be_got_rid_of(tmp_path: Path) -> None:
    path = file(tmp_path, '[[schedule]]\nname = "bad"\nkron = 3\n[[schedule]]\nname = "worse"\n')
    removed(path, "bad").write()
    assert path.read_text() == '[[schedule]]\nname = "worse"\n'


def test_a_text_over_several_lines_is_no_header_no_comment_and_no_blank(tmp_path: Path) -> None:
    text = '[[schedule]]\nname = "a"\nrun = """\n[x]\n# none "quoted" \\"""\n[[schedule]]\n\n"""\n# end """\n'
    path = file(tmp_path, text + NEW)
    removed(path, "a").write()
    assert path.read_text() == '# end """\n' + NEW


def test_a_table_that_follows_stays(tmp_path: Path) -> None:
    text = '[tool.toolkit]\nseed = 3\n[[tool.toolkit.schedule]]\nname = "a"\n\n# ruff\n[tool.ruff]\nx = 1\n'
    path = file(tmp_path, text, "pyproject.toml")
    removed(path, "a").write()
    assert path.read_text() == "[tool.toolkit]\nseed = 3\n# ruff\n[tool.ruff]\nx = 1\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (FILE, "there is no job 'lans'; did you mean 'loans'?"),
        ("", "there is no job 'lans'; there are no jobs yet"),
        (
            '[[schedule]]\nname = "lans"\n[[schedule]]\nname = "lans"\n',
            "lines 1 and 3: 2 jobs are called 'lans'",
        ),
        (
            'schedule = [{name = "lans"}]\n',
            "the place of job 'lans' in the file is not clear; edit the file by",
        ),
        ('[[schedule]]\nname = "lans"\n[schedule.x]\ny = 1\n', "job 'lans' cannot be taken out safely; edit"),
    ],
)
def test_what_cannot_be_taken_out_safely_is_left_alone(tmp_path: Path, text: str, said: str) -> None:
    path = file(tmp_path, text)
    with pytest.raises(BadInputError) as refused:
        removed(path, "lans")
    assert said in str(refused.value)
    assert path.read_text() == text


# ---- writing


def test_a_file_that_somebody_else_changed_meanwhile_is_left_alone(tmp_path: Path) -> None:
    path = file(tmp_path, FILE)
    edit = added(path, JOB)[0]
    path.write_text(FILE + "# theirs\n")
    with pytest.raises(BadInputError, match="changed meanwhile and is left alone; try again"):
        edit.write()
    assert path.read_text() == FILE + "# theirs\n"


def test_a_file_that_somebody_else_made_meanwhile_is_left_alone(tmp_path: Path) -> None:
    edit = added(tmp_path / "toolkit.toml", JOB)[0]
    file(tmp_path, "seed = 1\n")
    with pytest.raises(BadInputError, match="changed meanwhile"):
        edit.write()


def test_permissions_stay_and_a_link_stays_a_link(tmp_path: Path) -> None:
    path = file(tmp_path, FILE, "real.toml")
    path.chmod(0o600)
    link = tmp_path / "toolkit.toml"
    link.symlink_to("real.toml")
    added(link, JOB)[0].write()
    assert link.is_symlink()
    assert path.read_text() == FILE + "\n" + NEW
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_file_that_cannot_be_written_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(BadInputError, match=r"toolkit.toml: the file cannot be written \(Not a directory\)"):
        Edit(tmp_path / "plain" / "toolkit.toml", None, NEW).write()


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = file(tmp_path, FILE)

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadInputError, match="No space left on device"):
        added(path, JOB)[0].write()
    assert path.read_text() == FILE
    assert list(tmp_path.iterdir()) == [path]


# ---- the law


blocks = st.sampled_from(
    [
        "# a comment\n",
        "\n",
        "  \n",
        "[other]\nx = 1\n",
        '[other.deep]\ntext = """\n[[schedule]]\n# not one\n"""\n',
    ]
)
bodies = st.lists(
    st.sampled_from(
        [
            'run = "check misconceptions" # this\n',
            'cron = "17 3 * * 1"\n',
            "# in between\n",
            "\n",
            'gate = [\n  "gap",\n\n  # the last\n]\n',
            "output = '''\n[x]\n\n'''\n",
        ]
    ),
    unique=True,
)


@given(
    st.lists(blocks, max_size=4, unique=True),
    st.lists(
        st.tuples(bodies, st.lists(st.sampled_from(["# a comment\n", "\n"]), max_size=3)),
        min_size=1,
        max_size=4,
    ),
    st.sampled_from(["\n", "\r\n"]),
    st.data(),
)
def test_whatever_the_file_one_piece_goes_and_it_holds_the_job_and_nothing_of_the_others(
    before: list[str], jobs: list[tuple[list[str], list[str]]], end: str, data: st.DataObject
) -> None:
    tables = ["".join(["[[schedule]]\n", f'name = "j{n}"\n', *body]) for n, (body, _) in enumerate(jobs)]
    gaps = ["".join(gap) for _, gap in jobs]
    before = (
        [block for block in before if block != "[other]\nx = 1\n"]
        if any("deep" in b for b in before)
        else before
    )
    text = ("".join(before) + "".join(t + g for t, g in zip(tables, gaps, strict=True))).replace("\n", end)
    place = data.draw(st.integers(0, len(jobs) - 1))
    with TemporaryDirectory() as folder:
        after = removed(file(Path(folder), text), f"j{place}").after
    start = next((n for n, (a, b) in enumerate(zip(text, after, strict=False)) if a != b), len(after))
    cut = text[start : start + len(text) - len(after)]
    assert text[:start] + text[start + len(cut) :] == after
    assert f'name = "j{place}"' not in after
    left = tomllib.loads(after).get("schedule", [])
    assert [job["name"] for job in left] == [f"j{n}" for n in range(len(jobs)) if n != place]
    for number, table in enumerate(tables):
        if number != place:
            # a comment at its end may stand right above the job that goes, and goes with it
            assert re.sub(r"(\s*#[^\n]*)*\s*$", "", table).replace("\n", end) in after
