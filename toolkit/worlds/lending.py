"""A lending world of known fairness: who would repay is known, and each way data go wrong is a switch.

Ability is drawn alike for both groups, the true label follows from ability alone, and the scores measure
ability. Two proxies tell the group, three columns tell nothing. Every random number of a person is drawn
first and depends only on the seed, so two worlds with one seed hold the same people (common random numbers),
and what differs between them is the mechanism alone.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

from toolkit.records import Dataset

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCORES = (0.8, 1.0, 1.2)
PROXIES, NOISES = 2, 3
FEATURES = (
    *(f"score_{i + 1}" for i in range(len(SCORES))),
    *(f"proxy_{i + 1}" for i in range(PROXIES)),
    *(f"noise_{i + 1}" for i in range(NOISES)),
    "group=B",
)
GROUPS = ("A", "B")


@dataclass(frozen=True)
class Lending:
    """What the world is set to; the defaults are the fair world.

    Attributes
    ----------
    share : float
        Share of group B among the people who apply, and among those tested.
    recorded_share : float or None
        Share of group B in the recorded data where it differs (under-representation).
    proxy : float
        Distance between the groups' means in each proxy, in standard deviations of the proxy.
    flip : tuple of float
        For groups A and B: the chance that a person who would repay is recorded as one who would not.
    kept : float
        The chance that a member of B who would repay is in the recorded data at all (selection).
    blur : float
        How many times noisier the scores of group B are, when the model is trained and when it is used.
    clear : float
        Scales the noise of every score and label: near 0, ability can be read off.
    aggregation : bool
        Ability shows in other columns for group B: in the columns that are noise for group A, and not in the
        scores. Labels are true, so no remedy for the data applies; what a learner can express decides.
    """

    share: float = 0.4
    recorded_share: float | None = None
    proxy: float = 1.6
    flip: tuple[float, float] = (0.0, 0.0)
    kept: float = 1.0
    blur: float = 1.0
    clear: float = 1.0
    aggregation: bool = False

    @property
    def fair(self) -> Lending:
        """The same people without what went wrong in the record.

        A world without proxies keeps none, and the applicants stay who they are; labels, selection, share and
        measurement become right.
        """
        return replace(self, recorded_share=None, flip=(0.0, 0.0), kept=1.0, blur=1.0)

    @property
    def params(self) -> dict[str, Any]:
        """Return the settings as plain values."""
        return asdict(self)

    @classmethod
    def of(cls, params: Mapping[str, Any]) -> Lending:
        """Return the world that `params` describes."""
        return cls(**{**params, "flip": tuple(params["flip"])})


WORLDS: dict[str, Lending] = {
    "fair": Lending(),
    "label_bias": Lending(flip=(0.0, 0.3)),
    "under_representation": Lending(recorded_share=0.05),
    "no_proxy": Lending(flip=(0.0, 0.3), proxy=0.0),
    "selection": Lending(kept=0.4),
    "measurement": Lending(blur=2.0),
    "together": Lending(flip=(0.0, 0.3), recorded_share=0.2, kept=0.4, blur=2.0),
    "equal_noise": Lending(flip=(0.05, 0.05), clear=0.1),
    "aggregation": Lending(share=0.1, proxy=3.2, aggregation=True),
}


def people(world: Lending, seed: int, rows: int, *, recorded: bool, part: str = "train") -> Dataset:
    """Draw independent people.

    Parameters
    ----------
    world : Lending
    seed, part : int, str
        Together they fix the people, whatever the world.
    rows : int
        Rows returned.
    recorded : bool
        True: as the record has them (label errors, selection, the record's shares). False: as they are, with
        true labels. Scores are measured as the world measures them either way.

    Returns
    -------
    Dataset
        Binary (1 would repay), `sensitive` 0 for A and 1 for B, `group=B` as the last feature.
    """
    import numpy as np

    drawn = 2 * rows if recorded else rows  # selection keeps 88 % of the people, so twice is ample
    rng = np.random.default_rng([seed, zlib.crc32(part.encode())])
    uniform = rng.random((drawn, 3))
    normal = rng.standard_normal((drawn, 2 + len(SCORES) + PROXIES + NOISES))
    share = world.share if not recorded or world.recorded_share is None else world.recorded_share
    s = (uniform[:, 0] < share).astype(np.int64)
    ability = normal[:, 0]
    y = (ability + 0.4 * world.clear * normal[:, 1] > 0).astype(np.int64)
    X = _features(world, s, ability, normal[:, 2:])
    if recorded:
        keep = (s == 0) | (y == 0) | (uniform[:, 1] < world.kept)
        flipped = (y == 1) & (uniform[:, 2] < np.array(world.flip)[s])
        y = np.where(flipped, 0, y)
        chosen = np.flatnonzero(keep)[:rows]
        X, y, s = X[chosen], y[chosen], s[chosen]
    return Dataset(
        name="lending",
        task="binary",
        X=X,
        y=y,
        feature_names=FEATURES,
        columns=(*FEATURES[:-1], "group"),
        source_columns=tuple(range(len(FEATURES))),
        classes=("would not repay", "would repay"),
        target="repays",
        sensitive=s,
        sensitive_name="group",
        groups=GROUPS,
        params=world.params,
    )


def _features(
    world: Lending, s: NDArray[np.int64], ability: NDArray[np.float64], normal: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Build the columns of FEATURES from ability and each person's own random numbers."""
    import numpy as np

    errors, rest = normal[:, : len(SCORES)], normal[:, len(SCORES) :]
    spread = world.clear * np.array(SCORES) * np.where(s == 1, world.blur, 1.0)[:, None]
    scores = ability[:, None] + spread * errors
    noise = rest[:, PROXIES:].copy()
    if world.aggregation:
        other = s == 1
        noise[other] += scores[other]
        scores[other] = np.sqrt(1 + np.array(SCORES) ** 2) * errors[other]
    proxies = rest[:, :PROXIES] + world.proxy * (s - 0.5)[:, None]
    return np.column_stack([scores, proxies, noise, s.astype(np.float64)])


def load(variant: str) -> Dataset:
    """Return one variant as a dataset that draws its recorded people afresh for each seed."""
    world = WORLDS[variant]
    sample = people(world, 0, 200, recorded=True)

    def draw(seed: int, rows: int) -> Dataset:
        return people(world, seed, rows, recorded=True)

    return replace(
        sample,
        name=f"lending:{variant}",
        draw=draw,
        truth={"ability_gap": 0.0, "proxies": ["proxy_1", "proxy_2"] if world.proxy else []},
        notes=(NOTES[variant],),
    )


NOTES: dict[str, str] = {
    "fair": "nothing is wrong with the record: both groups repay alike and are measured alike",
    "label_bias": "30 % of the members of B who would repay are recorded as if they would not",
    "under_representation": "B is 5 % of the record and 40 % of the people; nothing else is wrong",
    "no_proxy": "label bias as in label_bias, but no column tells the group",
    "selection": "60 % of the members of B who would repay are missing from the record",
    "measurement": "the scores of B are twice as noisy, in the record and in use",
    "together": "label bias, selection, measurement error and under-representation at once",
    "equal_noise": "placebo: ability is plain to see; 5 % of good payers of both groups are recorded wrongly",
    "aggregation": "true labels, but ability shows in other columns for B: what a learner expresses decides",
}
