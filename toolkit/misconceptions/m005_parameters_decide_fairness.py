"""Parameters alone determine bias and fairness.

Once weights, decision rule and population are fixed, a gap between groups is a function of the weights, so
the literal belief is true and empty. What can be false is that the gap comes from the parameters and can be
governed by them alone. Data are changed with the learner's specification fixed, and learners with the data
fixed, on worlds whose fairness is known and on tables of real decisions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from toolkit.experiment import (
    Claim,
    Control,
    Dataset,
    Effort,
    Experiment,
    Figure,
    Needs,
    NotApplicable,
    Rows,
    Rulings,
    Table,
)
from toolkit.records import Ruling

MARGIN = 0.02  # of a rate; fixed before anything was measured
ADMITTED = 0.05  # accuracy within this of the best: the learner is a reasonable choice
EQUAL = 0.01  # accuracy within this of the best: nobody could prefer the best on accuracy
GAP = "true_positive_rate_gap"

BROKEN = tuple(
    f"lending:{variant}"
    for variant in (
        "label_bias",
        "under_representation",
        "no_proxy",
        "selection",
        "measurement",
        "together",
    )
)


def measure(data: Dataset, seed: int, effort: Effort) -> Iterable[Mapping[str, Any]]:
    """Measure every data condition with every learner on the same people, and thresholds moved afterwards."""
    from toolkit.misconceptions import _m005_trial

    return _m005_trial.measure(data, seed, effort)


def extras(outcomes: Mapping[str, Mapping[int, Rows]]) -> Iterable[Table]:
    """Describe variance shares, frozen models, learners, attributions and proxies over all trials."""
    from toolkit.misconceptions import _m005_tables

    return _m005_tables.tables(outcomes)


def within(rows: Rows, tolerance: float) -> tuple[str, ...]:
    """Return the learners whose mean accuracy over all data conditions is nearly that of the best."""
    cells = rows.where(kind="cell")
    accuracy = {m: cells.mean("accuracy", learner=m) for m in dict.fromkeys(cells.column("learner"))}
    return tuple(m for m in accuracy if accuracy[m] >= max(accuracy.values()) - tolerance)


def admitted(rows: Rows) -> tuple[str, ...]:
    """Choose the learners that enter, on the other half of the trials."""
    return within(rows, ADMITTED)


def gap(rows: Rows, **arm: str) -> float:
    """Return the mean gap over fits (and trials), or say why there is none."""
    found = rows.where(**arm)
    why = next((str(row["why"]) for row in found if row.get("why")), "")
    if why:
        raise NotApplicable(why)
    return found.mean(GAP)


def changed(rows: Rows, learners: tuple[str, ...], one: str, other: str) -> float:
    """Return how much larger the gap is under one data condition than another, mean over learners."""
    cells = rows.where(kind="cell")
    differences = [
        gap(cells, condition=one, learner=m) - gap(cells, condition=other, learner=m) for m in learners
    ]
    return sum(differences) / len(differences)


def mechanism(rows: Rows, learners: tuple[str, ...]) -> float:
    """Gap after learning from the recorded data less that after the fair data of the same people."""
    return changed(rows, learners, "recorded", "fair")


def reweighing(rows: Rows, learners: tuple[str, ...]) -> float:
    """Gap as recorded less that after reweighing."""
    return changed(rows, learners, "recorded", "reweighed")


def dropping(rows: Rows, learners: tuple[str, ...]) -> float:
    """Gap with the sensitive column less that without it and its proxies."""
    return changed(rows, learners, "with_group", "without_proxies")


def extremes(rows: Rows) -> tuple[str, str]:
    """Choose, on the other half of the trials, the equally accurate learners of widest and narrowest gap."""
    recorded = rows.where(kind="cell", condition="recorded")
    equal = within(recorded, EQUAL)
    if len(equal) < 2:
        raise NotApplicable(f"only {equal[0]} is within {EQUAL} of the best accuracy")
    gaps = {m: gap(recorded, learner=m) for m in equal}
    return max(equal, key=gaps.__getitem__), min(equal, key=gaps.__getitem__)


def parameters(rows: Rows, choice: tuple[str, str]) -> float:
    """Gap of one equally accurate learner less that of another, same data."""
    recorded = rows.where(kind="cell", condition="recorded")
    wide, narrow = choice
    return gap(recorded, learner=wide) - gap(recorded, learner=narrow)


def direction(rows: Rows) -> float:
    """Choose, on the other half of the trials, which way the unaided gap points."""
    return 1.0 if gap(rows.where(kind="thresholds", stage="before")) >= 0 else -1.0


def thresholds(rows: Rows, sign: float) -> float:
    """How much narrower the gap is after moving thresholds of models whose parameters did not change."""
    before, after = (rows.where(kind="thresholds", stage=stage) for stage in ("before", "after"))
    if len(after) < len(before):
        raise NotApplicable("a group has one label only among the people to calibrate on")
    if before.column("sha256") != after.column("sha256"):
        raise ValueError("the parameters changed while thresholds were moved")
    return sign * (gap(before) - gap(after))


def rule(rulings: Rulings) -> tuple[Ruling, str]:
    """Refuted where the data alone move the gap; supported where only the choice of learner does."""
    data = rulings.universal("mechanism", "reweighing", "dropping")
    learner = rulings.ruling("parameters")
    if data == "refuted" and learner == "refuted":
        return "refuted", (
            "Neither alone: on at least one dataset changing the data moves the gap past the margin with the "
            "learner fixed, and on at least one equally accurate learners differ in it with the data fixed."
        )
    if data == "refuted":
        return "refuted", (
            "With the learner fixed, changing the data moves the gap past the margin on at least one "
            "dataset; that equally accurate learners differ in it by as much "
            f"{'was excluded on every one' if learner == 'supported' else 'is not settled'}."
        )
    if data == "supported" and learner == "refuted":
        return "supported", (
            "Past the margin only the choice of learner moves the gap, on at least one dataset; changing the "
            "data does so on none."
        )
    if data == learner and data in {"error", "not_applicable"}:
        return data, "Neither the data's part nor the learner's could be judged here."
    if data == learner == "supported":
        return "inconclusive", (
            "Neither data nor learner moves the gap past the margin here: where it comes from is not settled."
        )
    return "inconclusive", "Whether the gap comes from the data or from the learner is not settled here."


experiment = Experiment(
    code="M005",
    belief="Parameters alone determine bias and fairness.",
    measure=measure,
    datasets=("lending:fair", *BROKEN, "lending:aggregation", "loanapp", "recid", "crime1"),
    claims=(
        Claim(
            "mechanism",
            "With the learner fixed, a record gone wrong gives the same gap in true positive rates as a fair "
            "record of the same people.",
            effect=mechanism,
            choose=admitted,
            unit="rate",
            predicts="no_change",
            margin=MARGIN,
            datasets=BROKEN,
            scope="one way in which a record goes wrong per world, and all of them together; scores that are "
            "measured badly are so in the record and again where the model is used",
        ),
        Claim(
            "reweighing",
            "With the learner fixed, weighing the training rows so that label and group are independent "
            "leaves the gap in true positive rates as it is.",
            effect=reweighing,
            choose=admitted,
            unit="rate",
            predicts="no_change",
            margin=MARGIN,
        ),
        Claim(
            "dropping",
            "With the learner fixed, taking away the sensitive column and its proxies leaves the gap in true "
            "positive rates as it is.",
            effect=dropping,
            choose=admitted,
            unit="rate",
            predicts="no_change",
            margin=MARGIN,
        ),
        Claim(
            "parameters",
            "Parameters play no part: with the data fixed, equally accurate learners have the same gap in "
            "true positive rates.",
            effect=parameters,
            choose=extremes,
            unit="rate",
            predicts="no_increase",
            margin=MARGIN,
            stance="counter",
            scope="learners within 0.01 of the best accuracy; the pair is chosen on other trials",
        ),
        Claim(
            "thresholds",
            "A gap in true positive rates can be narrowed with every parameter of the model frozen.",
            effect=thresholds,
            choose=direction,
            unit="rate",
            predicts="increase",
            margin=MARGIN,
            quantifier="existential",
            stance="counter",
            scope="needs each person's group when the decision is made; counted in the direction of the "
            "unaided gap, so a gap that swings past zero counts as narrowed",
        ),
    ),
    controls=(
        Control(
            "lending:label_bias",
            {
                "mechanism": "refuted",
                "reweighing": "refuted",
                "dropping": "refuted",
                "thresholds": "supported",
            },
            "30 % of the good payers of one group are recorded as bad, and proxies tell the group",
        ),
        Control(
            "lending:equal_noise",
            {
                "mechanism": "supported",
                "reweighing": "supported",
                "dropping": "supported",
                "parameters": "supported",
                "thresholds": "refuted",
            },
            "a placebo: labels are wrong as often in both groups and ability is plain to see, so there is no "
            "gap for data or learner to make, nor for thresholds to mend",
        ),
        Control(
            "lending:aggregation",
            {"parameters": "refuted"},
            "labels are true and independent of the group, but each group needs its own relation: what the "
            "learner can express decides",
        ),
    ),
    rule=rule,
    extras=extras,
    article=(
        "The article counts this among its misconceptions and points to the data. Its answer is tested here "
        "in its strong form: parameters play no part."
    ),
    what=(
        "Weights (W) follow from data, learner and seed; the factorial varies hyperparameters (H) and "
        "architecture (A) against the data, and the frozen remedy changes none of them. Taken literally the "
        "belief is true and empty: once weights, decision rule and people are fixed, the gap follows from "
        "the weights. Tested is whether the gap comes from the parameters and is governed by them alone."
    ),
    would_change=(
        "A world with a broken record in which no admitted learner's gap moves by 0.02 would support the "
        "belief; "
        "equally accurate learners that agree within 0.02 on every dataset would support that parameters "
        "play no part."
    ),
    scope=(
        "Six learners on small tables and one family of artificial worlds; two groups at a time; gaps in "
        "true positive rates at a threshold of one half, the larger group's rate less the other's (A less "
        "B in the worlds). Not large language models. Data conditions: "
        "recorded (as recorded, without the sensitive column), fair (a right record of the same people, "
        "worlds only), with_group (with the sensitive column), without_proxies (without it and the columns "
        "that tell it), reweighed (label and group made independent by weights), balanced (every cell of "
        "group and label weighs the same, tables only)."
    ),
    threats=(
        "On real tables recorded labels are taken as true, though they may be biased themselves.",
        "The worlds decide how strong each mechanism is: broken records are built to show that data can move "
        "a gap and the aggregation world that a learner can, not how often either does.",
        "The groups compared are the two largest; smaller groups are trained on but not compared.",
        "Whoever takes a column away also takes parameters away, so dropping changes a little more than the "
        "data; the other data conditions leave the form of the model as it is.",
        "Learners count as equally accurate by their mean accuracy on other trials, not by a test.",
        "A proxy is found by how well one column alone tells the group; several together can tell it too.",
        "The networks are small and briefly trained, and take row weights by drawing rows in proportion to "
        "them; at quick effort they are left out.",
        "Each trial on a table is one split into 3/5 to train, 1/5 to calibrate and 1/5 to test, so that the "
        "interval can allow for the overlap.",
    ),
    references=(
        "Kamiran and Calders 2012, Knowledge and Information Systems 33:1-33, doi:10.1007/s10115-011-0463-8",
        "Hardt, Price and Srebro 2016, Equality of Opportunity in Supervised Learning, NeurIPS",
        "Friedler et al. 2019, A comparative study of fairness-enhancing interventions, FAT*, "
        "doi:10.1145/3287560.3287589",
        "Lundberg et al. 2020, Nature Machine Intelligence 2:56-67, doi:10.1038/s42256-019-0138-9",
    ),
    beside=(
        "Ganesh et al. 2023 (On the impact of machine learning randomness on group fairness): fairness "
        "varies between runs that differ in nothing but the order of the data.",
        "Ding et al. 2021 (Retiring Adult): the gap of one learner differs widely between states' data.",
        "Friedler et al. 2019: fairness-enhancing learners are sensitive to the composition of the data, "
        "seen by varying the split into training and test rows.",
        "Black, Raghavan and Barocas 2022 (Model multiplicity, doi:10.1145/3531146.3533149): equally "
        "accurate models differ in other properties, fairness among them.",
        "Sagawa et al. 2020 (Why overparameterization exacerbates spurious correlations, arXiv:2005.04345): "
        "reweighing does little for over-parameterised models; compare the large booster's gap after "
        "reweighing with the logistic regression's.",
    ),
    figures=(
        Figure(
            "data",
            "The gap after learning from each version of the data",
            x="condition",
            y=GAP,
            x_title="training data",
            y_title="gap in true positive rates",
            series="learner",
            where={"kind": "cell"},
            kind="bar",
            claims=("mechanism", "reweighing", "dropping"),
        ),
        Figure(
            "learner",
            "The gap of each learner on the recorded data",
            x="learner",
            y=GAP,
            x_title="learner",
            y_title="gap in true positive rates",
            where={"kind": "cell", "condition": "recorded"},
            kind="bar",
            claims=("parameters",),
        ),
        Figure(
            "thresholds",
            "The gap of a finished model before and after its thresholds are moved",
            x="stage",
            y=GAP,
            x_title="thresholds moved, parameters frozen",
            y_title="gap in true positive rates",
            series="learner",
            where={"kind": "thresholds"},
            kind="bar",
            claims=("thresholds",),
        ),
        Figure(
            "attribution",
            "What each column accounts for in the gap of mean log-odds (large booster)",
            x="feature",
            y="contribution",
            x_title="column",
            y_title="part of the gap, log-odds",
            where={"kind": "attribution", "scale": "log-odds"},
            kind="bar",
        ),
    ),
    needs=Needs(tasks=("binary",), rows=300, sensitive=True),
    standard_only=("recid",),
    replicates=(5, 16, 25),
    control_replicates=(6, 16, 25),
    seconds=70.0,
    compiled=True,
)
