"""Numbers and rulings in words: every reader of a run (page, Markdown, JUnit) says them the same way."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import bidirectional

RULING = {
    "supported": "Supported",
    "refuted": "Refuted",
    "inconclusive": "Inconclusive",
    "not_applicable": "Not applicable",
    "error": "Error",
}
GUESSED = ("supported", "refuted", "inconclusive")  # what a reader may be asked to foresee
MEANING = {
    "supported": "the interval lies wholly on the side the claim predicts",
    "refuted": "the interval lies wholly on the other side",
    "inconclusive": "the interval reaches both sides: these trials cannot tell",
    "not_applicable": "this cannot be measured here, and the reason is given",
    "error": "a trial or a control failed, so the ruling is withheld",
}
TITLE = {
    "misconceptions": "What is said about model parameters, and what the evidence says",
    "hyperparameters": "What the settings of a model do, and what the evidence says",
}
STANCE = {"belief": "what people say", "counter": "what the article answers", "description": "description"}
CLAIMS = {"belief": "claims of the belief", "counter": "counter-claims", "description": "descriptions"}
QUANTIFIER = {
    "universal": "must hold on every dataset",
    "existential": "must hold on at least one dataset",
}
# Who may read a page, and what each is shown; `readers.css` does it.
READING = {
    "summary": "The verdicts alone; a link opens what it leads to. Prints on a page or two.",
    "engineer": "What was measured and how it was ruled; numbers are folded away.",
    "auditor": "Everything unfolded, on screen and in print.",
}
STATUS = {
    "done": "done",
    "not_applicable": "not applicable",
    "failed": "failed",
    "timeout": "ran past its time limit",
    "died": "the worker died",
}
NOTHING = "–"
FOLDED = 12  # a described table of more rows is folded away
TURNING = frozenset({"R", "AL", "AN", "LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_ISOLATE_ENDS = "\u2069"
_BACK = {"\u202c": "\u202a\u202b\u202d\u202e", _ISOLATE_ENDS: "\u2066\u2067\u2068"}
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]")


def clean(text: object) -> str:
    """Return text from data with the characters that no document may hold replaced."""
    return _closed(_CONTROL.sub("\ufffd", "" if text is None else str(text)))


def _closed(text: str) -> str:
    r"""Replace the signs that turn what follows them and are not taken back; within a sentence it is ours.

    >>> _closed("\u202eevil is 1"), _closed("\u202eevil\u202c is 1") == "\u202eevil\u202c is 1"
    ('\ufffdevil is 1', True)
    """
    if not _TURNED.search(text):
        return text
    waiting: list[int] = []
    left: set[int] = set()
    for place, sign in ((found.start(), found[0]) for found in _TURNED.finditer(text)):
        # The end of an isolate ends all that was opened within it; that of an embedding the newest alone.
        reach = waiting if sign == _ISOLATE_ENDS else waiting[-1:]
        ended = [at for at in reach if text[at] in _BACK.get(sign, "")]
        if sign not in _BACK:
            waiting.append(place)
        elif ended:
            del waiting[waiting.index(ended[-1]) :]
        else:
            left.add(place)
    left.update(waiting)
    return "".join("\ufffd" if place in left else c for place, c in enumerate(text))


def turns(text: object) -> bool:
    r"""Whether text holds a letter or a sign that can turn the direction of what stands beside it.

    >>> turns("0.47 (−0.1 to 0.9)"), turns("שלום"), turns("\u202eevil")
    (False, True, True)
    """
    return any(bidirectional(c) in TURNING for c in str(text) if not c.isascii())


def decimals(margin: float | None) -> int:
    """Return the decimals at which an effect is worth printing: one finer than its margin's first digit.

    >>> decimals(0.01), decimals(0.5), decimals(3)
    (3, 2, 1)
    """
    if not margin or not math.isfinite(margin):
        return 3
    return min(6, max(1, 1 - math.floor(math.log10(abs(margin)))))


def number(value: float | None, places: int = 3, *, sign: bool = False) -> str:
    """Write a number with a true minus sign; a missing one as a dash.

    >>> number(-0.0341), number(0.5, 2, sign=True), number(-0.0001), number(None)
    ('−0.034', '+0.50', '0.000', '–')
    """
    if value is None or not math.isfinite(value):
        return NOTHING
    text = f"{abs(value):.{places}f}" if abs(value) < 1e6 else f"{abs(value):.2e}"
    if float(text) == 0:
        return text
    return ("−" if value < 0 else "+" if sign else "") + text


def short(value: object) -> str:
    """Write a measured value with three significant digits, anything else as it is.

    >>> short(0.030561), short(12345.6), short(640), short(True), short("relu"), short(1e-9)
    ('0.0306', '12,346', '640', 'yes', 'relu', '1e-09')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return NOTHING
    if not isinstance(value, int | float):
        return clean(value)
    if not math.isfinite(value):
        return NOTHING
    size = abs(value)
    if value == int(value) and size < 1e6:
        text = f"{size:,.0f}"
    elif size >= 1e6 or size < 1e-4:
        text = f"{size:.3g}"
    else:
        places = max(0, 2 - math.floor(math.log10(size)))
        text = f"{size:,.{places}f}"
    return ("−" if value < 0 else "") + text


def named(value: object, title: object = "") -> str:
    """Write a value that names a setting, whole; a number or a yes takes the setting's title with it.

    >>> named(0.2, "noise"), named("relu", "activation"), named(1200), named(True, "replay"), named("")
    ('noise 0.2', 'relu', '1,200', 'replay yes', '')
    """
    if value is None or isinstance(value, str):
        return clean(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = short(value)
    else:
        text = f"{abs(value):,}" if isinstance(value, int) else f"{abs(value):,.6g}"
        text = f"−{text}" if value < 0 else text
    return f"{clean(title)} {text}".strip()


def interval(low: float | None, high: float | None, places: int) -> str:
    """Write an interval as ``low to high``, or a dash where there is none."""
    if low is None or high is None:
        return NOTHING
    return f"{number(low, places, sign=True)} to {number(high, places, sign=True)}"


def effect(verdict: Mapping[str, Any], places: int) -> str:
    """Write an effect with its 95 % interval."""
    if verdict.get("effect") is None:
        return NOTHING
    point = number(verdict["effect"], places, sign=True)
    if verdict.get("low") is None or verdict.get("high") is None:
        return point
    return f"{point} ({interval(verdict['low'], verdict['high'], places)})"


def prediction(claim: Mapping[str, Any]) -> str:
    """Say in words where the effect must lie for the claim to be supported."""
    margin = f"{claim['margin']:g} {clean(claim['unit'])}".strip()
    return {
        "increase": f"the effect is above +{margin}",
        "decrease": f"the effect is below −{margin}",
        "no_change": f"the effect stays within ±{margin}",
        "no_increase": f"the effect is not above +{margin}",
        "no_decrease": f"the effect is not below −{margin}",
    }[claim["predicts"]]


def isolated(text: str) -> str:
    """Close whatever direction a name opens: U+2068 and U+2069 are what ``<bdi>`` is in plain text."""
    turns = any(c in "\u202a\u202b\u202d\u202e\u2066\u2067" or "\u0590" <= c <= "\u08ff" for c in text)
    return f"\u2068{text}\u2069" if turns else text


def shorten(name: str, longest: int) -> str:
    """Cut a long name where its whole would hide the sentence; the tables hold it whole."""
    return name if len(name) <= longest else name[: longest - 1] + "…"


def count(many: int, one: str, several: str = "") -> str:
    """Write a count with its noun: ``1 trial``, ``12 trials``."""
    return f"{many:,} {one if many == 1 else several or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """Join words as English does: ``a``, ``a and b``, ``a, b and c``."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def tally(rulings: Sequence[str]) -> str:
    """Count rulings in words: ``2 supported, 1 refuted``."""
    counts = [(sum(r == ruling for r in rulings), word.lower()) for ruling, word in RULING.items()]
    return ", ".join(f"{n} {word}" for n, word in counts if n) or "none"


def ruled(claim: Mapping[str, Any]) -> str:
    """Say in one sentence how a claim was ruled, with its numbers, from its pooled and single verdicts."""
    return f"{RULING[claim['pooled']['ruling']]}: {because(claim)}"


def because(claim: Mapping[str, Any]) -> str:
    """Say why a claim was ruled as it was, for a reader who sees the ruling's word already."""
    pooled, verdicts = claim["pooled"], claim["verdicts"]
    reason = clean(pooled.get("reason")).rstrip(".") or "no reason was given"
    if pooled["ruling"] in {"not_applicable", "error"}:
        return f"{reason}."
    unit, margin = clean(claim["unit"]), f"against a margin of {claim['margin']:g}"
    places = decimals(claim["margin"])
    if pooled.get("effect") is not None:
        over = f"over {count(len(verdicts), 'dataset')}" if len(verdicts) > 1 else f"on {_on(verdicts)}"
        return f"{over} the effect is {effect(pooled, places)} {unit}, {margin}."
    deciding = [v for v in verdicts if v["ruling"] == pooled["ruling"] and v.get("effect") is not None]
    if not deciding:
        return f"{reason}."
    first = min(deciding, key=_strength)
    shown = f"on {clean(first['dataset'])} the effect is {effect(first, places)} {unit}, {margin}"
    if len(verdicts) == 1:
        return f"{shown}."
    all_rulings = tally([v["ruling"] for v in verdicts])
    return f"{all_rulings} of {count(len(verdicts), 'dataset')}; for example, {shown}."


def sentence(text: str) -> str:
    """Begin with a capital letter."""
    return text[:1].upper() + text[1:]


def _on(verdicts: Sequence[Mapping[str, Any]]) -> str:
    return clean(verdicts[0]["dataset"]) if verdicts else "no dataset"


def _strength(verdict: Mapping[str, Any]) -> float:
    """Sort verdicts by their smaller p-value, those without one last."""
    known = [p for p in (verdict.get("p_for"), verdict.get("p_against")) if p is not None]
    return min(known, default=1.0)
