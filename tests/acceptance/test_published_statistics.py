"""Our statistics against figures that others have published."""

import math

import numpy as np
import pytest

from toolkit.intervals import Estimate, estimate, holm, random_effects
from toolkit.judge import rule


@pytest.fixture(scope="module")
def scikit_learn_differences():
    """AUC of the RBF minus the linear kernel in "Statistical comparison of models using grid search"."""
    from sklearn.datasets import make_moons
    from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
    from sklearn.svm import SVC

    X, y = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    rbf, linear = (
        cross_val_score(SVC(kernel=kernel, random_state=0), X, y, scoring="roc_auc", cv=folds)
        for kernel in ("rbf", "linear")
    )
    return rbf - linear


def test_the_corrected_t_is_that_of_the_scikit_learn_example(scikit_learn_differences):
    found = estimate(scikit_learn_differences, ratio=10 / 90)
    assert found.effect / found.se == pytest.approx(0.750, abs=5e-4)
    assert found.p_above(0.0) == pytest.approx(0.227, abs=5e-4)


def test_the_uncorrected_t_is_that_of_the_scikit_learn_example(scikit_learn_differences):
    found = estimate(scikit_learn_differences)
    assert found.effect / found.se == pytest.approx(2.611, abs=5e-4)
    assert found.p_above(0.0) == pytest.approx(0.005, abs=5e-4)


def test_overlap_turns_the_examples_finding_into_no_finding(scikit_learn_differences):
    naive = rule(scikit_learn_differences, margin=0.0, predicts="increase")
    corrected = rule(scikit_learn_differences, margin=0.0, predicts="increase", test_train_ratio=10 / 90)
    assert (naive.ruling, corrected.ruling) == ("supported", "inconclusive")
    assert corrected.p_for == pytest.approx(2 * 0.227, abs=1e-3)


def test_students_paired_t_reproduces_his_own_example():
    # Student 1908, additional hours of sleep under two drugs: t = 4.06 on 9 degrees of freedom.
    first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
    second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
    found = rule(np.subtract(second, first), margin=0.0, predicts="increase")
    assert found.effect == pytest.approx(1.58)
    assert (found.low, found.high) == pytest.approx((0.7001142, 2.4598858))
    assert found.p_for == pytest.approx(0.002833, abs=1e-6)


BCG = [  # tuberculosis among vaccinated and among others: (ill, well, ill, well); Colditz et al. 1994
    (4, 119, 11, 128),
    (6, 300, 29, 274),
    (3, 228, 11, 209),
    (62, 13536, 248, 12619),
    (33, 5036, 47, 5761),
    (180, 1361, 372, 1079),
    (8, 2537, 10, 619),
    (505, 87886, 499, 87892),
    (29, 7470, 45, 7232),
    (17, 1699, 65, 1600),
    (186, 50448, 141, 27197),
    (5, 2493, 3, 2338),
    (27, 16886, 29, 17825),
]


def test_random_effects_agree_with_metafor_on_the_bcg_trials():
    # rma(measure="RR", method="PM", test="knha") on dat.bcg
    studies = [
        Estimate(
            math.log(a / (a + b) / (c / (c + d))), math.sqrt(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d)), 99
        )
        for a, b, c, d in BCG
    ]
    pooled, tau2 = random_effects(studies)
    assert tau2 == pytest.approx(0.3181, abs=5e-5)
    assert pooled.effect == pytest.approx(-0.7150, abs=5e-5)
    assert pooled.df == 12


def test_random_effects_agree_with_metafor_on_four_small_studies():
    # rma(yi, vi, method="PM", test="knha"): 0.22957, tau^2 0.05930; prediction interval (-0.70650, 1.16564)
    effects, variances = (0.40, -0.20, 0.55, 0.10), (0.05, 0.06, 0.04, 0.05)
    pooled, tau2 = random_effects(
        [Estimate(y, math.sqrt(v), 99) for y, v in zip(effects, variances, strict=True)]
    )
    assert pooled.effect == pytest.approx(0.22957, abs=5e-6)
    assert tau2 == pytest.approx(0.05930, abs=5e-6)
    reach = 3.1824 * math.sqrt(tau2 + pooled.se**2)
    assert (pooled.effect - reach, pooled.effect + reach) == pytest.approx((-0.70650, 1.16564), abs=1e-4)


def test_holm_agrees_with_the_documentation_of_r():
    # p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), "holm")
    assert holm([0.01, 0.02, 0.03, 0.04, 0.05]) == pytest.approx([0.05, 0.08, 0.09, 0.09, 0.09])


def test_yuens_interval_agrees_with_a_trimmed_mean_worked_by_hand():
    # Ten numbers: two are cut at each end, six kept (mean 5.5); winsorised they are
    # 3 3 3 4 5 6 7 8 8 8 with sum of squares 40.5 + 4 x 0 around 5.5.
    found = estimate([1, 2, 3, 4, 5, 6, 7, 8, 9, 1000], trimmed=True)
    winsorised = [3, 3, 3, 4, 5, 6, 7, 8, 8, 8]
    squares = sum((w - 5.5) ** 2 for w in winsorised)
    assert (found.effect, found.df) == (5.5, 5)
    assert found.se == pytest.approx(math.sqrt(squares / (6 * 5)))
