"""What an audit has in hand once groups are compared: request, table, counts, model, gaps."""

from __future__ import annotations

from dataclasses import dataclass

from toolkit.audit.groups import Groups
from toolkit.audit.modelled import Modelled
from toolkit.audit.request import Request
from toolkit.audit.sources import Source
from toolkit.table.counting import Counted


@dataclass(frozen=True, eq=False)
class Audited:
    """All that the later stages read.

    Attributes
    ----------
    made : Modelled or None
        Present where the decisions are those of a model or a recipe.
    """

    request: Request
    source: Source
    counted: Counted
    made: Modelled | None
    found: Groups
