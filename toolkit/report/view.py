"""Everything a report says, computed from the run document as plain data; templates only lay it out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import count as counting
from typing import Any

from toolkit.report import words
from toolkit.report.article import belief
from toolkit.report.calibration import calibration
from toolkit.report.claims import p_value
from toolkit.report.parts import Document, Headline, View
from toolkit.report.tables import Table
from toolkit.report.words import clean, short


def view(document: Document, most: int | None = None) -> View:
    """Compute the view of a run document (``toolkit.check/1``), with at most so many panels a figure."""
    provenance = document["provenance"]
    numbers = counting(1)
    beliefs = tuple(belief(e, document, numbers, most) for e in document["experiments"])
    return View(
        title=words.TITLE.get(document["name"]) or clean(document["name"]) or "A check of beliefs",
        asked=_asked(document),
        tally=words.tally([b.ruling for b in beliefs]),
        beliefs=beliefs,
        headline=_headline(document.get("headline") or {}),
        calibration=calibration(document.get("calibration") or ()),
        failures=Table(
            ("Belief", "Dataset", "Seed", "What happened", "Reason"),
            tuple(
                (b.code, *row)
                for b, e in zip(beliefs, document["experiments"], strict=True)
                for row in _failures(e)
            ),
        ),
        facts=facts({k: v for k, v in provenance.items() if k != "datasets"}),
        datasets=_datasets(provenance.get("datasets") or ()),
    )


def _headline(headline: Document) -> Headline:
    rulings = headline.get("rulings") or ()
    sentence = ""
    if rulings:
        decided = sum(r["p_adjusted"] <= 0.05 for r in rulings)
        sentence = (
            f"This report rules on {words.count(len(rulings), 'claim')}, each falsely with a probability of "
            f"at most 5 %: at most {headline.get('expected_false', 0.0):.2g} false rulings may be expected. "
            f"After Holm’s correction over all of them, {decided} remain decided."
        )
    head = ("Belief", "Claim", "Ruling", "p", "p, adjusted over the report")
    rows = tuple(
        (
            clean(r["code"]),
            clean(r["claim"]),
            words.RULING[r["ruling"]],
            p_value(r["p"]),
            p_value(r["p_adjusted"]),
        )
        for r in rulings
    )
    return Headline(sentence, Table(head, rows))


def _asked(document: Document) -> str:
    provenance, experiments = document["provenance"], document["experiments"]
    claims = sum(len(e["claims"]) for e in experiments)
    datasets = {v["dataset"] for e in experiments for c in e["claims"] for v in c["verdicts"]}
    trials = sum(o.get("status") == "done" for e in experiments for o in e.get("outcomes") or ())
    text = (
        f"{words.count(len(experiments), 'belief')} about the parameters of models, put to the test as "
        f"{words.count(claims, 'claim')} on {words.count(len(datasets), 'dataset')}"
    )
    if trials:
        text += f", in {words.count(trials, 'trial')}"
    return f"{text}, at {clean(provenance.get('effort'))} effort with seed {clean(provenance.get('seed'))}."


def _failures(experiment: Document) -> Iterator[tuple[str, str, str, str]]:
    for f in experiment.get("failures") or ():
        status = words.STATUS.get(f.get("status"), clean(f.get("status")))
        yield clean(f.get("dataset")), clean(f.get("seed")), status, clean(f.get("reason"))


def facts(mapping: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Turn plain data into names and text, in order."""
    return tuple((clean(key).replace("_", " "), _fact(value)) for key, value in mapping.items())


def _fact(value: Any) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(_fact(v) for v in value)
    if isinstance(value, Mapping):
        return ", ".join(f"{clean(k)} {_fact(v)}" for k, v in value.items())
    return clean(value) if isinstance(value, str | int) and not isinstance(value, bool) else short(value)


def _datasets(datasets: Iterable[Document]) -> Table:
    """List the data by content: worlds drawn by one generator share a row."""
    found: dict[tuple[str, str], list[str]] = {}
    for d in datasets:
        kept = (clean(d[k]) for k in ("kind", "title", "source", "licence") if d.get(k))
        own = (f"{k} {_fact(d[k])}" for k in ("rows", "features", "target", "sensitive") if d.get(k))
        notes = "; ".join([*kept, *own, *(clean(note) for note in d.get("notes") or ())])
        found.setdefault((clean(d.get("sha256")) or "–", notes), []).append(clean(d["name"]))
    head = ("Dataset", "sha256 of its content, or of its generator", "What it is")
    return Table(head, tuple((", ".join(names), digest, notes) for (digest, notes), names in found.items()))
