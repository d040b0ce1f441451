from __future__ import annotations

import numpy as np

from toolkit import catalogue
from toolkit.datasets import glyphs as variants
from toolkit.worlds import glyphs


def test_glyphs_look_like_digits_of_the_real_table() -> None:
    data = catalogue.dataset("glyphs:plain")
    assert data.X.shape == (200, 64)
    assert data.X.min() >= 0
    assert data.X.max() <= 16
    real = catalogue.dataset("digits")
    assert data.classes == real.classes
    assert data.feature_names == real.feature_names


def test_the_same_seed_draws_the_same_images_and_more_rows_do_not_repeat_them() -> None:
    one, two, other = (glyphs.draw(glyphs.Glyphs(), seed, 50)[0] for seed in (1, 1, 2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_without_noise_the_nearest_template_tells_every_digit() -> None:
    world = glyphs.Glyphs(tilt=0, move=0, speck=0)
    X, y = glyphs.draw(world, 3, 300)
    means = np.array([X[y == digit].mean(axis=0) for digit in range(10)])
    nearest = ((X[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest == y).mean() > 0.97


def test_label_noise_replaces_the_share_it_says() -> None:
    clean, noisy = (glyphs.draw(glyphs.Glyphs(label_noise=share), 5, 4000)[1] for share in (0.0, 0.15))
    assert abs((clean != noisy).mean() - 0.15) < 0.02


def test_what_is_planted_is_in_the_parameters_and_what_is_true_in_the_truth() -> None:
    for name in variants.VARIANTS:
        data = variants.load(name)
        assert data.is_generator
        assert data.params == dict(variants.WORLDS[name].plan or {})
        assert data.truth["label_noise"] == variants.WORLDS[name].label_noise


def test_the_logistic_world_has_the_slopes_it_says() -> None:
    from sklearn.linear_model import LogisticRegression

    data = catalogue.dataset("logistic:convex").draw(1, 20_000)
    found = LogisticRegression(C=1e6).fit(data.X, data.y).coef_[0]
    assert np.allclose(found, data.truth["slopes"], atol=0.1)
