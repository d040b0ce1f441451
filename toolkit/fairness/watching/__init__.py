"""Evidence for a gap beyond its margin that may be looked at every night, from counts of new rows alone.

``counts of a night, a block -> a factor of each bet on each ordered pair (bets.py) -> wealth (evidence.py)``

A bet on the pair (a, b) multiplies its wealth by a factor whose expectation is at most 1 as long as the rate
of a exceeds that of b by no more than the margin. All wealth together starts at 1, so it reaches 1 / alpha
with probability at most alpha, over all time and however often one looks (Ville's inequality). Rows of one
night are taken to be independent given their groups and all earlier nights; nothing else is supposed about
rates, which may change every night, nor about who comes.
"""

from toolkit.fairness.watching.bets import BETS, log_factors
from toolkit.fairness.watching.evidence import ALPHA, Evidence, Night, watched

__all__ = ["ALPHA", "BETS", "Evidence", "Night", "log_factors", "watched"]
