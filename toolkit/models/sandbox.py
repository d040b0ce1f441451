"""Last of models: ask a foreign model in a subprocess with limits; what goes wrong there is one line here.

The parent reads the file once, hashes those bytes, tells their kind, refuses what could run code, and hands
the very same bytes on. It never opens the model itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

from toolkit.models.columns import Columns
from toolkit.models.detect import PICKLES, Kind, kind_of, names_in_pickle, read_model
from toolkit.models.names import file_shown, listed, one_line, shown
from toolkit.models.spec import Limits, ModelInfo, ModelSpec, Predictions
from toolkit.records import BadInputError, UntrustedModelError

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: One thread in every library that starts some, and few allocator arenas: address space is limited.
PINNED: Mapping[str, str] = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "VECLIB_MAXIMUM_THREADS": "1",
    "LOKY_MAX_CPU_COUNT": "1",
    "MALLOC_ARENA_MAX": "2",
}
#: What of our own environment a model gets to see: no keys, no tokens.
PASSED = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "SYSTEMROOT")

_ARRAYS = ("scores", "decisions", "contributions")
_NO_ANSWER = "left no answer that can be read"


def inspect_model(spec: ModelSpec) -> ModelInfo:
    """Return what a model file holds; a pickle, or a ``.skops`` file with a type not allowed, is not opened.

    Raises
    ------
    BadInputError
        If the file is missing, damaged or of no known kind, or the model crashes when opened.
    """
    data, kind, digest = _read(spec)
    if kind in PICKLES:
        names = names_in_pickle(data)
        return ModelInfo(kind, digest, names, names, description=f"a {kind} file, not opened")
    return _info(kind, digest, _ask(spec, data, kind, {"action": "inspect"}, None)[0])


def predict(
    spec: ModelSpec,
    columns: Mapping[str, Any],
    *,
    positive: str | None = None,
    negative: str | None = None,
    features: Sequence[str] | None = None,
    contributions: bool = False,
) -> Predictions:
    """Ask a model about every row of a table.

    Parameters
    ----------
    columns : mapping of str to a column of numbers or text, or a DataFrame
        The table, at least the model's features; other columns are ignored where the model names its own.
    positive, negative : str, optional
        The label's values as the table writes them. Numbers are compared as numbers: "1.0" is 1, "true" is 1.
    features : sequence of str, optional
        The table's feature columns in order, for a model without names; all columns where left out.
    contributions : bool
        Whether to return what each feature adds to the log-odds too; xgboost alone has that exactly.

    Raises
    ------
    UntrustedModelError
        If the file could run code and was not allowed to.
    BadInputError
        If the file or its columns do not fit, or the model crashes, hangs, or uses more than its limits.
    """
    data, kind, digest = _read(spec)
    if kind in PICKLES:
        _refuse_pickle(spec, data, kind, digest)
    table = Columns.of(columns)
    if not table.rows:
        raise BadInputError("the table has no rows to give to the model")
    job = {
        "action": "predict",
        "positive": positive,
        "negative": negative,
        "features": None if features is None else list(features),
        "contributions": contributions,
    }
    said, arrays = _ask(spec, data, kind, job, table)
    if said["refused"]:
        raise UntrustedModelError(_untrusted(spec, [str(name) for name in said["refused"]]))
    try:
        return _predictions(_info(kind, digest, said), said, arrays, table.rows)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise BadInputError(f"the model {file_shown(spec.path)} {_NO_ANSWER}") from error


def _predictions(
    info: ModelInfo, said: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], rows: int
) -> Predictions:
    for name, array in arrays.items():
        if array.shape[:1] != (rows,) or array.ndim != (2 if name == "contributions" else 1):
            raise ValueError(f"{array.shape} {name} for {rows} rows")
    return Predictions(
        scores=arrays.get("scores"),
        decisions=arrays.get("decisions"),
        classes=info.classes,
        positive=info.classes[said["place"]] if info.classes else None,
        probabilistic=bool(said["probabilistic"]),
        columns=tuple(said["columns"]),
        info=info,
        notes=info.notes,
        contributions=arrays.get("contributions"),
    )


def _read(spec: ModelSpec) -> tuple[bytes, Kind, str]:
    """Return the file's bytes, their kind and their hash; a hash that was given must agree."""
    place = Path(spec.path)
    if place.is_file() and place.stat().st_size > spec.limits.memory:
        raise BadInputError(
            f"the model {file_shown(spec.path)} has {place.stat().st_size / 2**30:.1f} GiB, more than the "
            f"{spec.limits.memory / 2**30:g} GiB a model may use"
        )
    data = read_model(spec.path)
    digest = hashlib.sha256(data).hexdigest()
    kind = kind_of(data, spec.path)
    if spec.sha256 is not None and spec.sha256.strip().casefold() != digest:
        raise UntrustedModelError(
            f"the model {file_shown(spec.path)} is not the file that was allowed: its sha256 is {digest}, "
            f"not {one_line(spec.sha256, 64)}. Look where it came from before you change --sha256."
        )
    return data, kind, digest


def _refuse_pickle(spec: ModelSpec, data: bytes, kind: Kind, digest: str) -> None:
    """Refuse a pickle unless it was allowed, and by its hash."""
    if spec.allow_pickle and spec.sha256 is not None:
        return
    names = names_in_pickle(data)
    would = f" It would import {listed(names, 6)}." if names else ""
    raise UntrustedModelError(
        f"the model {file_shown(spec.path)} is a {kind} file, and opening one runs whatever code is in it."
        f"{would} Save the model as .skops (skops.io.dump), as xgboost JSON (save_model) or as ONNX, "
        f"or use --recipe. If you made this very file yourself: --allow-pickle --sha256 {digest} "
        "lets it, and no other file, run code as you."
    )


def _untrusted(spec: ModelSpec, refused: Sequence[str]) -> str:
    count = "1 type" if len(refused) == 1 else f"{len(refused)} types"
    options = " ".join(f"--trust {shlex.quote(one_line(name, 200))}" for name in refused)
    return (
        f"the model {file_shown(spec.path)} holds {count} that skops does not trust: {listed(refused, 40)}. "
        "A crafted file could crash or run code through them. If you know who made it, allow them by name: "
        f"{options}"
    )


def _info(kind: Kind, digest: str, said: Mapping[str, Any]) -> ModelInfo:
    about = said["about"]
    features = about["features"]
    return ModelInfo(
        kind=kind,
        sha256=digest,
        types=tuple(said["types"]),
        untrusted=tuple(said["untrusted"]),
        features=None if features is None else tuple(features),
        n_features=about["n_features"],
        classes=tuple(about["classes"]),
        description=one_line(about["description"]),
        task=about["task"],
        parameters=dict(about["parameters"]),
        notes=tuple(about["notes"]) + tuple(said["notes"]),
    )


def _ask(
    spec: ModelSpec, data: bytes, kind: Kind, job: Mapping[str, Any], table: Columns | None
) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Run one job in the subprocess; returns its answer and its arrays."""
    import numpy as np

    limits = {"memory": spec.limits.memory, "cpu_seconds": spec.limits.cpu_seconds}
    with tempfile.TemporaryDirectory(prefix="toolkit-model-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        about = {**job, **limits, "kind": kind, "trust": list(spec.trust)}
        try:
            (folder / "model").write_bytes(data)
            (folder / "job.json").write_text(json.dumps(about), "utf-8")
            if table is not None:
                table.write(folder)
        except OSError as error:
            raise BadInputError(
                f"the table cannot be handed on: {error.strerror} in {shown(tempfile.gettempdir())}; "
                "set TMPDIR to a folder with room"
            ) from error
        _run(spec, folder)
        try:
            said = json.loads((folder / "answer.json").read_text("utf-8"))
            if "untrusted" in said and "about" not in said:
                raise UntrustedModelError(f"the model {file_shown(spec.path)}: {said['untrusted']}")
            if "error" in said:
                raise BadInputError(f"the model {file_shown(spec.path)}: {said['error']}")
            if table is None or said["refused"]:
                return said, {}
            with np.load(folder / "answer.npz", allow_pickle=False) as file:
                return said, {key: np.array(file[key]) for key in _ARRAYS if key in file}
        except (UntrustedModelError, BadInputError):
            raise
        except (OSError, KeyError, TypeError, ValueError, EOFError, BadZipFile) as error:
            raise BadInputError(f"the model {file_shown(spec.path)} {_NO_ANSWER}") from error


def _run(spec: ModelSpec, folder: Path) -> None:
    """Start the subprocess in a session of its own, wait, and end everything it left running."""
    root = str(Path(__file__).resolve().parents[2])
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    path = os.pathsep.join(part for part in (passed.get("PYTHONPATH"), root) if part)
    environment = {**passed, **PINNED, "PYTHONPATH": path, "PYTHONSAFEPATH": "1", "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "toolkit.models.worker", str(folder)]
    with (folder / "stderr").open("wb") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors, cwd=folder,
            env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            status = process.wait(spec.limits.seconds)
        except subprocess.TimeoutExpired:
            raise BadInputError(
                f"the model {file_shown(spec.path)} gave no answer in {spec.limits.seconds:g} s "
                "and was stopped"
            ) from None
        finally:
            _end(process)
    if status != 0:
        raise BadInputError(f"the model {file_shown(spec.path)} {_how_it_ended(status, folder, spec.limits)}")


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.wait()


def _how_it_ended(status: int, folder: Path, limits: Limits) -> str:
    """Say in words why the subprocess ended without an answer."""
    if status > 0:
        with (folder / "stderr").open("rb") as file:
            file.seek(max(0, (folder / "stderr").stat().st_size - 2000))
            lines = [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]
        said = f" ({one_line(lines[-1], 200)})" if lines else ""
        return f"ended its process with status {status} before it answered{said}"
    known = {
        "SIGSEGV": "crashed (segmentation fault); the file may be damaged or crafted",
        "SIGBUS": "crashed (bus error); the file may be damaged or crafted",
        "SIGABRT": "was aborted by a library, as happens when memory runs out",
        "SIGKILL": "was killed, as happens when memory runs out",
        "SIGXCPU": f"used more than {limits.cpu_seconds} s of processor time and was stopped",
        "SIGXFSZ": "wrote too large a file and was stopped",
    }
    try:
        name = signal.Signals(-status).name
    except ValueError:
        name = f"signal {-status}"
    return known.get(name, f"was ended by {name}")
