"""A comparison in words: every format says words, sizes, inputs and causes the same way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.report import words
from toolkit.report.audit import words as audit_words
from toolkit.report.words import NOTHING, clean, count, decimals, listed, number, short

Found = Mapping[str, Any]

WORD = {
    "changed": "Changed beyond its margin",
    "cannot_say": "Cannot say",
    "unchanged": "Unchanged within its margin",
    "same": "The same",
    "not_compared": "Not compared",
}
SHORT = WORD | {"changed": "Changed", "unchanged": "Unchanged"}
MEANING = {
    "changed": "the whole 95 % interval of the change lies beyond the margin",
    "cannot_say": "the interval of the change reaches both sides of the margin",
    "unchanged": "the 90 % interval of the change lies within the margin",
    "same": "the same numbers to the last digit, on all trials that both runs have",
    "not_compared": "one of the two has no interval",
}
METHOD = {
    "same": "",
    "paired": "paired",
    "independent": "not paired",
    "added": "same table",
}
KIND = {
    "data": "Data",
    "code": "Code",
    "versions": "Versions",
    "seed": "Seed",
    "effort": "Effort",
    "settings": "Settings",
    "machine": "Machine",
}
WHAT = {"belief": "Belief", "claim": "Claim", "dataset": "Dataset", "gap": "Gap", "group": "Group"}
WHAT |= {"warning": "Warning", "alarm": "Alarm"}
MOST = 12  # of a list of names
GATE = {
    "shown": "a gap is shown",
    "small": "every gap is small",
    "open": "not enough evidence",
    None: "no gate",
}


def ruling(kind: str, value: object) -> str:
    """Write a ruling of a check or of an audit."""
    return (audit_words.RULING if kind == "audit" else words.RULING)[value]  # type: ignore[index]  # a ruling


def when(started: object) -> str:
    """Write a time of a run document to the minute.

    >>> when("2026-11-23T16:05:09+00:00"), when(None)
    ('2026-11-23 16:05 UTC', 'at an unknown time')
    """
    text = clean(started)
    if len(text) < 16:
        return text or "at an unknown time"
    zone = text[19:].partition("+")[2] or text[19:]
    return f"{text[:10]} {text[11:16]}" + (" UTC" if zone in {"00:00", "Z"} else "")


def commit(value: object) -> str:
    """Write a commit short; the sign that files differed from it stays.

    >>> commit("0123456789abcdef0123456789abcdef01234567+"), commit(None)
    ('0123456789ab+', 'no commit')
    """
    text = clean(value)
    return text.rstrip("+")[:12] + "+" * text.endswith("+") if text else "no commit"


def value(what: object, given: object) -> str:
    """Write one end of a change of inputs: hashes short, mappings as pairs, nothing as a dash."""
    if given is None or given in ("", [], {}):
        return NOTHING
    if isinstance(given, Mapping | list):
        pairs = [*given.items()] if isinstance(given, Mapping) else [("", v) for v in given]
        texts = [f"{clean(k)} {value('', v)}".strip() for k, v in pairs]
        more = [f"{len(texts) - MOST} more"] if len(texts) > MOST + 1 else []
        return ", ".join([*texts[: MOST if more else None], *more])
    text = str(given)
    if what == "commit":
        return commit(given)
    if len(text) == 64 and set(text) <= set("0123456789abcdef"):
        return text[:12]
    return f"{given:,.6g}" if isinstance(given, float) else short(given)


def size(row: Found, side: Found) -> str:
    """Write an effect or a gap with its interval and unit-free numbers."""
    if "metric" not in row:
        return words.effect(side, decimals(row["margin"]["after"]))
    if side.get("value") is None:
        return NOTHING
    text = audit_words.size(row["metric"], side["value"], row["kind"])
    if side.get("low") is None or side.get("high") is None:
        return text
    return f"{text} ({audit_words.sizes(row['metric'], side['low'], side['high'], row['kind'])})"


def moved(row: Found) -> str:
    """Write a change with its interval; a quotient of ratios as a factor."""
    change = row["change"]
    if change is None:
        return NOTHING
    if row["kind"] == "ratio":
        ends = f"{number(change['low'], 2)} to {number(change['high'], 2)}"
        return (
            "×\N{NO-BREAK SPACE}1"
            if change["method"] == "same"
            else f"×\N{NO-BREAK SPACE}{number(change['value'], 2)} ({ends})"
        )
    if change["method"] == "same":
        return "0 (on shared trials)" if change["partial"] else "0"
    factor, places = (1.0, decimals(row["margin"]["after"] if "margin" in row else None))
    if "metric" in row and audit_words.in_points(row["metric"]):
        factor, places = 100.0, 1
    point, low, high = (number(factor * change[k], places, sign=True) for k in ("value", "low", "high"))
    return f"{point} ({low} to {high})"


def unit(row: Found) -> str:
    """Write the unit of a row's numbers: points for shares, nothing for ratios."""
    if "metric" not in row:
        return clean(row["unit"])
    return "points" if audit_words.in_points(row["metric"], row["kind"]) else ""


def margin(row: Found) -> str:
    """Write the margin a change is held against; both where they differ."""
    sides = [row["margin"]["before"], row["margin"]["after"]]
    factor = 100.0 if "metric" in row and unit(row) == "points" else 1.0
    texts = [f"{'±' if row['kind'] != 'ratio' else 'a factor of '}{factor * m:g}" for m in sides]
    both = texts[0] if texts[0] == texts[1] else f"{texts[0]}, now {texts[1]}"
    return f"{both} {unit(row)}".strip()


def how(row: Found) -> str:
    """Say how the interval of the change was made."""
    change = row["change"]
    if change is None:
        return clean(row["why"])
    if change["pairs"]:
        shared = "shared trial" if change["partial"] else "trial"
        same = "paired" if change["method"] == "paired" else "the same"
        return f"{count(change['pairs'], shared)} {same}"
    return METHOD[change["method"]]


def note(row: Found) -> str:
    """Say what a reader would stumble over: another pair of groups than before."""
    if not row.get("other_pair"):
        return ""
    before, after = (f"{clean(row[s]['highest'])} and {clean(row[s]['lowest'])}" for s in ("before", "after"))
    return f"The groups farthest apart were {before}, and are now {after}."


def crossed(found: Found) -> str:
    """Say how many rulings changed without a shown change of what was measured, and what that means."""
    undecided = {"not_applicable", "error"}
    many = sum(
        row["ruling_changed"]
        and row["word"] in {"unchanged", "cannot_say", "same"}
        and not undecided & {row["before"]["ruling"], row["after"]["ruling"]}
        for row in found["rows"]
    )
    if not many:
        return ""
    return (
        f"In {many:,} of the changed rulings what was measured is not shown to have moved beyond its margin: "
        "a ruling that crossed its line is by itself no evidence of a change."
    )


def summary(found: Found) -> str:
    """Say in a sentence or two what became of the rulings and the effects."""
    n, kind = found["counts"], "gap" if found["kind"] == "audit" else "effect"
    rulings = n["rulings"]
    text = f"{count(rulings, 'ruling')} changed." if rulings else "No ruling changed."
    compared = n["changed"] + n["cannot_say"] + n["unchanged"] + n["same"]
    if not compared:
        return f"{text} No {kind} has an interval on both sides to compare."
    digit = f"the same to the last digit{_where(found)}"
    if n["same"] == compared:
        return f"{text} {words.sentence(_all(compared, kind))} {digit}."
    beyond = f"{n['changed']:,}" if n["changed"] else "none"
    parts = {
        "changed": f"{beyond} changed beyond {'their margins' if n['changed'] > 1 else 'its margin'}",
        "unchanged": f"{n['unchanged']:,} stayed within {'theirs' if n['unchanged'] > 1 else 'its own'}",
        "same": f"{n['same']:,} {'are' if n['same'] > 1 else 'is'} {digit}",
        "cannot_say": f"for {n['cannot_say']:,} the runs cannot say",
    }
    said = [text for key, text in parts.items() if n[key] or key == "changed"]
    return f"{text} Of {count(compared, kind)} compared, {listed(said)}."


def _where(found: Found) -> str:
    """Say that equal numbers are those of shared trials, where runs have others besides."""
    changes = [row["change"] for row in found["rows"] if row["word"] == "same"]
    return " on the trials that both have" if any(change["partial"] for change in changes) else ""


def _all(many: int, kind: str) -> str:
    return f"the one {kind} compared is" if many == 1 else f"all {many:,} {kind}s compared are"


def no_change(found: Found) -> str:
    """Say in one line that two runs report the same."""
    side, many = found["new"], len(found["rows"])
    made = f"commit {commit(side['commit'])}, seed {clean(side['seed'])}"
    what = "gap" if found["kind"] == "audit" else "ruling"
    return f"No change: the two runs report the same, in all of {count(many, what)} ({made})."
