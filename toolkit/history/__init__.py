"""What was run: one immutable record and document per run, an index over them, and how figures moved.

``publish`` a run once; then ask: `records` and `series` for what was found, `has` and `last_due` for what is
still to do. The story stands in `history.py`.
"""

from __future__ import annotations

from toolkit.history.history import History
from toolkit.history.points import inputs_of, points_of, watch_of
from toolkit.history.strip import Cell, Strip
from toolkit.history.trend import Point, Series, break_between

__all__ = [
    "Cell",
    "History",
    "Point",
    "Series",
    "Strip",
    "break_between",
    "inputs_of",
    "points_of",
    "watch_of",
]
