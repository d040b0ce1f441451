"""Fetching on request, against a server on this machine: whole, cut short, changed, and out of reach."""

from __future__ import annotations

import http.server
import io
import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from toolkit.datasets import _download, _public
from toolkit.records import BadInputError


class _Home:
    """A public home that can be made to misbehave."""

    body = b"a,b\n1,2\n"
    claims: int | None = None
    status = 200


@pytest.fixture
def home() -> Iterator[tuple[_Home, str]]:
    state = _Home()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.body) if state.claims is None else state.claims))
            self.end_headers()
            self.wfile.write(state.body)

        def log_message(self, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield state, f"http://127.0.0.1:{server.server_address[1]}/table.csv"
        server.shutdown()
        thread.join()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TOOLKIT_DATA", str(tmp_path / "data"))
    return tmp_path / "data"


def test_a_whole_file_arrives_and_its_hash_is_recorded(home: tuple[_Home, str], tmp_path: Path) -> None:
    state, url = home
    path = tmp_path / "deep" / "table.csv"
    _download.download(url, path)
    assert path.read_bytes() == state.body
    assert _download.recorded(path) == _download.sha256(path)
    assert sorted(p.name for p in path.parent.iterdir()) == ["table.csv", "table.csv.fetched.json"]


def test_a_truncated_file_leaves_nothing(home: tuple[_Home, str], tmp_path: Path) -> None:
    state, url = home
    state.claims = 10_000
    with pytest.raises(BadInputError, match="cut short"):
        _download.download(url, tmp_path / "table.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_changed_file_is_refused_and_the_first_one_kept(home: tuple[_Home, str], tmp_path: Path) -> None:
    state, url = home
    path = tmp_path / "table.csv"
    _download.download(url, path)
    first = path.read_bytes()
    state.body = b"a,b\n9,9\n"
    with pytest.raises(BadInputError, match="changed since its first fetch"):
        _download.download(url, path)
    assert path.read_bytes() == first
    assert len(list(tmp_path.iterdir())) == 2


def test_a_source_out_of_reach_leaves_nothing(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(BadInputError, match="cannot be reached"):
        _download.download(f"http://127.0.0.1:{port}/x.csv", tmp_path / "x.csv", timeout=5)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_says_no_is_quoted(home: tuple[_Home, str], tmp_path: Path) -> None:
    state, url = home
    state.status = 404
    with pytest.raises(BadInputError, match="404"):
        _download.download(url, tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_an_address_that_is_not_of_the_web_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="only http"):
        _download.download("file:///etc/passwd", tmp_path / "x.csv")


def test_a_file_larger_than_the_limit_is_refused(
    home: tuple[_Home, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_download, "LARGEST", 3)
    with pytest.raises(BadInputError, match="nothing was kept"):
        _download.download(home[1], tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(home: tuple[_Home, str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(BadInputError, match="TOOLKIT_DATA"):
        _download.download(home[1], tmp_path / "file" / "x.csv")


COMPAS_HEADER = (
    "name,dob,sex,age,race,juv_fel_count,juv_misd_count,juv_other_count,priors_count,c_charge_degree,"
    "two_year_recid,days_b_screening_arrest,is_recid,score_text\n"
)


def test_compas_is_filtered_as_propublica_did_and_loses_its_names(
    home: tuple[_Home, str], cache: Path
) -> None:
    state, url = home
    rows = [
        "A Person,1990-01-01,Male,30,Other,0,0,0,1,F,1,-1,1,High",
        "Too Late,1990-01-01,Male,31,Other,0,0,0,1,F,1,45,1,High",
        "Unknown,1990-01-01,Male,32,Other,0,0,0,1,F,1,0,-1,High",
        "Traffic,1990-01-01,Male,33,Other,0,0,0,1,O,1,0,1,High",
        "No Score,1990-01-01,Male,34,Other,0,0,0,1,M,1,0,1,N/A",
        "No Date,1990-01-01,Male,35,Other,0,0,0,1,M,1,,1,Low",
    ]
    state.body = (COMPAS_HEADER + "\n".join(rows) + "\n").encode()
    source = replace(_public.source("compas"), url=url)
    path = _public.fetch(source)
    text = path.read_text()
    assert text.splitlines()[1:] == ["Male,30,Other,0,0,0,1,F,1"]
    assert "Person" not in text
    assert _public.fetched("compas") == path
    assert _public.fetch(source) == path  # kept: no second download, whatever the home says now


def test_acs_income_keeps_adults_who_earn_and_work(home: tuple[_Home, str], cache: Path) -> None:
    state, url = home
    header = ",".join([*_public.ACS_FEATURES, "PINCP", "PWGTP"])
    values = "{age},1,21,1,100,6,0,{hours},1,1,{income},9"
    people = [
        values.format(age=40, hours=40, income=60_000),
        values.format(age=40, hours=40, income=50_000),
        values.format(age=16, hours=40, income=60_000),
        values.format(age=40, hours="", income=60_000),
        values.format(age=40, hours=40, income=100),
    ]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("psam_p06.csv", header + "\n" + "\n".join(people) + "\n")
        archive.writestr("ACS2018_PUMS_README.pdf", b"%PDF")
    state.body = packed.getvalue()
    path = _public.fetch(replace(_public.source("acs_income"), url=url))
    assert [line.rpartition(",")[2] for line in path.read_text().splitlines()] == [
        "income_over_50000",
        "1",
        "0",
    ]


def test_a_file_that_is_not_as_documented_is_refused_and_nothing_is_offered(
    home: tuple[_Home, str], cache: Path
) -> None:
    state, url = home
    state.body = b"<html>moved</html>\nx\n"
    with pytest.raises(BadInputError, match="not as documented"):
        _public.fetch(replace(_public.source("compas"), url=url))
    assert not _public.path_of("compas").exists()


def test_a_cached_table_that_was_edited_is_refused(home: tuple[_Home, str], cache: Path) -> None:
    state, url = home
    state.body = (COMPAS_HEADER + "A,1990-01-01,Male,30,Other,0,0,0,1,F,1,-1,1,High\n").encode()
    path = _public.fetch(replace(_public.source("compas"), url=url))
    path.write_text(path.read_text() + "Male,1,Other,0,0,0,0,F,1\n")
    with pytest.raises(BadInputError, match="not what was fetched"):
        _public.fetched("compas")


def test_openml_tables_come_through_scikit_learn(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import pandas as pd
    import sklearn.datasets

    asked: dict[str, object] = {}

    def fake(name: str, **options: object) -> SimpleNamespace:
        asked.update(options, name=name)
        return SimpleNamespace(frame=pd.DataFrame({"age": [1, 2], "sex": ["a", None], "class": ["x", "y"]}))

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fake)
    path = _public.fetch(_public.source("adult"))
    assert (asked["name"], asked["version"]) == ("adult", 2)
    assert path.read_text() == "age,sex,class\n1,a,x\n2,,y\n"
    assert json.loads((cache / "adult.csv.fetched.json").read_text())["sha256"] == _download.sha256(path)


def test_an_openml_failure_is_one_sentence(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sklearn.datasets

    def fail(name: str, **options: object) -> None:
        raise ValueError("md5 checksum of local file does not match description")

    monkeypatch.setattr(sklearn.datasets, "fetch_openml", fail)
    with pytest.raises(BadInputError, match="md5 checksum"):
        _public.fetch(_public.source("german_credit"))
    assert not _public.path_of("german_credit").exists()


def test_a_table_not_yet_fetched_names_the_command(cache: Path) -> None:
    with pytest.raises(BadInputError, match="toolkit datasets fetch adult"):
        _public.fetched("adult")
    assert _public.fetched("no_such_table") is None


def test_no_checksum_is_invented_for_tables_nobody_here_could_download() -> None:
    from toolkit.datasets import card

    for name in _public.SOURCES:
        assert card(name)["sha256"] == ""
        assert "never run" in card(name)["about"]
