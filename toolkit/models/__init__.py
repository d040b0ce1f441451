"""The only loader of foreign models, and the recipes that are fitted here instead.

``parse_recipe -> Recipe -> fit_recipe -> Fitted`` needs no trust; ``detect -> inspect_model -> predict``
reads a file by its content, in a subprocess with limits, and asks before anything in it could run.
"""

from __future__ import annotations

from toolkit.models.detect import Kind, detect
from toolkit.models.fitted import Fitted, fit_recipe
from toolkit.models.recipe import (
    ALLOWED,
    Recipe,
    capacity_variants,
    is_classifier,
    is_seeded,
    parse_recipe,
    takes_weights,
)
from toolkit.models.sandbox import inspect_model, predict
from toolkit.models.spec import Limits, ModelInfo, ModelSpec, Predictions
from toolkit.records import UntrustedModelError

__all__ = [
    "ALLOWED",
    "Fitted",
    "Kind",
    "Limits",
    "ModelInfo",
    "ModelSpec",
    "Predictions",
    "Recipe",
    "UntrustedModelError",
    "capacity_variants",
    "detect",
    "fit_recipe",
    "inspect_model",
    "is_classifier",
    "is_seeded",
    "parse_recipe",
    "predict",
    "takes_weights",
]
