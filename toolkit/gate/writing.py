"""Write accepted findings into a lock file: comments and the order of what is there survive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from toolkit.gate.accepted import KEYS, TABLE, Accepted, parse
from toolkit.records import BadInputError

if TYPE_CHECKING:
    from tomlkit.items import AoT

HEAD = (
    "Findings that somebody has looked at and accepted, until a day. `toolkit gate accept` writes here,",
    "and so may you: `toolkit gate check` says which of them still occur, got worse or are over.",
)


def accept(path: Path, entries: Sequence[Accepted]) -> list[str]:
    """Write entries into a lock file, new ones at its end, those already there in their place.

    Returns
    -------
    list of str
        "added" or "updated", for each entry.

    Raises
    ------
    BadInputError
        If what is there is no lock file; it is then left as it is.
    """
    from toolkit.journal import write_atomic

    before = _text(path)
    after, done = edited(before, entries, path)
    parse(after, path)  # what is written can be read, or nothing is written
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, after)
    return done


def edited(text: str, entries: Sequence[Accepted], path: Path) -> tuple[str, list[str]]:
    """Return the text of a lock file with these entries in it, and what was done for each."""
    import tomlkit
    from tomlkit.items import AoT

    there = {entry.identity: place for place, entry in enumerate(parse(text, path))}
    if not entries:
        return text, []
    document = tomlkit.parse(text)
    if not text:
        for line in HEAD:
            document.add(tomlkit.comment(line))
        document.add(tomlkit.nl())
    if TABLE not in document:
        document.append(TABLE, tomlkit.aot())
    tables = document[TABLE]
    if not isinstance(tables, AoT):
        raise BadInputError(
            f"{path}: {TABLE} is written as an inline list; write each entry under its own [[{TABLE}]], or "
            "remove the line"
        )
    done = []
    for entry in entries:
        place = there.get(entry.identity)
        done.append("added" if place is None else "updated")
        if place is None:
            there[entry.identity] = len(tables)
            _append(tables, entry)
        else:
            _update(tables[place], entry)
    return tomlkit.dumps(document), done


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise BadInputError(f"{path}: the lock file cannot be read ({why}); choose another --lock") from error


def plain(entry: Accepted) -> dict[str, Any]:
    """Return an entry as a lock file holds it, in the order of its keys; what it has not is left out."""
    known = {key: getattr(entry, key) for key in KEYS if key != "run"}
    found = {key: value for key, value in known.items() if value not in (None, "")}
    return found | ({"run": dict(entry.run)} if entry.run else {})


def _append(tables: AoT, entry: Accepted) -> None:
    import tomlkit

    table = tomlkit.table()
    for key, value in plain(entry).items():
        table.add(key, _item(value))
    table.add(tomlkit.nl())
    tables.append(table)


def _update(table: Any, entry: Accepted) -> None:
    """Set what changed, so that the comment behind a value stays where nothing did."""
    wanted = plain(entry)
    for key in KEYS:
        if key not in wanted:
            table.pop(key, None)
        elif key not in table:
            table.add(key, _item(wanted[key]))
        elif table[key] != wanted[key]:
            table[key] = _item(wanted[key])


def _item(value: Any) -> Any:
    import tomlkit

    if isinstance(value, Mapping):
        run = tomlkit.inline_table()
        run.update(value)
        return run
    return value
