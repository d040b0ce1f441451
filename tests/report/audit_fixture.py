"""An audit document made by hand: every section, every ruling, parts that do not apply, hostile names."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

from fixture import FORMULA, LONG, MARKUP, SCRIPT, TURNED

HOSTILE = {"Black": SCRIPT, "Hispanic": FORMULA, "white": MARKUP, "female": TURNED, "income": LONG}
RATES = {
    "selection_rate": ("fp tp", "tn fp fn tp"),
    "true_positive_rate": ("tp", "fn tp"),
    "false_positive_rate": ("fp", "tn fp"),
    "accuracy": ("tn tp", "tn fp fn tp"),
    "precision": ("tp", "fp tp"),
}
# group: tn, fp, fn, tp
SINGLES: dict[str, dict[str, tuple[int, int, int, int]]] = {
    "race": {
        "white": (61, 61, 34, 684),
        "Black": (24, 10, 9, 55),
        "Hispanic": (9, 8, 5, 32),
        "(missing)": (0, 1, 0, 3),
    },
    "sex": {"male": (77, 64, 37, 633), "female": (17, 16, 11, 139), "(missing)": (0, 0, 0, 2)},
}
CROSSED: dict[tuple[str, str], tuple[int, int, int, int]] = {
    ("white", "male"): (51, 51, 27, 560),
    ("white", "female"): (10, 10, 7, 124),
    ("Black", "male"): (18, 7, 6, 46),
    ("Black", "female"): (6, 3, 3, 9),
    ("Hispanic", "male"): (8, 6, 4, 27),
    ("Hispanic", "female"): (1, 2, 1, 5),
}


def document() -> dict[str, Any]:
    """Return an audit of a recipe on a held-out part, with everything in it."""
    return copy.deepcopy(_document())


def hostile() -> dict[str, Any]:
    """Return the same audit with names that attack whoever prints them."""
    changed: dict[str, Any] = _renamed(document())
    return changed


def labels_only() -> dict[str, Any]:
    """Return an audit of predictions without labels: most parts do not apply."""
    found = document()
    found["decisions"] |= {
        "source": "prediction",
        "column": "selected",
        "target": None,
        "positive": None,
        "negative": None,
        "recipe": None,
        "sentence": "Decisions stand in the column selected; there are no labels.",
    }
    for group in found["groups"]:
        group["counts"] = {"negative": 40, "positive": 60}
        group["weights"] = None
        group["metrics"] = {"selection_rate": group["metrics"]["selection_rate"]}
    found["gaps"] = [g for g in found["gaps"] if g["metric"] == "selection_rate"]
    found["intersections"], found["slopes"], found["warnings"] = [], [], []
    found["within"] = found["gate"] = None
    why = {
        "status": "not_applicable",
        "reason": "there is no model to refit: the table holds its predictions",
    }
    found["decomposition"] = why | {"pair": None, "tables": [], "interventions": [], "notes": []}
    found["attribution"] = why | {"pair": None, "scales": [], "proxies": None, "notes": []}
    found["mitigation"] = why | {"pair": None, "options": [], "sentence": "", "notes": []}
    found["calibration"] = []
    found["data"] |= {"held_out": None, "dropped": [], "weight": None, "cluster": None, "notes": []}
    return found


def _renamed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {_renamed(k) if k in HOSTILE else k: _renamed(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_renamed(v) for v in value]
    if isinstance(value, str):
        for name, attack in HOSTILE.items():
            value = value.replace(name, attack)
    return value


def wilson(x: float, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return an interval for a share; here only a plausible one is needed."""
    p = x / n
    middle, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def metrics(counts: tuple[int, int, int, int]) -> dict[str, Any]:
    """Return the rates of one group from its counts, undefined where the denominator is empty."""
    cells = dict(zip(("tn", "fp", "fn", "tp"), counts, strict=True))
    found: dict[str, Any] = {}
    for name, (above, below) in RATES.items():
        x, n = (sum(cells[c] for c in part.split()) for part in (above, below))
        if n == 0:
            note = "nobody in this group is in the denominator"
            found[name] = {"value": None, "low": None, "high": None, "n": 0, "note": note}
            continue
        low, high = wilson(x, n)
        found[name] = {"value": x / n, "low": low, "high": high, "n": n, "note": ""}
    n = sum(counts)
    if n >= 30:
        auc = 0.78 + 0.02 * math.sin(n)
        half = 0.6 / math.sqrt(n)
        found["roc_auc"] = {"value": auc, "low": auc - half, "high": auc + half, "n": n, "note": ""}
    else:
        note = "fewer than 30 rows: no interval can be trusted"
        found["roc_auc"] = {"value": None, "low": None, "high": None, "n": n, "note": note}
    return found


def group(attributes: dict[str, str], counts: tuple[int, int, int, int], whole: int) -> dict[str, Any]:
    """Return one entry of `groups`."""
    found = metrics(counts)
    return {
        "attributes": attributes,
        "n": sum(counts),
        "share": sum(counts) / whole,
        "counts": dict(zip(("tn", "fp", "fn", "tp"), counts, strict=True)),
        "weights": {k: round(1.1 * c, 1) for k, c in zip(("tn", "fp", "fn", "tp"), counts, strict=True)},
        "missing": "(missing)" in attributes.values(),
        "too_few": [name for name, m in found.items() if m["n"] < 10],
        "metrics": found,
    }


def of(attribute: str, name: str, metric: str) -> float:
    """Return one group's rate."""
    return float(metrics(SINGLES[attribute][name])[metric]["value"])


def gap(attribute: str, metric: str, pair: tuple[str, str], ruling: str, **more: Any) -> dict[str, Any]:
    """Return one entry of `gaps`, of two groups as `SINGLES` has them; `half` is half its interval."""
    first, second = (of(attribute, name, metric) if name in SINGLES[attribute] else 0.82 for name in pair)
    kind, half = more.get("kind", "difference"), more.pop("half", 0.08)
    value = second / first if kind == "ratio" else first - second
    signed = more.get("compare", "widest") != "widest"
    low, high = value - half if signed else max(0.0, value - half), value + half
    p = {"shown": (1e-6, 0.0004), "small": (0.31, 1.0)}.get(ruling, (0.07, 0.4))
    return {
        "attribute": attribute,
        "attributes": [attribute],
        "metric": metric,
        "kind": kind,
        "compare": "widest",
        "highest": pair[0],
        "lowest": pair[1],
        "value": value,
        "corrected": value - 0.012 if kind == "difference" and not signed else value,
        "low": low,
        "high": high,
        "low90": low + 0.16 * half,
        "high90": high - 0.16 * half,
        "p_value": p[0],
        "p_adjusted": min(1.0, 5 * p[0]),
        "p_margin": p[1],
        "p_margin_adjusted": min(1.0, 5 * p[1]),
        "smallest_p": 0.0001,
        "family": "widest pairs of single attributes",
        "margin": 0.8 if kind == "ratio" else 0.05,
        "ruling": ruling,
        "reason": "",
        "left_out": [],
        "left_out_share": 0.0,
        "missing_left_out": attribute == "race",
        "rows_needed": None,
        "groups_compared": 3,
    } | more


def gaps() -> list[dict[str, Any]]:
    """Return gaps of every kind, comparison and ruling."""
    race, sex = ("white", "Black"), ("male", "female")
    needed = {
        "ruling_sought": "shown",
        "group": "Black",
        "rows": 412,
        "factor": None,
        "sentence": "412 more rows of Black with a positive label, if the corrected gap is the true one.",
    }
    empty = "value corrected low high low90 high90 p_value p_adjusted p_margin p_margin_adjusted smallest_p"
    nothing = dict.fromkeys([*empty.split(), "highest", "lowest"])
    ratios, named = {"kind": "ratio", "family": "widest pairs, as ratios"}, {"compare": "reference"}
    named["family"] = "each group against the reference"
    return [
        gap("race", "selection_rate", race, "shown", half=0.094),
        gap("race", "true_positive_rate", race, "not_enough_evidence", half=0.088, rows_needed=needed),
        gap("race", "false_positive_rate", race, "not_enough_evidence", half=0.2),
        gap("sex", "selection_rate", sex, "small", half=0.034),
        gap("sex", "true_positive_rate", sex, "small", half=0.034),
        gap("sex", "accuracy", sex, "not_applicable", groups_compared=1)
        | nothing
        | {
            "metric": "roc_auc",
            "reason": "fewer than two groups have 10 positives and 10 negatives",
            "left_out": ["(missing)"],
            "left_out_share": 0.002,
        },
        gap("race", "selection_rate", race, "shown", half=0.047, **ratios),
        gap("sex", "selection_rate", sex, "small", half=0.04, **ratios),
        gap("race", "selection_rate", race[::-1], "shown", half=0.09, **named),
        gap("race", "selection_rate", ("Hispanic", "white"), "not_enough_evidence", half=0.12, **named),
        gap(
            "race",
            "selection_rate",
            ("(missing)", "the rest"),
            "not_enough_evidence",
            half=0.35,
            compare="rest",
            family="people whose group is not known against the rest",
        ),
    ]


def _spot(value: float, half: float) -> dict[str, float]:
    return {"value": value, "low": value - half, "high": value + half}


def _document() -> dict[str, Any]:
    whole = 1000
    everybody = tuple(
        sum(column) for column in zip(*(list(c) for c in SINGLES["race"].values()), strict=True)
    )
    singles = [
        group({a: name}, counts, whole) for a, found in SINGLES.items() for name, counts in found.items()
    ]
    crossed = [group({"race": r, "sex": s}, counts, whole) for (r, s), counts in CROSSED.items()]
    return {
        "schema": "toolkit.audit/1",
        "name": "loans",
        "provenance": {
            "versions": {"toolkit": "0.2.0", "numpy": "2.4.6", "duckdb": "1.5.0"},
            "commit": "0123456789abcdef0123456789abcdef01234567",
            "command": "toolkit audit loans.csv --target approved --positive 1 --sensitive race,sex "
            "--recipe sklearn.linear_model.LogisticRegression --set C=0.1 --weight w",
            "seed": 0,
            "threads": 1,
            "started": "2026-11-24T22:00:00+00:00",
            "seconds": 21.4,
            "machine": {"system": "Linux", "cores": 2},
        },
        "data": {
            "path": "loans.csv",
            "label": "loans.csv",
            "files": [{"name": "loans.csv", "sha256": "a" * 64}],
            "sha256": "a" * 64,
            "format": "csv",
            "rows": 2001,
            "columns": ["approved", "race", "sex", "income", "w"],
            "read": {"rows": 1989},
            "dropped": [
                {
                    "reason": "the label is missing",
                    "rows": 12,
                    "by_group": [
                        {"attributes": {"race": "white"}, "dropped": 6, "n": 1687},
                        {"attributes": {"race": "Black"}, "dropped": 6, "n": 203},
                    ],
                    "p_value": 0.003,
                }
            ],
            "notes": ["3 values of income are not numbers and were read as missing"],
            "weight": "w",
            "cluster": None,
            "within": "county",
            "held_out": {"train": 495, "calibration": 494, "test": 1000},
        },
        "decisions": {
            "source": "recipe",
            "column": None,
            "target": "approved",
            "positive": "1",
            "negative": "0",
            "threshold": 0.5,
            "score_range": [0.02, 0.99],
            "model": None,
            "recipe": {"estimator": "sklearn.linear_model.LogisticRegression", "parameters": {"C": 0.1}},
            "sentence": "Logistic regression, fitted here on 495 rows, decides on 1,000 rows it has not seen "
            "whether approved is 1; a score of 0.5 or more is a yes.",
        },
        "settings": {
            "margin": 0.05,
            "ratio_margin": 0.8,
            "min_group": 10,
            "metrics": list(RATES),
            "confidence": 0.95,
            "reference": {"race": "white"},
            "census": False,
            "labels_observed_for": None,
            "cut": {},
            "frequency_weights": False,
            "gate": ["selection_rate:race", "selection_rate:sex"],
        },
        "overall": {
            "n": whole,
            "counts": dict(zip(("tn", "fp", "fn", "tp"), everybody, strict=True)),
            "metrics": metrics(everybody),  # type: ignore[arg-type]  # four of them
        },
        "groups": singles + crossed,
        "gaps": gaps(),
        "intersections": [_intersections("selection_rate"), _intersections("true_positive_rate")],
        "within": {
            "column": "county",
            "gaps": [
                {
                    "attribute": "race",
                    "metric": "selection_rate",
                    "first": "white",
                    "second": "Black",
                    "pooled": 0.19,
                    "low": 0.1,
                    "high": 0.28,
                    "p_heterogeneity": 0.34,
                    "strata": [
                        {"name": "Suffolk", "difference": 0.22, "n": 431},
                        {"name": "Essex", "difference": 0.11, "n": 569},
                    ],
                    "crude": 0.2242,
                }
            ],
        },
        "slopes": [
            {
                "attribute": "age",
                "metric": "selection_rate",
                "slope": -0.0031,
                "low": -0.0058,
                "high": -0.0004,
                "p_value": 0.024,
                "unit": "per year of age",
            }
        ],
        "gate": {
            "asked": ["selection_rate:race", "selection_rate:sex"],
            "members": [
                {"attribute": "race", "metric": "selection_rate", "ruling": "shown"},
                {"attribute": "sex", "metric": "selection_rate", "ruling": "small"},
            ],
            "result": "shown",
            "exit": 1,
        },
        "decomposition": _decomposition(),
        "attribution": _attribution(),
        "mitigation": _mitigation(),
        "lenses": _lenses(),
        "warnings": [
            {
                "code": "dropped-rows",
                "title": "Rows were dropped more often in one group",
                "text": "A missing label removed 3.0 % of Black applicants and 0.4 % of white ones.",
                "evidence": {
                    "column": "approved",
                    "p_value": 0.003,
                    "groups": [
                        {"group": "Black", "dropped": 6, "of": 203, "p_value": 0.0004},
                        {"group": "white", "dropped": 6, "of": 1687, "p_value": None},
                    ],
                },
                "silence": "--silence dropped-rows",
                "level": "warning",
            },
            {
                "code": "fragility",
                "title": "Few decisions carry one ruling",
                "text": "4 decisions the other way would undo the ruling on the selection rate by sex.",
                "evidence": {"decisions": 4, "gap": "selection_rate by sex"},
                "silence": "--silence fragility",
                "level": "note",
            },
        ],
        "silenced": ["small-groups"],
        "calibration": [
            {
                "statistic": "difference",
                "groups": 2,
                "shape": "balanced",
                "n": 200,
                "gap": 0.0,
                "coverage": 0.958,
                "false_alarms": 0.046,
                "shown": 0.0,
                "tables": 1000,
            },
            {
                "statistic": "difference",
                "groups": 4,
                "shape": "skewed",
                "n": 1000,
                "gap": 0.15,
                "coverage": 0.951,
                "false_alarms": None,
                "shown": 0.2,
                "tables": 1000,
            },
            {
                "statistic": "difference",
                "groups": 10,
                "shape": "skewed",
                "n": 8000,
                "gap": 0.15,
                "coverage": 0.936,
                "false_alarms": None,
                "shown": 0.4,
                "tables": 1000,
            },
            {"statistic": "ratio", "groups": 4, "shape": "balanced", "coverage": 0.947, "false_below": 0.021},
        ],
    }


def _intersections(metric: str) -> dict[str, Any]:
    cells = []
    for place, ((race, sex), counts) in enumerate(CROSSED.items()):
        found = metrics(counts)[metric]
        rest = 0.9 + 0.004 * place
        difference = found["value"] - rest
        half = 1.3 * (found["high"] - found["low"]) / 2
        cells.append(
            {
                "attributes": {"race": race, "sex": sex},
                "n": found["n"],
                "value": found["value"],
                "shrunk": 0.6 * found["value"] + 0.4 * rest,
                "complement": rest,
                "difference": difference,
                "low": difference - half,
                "high": difference + half,
                "p_value": 0.0002 if (race, sex) == ("Black", "male") else 0.3,
                "p_adjusted": 0.0012 if (race, sex) == ("Black", "male") else 1.0,
                "ruling": "shown" if abs(difference) - half > 0.05 else "not_enough_evidence",
            }
        )
    return {
        "attributes": ["race", "sex"],
        "metric": metric,
        "omnibus": {"variance": 0.0041, "low": -0.0006, "high": 0.0182, "p_value": 0.004},
        "cells": cells,
    }


def _decomposition() -> dict[str, Any]:
    def part(name: str, value: float, half: float, meaning: str) -> dict[str, Any]:
        return {"name": name, "value": value, "low": value - half, "high": value + half, "meaning": meaning}

    seeds = [
        {
            "name": f"seed {k}",
            "kind": "seed",
            "accuracy": 0.868 + 0.004 * math.sin(k),
            "gap": 0.206 + 0.018 * math.sin(2.3 * k),
            "ruling": "shown",
            "equally_accurate": k % 5 != 4,
        }
        for k in range(20)
    ]
    halves = [
        {
            "name": f"half {k}",
            "kind": "half",
            "accuracy": 0.861 + 0.006 * math.sin(k),
            "gap": 0.21 + 0.06 * math.sin(1.3 * k),
            "ruling": "shown",
            "equally_accurate": False,
        }
        for k in range(10)
    ]
    capacity = [
        {"name": f"C={c}", "kind": "capacity", "accuracy": a, "gap": g, "ruling": r, "equally_accurate": e}
        for c, a, g, r, e in (
            ("0.001", 0.846, 0.031, "not_enough_evidence", False),
            ("0.01", 0.866, 0.19, "shown", True),
            ("1", 0.869, 0.262, "shown", True),
        )
    ]
    return {
        "status": "done",
        "reason": "",
        "pair": {"attribute": "race", "first": "white", "second": "Black"},
        "people": {"train": 495, "calibration": 494, "test": 1000},
        "refits": 20,
        "deterministic": False,
        "tables": [
            {
                "metric": "selection_rate",
                "gap": 0.2242,
                "unit": "rate",
                "parts": [
                    part("recorded labels", 0.1727, 0.082, "the gap that stands in the labels themselves"),
                    part("miscalibration by group", -0.0204, 0.031, "mean score minus label, by group"),
                    part("threshold", 0.0539, 0.027, "turning scores into decisions at 0.5"),
                    part("luck of this fit", 0.018, 0.012, "this model minus the mean of 20 other seeds"),
                ],
                "residual": 0.0,
                "sentence": "Of a gap of 22 points the recorded labels account for 17, the threshold for 5.",
            },
            {
                "metric": "selection_rate",
                "gap": 0.291,
                "unit": "log ratio",
                "parts": [
                    part("recorded labels", 0.222, 0.11, "the gap that stands in the labels themselves"),
                    part("the rest", 0.069, 0.08, "this model minus the labels"),
                ],
                "residual": 0.0,
                "sentence": "On the scale of log ratios the recorded labels account for 0.222 of 0.291.",
            },
            {
                "metric": "true_positive_rate",
                "gap": 0.0943,
                "unit": "rate",
                "parts": [
                    part("mean over refits", 0.0823, 0.071, "the same recipe under 20 other seeds"),
                    part("luck of this fit", 0.012, 0.014, "this model minus that mean"),
                ],
                "residual": 0.0,
                "sentence": "Of a gap of 9 points, 8 are there whichever seed is drawn.",
            },
        ],
        "interventions": [
            {
                "name": "reweighing",
                "how": "training rows weighted until label and group are independent",
                "metric": "selection_rate",
                "before": 0.2242,
                "after": 0.1456,
                "change": -0.0786,
                "low": -0.121,
                "high": -0.034,
                "accuracy_change": -0.004,
                "accuracy_low": -0.011,
                "accuracy_high": 0.003,
            },
            {
                "name": "without race",
                "how": "the sensitive column is not a feature",
                "metric": "selection_rate",
                "before": 0.2242,
                "after": 0.2156,
                "change": -0.0086,
                "low": -0.021,
                "high": 0.004,
                "accuracy_change": 0.0,
                "accuracy_low": -0.004,
                "accuracy_high": 0.004,
            },
        ],
        "fan": {
            "models": seeds + halves + capacity,
            "equally_accurate": 18,
            "would_change": 0,
            "sentence": "None of 18 equally accurate models would change the ruling.",
            "flips": [
                {"group": "white", "share": 0.021, "low": 0.014, "high": 0.028},
                {"group": "Black", "share": 0.064, "low": 0.037, "high": 0.091},
            ],
        },
        "differential_fairness": {
            "labels": _spot(0.92, 0.21),
            "predictions": _spot(1.31, 0.26),
            "amplification": _spot(0.39, 0.22),
            "null_mean": 0.18,
            "smoothing": 0.5,
            "intersections": ["race", "sex", "race & sex"],
            "sentence": "Predictions differ more between groups than the labels do: by 0.39 (0.17 to 0.61).",
        },
        "notes": ["Training-data uncertainty is a spread only, from refits on random halves."],
    }


def _attribution() -> dict[str, Any]:
    def parts(scale: float) -> list[dict[str, Any]]:
        found = (("income", 0.61), ("debt ratio", 0.34), ("credit history", 0.29), ("loan term", -0.06))
        return [
            {"feature": f, "value": v * scale, "low": (v - 0.12) * scale, "high": (v + 0.12) * scale}
            for f, v in found
        ]

    return {
        "status": "done",
        "reason": "",
        "pair": {"attribute": "race", "first": "white", "second": "Black"},
        "scales": [
            {
                "scale": "log-odds",
                "gap": 1.18,
                "parts": parts(1.0),
                "residual": 0.0,
                "rows": 1000,
                "background": 100,
                "sentence": "income accounts for 0.61 of 1.18 in log-odds.",
            },
            {
                "scale": "probability",
                "gap": 0.1777,
                "parts": parts(0.15),
                "residual": 0.0007,
                "rows": 500,
                "background": 50,
                "sentence": "income accounts for 9 of 18 points of mean score.",
            },
        ],
        "proxies": {
            "auc": 0.71,
            "low": 0.66,
            "high": 0.76,
            "features": [{"feature": "income", "auc": 0.64}, {"feature": "debt ratio", "auc": 0.58}],
            "sentence": "The other features tell white from Black with an AUC of 0.71.",
        },
        "notes": ["SHAP is one way of sharing a gap out among features that move together."],
    }


def _mitigation() -> dict[str, Any]:
    def option(name: str, accuracy: float, gap: float, other: float, **more: Any) -> dict[str, Any]:
        return {
            "name": name,
            "how": more.pop("how", "trained anew on the training part"),
            "accuracy": _spot(accuracy, 0.021),
            "accuracy_change": _spot(accuracy - 0.869, 0.009),
            "gaps": [
                {
                    "metric": metric,
                    "constrained": metric == "selection_rate",
                    **_spot(value, 0.08),
                    "change": value - base,
                    "change_low": value - base - 0.05,
                    "change_high": value - base + 0.05,
                }
                for metric, value, base in (("selection_rate", gap, 0.2242), ("accuracy", other, 0.0612))
            ],
            "frozen": None,
            "needs_group": False,
            "failed": None,
        } | more

    return {
        "status": "partial",
        "reason": "one option could not be trained",
        "pair": {"attribute": "race", "first": "white", "second": "Black"},
        "constraint": "demographic_parity",
        "options": [
            option("as it is", 0.869, 0.2242, 0.0612, how="the model that was audited"),
            option(
                "thresholds per group",
                0.851,
                0.021,
                0.118,
                how="one threshold for each group, from the calibration part; parameters stay frozen",
                frozen={"before": "b" * 64, "after": "b" * 64, "same": True},
                needs_group=True,
            ),
            option("reweighing", 0.865, 0.1456, 0.066),
            option("constrained training", 0.858, 0.064, 0.094, how="ExponentiatedGradient"),
            {
                "name": "without proxies",
                "how": "race and what predicts it are not features",
                "accuracy": None,
                "accuracy_change": None,
                "gaps": [],
                "frozen": None,
                "needs_group": False,
                "failed": "no feature is left once the proxies are dropped",
            },
        ],
        "sentence": "Thresholds per group bring the gap from 22 to 2 points at 1.8 points of accuracy.",
        "notes": ["No best method is singled out without a fresh part of the data."],
    }


def _lenses() -> list[dict[str, Any]]:
    return [
        {
            "id": "four-fifths",
            "name": "Four-fifths rule",
            "question": "Is the lowest selection rate under four fifths of the highest?",
            "is_not": "Not a finding of discrimination, nor a safe harbour: a screen for US employment.",
            "source": "29 CFR 1607.4 D",
            "status": "done",
            "reason": "",
            "sentences": ["The impact ratio is 0.75, 95 % interval 0.70 to 0.79: below four fifths."],
            "tables": [
                {
                    "title": "Impact ratios by race",
                    "columns": ["group", "selected", "of", "ratio", "one person less"],
                    "rows": [["white", 745, 840, 1.0, 1.0], ["Black", 65, 98, 0.7478, 0.7363]],
                }
            ],
            "results": {"ratio": 0.747},
        },
        {
            "id": "local-law-144",
            "name": "New York City Local Law 144",
            "question": "Which impact ratios would have to be published?",
            "is_not": "Not a bias audit: the law asks for an independent auditor.",
            "source": "6 RCNY 5-301",
            "status": "not_applicable",
            "reason": "the table has no column of sex and race categories as EEO-1 names them",
            "sentences": [],
            "tables": [],
            "results": {},
        },
    ]
