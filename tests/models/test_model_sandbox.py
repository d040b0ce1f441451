"""A foreign model runs in a subprocess with limits; what could run code is refused and does not run."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from toolkit.models import Limits, ModelSpec, inspect_model, predict
from toolkit.records import BadInputError, UntrustedModelError

RNG = np.random.default_rng(5)
TABLE = pd.DataFrame(
    {
        "=age": RNG.normal(40, 10, 80),
        "<b>income</b>\x1b[31m": RNG.normal(size=80),
        "job": RNG.choice(["a", "b", "c"], 80),
    }
)
AGE, INCOME = "=age", "<b>income</b>\x1b[31m"
Y = np.where(TABLE[AGE] + 8 * TABLE[INCOME] > 40, "yes", "no")


class Calls:
    """Pickles to a call of any function: what a hostile file holds."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = (function, arguments)

    def __reduce__(self) -> Any:
        return self.call


def put(path: Path, data: bytes, **allowed: Any) -> ModelSpec:
    path.write_bytes(data)
    return ModelSpec(str(path), **allowed)


def allowed(path: Path, held: Any, **limits: Any) -> ModelSpec:
    """Return a pickle that its user allowed by hash."""
    data = pickle.dumps(held)
    limit = Limits(**limits) if limits else Limits()
    return put(path, data, allow_pickle=True, sha256=hashlib.sha256(data).hexdigest(), limits=limit)


def test_a_pipeline_with_text_and_hostile_names_is_asked_as_here(tmp_path: Path) -> None:
    columns = make_column_transformer((StandardScaler(), [AGE, INCOME]), (OneHotEncoder(), ["job"]))
    model = make_pipeline(columns, LogisticRegression()).fit(TABLE, Y)
    spec = put(tmp_path / "model.pkl", skops.io.dumps(model))  # the name lies; the content counts
    said = predict(spec, {"target": Y, **TABLE}, positive="yes", negative="no")
    np.testing.assert_allclose(said.scores, model.predict_proba(TABLE)[:, 1], rtol=1e-12)
    np.testing.assert_array_equal(said.decisions, model.predict(TABLE) == "yes")
    assert (said.classes, said.positive, said.probabilistic) == (("no", "yes"), "yes", True)
    assert said.columns == tuple(TABLE.columns)
    assert said.info.kind == "skops"
    assert said.info.untrusted == ()
    assert "sklearn.linear_model._logistic.LogisticRegression" in said.info.types
    assert said.info.description == "Pipeline of ColumnTransformer, LogisticRegression"
    assert said.info.sha256 == hashlib.sha256((tmp_path / "model.pkl").read_bytes()).hexdigest()


def test_a_planted_type_is_shown_and_the_file_not_opened(tmp_path: Path) -> None:
    model = make_pipeline(FunctionTransformer(os.getcwd), LogisticRegression())
    spec = put(tmp_path / "model.skops", skops.io.dumps(model))
    found = inspect_model(spec)
    assert found.untrusted == ("posix.getcwd",)
    assert found.task == ""
    assert "not opened" in found.description


def test_a_skops_file_edited_to_name_another_type_is_refused(tmp_path: Path) -> None:
    whole = skops.io.dumps(LogisticRegression().fit(TABLE[[AGE]], Y))
    edited = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(edited, "w") as new:
        for name in old.namelist():
            data = old.read(name)
            if name == "schema.json":
                schema = json.loads(data)
                schema["__module__"], schema["__class__"] = "subprocess; rm", "Popen\x1b[31m\n"
                data = json.dumps(schema).encode()
            new.writestr(name, data)
    spec = put(tmp_path / "m", edited.getvalue())
    with pytest.raises(UntrustedModelError) as caught:
        predict(spec, TABLE, positive="yes")
    assert "holds 1 type that skops does not trust" in str(caught.value)
    assert "--trust 'subprocess; rm.Popen [31m'" in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("write", [pickle.dumps, lambda held: _joblib(held)])
def test_a_refused_pickle_does_not_run_and_the_way_out_is_shown(tmp_path: Path, write: Any) -> None:
    trace = tmp_path / "ran"
    spec = put(tmp_path / "model.skops", write(Calls(Path.touch, trace)))
    digest = hashlib.sha256((tmp_path / "model.skops").read_bytes()).hexdigest()
    for refused in (
        spec,
        ModelSpec(spec.path, allow_pickle=True),
        ModelSpec(spec.path, sha256=digest),  # the hash alone is no permission
        ModelSpec(spec.path, trust=("pathlib.Path.touch",)),
    ):
        with pytest.raises(UntrustedModelError) as caught:
            predict(refused, TABLE, positive="yes")
        assert f"--allow-pickle --sha256 {digest}" in str(caught.value)
        assert "runs whatever code is in it" in str(caught.value)
    assert inspect_model(spec).kind in ("pickle", "joblib")
    assert not trace.exists()


def _joblib(held: Any) -> bytes:
    file = io.BytesIO()
    joblib.dump([held, np.arange(3)], file, compress=3)
    return file.getvalue()


def test_a_pickle_with_another_hash_is_not_opened(tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    spec = put(tmp_path / "m", pickle.dumps(Calls(Path.touch, trace)), allow_pickle=True, sha256="0" * 64)
    with pytest.raises(UntrustedModelError, match="not the file that was allowed"):
        predict(spec, TABLE, positive="yes")
    assert not trace.exists()


def test_a_hash_holds_for_every_kind(tmp_path: Path) -> None:
    model = skops.io.dumps(LogisticRegression().fit(TABLE[[AGE]], Y))
    with pytest.raises(UntrustedModelError, match="not the file that was allowed"):
        inspect_model(put(tmp_path / "m", model, sha256="0" * 64))


def test_an_allowed_pickle_and_joblib_file_are_asked(tmp_path: Path) -> None:
    model = LogisticRegression().fit(TABLE[[AGE, INCOME]], Y)
    joblib.dump(model, tmp_path / "model.joblib")
    data = (tmp_path / "model.joblib").read_bytes()
    spec = ModelSpec(str(tmp_path / "model.joblib"), (), True, hashlib.sha256(data).hexdigest().upper())
    for one in (spec, allowed(tmp_path / "m.pkl", model)):
        np.testing.assert_allclose(
            predict(one, TABLE, positive="yes").scores, model.predict_proba(TABLE[[AGE, INCOME]])[:, 1]
        )


@pytest.mark.parametrize(
    ("held", "limits", "said"),
    [
        (Calls(os._exit, 3), {}, "ended its process with status 3"),
        (Calls(os._exit, 0), {}, "left no answer"),
        (Calls(sys.exit, "bye"), {}, "SystemExit: bye"),
        (Calls(os.abort), {}, "was aborted"),
        (Calls(time.sleep, 60), {"seconds": 1.5}, "gave no answer in 1.5 s"),
        (Calls(bytearray, 10**11), {}, "more than 2 GiB of memory"),
        (Calls(eval, "[b'x' * 10**8 for _ in range(40)]"), {"memory": 2**29}, "more than 0.5 GiB of memory"),
        (Calls(sum, range(10**11)), {"cpu_seconds": 1}, "used more than 1 s of processor time"),
        (Calls(int, "x\n\x1b[31m"), {}, "ValueError: invalid literal"),
        (Calls(exec, "import no_such_module"), {}, "needs the module no_such_module"),
        (Calls(exec, "import os; os.kill(os.getpid(), 11)"), {}, "crashed (segmentation fault)"),
        (Calls(exec, "import os; print('x'); os.write(2, b'y'); os._exit(4)"), {}, "before it answered (y)"),
    ],
)
@pytest.mark.skipif(sys.platform != "linux", reason="limits of address space are Linux's")
def test_a_model_that_ends_hangs_or_eats_memory_is_one_line(
    tmp_path: Path, held: Any, limits: dict[str, Any], said: str
) -> None:
    started = time.monotonic()
    with pytest.raises(BadInputError) as caught:
        predict(allowed(tmp_path / "m", held, **limits), TABLE, positive="yes")
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert "Traceback" not in str(caught.value)
    assert time.monotonic() - started < 30


def test_what_a_model_leaves_running_is_ended_and_secrets_are_not_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "secret")
    late, seen = tmp_path / "late", tmp_path / "seen"
    later = f"import time, pathlib; time.sleep(1); pathlib.Path({str(late)!r}).touch()"
    program = (
        "import os, subprocess, sys, pathlib\n"
        f"pathlib.Path({str(seen)!r}).write_text(repr(dict(os.environ)) + os.getcwd())\n"
        f"subprocess.Popen([sys.executable, '-S', '-c', {later!r}])\n"
        "os._exit(1)"
    )
    with pytest.raises(BadInputError, match="status 1"):
        predict(allowed(tmp_path / "m", Calls(exec, program)), TABLE, positive="yes")
    time.sleep(1.5)
    assert not late.exists()
    assert "secret" not in seen.read_text()
    assert "'OMP_NUM_THREADS': '1'" in seen.read_text()
    assert not Path(seen.read_text().rpartition("}")[2]).exists(), "its folder is gone"


def test_what_cannot_be_asked_needs_no_subprocess(tmp_path: Path) -> None:
    spec = put(tmp_path / "m.skops", b"PK\x03\x04 cut short")
    with pytest.raises(BadInputError, match="damaged"):
        predict(spec, TABLE)
    with pytest.raises(BadInputError, match="does not exist"):
        inspect_model(ModelSpec(str(tmp_path / "none")))
    with pytest.raises(BadInputError, match="more than the"):
        inspect_model(ModelSpec(spec.path, limits=Limits(memory=4)))
    whole = put(tmp_path / "whole", skops.io.dumps(LogisticRegression()))
    with pytest.raises(BadInputError, match="no rows"):
        predict(whole, TABLE.iloc[:0])
