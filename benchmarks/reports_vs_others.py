"""Our reports beside those of five popular tools, on one small table, as a browser finds them.

    for each tool: PYTHON benchmarks/reports_made.py TOOL --out FOLDER      (see there)
    .venv/bin/python benchmarks/reports_vs_others.py FOLDER [TOOL ...] [--json FILE]

Reads FOLDER/TOOL.json and the two reports it names, the table's own and the one with hostile names, and
prints one row a property and one column a report. All reports are measured alike, in one run of one chromium.
Definitions: text is what can be seen with every `<details>` open; a figure is a drawing of at least 100 x 60
pixels that can be seen; a report is dark when its background is less than half as light for a reader who
prefers dark; a page is blank when it is one tone; provenance is looked for in what can be read, the data's
SHA-256 anywhere in the file. Shares of text are of the words that can be read with script on.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports_made import HOSTILE, MAKERS
from reports_measured import chromium, hostile, lightness, paper, reading, served, violations

if TYPE_CHECKING:
    from playwright.sync_api import Browser

TRACES = {  # what the file would hold if it said how it was made
    "multiqc": r"multiqc .{0,200}--filename",
    "pytest-html": r"--self-contained-html",
    "toolkit-audit": r"toolkit audit .{0,300}--recipe",
    "toolkit-check": r"toolkit check .{0,200}--effort",
}


def measure(browser: Browser, folder: Path, tool: str, server: str) -> dict[str, Any]:
    """Return everything measured of one tool's two reports."""
    note = json.loads((folder / f"{tool}.json").read_text(encoding="utf-8"))
    found: dict[str, Any] = {"note": note}
    if "loanapp" in note["files"]:
        file = folder / note["files"]["loanapp"]
        address = file.as_uri()
        content = file.read_bytes()
        found["bytes"], found["gzip"] = len(content), len(gzip.compress(content, 6))
        on, off = reading(browser, address), reading(browser, address, java_script_enabled=False)
        found["on"], found["off"] = on, off
        for policy in ("strict", "jenkins"):
            found[policy] = reading(browser, f"{server}/{policy}/{file.name}", java_script_enabled=False)
        found["lightness"] = lightness(browser, address)
        found["paper"] = paper(browser, address)
        found["paper off"] = paper(browser, address, java_script_enabled=False)
        found["provenance"] = provenance(tool, note["version"], on["text"], content, folder)
        for scheme in ("light", "dark"):
            found[f"axe {scheme}"] = violations(browser, address, scheme)
    if "hostile" in note["files"]:
        address = (folder / note["files"]["hostile"]).as_uri()
        found["hostile"] = hostile(browser, address, list(HOSTILE.values()))
    keep(found)
    return found


def keep(found: dict[str, Any]) -> None:
    """Put in place of each text the share of the words, read with script on, that it keeps."""
    words = Counter(found["on"]["text"].split()) if "on" in found else Counter()
    for name in ("on", "off", "strict", "jenkins", "hostile"):
        if name in found:
            kept = (words & Counter(found[name].pop("text").split())).total()
            found[name]["kept"] = kept / max(words.total(), 1)


def provenance(tool: str, version: str, read: str, content: bytes, folder: Path) -> dict[str, bool]:
    """Return which facts about its making a report states."""
    digest = hashlib.sha256((folder / "loanapp.csv").read_bytes()).hexdigest()
    trace = TRACES.get(tool, r"(save_html|save_as_html|to_file)\(")
    return {
        "seed": re.search(r"\bseeds?\b\W{0,12}\d", read, re.IGNORECASE) is not None,
        "data hash": digest.encode() in content or re.search(r"\b[0-9a-f]{64}\b", read) is not None,
        "own version": version in read,
        "Python's version": re.search(r"python\W{0,5}3\.\d+", read, re.IGNORECASE) is not None,
        "command": re.search(trace, read) is not None,
    }


def rows(found: dict[str, Any]) -> dict[str, str]:
    """Return one column of the table."""
    note = found["note"]
    cells = {"version": note["version"]}
    if "on" in found:
        on, off, strict, jenkins = (found[name] for name in ("on", "off", "strict", "jenkins"))
        named = on["figures"]
        cells |= {
            "bytes (gzip)": f"{found['bytes']:,} ({found['gzip']:,})",
            "text, script on": f"{on['characters']:,}",
            "text, script off": f"{off['characters']:,} ({off['kept']:.0%})",
            "figures, script on": f"{len(on['figures'])}",
            "figures, script off": f"{len(off['figures'])}",
            "strict policy, script off: text, painted figures": kept(strict),
            "Jenkins's policy, script off: text, painted figures": kept(jenkins),
            "requests": asked(on["requests"] + off["requests"]),
            "dark": "{}: {light:.0f} to {dark:.0f}".format(
                yes(found["lightness"]["dark"] < found["lightness"]["light"] / 2), **found["lightness"]
            ),
            "PDF, script on": printed(found["paper"]),
            "PDF, script off": printed(found["paper off"]),
            "policy in the file": yes(bool(on["policy"])),
            "provenance": ", ".join(k for k, v in found["provenance"].items() if v) or "none",
            "figures with a name of their own / caption / data table": "{} / {} / {} of {}".format(
                len({one["name"] for one in named} - {""}),
                *(sum(bool(one[key]) for one in named) for key in ("caption", "table")),
                len(named),
            ),
            "axe, light: rules (elements)": counted(found["axe light"]),
            "axe, dark: rules (elements)": counted(found["axe dark"]),
            "script errors": str(len(on["errors"])),
        }
    if "hostile" in found:
        bad = found["hostile"]
        plain = found.get("on", {"figures": []})
        cells |= {
            "hostile: script runs": f"yes, {len(bad['dialogs'])} dialogs" if bad["dialogs"] else "no",
            "hostile: elements injected": str(bad["injected"]),
            "hostile: text left": f"{bad['kept']:.0%}",
            "hostile: figures left": f"{len(bad['figures'])} of {len(plain['figures'])}",
            "hostile: names shown as they are": f"{len(bad['shown'])} of {len(HOSTILE)}",
            "hostile: script errors": str(len(bad["errors"])),
        }
    for file, why in note["failed"].items():
        cells[f"{file}: not made"] = why.replace("|", " ")
    return cells


def kept(found: dict[str, Any]) -> str:
    """Write how much text and how many figures a policy leaves."""
    return f"{found['kept']:.0%}, {sum(one['painted'] for one in found['figures'])}"


def yes(true: bool) -> str:
    """Write a truth."""
    return "yes" if true else "no"


def asked(urls: list[str]) -> str:
    """Count requests, with the first few addresses they go to."""
    return f"{len(urls)}: {', '.join(sorted(set(urls))[:2])[:120]}" if urls else "0"


def printed(pdf: dict[str, Any]) -> str:
    """Write what a PDF came to."""
    if "failed" in pdf:
        return pdf["failed"]
    said = (
        f"{pdf.get('pages', '?')} pages, {pdf['bytes'] / 1e6:.2f} MB, {pdf.get('characters', 0):,} characters"
    )
    return f"{said}, {pdf['blank']} blank" if pdf.get("blank") else said


def counted(rules: dict[str, int]) -> str:
    """Count violated rules and elements."""
    return f"{len(rules)} ({sum(rules.values())})"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("folder", type=Path)
    options.add_argument("tools", nargs="*", metavar="TOOL")
    options.add_argument("--json", type=Path, help="also write everything measured here")
    asked_for = options.parse_args()
    folder = asked_for.folder.resolve()
    tools = asked_for.tools or [tool for tool in MAKERS if (folder / f"{tool}.json").exists()]
    found: dict[str, dict[str, Any]] = {}
    with chromium() as browser, served(folder) as server:
        print(f"chromium {browser.version}", file=sys.stderr)
        for tool in tools:
            found[tool] = measure(browser, folder, tool, server)
            print(tool, file=sys.stderr, flush=True)
    if asked_for.json:
        asked_for.json.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    columns = {tool: rows(one) for tool, one in found.items()}
    print("| | " + " | ".join(columns) + " |\n|---|" + "---|" * len(columns))
    for row in dict.fromkeys(key for cells in columns.values() for key in cells):
        print(f"| {row} | " + " | ".join(cells.get(row, "") for cells in columns.values()) + " |")


if __name__ == "__main__":
    main()
