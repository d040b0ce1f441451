"""A model's kind is told from its bytes, whatever its name; damaged and foreign files are called so."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import joblib
import numpy as np
import onnx
import pytest
import skops.io
import xgboost
from hypothesis import given
from hypothesis import strategies as st
from onnx import TensorProto, helper
from sklearn.linear_model import LogisticRegression

from toolkit.models.detect import KINDS, detect, is_onnx, kind_of, names_in_pickle
from toolkit.records import BadInputError

X = np.array([[0.0, 1.0], [1.0, 0.0], [2.0, 1.0], [3.0, 0.0]] * 5)
Y = np.array([0, 0, 1, 1] * 5)


def graph() -> bytes:
    node = helper.make_node("Identity", ["x"], ["s"])
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, 1]) for name in ("x", "s")]
    model = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:]))
    return model.SerializeToString()


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    model = LogisticRegression().fit(X, Y)
    booster = xgboost.XGBClassifier(n_estimators=2, n_jobs=1).fit(X, Y).get_booster()
    plain = io.BytesIO()
    joblib.dump(model, plain)
    return {
        "skops": skops.io.dumps(model),
        "xgboost-json": bytes(booster.save_raw("json")),
        "xgboost-ubj": bytes(booster.save_raw("ubj")),
        "onnx": graph(),
        "pickle": pickle.dumps(model),
        "joblib": plain.getvalue(),
    }


@pytest.mark.parametrize("name", ["model.txt", "model.skops", "model.pkl", "model.onnx", "model"])
def test_every_kind_is_known_under_any_name(files: dict[str, bytes], tmp_path: Path, name: str) -> None:
    for kind, data in files.items():
        (tmp_path / name).write_bytes(data)
        assert detect(tmp_path / name) == kind
    assert set(files) == set(KINDS)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_of_any_protocol_is_a_pickle_and_shows_what_it_imports(protocol: int) -> None:
    data = pickle.dumps(LogisticRegression(), protocol)
    assert kind_of(data) == "pickle"
    assert "sklearn.linear_model._logistic.LogisticRegression" in names_in_pickle(data)


@pytest.mark.parametrize("compress", [3, ("gzip", 3), ("bz2", 3), ("xz", 3), ("lzma", 3)])
def test_a_compressed_joblib_file_is_joblib(compress: object) -> None:
    file = io.BytesIO()
    joblib.dump(LogisticRegression(), file, compress=compress)
    assert kind_of(file.getvalue()) == "joblib"


def test_json_with_spaces_and_a_byte_order_mark_is_still_xgboosts(files: dict[str, bytes]) -> None:
    spaced = json.dumps(json.loads(files["xgboost-json"]), indent=1).encode()
    assert kind_of(b"\xef\xbb\xbf\n" + spaced) == "xgboost-json"


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(name.replace("_", "."), data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"age,income\n1,2\n", "no model that is known here"),
        (b"\x89HDF\r\n\x1a\n00", "HDF5"),
        (b"tree\nversion=v4\n", "LightGBM"),
        (b"binf\x00\x00", "old xgboost binary"),
        (b"<?xml version='1.0'?>", "PMML"),
        (b"PAR1....PAR1", "Parquet"),
        (b"{}", "JSON, but not xgboost's"),
        (b"{L\x00\x00", "UBJ, but not xgboost's"),
        (b"PK\x03\x04 cut short", "damaged"),
        (zipped(data_pkl=b"x"), "PyTorch"),
        (zipped(a_npy=b"x"), "NumPy archive"),
        (zipped(config_json=b"{}"), "Keras"),
        (zipped(readme_txt=b"x"), "zip file without a model"),
    ],
)
def test_what_is_no_model_is_named_as_what_it_is(data: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "model.skops").write_bytes(data)
    with pytest.raises(BadInputError, match=r"--prediction|damaged") as caught:
        detect(tmp_path / "model.skops")
    assert said in str(caught.value)
    assert "model.skops" in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="does not exist"):
        detect(tmp_path / "none.skops")
    with pytest.raises(BadInputError, match="is a folder"):
        detect(tmp_path)
    (tmp_path / "empty").touch()
    with pytest.raises(BadInputError, match="is empty"):
        detect(tmp_path / "empty")


def test_a_zip_cut_anywhere_is_damaged(files: dict[str, bytes]) -> None:
    whole = files["skops"]
    for end in range(2, len(whole), 97):
        with pytest.raises(BadInputError, match="damaged"):
            kind_of(whole[:end])


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_a_kind_or_a_message(data: bytes) -> None:
    said = ""
    try:
        assert kind_of(data) in KINDS
    except BadInputError as error:
        said = str(error)
    assert said.isprintable()


@given(st.binary(max_size=60), st.integers(0, 50))
def test_a_graph_is_told_by_its_fields(tail: bytes, cut: int) -> None:
    model = onnx.load_from_string(graph())
    assert is_onnx(model.SerializeToString())
    is_onnx(graph()[:cut] + tail)  # whatever it says, it ends and does not raise
    assert not is_onnx(b"a,b\n" + tail)


@given(st.binary(max_size=300))
def test_reading_a_pickles_names_never_raises(tail: bytes) -> None:
    assert isinstance(names_in_pickle(b"\x80\x04" + tail), tuple)
