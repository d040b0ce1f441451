"""The lock file: what is written can be read, comments survive, and what is wrong is named by its line."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from gate_documents import TODAY
from hypothesis import given
from hypothesis import strategies as st

from toolkit.gate.accepted import Accepted, parse, read
from toolkit.gate.writing import accept, edited
from toolkit.records import BadInputError

PATH = Path("toolkit.lock.toml")
WHOLE = """\
# who reads this, reads the ticket too

[[accepted]]  # the old one
key = "M002 refuted"   # a key
owner = "Ann"          # on leave in May
reason = "known, #12"
until = 2027-01-31
run = {name = "misconceptions"}

# about loans
[[accepted]]
key = "gap/race/selection_rate/difference/widest shown"
value = 0.21
low = 0.1
high = 1
margin = 0.05
owner = "Bo"
reason = "under review"
until = "2027-02-28"

# the end
"""

text = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)
number = st.none() | st.floats(allow_nan=False, allow_infinity=False)
bare = text.filter(lambda t: t.strip() == t)
subject = bare.filter(lambda t: "/" not in t) | st.builds("gap/{}".format, bare)
entries = st.builds(
    Accepted,
    key=st.builds("{} {}".format, subject, st.sampled_from(("shown", "refuted", "changed"))),
    owner=text.map(str.strip),
    reason=text.map(str.strip),
    until=st.dates(min_value=date(1000, 1, 1)),
    value=number,
    low=number,
    high=number,
    margin=number,
    groups=st.just("") | text,
    run=st.dictionaries(st.sampled_from(("name", "started", "sha256")), text),
    added=st.none() | st.dates(min_value=date(1000, 1, 1)),
)


@given(st.lists(entries, max_size=4, unique_by=lambda e: e.identity))
def test_what_is_written_is_read_and_writing_it_again_changes_nothing(lock: list[Accepted]) -> None:
    written, done = edited("", lock, PATH)
    assert done == ["added"] * len(lock)
    assert list(parse(written, PATH)) == lock
    again, done = edited(written, lock, PATH)
    assert done == ["updated"] * len(lock)
    assert again == written


@given(st.lists(entries, min_size=1, max_size=3, unique_by=lambda e: e.identity))
def test_comments_and_the_order_of_what_is_there_survive(lock: list[Accepted]) -> None:
    written, _ = edited(WHOLE, lock, PATH)
    assert list(parse(written, PATH)) == [*parse(WHOLE, PATH), *lock]
    assert written.startswith(WHOLE.rstrip("\n"))


def test_accepting_twice_updates_in_place_and_leaves_comments_alone() -> None:
    new = Accepted("M002 refuted", "Cy", "known, #12", date(2027, 3, 1), run={"name": "misconceptions"})
    written, done = edited(WHOLE, [new], PATH)
    assert done == ["updated"]
    assert [e.owner for e in parse(written, PATH)] == ["Cy", "Bo"]
    for comment in (
        "# who reads",
        "# the old one",
        "# a key",
        "# on leave in May",
        "# about loans",
        "# the end",
    ):
        assert comment in written
    assert written.count("[[accepted]]") == 2


def test_the_same_finding_of_another_run_is_another_entry() -> None:
    new = Accepted("M002 refuted", "Cy", "known", date(2027, 3, 1), run={"name": "hyperparameters"})
    _, done = edited(WHOLE, [new], PATH)
    assert done == ["added"]


def broken(before: str, after: str) -> str:
    assert before in WHOLE
    return WHOLE.replace(before, after)


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (broken('owner = "Ann"', "owner = 3"), 5, "owner (of 'M002 refuted') must be a text"),
        (broken('reason = "under review"', 'reason = "  "'), 18, "reason (of 'gap/race"),
        (
            broken('owner = "Bo"\n', ""),
            11,
            "owner (of 'gap/race/selection_rate/difference/widest shown') is missi",
        ),
        (broken("until = 2027-01-31", "until = 2027-01-31T00:00:00"), 7, "a day such as 2027-01-31"),
        (broken('"2027-02-28"', '"2027-02-30"'), 19, "until"),
        (broken("value = 0.21", "value = nan"), 13, "value"),
        (
            broken('"gap/race', '"gop/race'),
            12,
            "begins with 'gop', and findings with gap/, change/, alarm/; did you mean gap/?",
        ),
        (broken("margin = 0.05", "margn = 0.05"), 16, "did you mean margin?"),
        (broken("margin = 0.05", 'ruling = "small"'), 16, "is 'small', and the key says 'shown'"),
        (broken('key = "M002 refuted"', 'key = "M002"'), 4, "a subject and a ruling"),
        (broken('{name = "misconceptions"}', "{nam = 1}"), 8, "run"),
        (broken('run = {name = "misconceptions"}', "run = = 1"), 8, "line 8, column 7"),
        (WHOLE + '[other]\nkey = "x"\n', 22, "no 'other' in a lock file"),
        (WHOLE + WHOLE[WHOLE.index("# about") :].replace("Bo", "Cy"), 24, "twice, also in line 12"),
        ("accepted = 3\n", 1, "must be a list of tables"),
        ("accepted = [1]\n", 1, "must be a list of tables"),
    ],
)
def test_what_is_wrong_is_named_with_file_line_and_key(text: str, line: int, says: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse(text, PATH)
    assert f"toolkit.lock.toml, line {line}" in str(caught.value)
    assert says in str(caught.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match=r"none\.toml: the lock file cannot be read"):
        read(tmp_path / "none.toml")
    with pytest.raises(BadInputError, match="cannot be read"):
        read(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# a\n\xe9")
    with pytest.raises(BadInputError, match="line 2: this is not UTF-8"):
        read(tmp_path / "latin.toml")


def test_a_broken_lock_file_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "lock.toml"
    entry = Accepted("M002 refuted", "Ann", "known", TODAY)
    assert accept(path, [entry]) == ["added"]
    assert read(path) == (entry,)
    for text in ("accepted = []\n", "[[accepted]]\nkey = 1\n", "not toml"):
        path.write_text(text)
        with pytest.raises(BadInputError):
            accept(path, [entry])
        assert path.read_text() == text
    assert [p.name for p in path.parent.iterdir()] == ["lock.toml"]


def test_an_inline_list_can_be_read() -> None:
    line = "accepted = [{key = 'M002 refuted', owner = 'Ann', reason = 'known', until = 2027-01-31}]\n"
    (found,) = parse(line, PATH)
    plain: Any = (found.subject, found.ruling, found.until)
    assert plain == ("M002", "refuted", date(2027, 1, 31))
