"""A run document made by hand: every ruling, failures, and names that attack whoever prints them."""

from __future__ import annotations

import json
import lzma
import math
from pathlib import Path
from typing import Any

FULL = Path(__file__).parents[1] / "golden" / "full-run.json.xz"
SCRIPT = "</script><img src=x onerror=alert(1)>"
FORMULA = "=cmd()"
MARKUP = "[red]bold[/red]"
TURNED = "\u202eevil\u202c שלום"
LONG = "a column name of three hundred characters " + "x" * 258
HOSTILE = (SCRIPT, FORMULA, MARKUP, TURNED, LONG)
WAVE = tuple(math.sin(1.7 * k) for k in range(40))


def full() -> dict[str, Any]:
    """Return the largest document there is: a run of all beliefs at full effort, as it was written."""
    found: dict[str, Any] = json.loads(lzma.decompress(FULL.read_bytes()))
    return found


def document() -> dict[str, Any]:
    """Return the whole document: five beliefs, one for each ruling."""
    return {
        "schema": "toolkit.check/1",
        "name": "misconceptions",
        "provenance": provenance(),
        "headline": {
            "expected_false": 0.2,
            "rulings": [
                {"code": "M002", "claim": "never-worse", "ruling": "refuted", "p": 1e-6, "p_adjusted": 4e-6},
                {
                    "code": "M002",
                    "claim": "regularised",
                    "ruling": "supported",
                    "p": 0.0004,
                    "p_adjusted": 0.0012,
                },
                {"code": "M004", "claim": "useful", "ruling": "supported", "p": 0.0004, "p_adjusted": 0.0012},
                {"code": "M006", "claim": "equal", "ruling": "inconclusive", "p": 0.22, "p_adjusted": 0.22},
            ],
        },
        "calibration": [
            {
                "world": "exact null",
                "claim": "never-worse",
                "mode": "generator",
                "runs": 400,
                "false_rulings": 9,
                "found": 371,
                "bound": 12,
            },
            {
                "world": "splits of a table: at the margin",
                "claim": "never-worse",
                "mode": "fixed table",
                "runs": 400,
                "false_rulings": 22,
                "found": 0,
                "bound": 31,
            },
        ],
        "experiments": [more(), fixed(), equal(), understood(), hostile()],
    }


def provenance() -> dict[str, Any]:
    """Return what made the numbers."""
    return {
        "toolkit": "0.1.0",
        "commit": "0123456789abcdef0123456789abcdef01234567",
        "command": "toolkit check misconceptions --seed 0 --effort standard",
        "seed": 0,
        "effort": "standard",
        "started": "2026-11-23T16:00:00+00:00",
        "seconds": 171.4,
        "versions": {"numpy": "2.4.6", "scikit-learn": "1.9.1"},
        "machine": {"system": "Linux", "cores": 2},
        "datasets": [
            {"name": "digits", "sha256": "a" * 64, "rows": 1797, "title": "Handwritten digits, 8x8 pixels"},
            {"name": "teacher", "sha256": "", "title": "Worlds", "about": "classes as a random network says"},
            {"name": SCRIPT, "sha256": "b" * 64, "title": FORMULA},
        ],
    }


def verdict(
    dataset: str, ruling: str, effect: float | None, half: float = 0.01, **more: Any
) -> dict[str, Any]:
    """Return one verdict with twenty effects spread around its mean."""
    ends: dict[str, Any] = {"low": None, "high": None, "low90": None, "high90": None}
    effects: list[float | None] = []
    if effect is not None:
        ends = {
            "low": effect - half,
            "high": effect + half,
            "low90": effect - 0.83 * half,
            "high90": effect + 0.83 * half,
        }
        effects = [effect + 2 * half * WAVE[k] for k in range(20)]
    p = {"supported": (0.0004, 0.9996), "refuted": (0.998, 0.002)}.get(ruling, (0.31, 0.22))
    return {
        "dataset": dataset,
        "ruling": ruling,
        "effect": effect,
        **ends,
        "replicates": len(effects),
        "reason": "",
        "effects": effects,
        "test_train_ratio": None,
        "p_for": p[0] if effects else None,
        "p_against": p[1] if effects else None,
        "mde90": 0.01 + 1.6 * half if effects else None,
        "equivalence_margin": 1.7 * half if effects else None,
        "settles": "",
    } | more


def control(dataset: str, expects: str, ruling: str, effect: float, why: str) -> dict[str, Any]:
    """Return one control's verdict."""
    return {**verdict(dataset, ruling, effect), "expects": expects, "why": why, "held": expects == ruling}


def claim(
    name: str, statement: str, verdicts: list[dict[str, Any]], pooled: dict[str, Any], **more: Any
) -> dict[str, Any]:
    """Return one claim."""
    return {
        "id": name,
        "statement": statement,
        "unit": "error",
        "margin": 0.01,
        "predicts": "no_increase",
        "quantifier": "universal",
        "stance": "belief",
        "scope": "",
        "pooled": {**pooled, "dataset": "pooled"},
        "verdicts": verdicts,
        "controls": [],
    } | more


def experiment(
    code: str, belief: str, ruling: str, sentence: str, claims: list[dict[str, Any]], **more: Any
) -> dict[str, Any]:
    """Return one belief."""
    return {
        "code": code,
        "id": code.lower(),
        "belief": belief,
        "article": "",
        "what": "W: the numbers that training finds.",
        "scope": "Small tables and images of 8 × 8 pixels.",
        "ruling": ruling,
        "sentence": sentence,
        "would_change": "",
        "threats": [],
        "references": [],
        "beside": [],
        "claims": claims,
        "figures": [],
        "failures": [],
        "not_applicable": [],
        "outcomes": [],
        "tables": [],
    } | more


def curve(dataset: str, panel: float, series: str, peak: float, level: float) -> list[dict[str, Any]]:
    """Return an error curve over the number of parameters that peaks at 300 by `peak`."""
    found = []
    for x in (15, 30, 75, 150, 300, 600, 1500, 3000):
        mean = level + 0.9 / math.sqrt(x) + peak * math.exp(-2.5 * abs(math.log(x / 300)))
        half = 0.006 + 0.1 * peak * math.exp(-abs(math.log(x / 300)))
        found.append(
            {
                "dataset": dataset,
                "panel": panel,
                "series": series,
                "x": x,
                "mean": mean,
                "low": mean - half,
                "high": mean + half,
                "n": 20,
            }
        )
    return found


def more() -> dict[str, Any]:
    """Return a refuted belief with curves, controls, failures and outcomes."""
    points = [
        point
        for dataset, level in (("digits", 0.02), ("teacher", 0.05))
        for noise in (0.0, 0.1, 0.2)
        for series, peak in (("ridgeless", 0.12 + noise), ("ridge, tuned", 0.0), ("boosting", 0.01))
        for point in curve(dataset, noise, series, peak, level + noise / 4)
    ]
    figure = {
        "id": "double-descent",
        "title": "Test error against size",
        "x_title": "Parameters",
        "y_title": "Test error",
        "panel_title": "label noise",
        "series_title": "family",
        "x_log": True,
        "y_log": False,
        "kind": "line",
        "claims": ["never-worse", "regularised"],
        "points": points,
    }
    never = claim(
        "never-worse",
        "Test error does not rise between half as many parameters as samples and as many.",
        [
            verdict("digits", "refuted", 0.121, 0.014),
            verdict("teacher", "refuted", 0.143, 0.02),
            verdict(
                "wine",
                "inconclusive",
                0.02,
                0.05,
                test_train_ratio=0.25,
                settles="about 2,100 rows instead of 178",
            ),
        ],
        verdict(
            "", "refuted", None, reason="fewer than five datasets: no effect over all of them", replicates=60
        ),
        controls=[
            control("flat", "supported", "supported", 0.0004, "Ridge is tuned, so nothing can rise."),
            control("peak", "refuted", "refuted", 0.31, "A peak of 0.3 is planted at p = n."),
        ],
    )
    small = claim(
        "regularised",
        "Small with regularisation does at least as well as large without.",
        [verdict(f"task-{k}", "supported", -0.02 - 0.002 * k, 0.008) for k in range(5)],
        verdict("", "supported", -0.0241, 0.0062, replicates=100),
        stance="counter",
        predicts="no_increase",
    )
    return experiment(
        "M002",
        "More parameters always mean better performance.",
        "refuted",
        "Not always: without regularisation test error rises where parameters equal samples.",
        [never, small],
        article="The article says that beyond a threshold additional parameters overfit.",
        would_change="A tuned ridge that shows the peak, or a ridgeless fit that does not, on fresh data.",
        threats=["Random features are not trained networks.", "Label noise is symmetric here."],
        references=["Belkin et al. 2019, doi:10.1073/pnas.1903070116"],
        beside=["Belkin et al. find the peak at N = n on MNIST with random features; so do we on digits."],
        figures=[figure],
        failures=[
            {"dataset": "digits", "seed": 7, "status": "failed", "reason": f"LinAlgError: {SCRIPT}"},
            {"dataset": "wine", "seed": 3, "status": "timeout", "reason": "ran past 120 s"},
        ],
        not_applicable=[{"dataset": "crime1", "reason": "only two classes", "trials": 20}],
        outcomes=[
            {"dataset": "digits", "seed": s, "status": "done", "reason": "", "seconds": 1.5}
            for s in range(19)
        ],
        tables=[
            {
                "id": "smallest",
                "title": "Smallest model within the margin",
                "columns": ["dataset", "parameters", "share"],
                "rows": [["digits", 75, 0.031], [FORMULA, None, True]],
                "note": "Described, never ruled on.",
            },
            {
                "id": "ladder",
                "title": "Every rung of the ladder",
                "columns": ["rung", "parameters"],
                "rows": [[k, 2**k] for k in range(13)],
                "note": "",
            },
        ],
    )


def fixed() -> dict[str, Any]:
    """Return a supported claim with bars and names along the side."""
    names = ("partial fit", "continued boosting", "refreshed leaves", "int8")
    points = [
        {
            "dataset": "digits",
            "panel": "",
            "series": series,
            "x": name,
            "mean": mean,
            "low": mean - 0.02,
            "high": mean + 0.02,
            "n": 20,
        }
        for i, name in enumerate(names)
        for series, mean in (("frozen", 0.31), ("updated", 0.07 + 0.04 * i))
    ]
    figure = {
        "id": "updates",
        "title": "What an update does",
        "x_title": "Update",
        "y_title": "Test error on the shifted target",
        "x_log": False,
        "y_log": False,
        "kind": "bar",
        "claims": ["useful"],
        "points": points,
    }
    useful = claim(
        "useful",
        "Updating the trained model lowers the error on a shifted target.",
        [verdict("digits", "supported", -0.21, 0.03)],
        verdict("", "supported", -0.21, 0.03),
        predicts="decrease",
        stance="counter",
        quantifier="existential",
    )
    return experiment(
        "M004",
        "Parameters are fixed once the model is trained.",
        "supported",
        "They can be changed.",
        [useful],
        figures=[figure],
    )


def equal() -> dict[str, Any]:
    """Return an inconclusive belief whose figure has one point a curve and logarithms of zero."""
    points = [
        {"dataset": d, "panel": None, "series": None, "x": x, "mean": m, "low": None, "high": None, "n": 8}
        for d, scale in (("wine", 1), ("diabetes", 3000))
        for x, m in ((0, 0.0), (0.5, 0.2 * scale), (0.8, 0.9 * scale))
    ]
    figure = {
        "id": "pruned",
        "title": "Error against the share removed",
        "x_title": "Share removed",
        "y_title": "MSE",
        "x_log": True,
        "y_log": True,
        "kind": "line",
        "claims": ["equal"],
        "points": points,
    }
    empty = {**figure, "id": "empty", "title": "Nothing here", "points": []}
    same = claim(
        "equal",
        "Removing the smallest or random parameters costs the same.",
        [
            verdict("wine", "inconclusive", 0.012, 0.03, settles="about 40 trials more"),
            verdict("digits", "inconclusive", 0.2, 3.0),
        ],
        verdict("", "inconclusive", None, reason="fewer than five datasets"),
        predicts="no_change",
    )
    return experiment(
        "M006",
        "All parameters are equally important.",
        "inconclusive",
        "These trials cannot tell.",
        [same],
        figures=[figure, empty],
    )


def understood() -> dict[str, Any]:
    """Return an error and a claim that cannot be measured."""
    withheld = claim(
        "importance",
        "Importance finds the planted features.",
        [verdict("friedman", "error", 0.02, reason="its control came out opposite")],
        verdict("", "error", None, reason="a control came out opposite: random labels gave stable ranks"),
        controls=[
            control("random-labels", "refuted", "supported", 0.4, "Nothing can be found in random labels.")
        ],
    )
    absent = claim(
        "surrogate",
        "A shallow tree predicts what the model says.",
        [verdict("wine", "not_applicable", None, reason="three classes")],
        verdict("", "not_applicable", None, reason="no dataset has two classes"),
        predicts="increase",
    )
    return experiment(
        "M007",
        "Parameters cannot be understood by humans.",
        "error",
        "The ruling is withheld: a control failed.",
        [withheld, absent],
    )


def hostile() -> dict[str, Any]:
    """Return a belief in which every name attacks."""
    points = [
        {
            "dataset": name,
            "panel": SCRIPT,
            "series": other,
            "x": x,
            "mean": 0.1 * (i + j + x),
            "low": 0.09 * (i + j + x),
            "high": 0.11 * (i + j + x),
            "n": 3,
        }
        for i, name in enumerate((SCRIPT, LONG))
        for j, other in enumerate(HOSTILE)
        for x in (1, 2, 3)
    ]
    figure = {
        "id": SCRIPT,
        "title": SCRIPT,
        "x_title": f"{FORMULA} {SCRIPT}",
        "y_title": TURNED,
        "x_log": False,
        "y_log": False,
        "kind": "line",
        "claims": ["hostile"],
        "points": points,
    }
    bars = figure | {"kind": "bar", "points": [p | {"x": HOSTILE[p["x"]], "series": ""} for p in points[:9]]}
    attacked = claim(
        "hostile",
        f"{SCRIPT} {MARKUP} {TURNED}",
        [verdict(name, "not_applicable", None, reason=SCRIPT) for name in HOSTILE],
        verdict("", "not_applicable", None, reason=f"{MARKUP} | {FORMULA} @everyone \x00\x1b[31m"),
        unit=SCRIPT,
        scope=TURNED,
    )
    return experiment(
        "X666",
        f"{SCRIPT} {TURNED}",
        "not_applicable",
        f"{MARKUP} {SCRIPT}",
        [attacked],
        article=LONG,
        what=FORMULA,
        scope=SCRIPT,
        would_change=TURNED,
        threats=list(HOSTILE),
        references=list(HOSTILE),
        beside=list(HOSTILE),
        figures=[figure, bars],
        failures=[{"dataset": name, "seed": 0, "status": "died", "reason": name} for name in HOSTILE],
    )
