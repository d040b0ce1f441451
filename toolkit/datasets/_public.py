"""Public tables fetched on request only: Adult, ACS income, German credit, COMPAS.

Where OpenML has a table, scikit-learn's ``fetch_openml`` brings it and verifies OpenML's own checksum;
the others come from their public homes, with the SHA-256 recorded at the first fetch and checked ever after.
No checksum is written here, for nobody could download these files where this was built: the four addresses
were never tried, only the downloader was, against a server on the same machine.
"""

from __future__ import annotations

import csv
import io
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from toolkit.catalogue import nearest
from toolkit.datasets import _download
from toolkit.records import BadInputError

Record = Mapping[str, str]
ACS_FEATURES = ("AGEP", "COW", "SCHL", "MAR", "OCCP", "POBP", "RELP", "WKHP", "SEX", "RAC1P")
COMPAS_FEATURES = (
    "sex",
    "age",
    "race",
    "juv_fel_count",
    "juv_misd_count",
    "juv_other_count",
    "priors_count",
    "c_charge_degree",
    "two_year_recid",
)


@dataclass(frozen=True)
class Source:
    """Where a public table lives, and how its rows become ours.

    Attributes
    ----------
    url : str
        Its address, or empty where OpenML has it.
    openml : tuple of (str, int) or None
        OpenML's name and version.
    rows : callable
        From the raw file to records; unused for OpenML.
    """

    name: str
    home: str
    url: str = ""
    openml: tuple[str, int] | None = None
    rows: Callable[[Path], Iterator[Record]] | None = None


def acs_rows(path: Path) -> Iterator[Record]:
    """Yield the adults of the ACSIncome task (Ding et al. 2021): over 16, some income, some work."""
    with zipfile.ZipFile(path) as archive:
        tables = [name for name in archive.namelist() if name.endswith(".csv")]
        for name in sorted(tables):
            with archive.open(name) as file:
                for row in csv.DictReader(io.TextIOWrapper(file, encoding="utf-8")):
                    limits = {"AGEP": 16, "PINCP": 100, "WKHP": 0, "PWGTP": 0}
                    if all(_over(row, column, limit) for column, limit in limits.items()):
                        label = str(int(float(row["PINCP"]) > 50_000))
                        yield {**{key: row[key] for key in ACS_FEATURES}, "income_over_50000": label}


def _over(row: Record, column: str, limit: float) -> bool:
    return bool(row[column]) and float(row[column]) > limit


def compas_rows(path: Path) -> Iterator[Record]:
    """Yield the people ProPublica analysed, without names and birth dates.

    Their filter: screened within 30 days of the arrest, a known outcome, not an ordinary traffic offence,
    a score.
    """
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            days = row["days_b_screening_arrest"]
            if not days or abs(float(days)) > 30 or row["is_recid"] == "-1":
                continue
            if row["c_charge_degree"] != "O" and row["score_text"] != "N/A":
                yield {key: row[key] for key in COMPAS_FEATURES}


SOURCES = {
    source.name: source
    for source in (
        Source("adult", "OpenML (adult, version 2)", openml=("adult", 2)),
        Source(
            "acs_income",
            "the US Census Bureau (PUMS 2018, 1-year, California)",
            "https://www2.census.gov/programs-surveys/acs/data/pums/2018/1-Year/csv_pca.zip",
            rows=acs_rows,
        ),
        Source("german_credit", "OpenML (credit-g, version 1)", openml=("credit-g", 1)),
        Source(
            "compas",
            "ProPublica's repository compas-analysis",
            "https://raw.githubusercontent.com/propublica/compas-analysis/master/compas-scores-two-years.csv",
            rows=compas_rows,
        ),
    )
}


def folder() -> Path:
    """Return where fetched tables are kept: ``TOOLKIT_DATA``, or the user's cache."""
    chosen = os.environ.get("TOOLKIT_DATA")
    return Path(chosen).expanduser() if chosen else user_cache_path("toolkit", appauthor=False) / "datasets"


def source(name: str) -> Source:
    """Return a source by name, or say which is nearest."""
    known: dict[str, object] = dict(SOURCES)
    return SOURCES[nearest(name, known, "dataset to fetch")]


def path_of(name: str) -> Path:
    """Return where a fetched table is or will be."""
    return folder() / f"{name}.csv"


def fetched(name: str) -> Path | None:
    """Return the path of a fetched table, checked; None if no such table is public.

    Raises
    ------
    BadInputError
        If it is public but was not fetched, or is no longer what was fetched.
    """
    if name not in SOURCES:
        return None
    path = path_of(name)
    if not path.is_file():
        raise BadInputError(f"{name} is not here yet; bring it with: toolkit datasets fetch {name}")
    _download.refuse_changed(path)
    return path


def fetch(wanted: Source) -> Path:
    """Bring a table into the cache and return its path; a table that is there and whole is kept."""
    path = path_of(wanted.name)
    if path.is_file() and _download.recorded(path):
        _download.refuse_changed(path)
        return path
    if wanted.openml is not None:
        records: Iterator[Record] = _openml(*wanted.openml)
    else:
        raw = path.with_name(f"{wanted.name}.raw{Path(wanted.url).suffix}")
        _download.download(wanted.url, raw)
        assert wanted.rows is not None
        records = wanted.rows(raw)
    try:
        digest = _write(records, path)
    except (KeyError, ValueError, zipfile.BadZipFile) as error:
        raise BadInputError(
            f"{wanted.home}: the file is not as documented ({error!r}); nothing was kept"
        ) from error
    _download.record(path, wanted.url or f"openml:{wanted.openml}", digest)
    return path


def _openml(name: str, version: int) -> Iterator[Record]:
    """Yield OpenML's rows; scikit-learn compares OpenML's checksum while it downloads."""
    from sklearn.datasets import fetch_openml

    try:
        table = fetch_openml(name, version=version, as_frame=True, data_home=str(folder() / "openml")).frame
    except (OSError, ValueError) as error:
        raise BadInputError(
            f"OpenML: {name} cannot be fetched ({error}); check the network and try again"
        ) from error
    columns = [str(column) for column in table.columns]
    for cells in table.astype(object).where(table.notna(), "").itertuples(index=False):
        yield dict(zip(columns, map(str, cells), strict=True))


def _write(records: Iterator[Record], path: Path) -> str:
    """Write records as CSV, whole or not at all, and return its SHA-256."""
    first = next(records, None)
    if first is None:
        raise ValueError("no rows")
    with _download.part_file(path) as partial:
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(first), lineterminator="\n")
            writer.writeheader()
            writer.writerow(first)
            writer.writerows(records)
            file.flush()
            os.fsync(file.fileno())
        digest = _download.sha256(partial)
        partial.replace(path)
    return digest
