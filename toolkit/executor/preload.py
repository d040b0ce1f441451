"""What the fork server imports once for all workers; loaded there only, never by name from here.

No JAX computation is started: its threads would not survive the fork.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
from contextlib import suppress

with suppress(ValueError):  # not the main thread: somebody imports this to look at it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent stops its workers itself
for name in filter(None, os.environ.get("TOOLKIT_PRELOAD", "").split(",")):
    with suppress(ImportError):  # the trial that needs it will say so better
        importlib.import_module(name)
importlib.import_module("toolkit.executor.worker")
gc.collect()
gc.freeze()  # pages that the collector never touches stay shared between workers
