"""What the front page's account of scheduled jobs is made of: frozen, plain data and nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Detail:
    """How much of each trend a page shows, so that a page of many jobs stays small enough to mail.

    Attributes
    ----------
    series : int
        Trends of a job that are drawn.
    places : int
        Places of a line; beyond, neighbours are drawn by their extremes.
    rows : int
        Newest runs in the table under a trend.
    """

    series: int
    places: int
    rows: int


@dataclass(frozen=True)
class Dot:
    """One point of a trend, at a share of the width; `value` is None where nothing could be measured.

    Attributes
    ----------
    x : float
        From 0, the oldest, to 1, the newest time of the job.
    begins : bool
        Whether the line begins anew here, because something that went in is another.
    alarm : bool
        Whether the watch's evidence has passed its threshold.
    """

    x: float
    value: float | None
    low: float | None
    high: float | None
    ruling: str
    begins: bool
    alarm: bool


@dataclass(frozen=True)
class Flag:
    """What changed at one place: letters (C, D, V, ...), how many changes stand so near, and where."""

    x: float
    letters: str
    many: int


@dataclass(frozen=True)
class Chart:
    """One trend, ready to draw.

    Attributes
    ----------
    margins : tuple of (float, str)
        Where the margin lies, and its number.
    origin : float
        The place of no difference: 0, or 1 for a ratio.
    ticks : tuple of (float, str)
        Places of the axis with their numbers.
    ends : tuple of (float, str)
        Places along the time, with the dates.
    alarms : tuple of (float, float)
        From where to where the alarm stands.
    """

    title: str
    description: str
    low: float
    high: float
    dots: tuple[Dot, ...]
    flags: tuple[Flag, ...]
    alarms: tuple[tuple[float, float], ...]
    margins: tuple[tuple[float, str], ...]
    origin: float
    ticks: tuple[tuple[float, str], ...]
    ends: tuple[tuple[float, str], ...]

    @property
    def bare(self) -> bool:
        """Whether there are rulings and no number at all: a claim that is not pooled over its datasets."""
        return all(dot.value is None for dot in self.dots)


@dataclass(frozen=True)
class PointRow:
    """One run in the table under a trend."""

    when: str
    value: str
    interval: str
    ruling: str
    word: str
    n: str
    e_value: str
    alarm: bool
    changed: str


@dataclass(frozen=True)
class SeriesView:
    """One claim or gap over time."""

    anchor: str
    kind: str
    label: str
    states: str
    unit: str
    now: str
    ruling: str
    word: str
    said: str
    alarm: bool
    stirred: bool
    chart: Chart
    rows: tuple[PointRow, ...]
    more: int
    watched: bool


@dataclass(frozen=True)
class Cell:
    """One run, or one range of runs that did not come, in a strip."""

    outcome: str
    said: str
    number: str = ""


@dataclass(frozen=True)
class RunRow:
    """One run in the table of a job."""

    when: str
    day: str
    outcome: str
    word: str
    reason: str
    took: str
    link: str
    since: str = ""


@dataclass(frozen=True)
class JobView:
    """One scheduled job.

    Attributes
    ----------
    cells : tuple of (str, tuple of Cell)
        The strip, oldest first, cut where a month begins: its name and its cells.
    looks : tuple of (str, str, str)
        What wants a look: where it is shown, a trend's name or nothing, and what is to be said.
    newest : str
        The way to the newest report that is still there.
    tally : tuple of (str, str, int)
        Outcomes of the strip: key, word, how many instants.
    """

    anchor: str
    name: str
    said: str
    due: str
    newest: str
    overdue: bool
    cells: tuple[tuple[str, tuple[Cell, ...]], ...]
    tally: tuple[tuple[str, str, int], ...]
    troubled: tuple[RunRow, ...]
    runs: tuple[RunRow, ...]
    more_runs: int
    open: tuple[SeriesView, ...]
    folded: tuple[SeriesView, ...]
    left_out: int
    looks: tuple[tuple[str, str, str], ...]
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class HistoryView:
    """All scheduled jobs of a folder, and what keeps them going."""

    beat: str
    stale: str
    jobs: tuple[JobView, ...]
    troubles: tuple[str, ...]
    as_of: str
    coarse: str

    @property
    def looked(self) -> tuple[JobView, ...]:
        """The jobs that want a look."""
        return tuple(job for job in self.jobs if job.looks)
