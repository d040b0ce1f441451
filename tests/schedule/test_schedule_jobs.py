"""Jobs in the configuration file: what each key may hold, and what a faulty file is told, all at once."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.cli import audit as audit_command
from toolkit.cli import settings
from toolkit.records import BadInputError
from toolkit.schedule import values
from toolkit.schedule.jobs import READERS, Config, Job, read_jobs, survey

AT = datetime(2026, 11, 24, tzinfo=UTC)
GOOD = {"name": '"loans"', "run": '"check misconceptions"', "cron": '"17 3 * * 1"'}


def written(folder: Path, *jobs: dict[str, str], before: str = "", name: str = "toolkit.toml") -> Path:
    """Write a configuration file of jobs, each a table of TOML values."""
    header = "[[schedule]]" if name == "toolkit.toml" else "[[tool.toolkit.schedule]]"
    tables = ["\n".join([header, *(f"{k} = {v}" for k, v in job.items())]) for job in jobs]
    path = folder / name
    path.write_text(before + "\n\n".join(tables) + "\n", encoding="utf-8")
    return path


def refused(path: Path) -> list[str]:
    """Return what is said against a file, a line each, without the folder."""
    with pytest.raises(BadInputError) as error:
        read_jobs(path, at=AT)
    return str(error.value).replace(f"{path.resolve().parent}/", "").splitlines()


def test_a_job_that_says_the_least_has_defaults_for_the_rest(tmp_path: Path) -> None:
    path = written(tmp_path, GOOD, before="seed = 3\n\n# every week\n")
    config = read_jobs(path, at=AT)
    (job,) = config.jobs
    assert job == Job("loans", ("check", "misconceptions"), "17 3 * * 1", source=path.resolve(), line=4)
    assert (job.timezone, job.timeout, job.retries, job.backoff, job.keep) == ("UTC", 7200, 2, 300, None)
    assert (config.path, config.root) == (path.resolve(), tmp_path.resolve() / "reports")
    assert config.home == tmp_path.resolve() / "reports" / ".toolkit"
    assert job.folder(config.root) == config.root / "loans"


def test_a_job_may_say_everything(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        {
            **GOOD,
            "run": '["audit", "a b.csv", "--sensitive", "race"]',
            "cron": '"  0   */6 * * * "',
            "timezone": '"Europe/Berlin"',
            "jitter": '"10m"',
            "timeout": "900",
            "retries": "0",
            "backoff": '"45s"',
            "keep": "20",
            "keep-days": "90",
            "gate": '["gap", "change", "gap"]',
            "baseline": '"accepted/run.json"',
            "output": '"out/loans"',
            "formats": '["html", "card"]',
            "catch_up": "false",
            "enabled": "false",
        },
        before='root = "made"\n',
    )
    config = read_jobs(path, at=AT)
    (job,) = config.jobs
    assert job.run == ("audit", "a b.csv", "--sensitive", "race")
    assert (job.cron, job.jitter, job.timeout, job.backoff) == ("0 */6 * * *", 600, 900, 45)
    assert (job.keep, job.keep_days, job.gate) == (20, 90, ("gap", "change"))
    assert job.baseline_file == tmp_path.resolve() / "accepted" / "run.json"
    assert job.folder(config.root) == tmp_path.resolve() / "out" / "loans"
    assert (job.formats, job.catch_up, job.enabled) == (("html", "card"), False, False)
    assert config.root == tmp_path.resolve() / "made"


def test_a_string_is_split_as_a_shell_would(tmp_path: Path) -> None:
    path = written(tmp_path, {**GOOD, "run": "'audit \"my table.csv\" --sensitive race'"})
    assert read_jobs(path, at=AT).jobs[0].run == ("audit", "my table.csv", "--sensitive", "race")


def test_what_stands_behind_two_dashes_is_no_option(tmp_path: Path) -> None:
    path = written(tmp_path, {**GOOD, "run": '"audit --sensitive race -- -o"'})
    assert read_jobs(path, at=AT).jobs[0].run[-1] == "-o"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("name", '"Loans"', "name: 'Loans' is no name of a job: small letters, digits"),
        ("name", '"../up"', "is no name of a job"),
        ("name", '""', "is no name of a job"),
        ("name", f'"{"a" * 65}"', "at most 64"),
        ("name", "3", "name: 3 is no name of a job"),
        ("run", '""', 'run: it is empty; write what follows `toolkit`, such as "check misconceptions"'),
        ("run", "[]", "run: it is empty"),
        ("run", "3", "run: it must be a string or a list of strings"),
        ("run", '["check", 3]', "run: it must be a string or a list of strings"),
        ("run", '"report build x"', "run: it must begin with check or audit, not 'report'"),
        ("run", '"toolkit check misconceptions"', "run: leave out the word toolkit"),
        ("run", "'check \"misconceptions'", "no closing quotation; close the quotes"),
        ("run", '"check x\\u0000y"', "zero byte"),
        ("run", '"audit t.csv --output x"', "run: leave out --output: write output = ... in the job"),
        ("run", '"audit t.csv --output=x"', "run: leave out --output"),
        ("run", '"audit t.csv -o x"', "run: leave out -o"),
        ("run", '"audit t.csv --json"', "run: leave out --json"),
        ("run", '"audit t.csv --quiet"', "run: leave out --quiet"),
        ("run", '"audit t.csv --fail-on gap"', "run: leave out --fail-on: write gate = [...] in the job"),
        ("run", '"audit t.csv --baseline=x"', "run: leave out --baseline: write baseline"),
        ("run", '"audit t.csv --format html"', "run: leave out --format: write formats"),
        ("run", '"audit t.csv --watch id --watch-from x"', "run: leave out --watch-from"),
        ("cron", '"0 0 30 2 *"', "cron: '0 0 30 2 *' never comes"),
        ("cron", '"0 17 3 * * 1"', "cron: '0 17 3 * * 1' has 6 fields, not five"),
        ("cron", '"@reboot"', "cron: '@reboot' names no times"),
        ("cron", '"61 * * * *"', "cron: the minute '61' cannot be read"),
        ("cron", "3", 'cron: it must be a string of five fields: "17 3 * * 1" is Monday at 03:17'),
        ("timezone", '"europe/berlin"', "there is no zone 'europe/berlin'; did you mean 'Europe/Berlin'?"),
        ("timezone", '"Berlin"', "did you mean 'Europe/Berlin'?"),
        ("timezone", '"New York"', "did you mean 'America/New_York'?"),
        ("timezone", '"Amercia/New_York"', "did you mean 'America/New_York'?"),
        ("timezone", '"../etc/passwd"', "there is no zone '../etc/passwd'"),
        ("timezone", '"/etc/localtime"', "there is no zone"),
        ("timezone", '"Europe"', "there is no zone 'Europe'"),
        ("timezone", '"localtime"', "there is no zone 'localtime'; write it as \"Europe/Berlin\""),
        ("timezone", '"right/Europe/Berlin"', "there is no zone 'right/Europe/Berlin'"),
        ("timezone", '""', "there is no zone ''"),
        ("timezone", "1", 'timezone: it must be the name of a zone, such as "Europe/Berlin"'),
        ("jitter", '"ten minutes"', "jitter: 'ten minutes': write whole seconds, or a length such as"),
        ("jitter", "-1", "jitter: -1: it must be between 0 and 366 days"),
        ("timeout", "0", "timeout: it must be at least 1s"),
        ("timeout", "1.5", "timeout: 1.5: write whole seconds"),
        ("timeout", '"400d"', "timeout: '400d': it must be between 0 and 366 days"),
        ("retries", "-1", "retries: it must be a whole number from 0 to 100, not -1"),
        ("retries", "true", "retries: it must be a whole number from 0 to 100, not True"),
        ("backoff", "true", "backoff: True: write whole seconds"),
        ("keep", "0", "keep: it must be a whole number from 1 to"),
        ("keep", '"90d"', "not '90d'; for days write keep_days = 90"),
        ("keep_days", '"90"', "keep_days: it must be a whole number"),
        ("gate", '["chnge"]', "gate: there is no 'chnge'; did you mean 'change'?"),
        ("gate", "3", "gate: it must be a list of refuted"),
        ("gate", "[3]", "gate: there is no 3"),
        ("gate", '["change"]', 'gate: a change is one from a baseline; add baseline = "previous"'),
        ("gate", '["alarm"]', "gate: --fail-on alarm: a check watches nothing; `toolkit audit --watch"),
        ("gate", '["gap"]', "gate: --fail-on gap: a check rules on beliefs and compares no groups"),
        ("baseline", '""', "baseline: it must be a path, not ''"),
        (
            "baseline",
            '"previous"',
            'baseline: it is what gate = ["change"] compares with; add that, or leave',
        ),
        ("output", "3", "output: it must be a path, not 3"),
        ("output", '"reports/.toolkit/x"', "is where the history is kept; take another folder"),
        ("formats", '["pdf"]', "formats: there is no 'pdf'; there are html, json"),
        ("formats", '["card"]', "formats: a model card describes an audit; leave 'card' out"),
        ("catch_up", '"yes"', "catch_up: it must be true or false, not 'yes'"),
        ("enabled", "1", "enabled: it must be true or false, not 1"),
        ("timezon", '"UTC"', "there is no key 'timezon'; did you mean 'timezone'?"),
        ("zzz", "1", "there is no key 'zzz'; known are name, run, cron"),
    ],
)
def test_a_value_that_cannot_be_is_told_file_line_job_key_and_the_way_out(
    tmp_path: Path, key: str, value: str, said: str
) -> None:
    job = {**GOOD, key: value}
    (line,) = refused(written(tmp_path, job, before="seed = 3\n"))
    number = list(job).index(key) + 3
    named = f"job {value.strip(chr(34))!r}" if key == "name" and value != "3" else "job "
    assert line.startswith(f"toolkit.toml, line {2 if 'history is kept' in said else number}: {named}")
    assert said in line


@pytest.mark.parametrize("key", ["name", "run", "cron"])
def test_what_a_job_needs_is_asked_for(tmp_path: Path, key: str) -> None:
    (line,) = refused(written(tmp_path, {k: v for k, v in GOOD.items() if k != key}))
    assert f"it has no {key}; add {key} = {GOOD[key]}" in line


def test_every_fault_of_every_job_is_said_at_once(tmp_path: Path) -> None:
    bad = {**GOOD, "name": '"bad"', "cron": '"99 * * * *"', "retries": '"no"', "kep": "3"}
    worse = {**GOOD, "name": '"worse"', "timezone": '"Mars"'}
    lines = refused(written(tmp_path, bad, GOOD, worse))
    assert [line.split(":")[0] for line in lines] == [f"toolkit.toml, line {n}" for n in (4, 5, 6, 17)]


def test_the_jobs_that_can_be_read_are_there_beside_what_is_wrong_with_the_others(tmp_path: Path) -> None:
    config, troubles = survey(written(tmp_path, GOOD, {**GOOD, "name": '"b"', "cron": '"x"'}), at=AT)
    assert ([job.name for job in config.jobs], len(troubles)) == (["loans"], 1)


def test_two_jobs_of_one_name_are_refused_with_both_lines(tmp_path: Path) -> None:
    (line,) = refused(written(tmp_path, GOOD, {**GOOD, "name": '"other"'}, GOOD))
    assert line == "toolkit.toml, lines 1 and 11: two jobs are called 'loans'; rename one"


def test_two_jobs_that_write_to_one_folder_are_refused(tmp_path: Path) -> None:
    other = {**GOOD, "name": '"b"', "output": '"reports/x/../loans"'}
    (line,) = refused(written(tmp_path, GOOD, other))
    assert line.startswith("toolkit.toml, lines 1 and 6: jobs 'loans' and 'b' write to one folder")


@pytest.mark.parametrize("output", ["loans.csv", "loans.csv/reports"])
def test_a_job_cannot_write_where_a_file_is(tmp_path: Path, output: str) -> None:
    (tmp_path / "loans.csv").write_text("id\n", "utf-8")
    (line,) = refused(written(tmp_path, {**GOOD, "output": f'"{output}"'}))
    assert line.startswith("toolkit.toml, line 1: job 'loans': output: ")
    assert line.endswith("loans.csv is a file; take another folder")
    config, troubles = survey(written(tmp_path, GOOD), root=tmp_path / "loans.csv", at=AT)
    assert (len(config.jobs), troubles) == (1, [])  # that is the root's fault, said where it is used


@pytest.mark.parametrize(
    ("cron", "zone", "jitter", "most"),
    [
        ("*/5 * * * *", "UTC", "301", "5m"),
        ("0 0 * * *", "Europe/Berlin", '"24h"', "23h"),  # the night on which clocks go forward
        ("30 2,3 * * *", "Europe/Berlin", '"31m"', "30m"),
        ("* * * * *", "UTC", "61", "1m"),
    ],
)
def test_a_jitter_longer_than_the_shortest_distance_is_refused_and_one_as_long_is_not(
    tmp_path: Path, cron: str, zone: str, jitter: str, most: str
) -> None:
    job = {**GOOD, "cron": f'"{cron}"', "timezone": f'"{zone}"', "jitter": jitter}
    (line,) = refused(written(tmp_path, job))
    assert f"is longer than the shortest distance of two instants of {cron!r} ({most})" in line
    assert line.endswith(f"take at most {most}")
    read_jobs(written(tmp_path, {**job, "jitter": f'"{most}"'}), at=AT)


def test_an_expression_that_its_zone_never_shows_is_refused(tmp_path: Path) -> None:
    job = {**GOOD, "cron": '"* 2 25-31 3 */7"', "timezone": '"Europe/Berlin"'}
    (line,) = refused(written(tmp_path, job))
    assert "line 4: job 'loans': cron: '* 2 25-31 3 */7' does not come within fifty years" in line.replace(
        "line 5", "line 4"
    )


def test_an_alarm_needs_a_job_that_watches_and_a_watch_cannot_be_redacted(tmp_path: Path) -> None:
    audit = {**GOOD, "run": '"audit loans.csv --sensitive race"', "gate": '["alarm"]'}
    (line,) = refused(written(tmp_path, audit))
    assert "gate: an alarm is one of a watched audit; add --watch COLUMN to run" in line
    watching = {**audit, "run": '"audit loans.csv --sensitive race --watch day"'}
    assert read_jobs(written(tmp_path, watching), at=AT).jobs[0].watches
    hidden = {**audit, "run": '"audit loans.csv --sensitive race --watch=day --redact"'}
    (line,) = refused(written(tmp_path, hidden))
    assert "--redact leaves out what a watch goes on from" in line


def test_jobs_that_something_is_wrong_with_are_not_among_those_to_run(tmp_path: Path) -> None:
    alike = {**GOOD, "name": '"b"', "output": '"reports/c"'}
    hasty = {**GOOD, "name": '"hasty"', "cron": '"* * * * *"', "jitter": "90"}
    last = {**GOOD, "name": '"d"'}
    config, troubles = survey(
        written(tmp_path, GOOD, alike, {**GOOD, "name": '"c"'}, GOOD, hasty, last), at=AT
    )
    assert [job.name for job in config.jobs] == ["d"]
    assert len(troubles) == 3


def test_a_key_that_is_given_twice_is_refused(tmp_path: Path) -> None:
    (line,) = refused(written(tmp_path, {**GOOD, "keep_days": "3", "keep-days": "4"}))
    assert "line 6: job 'loans': keep_days is given twice, with '-' and with '_'; leave one out" in line


# ---- which file counts


def test_the_nearest_file_counts_and_toolkit_toml_before_pyproject(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    assert read_jobs(at=AT) == Config(None, deep.resolve() / "reports", ())
    written(tmp_path, {**GOOD, "name": '"top"'}, name="pyproject.toml")
    assert [job.name for job in read_jobs(at=AT).jobs] == ["top"]
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")  # no word of the toolkit
    assert [job.name for job in read_jobs(at=AT).jobs] == ["top"]
    written(tmp_path, {**GOOD, "name": '"own"'})
    assert [job.name for job in read_jobs(at=AT).jobs] == ["own"]
    written(
        tmp_path / "a", {**GOOD, "name": '"near"'}, name="pyproject.toml", before="[project]\nname = 'x'\n"
    )
    config = read_jobs(at=AT)
    assert ([job.name for job in config.jobs], config.jobs[0].line) == (["near"], 3)
    assert config.path == settings.find_config().path


def test_an_array_of_inline_tables_is_read_without_lines(tmp_path: Path) -> None:
    path = tmp_path / "toolkit.toml"
    path.write_text('schedule = [{name = "a", run = "check misconceptions", cron = "x"}]\n')
    (line,) = refused(path)
    assert line.startswith("toolkit.toml: job 'a': cron: ")


def test_a_text_that_looks_like_a_job_moves_no_line(tmp_path: Path) -> None:
    path = written(tmp_path, {**GOOD, "cron": "1"}, before='output = """\n[[schedule]]\ncron = 3\n"""\n')
    assert refused(path)[0].startswith("toolkit.toml, line 8: job 'loans': cron: ")


def test_a_line_separator_inside_a_comment_moves_no_line(tmp_path: Path) -> None:
    path = written(tmp_path, {**GOOD, "cron": "1"}, before="# a\u2028b\x85c\n")
    assert refused(path)[0].startswith("toolkit.toml, line 5: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"seed = 1\nschedule = 3\n", "line 2: schedule must be jobs, each under a line [[schedule]] of"),
        (b"[schedule]\nname = 1\n", "line 1: schedule must be jobs, each under a line [[schedule]] of"),
        (b"schedule = [1]\n", "schedule must be jobs"),
        (b"[[schedule]\n", "line 1, column"),
        (b"# \xff\n", "line 1: this is not UTF-8"),
        (b"root = 3\n", "root must be a path, not 3"),
        (b"x = " + b"[" * 5000 + b"]" * 5000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_configuration_is_told_so(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "toolkit.toml"
    path.write_bytes(text)
    assert said in refused(path)[0]


def test_a_file_that_cannot_be_read_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(
        BadInputError, match=r"plain/toolkit.toml: the file cannot be read \(Not a directory\)"
    ):
        read_jobs(tmp_path / "plain" / "toolkit.toml")


def test_a_job_that_is_asked_for_by_a_wrong_name_is_told_the_nearest(tmp_path: Path) -> None:
    config = read_jobs(written(tmp_path, GOOD), at=AT)
    assert config.job("loans").name == "loans"
    with pytest.raises(BadInputError, match="there is no job 'lons'; did you mean 'loans'"):
        config.job("lons")
    with pytest.raises(BadInputError, match="there are no jobs yet"):
        Config(None, tmp_path, ()).job("x")


@given(
    st.dictionaries(
        st.sampled_from(list(READERS)),
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text(max_size=9)
        | st.lists(st.text(max_size=3) | st.integers(), max_size=3),
        max_size=8,
    )
)
def test_any_value_of_any_key_is_read_or_refused_in_words(found: dict[str, object]) -> None:
    said = []
    for key, value in found.items():
        try:
            READERS[key](value)
        except (ValueError, BadInputError) as error:
            said.append(str(error))
    assert all(said)


# ---- what is said twice in the code, because floors part it, is the same


def test_every_field_of_a_job_but_its_place_is_a_key() -> None:
    assert list(READERS) == [field.name for field in fields(Job) if field.name not in ("source", "line")]


def test_the_formats_of_a_job_are_those_of_the_commands() -> None:
    assert set(values.FORMATS) == {*settings.FORMATS, *audit_command.FORMATS}


def test_what_a_job_may_gate_on_is_what_the_commands_may() -> None:
    assert set(settings.GATES) == set(values.GATES)
