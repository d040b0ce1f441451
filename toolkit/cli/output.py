"""What a finished run leaves in its folder, and that a run that never began leaves nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from toolkit.records import BadInputError, Run

NEEDED = 64 * 2**20
ANSWER = "gate.json"  # of the gate, where one was asked for
NAMES = {
    "html": "report.html",
    "json": "run.json",
    "markdown": "report.md",
    "junit": "junit.xml",
    "sarif": "report.sarif",
    "card": "card.md",
}


@contextmanager
def tidy_on_failure(folder: Path) -> Iterator[None]:
    """Refuse a folder that cannot be written before the work starts; leave none behind if nothing came."""
    refuse_unwritable(folder)
    made = [part for part in (folder, *folder.parents) if not part.exists()]
    try:
        yield
    except BaseException:  # whatever it was, a stop from outside too: what never began leaves no folder
        for part in made:
            if part.is_dir() and {p.name for p in part.iterdir()} <= {".lock"}:
                shutil.rmtree(part)
        raise


def refuse_beside(own: Path, folder: Path) -> None:
    """Refuse to lay a redacted copy beside what it hides."""
    if folder.resolve() == own.resolve():
        raise BadInputError(
            f"{folder}: a redacted copy there would lie beside the run that it hides; give another folder "
            "with --output"
        )


def forget_others(folder: Path, formats: Iterable[str]) -> None:
    """Remove what an earlier run left in a folder and this one does not write anew: it was not redacted."""
    kept = {NAMES[name] for name in formats} | {"run.json", "report.html"}
    for name in {*NAMES.values(), "outcomes.jsonl", "failures.log"} - kept:
        (folder / name).unlink(missing_ok=True)


def refuse_unwritable(folder: Path) -> None:
    """Try to write where the folder is or will be, and look at the space left."""
    place = folder
    while not place.exists() and place.parent != place:
        place = place.parent
    if not place.is_dir():
        raise BadInputError(f"cannot write to {folder}: {place} is a file; choose another --output")
    try:
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(b"\0" * 4096)
            file.flush()
    except OSError as error:
        raise BadInputError(f"cannot write to {folder}: {error.strerror}; choose another --output") from error
    free = shutil.disk_usage(place).free
    if free < NEEDED:
        raise BadInputError(
            f"cannot write to {folder}: {free / 2**20:.0f} MiB are free and {NEEDED // 2**20} are needed; "
            "free some space or choose another --output"
        )


def written(run: Run, folder: Path, formats: Iterable[str]) -> list[Path]:
    """Write the formats asked for beside run.json; return their paths, the HTML report last."""
    from toolkit.journal import write_atomic

    document = run.to_dict()
    (folder / ANSWER).unlink(missing_ok=True)  # of an earlier run
    wanted = [name for name in NAMES if name in {*formats}]
    for name in wanted:
        path = folder / NAMES[name]
        if name == "markdown":
            from toolkit.report.formats import markdown

            write_atomic(path, markdown(document))
        elif name == "junit":
            from toolkit.report.formats import junit

            write_atomic(path, junit(document))
        elif name == "sarif":
            from toolkit.report.formats import sarif

            write_atomic(path, sarif(document))
        elif name == "card":
            from toolkit.report.formats.card import card

            write_atomic(path, card(document))
        elif name == "html" and not path.exists():
            write_atomic(path, run.report())
    return [folder / NAMES[name] for name in sorted(wanted, key=lambda name: name == "html")]
