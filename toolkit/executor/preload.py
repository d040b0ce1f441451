"""What the fork server imports once for all workers; loaded there only, never by name from here.

No JAX computation is started: its threads would not survive the fork.
"""

from __future__ import annotations

import gc
import importlib
import signal
from contextlib import suppress

LIBRARIES = (
    "numpy",
    "scipy.special",
    "jax",
    "optax",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.model_selection",
    "xgboost",
    "toolkit.executor.worker",
)

with suppress(ValueError):  # not the main thread: somebody imports this to look at it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops its workers itself
for name in LIBRARIES:
    with suppress(ImportError):
        importlib.import_module(name)
gc.collect()
gc.freeze()  # pages that the collector never touches stay shared between workers
