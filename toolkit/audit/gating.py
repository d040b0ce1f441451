"""The gate: which gaps must all be shown to be small, as text and as pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolkit.audit.groups import Groups
from toolkit.fairness.gaps.gate import gate
from toolkit.fairness.metrics.measures import METRICS
from toolkit.records import BadInputError

DEFAULT = ("selection_rate:*", "true_positive_rate:*")


def gated(found: Groups, asked: Sequence[str], *, inconclusive_ok: bool) -> dict[str, Any] | None:
    """Return the document's "gate"; None where none was asked for.

    Raises
    ------
    BadInputError
        If a member names a metric or an attribute that is not part of the audit.
    """
    if not asked:
        return None
    able = [m for m in asked if _member(m)[0] not in found.not_applicable]
    pairs = [_member(text) for text in (able if tuple(asked) == DEFAULT else asked)]
    for metric, attribute in pairs:
        _refuse_unknown(metric, attribute, found)
    return dict(gate(found.gaps, pairs, inconclusive_ok=inconclusive_ok))


def _member(text: str) -> tuple[str, str]:
    metric, _, attribute = text.partition(":")
    return metric.strip(), attribute.strip() or "*"


def _refuse_unknown(metric: str, attribute: str, found: Groups) -> None:
    attributes = [names[0] for names in found.partitions if len(names) == 1]
    if metric not in METRICS or metric in found.not_applicable:
        reason = found.not_applicable.get(metric, "there is no such metric")
        raise BadInputError(f"--gate {metric}: it cannot be measured here ({reason}); name another metric")
    if metric not in found.metrics:
        raise BadInputError(
            f"--gate {metric}: it is not in the declared family ({', '.join(found.metrics)}); "
            "add it to --metrics"
        )
    if attribute not in ("*", *attributes):
        raise BadInputError(
            f"--gate {metric}:{attribute}: the sensitive columns are {', '.join(map(repr, attributes))}"
        )
