"""Numbers in words."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolkit.report import words
from toolkit.report.formats import pull_request


@pytest.mark.parametrize("module", [words, pull_request])
def test_the_examples_hold(module: object) -> None:
    assert doctest.testmod(module).failed == 0  # type: ignore[arg-type]


@given(st.floats(allow_nan=True, allow_infinity=True), st.integers(0, 6))
def test_every_number_can_be_written_and_none_is_a_signed_zero(value: float, places: int) -> None:
    text = words.number(value, places, sign=True)
    assert text
    assert not (text[0] in "+−" and float(text[1:].replace("e−", "e-")) == 0)


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.none(), st.text()))
def test_every_plain_value_can_be_written_short(value: object) -> None:
    assert isinstance(words.short(value), str)


TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize(
    ("name", "shown"),
    {
        "\u202eevil": "\ufffdevil",
        "a\u2067b\u202ec": "a\ufffdb\ufffdc",
        "ends\u2069 more than it began": "ends\ufffd more than it began",
        "\u202eturned and back\u202c": "\u202eturned and back\u202c",
        "\u2068it ends \u202ewhat is within\u2069": "\u2068it ends \u202ewhat is within\u2069",
        "\u05e9\u05dc\u05d5\u05dd": "\u05e9\u05dc\u05d5\u05dd",
    }.items(),
)
def test_a_name_cannot_turn_the_words_that_stand_behind_it(name: str, shown: str) -> None:
    assert words.clean(name) == shown
    assert words.clean(f"Positive means {name} is 1.") == f"Positive means {shown} is 1."


@given(st.text(alphabet=f"a{TURNING}"))
def test_cleaning_twice_changes_nothing_and_keeps_the_length(text: str) -> None:
    cleaned = words.clean(text)
    assert words.clean(cleaned) == cleaned
    assert len(cleaned) == len(text)


@given(st.text())
def test_cleaned_text_holds_no_character_that_a_page_may_not_hold(text: str) -> None:
    cleaned = words.clean(text)
    cleaned.encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\t\n\r" for c in cleaned)
