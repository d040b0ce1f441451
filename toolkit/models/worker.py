"""The subprocess, ``python -m toolkit.models.worker FOLDER``: limits first, then the model, then an answer.

The folder holds ``job.json``, ``model`` and, for a prediction, the columns. What it leaves there is
``answer.json`` and, for a prediction, ``answer.npz``. Whatever a model raises is one line in the answer.
"""

from __future__ import annotations

import json
import signal
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.models.columns import Columns, position, wanted
from toolkit.models.names import listed, one_line
from toolkit.records import BadInputError, UntrustedModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from toolkit.models.answer import About, Answer, Model

#: Rows a model is asked about at once, so that its own copies of them stay small.
CHUNK = 50_000
#: The largest file a model may leave behind, in bytes.
LARGEST_FILE = 2**30
_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG in linux/prctl.h


def main() -> int:
    """Do the job in the folder named on the command line and leave an answer there."""
    folder = Path(sys.argv[1])
    job = json.loads((folder / "job.json").read_text("utf-8"))
    limit(job["memory"], job["cpu_seconds"])
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            answer = run(job, folder)
            answer["notes"] += list(dict.fromkeys(one_line(w.message) for w in caught))[:5]
    except UntrustedModelError as error:
        answer = {"untrusted": str(error)}
    except BadInputError as error:
        answer = {"error": str(error)}
    except MemoryError:
        answer = {"error": f"it needs more than {job['memory'] / 2**30:g} GiB of memory"}
    except ModuleNotFoundError as error:
        answer = {
            "error": f"it needs the module {one_line(error.name, 80)}, which is not installed "
            "(a module of your own is found through PYTHONPATH)"
        }
    except BaseException as error:  # a model may raise anything, SystemExit and its own kinds among them
        answer = {"error": f"{type(error).__name__}: {one_line(error)}".rstrip(": ")}
    (folder / "answer.json").write_text(json.dumps(answer), "utf-8")
    return 0


def limit(memory: int, cpu_seconds: int) -> None:
    """Limit this process: bytes of address space (macOS ignores it), seconds of work, files, no core dump."""
    try:
        import resource
    except ImportError:  # Windows: the parent's time limit is all there is
        return
    _die_with_parent()
    wishes = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
    ]
    if sys.platform != "darwin":
        wishes.append((resource.RLIMIT_AS, memory))
    for what, most in wishes:
        _, hard = resource.getrlimit(what)
        spare = 5 if what == resource.RLIMIT_CPU else 0  # so that the signal that has a name comes first
        low, high = (v if hard == resource.RLIM_INFINITY else min(v, hard) for v in (most, most + spare))
        resource.setrlimit(what, (low, high))


def _die_with_parent() -> None:
    """Ask Linux to end this process with its parent, so that a killed audit leaves nothing running."""
    if sys.platform == "linux":
        import ctypes

        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)


def run(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Inspect the model, and predict where the job asks for it; returns the answer as plain data."""
    from toolkit.models.answer import About
    from toolkit.models.loading import open_model, open_skops, types_in_skops

    data = (folder / "model").read_bytes()
    types: list[str] = []
    untrusted: list[str] = []
    if job["kind"] == "skops":
        with saying("it cannot be read"):
            types, untrusted = types_in_skops(data)
        refused = [name for name in untrusted if name not in job["trust"]]
        if refused:
            about = About(description="not opened: it holds types that are not trusted")
            return answered(about, types, untrusted, refused=refused)
    with saying("it cannot be opened"):
        model = open_skops(data, untrusted) if job["kind"] == "skops" else open_model(job["kind"], data)
    idle = [name for name in job["trust"] if name not in types]
    said = [f"trusted, but not in the file: {listed(idle)}"] if idle else []
    if job["action"] == "inspect":
        return {**answered(model.about, types, untrusted), "notes": said}
    about, notes, more = predicted(model, Columns.read(folder), job, folder)
    found = answered(about, types, untrusted)
    return {**found, **more, "notes": said + notes}


@contextmanager
def saying(what: str) -> Iterator[None]:
    """Turn what a library raises into one line that says at which step; what `main` has words for passes."""
    try:
        yield
    except (BadInputError, UntrustedModelError, ModuleNotFoundError, MemoryError):
        raise
    except Exception as error:
        raise BadInputError(f"{what}: {type(error).__name__}: {one_line(error)}".rstrip(": ")) from error


def answered(
    about: About, types: Sequence[str], untrusted: Sequence[str], refused: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what is known of the model as plain data."""
    return {
        "about": asdict(about),
        "types": list(types),
        "untrusted": list(untrusted),
        "refused": list(refused),
        "notes": [],
    }


def predicted(
    model: Model, columns: Columns, job: Mapping[str, Any], folder: Path
) -> tuple[About, list[str], dict[str, Any]]:
    """Ask the model about every row and write scores and decisions; returns what else is to be said."""
    import numpy as np

    about = model.about
    names = wanted(about.features, about.n_features, columns.names, job["features"])
    chunk = (
        columns.rows if job["kind"] == "onnx" else CHUNK
    )  # a graph's classes are read off all rows together
    with saying("it cannot predict from this table"):
        parts = [
            model.answer(columns.part(start, start + chunk), names, bool(job.get("contributions")))
            for start in range(0, columns.rows, chunk)
        ]
    answer = joined(parts)
    about = replace(about, classes=about.classes or answer.classes)
    notes: list[str] = []
    probabilistic, place = False, 0
    scores, decisions = answer.values, None
    if about.task == "scores" and answer.decided is not None:
        about = replace(about, task="classes")
    if about.task == "classes":
        classes = _filled(about.classes, job["positive"])
        about = replace(about, classes=tuple(classes))
        place, note = position(classes, job["positive"], job["negative"], about.coded)
        notes += [note] if note else []
        scores, probabilistic = _scores(answer, place)
        decisions = None if answer.decided is None else (answer.decided == place).astype(np.int64)
    if scores is not None and not np.isfinite(scores).all():
        bad = int((~np.isfinite(scores)).sum())
        raise BadInputError(f"it gives no finite score for {bad} of {columns.rows} rows")
    arrays = {"scores": scores, "decisions": decisions, "contributions": answer.contributions}
    kept = {name: array for name, array in arrays.items() if array is not None}
    np.savez(folder / "answer.npz", **kept)  # type: ignore[arg-type]  # numpy's stub
    more = {"probabilistic": probabilistic, "place": place, "columns": list(names)}
    return about, notes, more


def joined(parts: Sequence[Answer]) -> Answer:
    """Put the answers about successive rows together."""
    import numpy as np

    from toolkit.models.answer import Answer

    def whole(field: str) -> Any:
        found = [getattr(part, field) for part in parts]
        return None if found[0] is None else np.concatenate(found)

    return Answer(
        whole("chances"), whole("values"), whole("decided"), parts[0].classes, whole("contributions")
    )


def _filled(classes: Sequence[str], positive: str | None) -> list[str]:
    """Name the one of two classes that no row was given: with one name known, it is the other."""
    if positive is not None and len(classes) == 2 and "" in classes and positive not in classes:
        return [name or positive for name in classes]
    return list(classes)


def _scores(answer: Answer, place: int) -> tuple[NDArray[np.float64] | None, bool]:
    """Return the positive class's score, and whether it is a chance: a squashed decision value is none."""
    import numpy as np
    from scipy.special import expit

    if answer.chances is not None:
        return np.ascontiguousarray(answer.chances[:, place]), True
    if answer.values is None:
        return None, False
    values = answer.values if answer.values.ndim == 1 else answer.values[:, place]
    sign = -1.0 if answer.values.ndim == 1 and place == 0 else 1.0
    return np.asarray(expit(sign * values), dtype=np.float64), False


if __name__ == "__main__":
    sys.exit(main())
