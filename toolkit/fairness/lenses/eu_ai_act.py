"""Articles 10 and 15 of the EU AI Act: which figures speak to which paragraph, and what is missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from toolkit.fairness.lenses.written import lens, table

Document = Mapping[str, Any]
ABOUT = {
    "id": "eu-ai-act",
    "name": "EU AI Act, Articles 10 and 15: evidence map",
    "question": "Which evidence in this report speaks to which requirement on data, accuracy and robustness?",
    "is_not": (
        "An assessment of conformity, or legal advice. It does not say whether the system is high-risk, nor "
        "whether a requirement is met: the Act asks for practices and documents of the provider, of which "
        "figures can only be a part. The requirements are paraphrased; the Official Journal has the text, "
        "and later amendments are not followed here."
    ),
    "source": "Regulation (EU) 2024/1689, Articles 10 and 15, OJ L, 2024/1689, 12.7.2024",
}


@dataclass(frozen=True)
class _Paragraph:
    """One requirement: what it asks, which evidence of a document speaks to it, what no audit shows."""

    place: str
    asks: str
    evidence: Callable[[Document], list[str]]
    beyond: str


def eu_ai_act(document: Document) -> dict[str, Any]:
    """Return the lens: one row per paragraph, with what is evidenced here and what is not.

    Parameters
    ----------
    document : mapping
        The run document so far; a section that is missing is no evidence.
    """
    rows = []
    for paragraph in _PARAGRAPHS:
        found = paragraph.evidence(document)
        rows.append(
            {
                "paragraph": paragraph.place,
                "asks": paragraph.asks,
                "evidence": found,
                "not_evidenced": paragraph.beyond if found else f"Nothing in this audit. {paragraph.beyond}",
            }
        )
    spoken = sum(bool(row["evidence"]) for row in rows)
    columns = ["paragraph", "asks for (in our words)", "evidence here", "not evidenced here"]
    cells = [
        [row["paragraph"], row["asks"], "; ".join(row["evidence"]) or "none", row["not_evidenced"]]
        for row in rows
    ]
    return lens(
        ABOUT,
        sentences=[
            f"Figures of this audit speak to {spoken} of {len(rows)} paragraphs looked at; none of them is "
            "shown to be met by figures alone."
        ],
        tables=[table("Evidence by paragraph", columns, cells)],
        results={"paragraphs": rows},
    )


def _gaps(document: Document, *rulings: str) -> list[Mapping[str, Any]]:
    return [gap for gap in document.get("gaps") or () if not rulings or gap.get("ruling") in rulings]


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _examined(document: Document) -> list[str]:
    gaps = _gaps(document)
    if not gaps:
        return []
    attributes = list(dict.fromkeys(gap["attribute"] for gap in gaps))
    ruled = ", ".join(
        f"{len(_gaps(document, ruling))} {said}"
        for ruling, said in (
            ("shown", "shown"),
            ("small", "shown to be small"),
            ("not_enough_evidence", "without enough evidence"),
            ("not_applicable", "not applicable"),
        )
        if _gaps(document, ruling)
    )
    found = [f"{_count(len(gaps), 'gap', 'gaps')} by {', '.join(attributes)} with intervals ({ruled})"]
    if document.get("intersections"):
        found.append("differences between intersections of the attributes")
    if _done(document, "attribution"):
        found.append("which features account for the gap, and which stand in for the attribute")
    if _done(document, "decomposition"):
        found.append("what the recorded labels and the parameters account for")
    warned = [w["code"] for w in document.get("warnings") or ()]
    if warned:
        found.append(f"warnings: {', '.join(dict.fromkeys(warned))}")
    return found


def _done(document: Document, section: str) -> bool:
    return (document.get(section) or {}).get("status") in ("done", "partial")


def _mitigated(document: Document) -> list[str]:
    found = []
    options = [o for o in (document.get("mitigation") or {}).get("options") or () if not o.get("failed")]
    if options:
        names = ", ".join(option["name"] for option in options)
        found.append(f"ways to reduce the gap, each with its cost in accuracy: {names}")
    if (document.get("decomposition") or {}).get("interventions"):
        found.append("what changing the training data does to the gap")
    if document.get("gate"):
        found.append(f"a gate that can hold a release back (here: {document['gate'].get('result')})")
    return found


def _incomplete(document: Document) -> list[str]:
    data, found = document.get("data") or {}, []
    dropped = sum(int(entry.get("rows") or 0) for entry in data.get("dropped") or ())
    if dropped:
        found.append(f"{dropped:,} rows dropped, counted by reason and group")
    small = [g for g in document.get("groups") or () if g.get("too_few")]
    if small:
        found.append(f"{_count(len(small), 'group', 'groups')} too small to compare in some metric, named")
    unknown = sum(
        int(g["n"]) for g in document.get("groups") or () if g.get("missing") and len(g["attributes"]) == 1
    )
    if unknown:
        found.append(f"people whose group is not known, counted ({unknown:,})")
    needed = [gap for gap in _gaps(document) if gap.get("rows_needed")]
    if needed:
        found.append(f"how many more rows would settle {_count(len(needed), 'open gap', 'open gaps')}")
    return found


def _represented(document: Document) -> list[str]:
    data, groups = document.get("data") or {}, document.get("groups") or ()
    found = []
    single = [g for g in groups if len(g["attributes"]) == 1]
    if single:
        found.append(f"number and share of people in {_count(len(single), 'group', 'groups')}")
    if len(groups) > len(single):
        found.append("and in their intersections")
    if data.get("dropped") is not None and groups:
        found.append("completeness: rows read, rows dropped and why")
    codes = {w["code"] for w in document.get("warnings") or ()}
    if "label-error" in codes:
        found.append("how large an error in the labels would explain a gap")
    if "labels-selected" in codes:
        found.append("labels known only for some people")
    return found


def _special(document: Document) -> list[str]:
    attributes = list(dict.fromkeys(a for g in document.get("groups") or () for a in g["attributes"]))
    return [f"that {', '.join(attributes)} was processed for detecting bias"] if attributes else []


def _accuracy(document: Document) -> list[str]:
    names = dict.fromkeys(
        name
        for group in document.get("groups") or ()
        for name, m in (group.get("metrics") or {}).items()
        if m.get("value") is not None and name not in ("selection_rate", "mean_prediction")
    )
    found = [f"{', '.join(names)} by group, with 95 % intervals"] if names else []
    if names and (document.get("data") or {}).get("held_out"):
        found.append("measured on people not used for fitting")
    return found


def _declared(document: Document) -> list[str]:
    found = _accuracy(document)
    return (
        ["figures and metrics in a form that instructions for use can quote (--format card)"] if found else []
    )


def _robust(document: Document) -> list[str]:
    fan = (document.get("decomposition") or {}).get("fan") or {}
    found = []
    if fan.get("equally_accurate"):
        found.append(f"how rulings and decisions vary over {fan['equally_accurate']} equally accurate refits")
    codes = {w["code"] for w in document.get("warnings") or ()}
    if "fragile-rulings" in codes:
        found.append("how many decisions would change each ruling")
    return found


def _nothing(document: Document) -> list[str]:  # noqa: ARG001  # the same shape as the others
    return []


_PARAGRAPHS = (
    _Paragraph(
        "10(2)(f)",
        "examination of the data sets for biases likely to affect health, safety or fundamental rights, or "
        "to lead to prohibited discrimination",
        _examined,
        "Whether these attributes are the relevant ones, and biases in data this table does not hold.",
    ),
    _Paragraph(
        "10(2)(g)",
        "measures to detect, prevent and mitigate the biases found under (f)",
        _mitigated,
        "Which measures were taken, by whom, and whether they suffice.",
    ),
    _Paragraph(
        "10(2)(h)",
        "identification of data gaps or shortcomings, and how they can be addressed",
        _incomplete,
        "People who never entered the table.",
    ),
    _Paragraph(
        "10(3)",
        "data sets that are relevant, sufficiently representative and, as far as possible, free of errors "
        "and complete, with suitable statistical properties for the groups of persons concerned",
        _represented,
        "A comparison with the people the system is meant for: no outside figures were given.",
    ),
    _Paragraph(
        "10(5)",
        "where strictly necessary for detecting and correcting bias, special categories of personal data may "
        "be processed under the conditions listed there",
        _special,
        "Whether they are special categories, whether it was strictly necessary, and every safeguard: "
        "access, pseudonymisation, deletion, records.",
    ),
    _Paragraph(
        "15(1)",
        "an appropriate level of accuracy, robustness and cybersecurity, kept up throughout the lifecycle",
        _accuracy,
        "What level is appropriate, and accuracy after today.",
    ),
    _Paragraph(
        "15(3)",
        "accuracy levels and the metrics used, declared in the instructions for use",
        _declared,
        "The declaration itself.",
    ),
    _Paragraph(
        "15(4)",
        "resilience to errors, faults and inconsistencies; for systems that go on learning, no feedback "
        "loops of biased outputs",
        _robust,
        "Faulty inputs, changes of environment, redundancy, and feedback loops.",
    ),
    _Paragraph(
        "15(5)",
        "resilience to attacks that alter use, outputs or performance",
        _nothing,
        "Cybersecurity is outside an audit of outcomes.",
    ),
)
