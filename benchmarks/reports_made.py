"""Make one tool's report of a small table for reports_vs_others.py; run it with that tool's Python.

    .venv/bin/python benchmarks/reports_made.py table --out FOLDER
    RIVAL/bin/python benchmarks/reports_made.py TOOL --out FOLDER

The first line writes loanapp.csv and hostile.csv: the same 1,989 rows, where three columns are called what
no column should be. Each further line makes FOLDER/TOOL.html and FOLDER/TOOL-hostile.html with the tool's
defaults, and FOLDER/TOOL.json, which says the version and what was run. A rival lives in a virtual
environment of its own, outside this one (`python -m venv RIVAL; RIVAL/bin/pip install ...`), of

    deepchecks==0.19.1 'scikit-learn<1.6' 'pandas<2.3' 'numpy<2' 'setuptools<81' 'plotly<6' \
    'ipywidgets<8'
    evidently==0.7.23 'pandas<3'
    fg-data-profiling, multiqc, pytest and pytest-html as they come

Ours is made by this environment's own command. MultiQC and pytest-html do not read tables: MultiQC is given
the table's columns as samples (missing, mean, largest) and a bar plot of each group's approvals, pytest-html
a test of each column.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

HOSTILE = {"race": "</script><img src=x onerror=alert(1)>", "hrat": "=cmd()", "approve": "[red]"}
GROUPS, RATIO, TARGET = HOSTILE
SEED = 0


def table(folder: Path) -> None:
    """Write the table of mortgage decisions twice, under its own names and under hostile ones."""
    import numpy as np

    from toolkit import catalogue

    data = catalogue.dataset("loanapp")
    assert data.sensitive is not None
    plain = [name for name in data.feature_names if not name.startswith(f"{GROUPS}=")]
    rows = [
        ["" if np.isnan(value) else f"{value:.10g}" for value in row[: len(plain)]]
        + [data.groups[group], data.classes[label]]
        for row, group, label in zip(data.X, data.sensitive, data.y, strict=True)
    ]
    names = [*plain, GROUPS, TARGET]
    for file, head in (("loanapp", names), ("hostile", [HOSTILE.get(name, name) for name in names])):
        with (folder / f"{file}.csv").open("w", newline="", encoding="utf-8") as out:
            csv.writer(out, lineterminator="\n").writerows([head, *rows])


def deepchecks(source: Path, out: Path, names: dict[str, str]) -> str:
    """Run the full suite on two halves of the rows and a model; save the widget, its default."""
    import pandas as pd
    from deepchecks.tabular import Dataset
    from deepchecks.tabular.suites import full_suite
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    frame = pd.read_csv(source).sample(frac=1, random_state=SEED)
    frame[names[GROUPS]] = frame[names[GROUPS]].astype("category")
    frame[names[TARGET]] = (frame[names[TARGET]] == "approved").astype(int)
    halves = [
        Dataset(half, label=names[TARGET], cat_features=[names[GROUPS]])
        for half in (frame.iloc[: len(frame) // 2], frame.iloc[len(frame) // 2 :])
    ]
    numbers = [name for name in halves[0].features if name != names[GROUPS]]

    class OnNumbers(LogisticRegression):  # type: ignore[misc]
        """A model that leaves the groups alone, whatever their column is called."""

        def fit(self, X: Any, y: Any) -> OnNumbers:
            self.pipe_ = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression(max_iter=1000))
            self.pipe_.fit(X[numbers], y)
            self.classes_ = self.pipe_.classes_
            return self

        def predict(self, X: Any) -> Any:
            return self.pipe_.predict(X[numbers])

        def predict_proba(self, X: Any) -> Any:
            return self.pipe_.predict_proba(X[numbers])

    model = OnNumbers().fit(halves[0].data, halves[0].data[names[TARGET]])
    full_suite().run(*halves, model).save_as_html(str(out))
    return "full_suite().run(train, test, model).save_as_html(file)"


def evidently(source: Path, out: Path, _: dict[str, str]) -> str:
    """Summarise the table and compare its halves."""
    import pandas as pd
    from evidently import Report
    from evidently.presets import DataDriftPreset, DataSummaryPreset

    frame = pd.read_csv(source).sample(frac=1, random_state=SEED)
    middle = len(frame) // 2
    ran = Report([DataSummaryPreset(), DataDriftPreset()]).run(frame.iloc[:middle], frame.iloc[middle:])
    ran.save_html(str(out))
    return "Report([DataSummaryPreset(), DataDriftPreset()]).run(half, half).save_html(file)"


def profiling(source: Path, out: Path, _: dict[str, str]) -> str:
    """Profile the table."""
    import pandas as pd
    from data_profiling import ProfileReport

    ProfileReport(pd.read_csv(source), progress_bar=False).to_file(out)
    return "ProfileReport(frame).to_file(file)"


def minimal(source: Path, out: Path, _: dict[str, str]) -> str:
    """Profile the table with the tool's own small setting."""
    import pandas as pd
    from data_profiling import ProfileReport

    ProfileReport(pd.read_csv(source), progress_bar=False, minimal=True).to_file(out)
    return "ProfileReport(frame, minimal=True).to_file(file)"


def multiqc(source: Path, out: Path, names: dict[str, str]) -> str:
    """Lay out the columns as samples: a table, and a bar plot of the groups' decisions."""
    with source.open(newline="", encoding="utf-8") as read:
        rows = list(csv.DictReader(read))
    folder = out.with_suffix("") / "input"
    folder.mkdir(parents=True, exist_ok=True)
    lines = ["# plot_type: 'table'", "# section_name: 'Columns'", "Sample\tmissing\tmean\tlargest"]
    for name in rows[0]:
        values = [row[name] for row in rows if row[name]]
        if name not in (names[GROUPS], names[TARGET]):
            numbers = [float(value) for value in values]
            lines.append(
                f"{name}\t{len(rows) - len(values)}\t{sum(numbers) / len(numbers):.4g}\t{max(numbers):g}"
            )
    (folder / "columns_mqc.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    label, group = names[TARGET], names[GROUPS]
    bars = [
        "# plot_type: 'bargraph'",
        f"# section_name: '{label} by {group}'",
        f"{group}\tapproved\tdenied {label}",
    ]
    for value in sorted({row[group] for row in rows}):
        mine = [row[label] for row in rows if row[group] == value]
        bars.append(f"{group}={value}\t{mine.count('approved')}\t{mine.count('denied')}")
    (folder / "groups_mqc.tsv").write_text("\n".join(bars) + "\n", encoding="utf-8")
    tool = Path(sys.executable).with_name("multiqc")
    command = [str(tool), str(folder), "--filename", out.name, "--outdir", str(out.parent), "--force"]
    subprocess.run(command, check=True, capture_output=True)
    return "multiqc FOLDER --filename FILE (two custom-content tables)"


def pytest_html(source: Path, out: Path, _: dict[str, str]) -> str:
    """Test that no column is all missing, one test a column, one of them failing."""
    folder = out.with_suffix("")
    folder.mkdir(exist_ok=True)
    test = f"""
        import csv

        import pytest

        with open({str(source)!r}, newline="", encoding="utf-8") as read:
            ROWS = list(csv.DictReader(read))


        @pytest.mark.parametrize("column", list(ROWS[0]))
        def test_no_value_is_missing(column):
            print("column", column)
            assert not [number for number, row in enumerate(ROWS) if not row[column]], column
    """
    (folder / "test_table.py").write_text(textwrap.dedent(test), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--html={out}"]
    subprocess.run(
        [*command, "--self-contained-html", str(folder)], check=False, capture_output=True, cwd=folder
    )
    return "pytest --html=FILE --self-contained-html (a test a column)"


def audit(source: Path, out: Path, names: dict[str, str]) -> str:
    """Audit the table and a logistic regression trained on it, with our own command."""
    asked = ["--sensitive", names[GROUPS], "--target", names[TARGET], "--positive", "approved"]
    return _ours(["audit", str(source), *asked, "--recipe", "LogisticRegression"], out)


def check(source: Path, out: Path, names: dict[str, str]) -> str:
    """Check two beliefs; on the toolkit's own data, and for hostile names on the table."""
    asked = ["check", "misconceptions", "--only", "M002,M003", "--effort", "quick"]
    if source.stem != "loanapp":
        asked[3:4] = ["M003"]
        asked += ["--data", str(source), "--target", names[TARGET], "--positive", "approved"]
        asked += ["--sensitive", names[GROUPS]]
    return _ours(asked, out)


def _ours(asked: list[str], out: Path) -> str:
    """Run our command and bring the report where the others are."""
    folder = out.with_suffix("")
    tool = Path(sys.executable).with_name("toolkit")
    ran = subprocess.run([str(tool), *asked, "-o", str(folder)], check=False, capture_output=True, text=True)
    if not (folder / "report.html").exists():
        raise SystemExit(ran.stderr)
    out.write_bytes((folder / "report.html").read_bytes())
    return " ".join(["toolkit", *asked])


MAKERS: dict[str, tuple[str, Callable[[Path, Path, dict[str, str]], str]]] = {
    "toolkit-check": ("misconception-toolkit", check),
    "toolkit-audit": ("misconception-toolkit", audit),
    "deepchecks": ("deepchecks", deepchecks),
    "evidently": ("evidently", evidently),
    "fg-data-profiling": ("fg-data-profiling", profiling),
    "fg-data-profiling-minimal": ("fg-data-profiling", minimal),
    "multiqc": ("multiqc", multiqc),
    "pytest-html": ("pytest-html", pytest_html),
}


def main() -> None:
    """Write the tables, or one tool's two reports and what is known of them."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("tool", choices=["table", *MAKERS])
    options.add_argument("--out", type=Path, required=True)
    asked = options.parse_args()
    folder = asked.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    if asked.tool == "table":
        table(folder)
        return
    package, maker = MAKERS[asked.tool]
    note: dict[str, Any] = {"tool": asked.tool, "version": version(package), "files": {}, "failed": {}}
    for source, names in (("loanapp", dict.fromkeys(HOSTILE)), ("hostile", HOSTILE)):
        real = {key: value or key for key, value in names.items()}
        out = folder / (f"{asked.tool}.html" if source == "loanapp" else f"{asked.tool}-hostile.html")
        out.unlink(missing_ok=True)  # deepchecks would write another file beside it
        try:
            how = maker(folder / f"{source}.csv", out, real)
            note.setdefault("how", how)
            note["files"][source] = out.name
        except Exception as error:  # a rival that cannot is a finding, not the end of the run
            note["failed"][source] = f"{type(error).__name__}: {error}"[:300]
    (folder / f"{asked.tool}.json").write_text(json.dumps(note, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(note, indent=1))


if __name__ == "__main__":
    main()
