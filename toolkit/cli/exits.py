"""How a command ends: every ending is mapped here to one of the documented exit codes, and to one plain line.

0 done and the gate held; 1 the gate failed, and nothing else; 2 usage, configuration or bad input;
3 an experiment failed or timed out; 4 nothing could be evaluated; 5 an untrusted model was refused;
70 our own bug; 130 interrupted; 143 terminated.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

DONE, GATE, USAGE, FAILED, NOTHING, UNTRUSTED, BUG, INTERRUPTED, TERMINATED = 0, 1, 2, 3, 4, 5, 70, 130, 143
PRECEDENCE = (INTERRUPTED, TERMINATED, BUG, USAGE, UNTRUSTED, FAILED, GATE, NOTHING, DONE)
FOLDER_TROUBLE = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.ENOTDIR: "part of the path is a file",
}

NOTHING_WRITTEN = "nothing was written"  # the note of a command that keeps no journal


class Terminated(BaseException):
    """Somebody asked this process to end (SIGTERM)."""


def worst(codes: Iterable[int]) -> int:
    """Return the code that counts where several apply."""
    return min(codes, key=PRECEDENCE.index, default=DONE)


def guarded(call: Callable[[], Any]) -> int:  # noqa: PLR0911 - one return per kind of ending is the point
    """Run a command and return its exit code; what goes wrong is one line on stderr, no traceback."""
    _opened()
    before, out, shown = _on_terminate(), sys.stdout, warnings.showwarning
    warnings.showwarning = _warned
    try:
        code = call()
        sys.stdout.flush()
        return code if isinstance(code, int) else DONE
    except BrokenPipeError:
        let_go(out)
        return DONE
    except SystemExit as error:
        # Click answers a closed pipe by wrapping stdout and exiting with 1, which here is the gate's code.
        if sys.stdout is not out:
            sys.stdout = out
            let_go(out)
            return DONE
        return error.code if isinstance(error.code, int) else DONE
    except Terminated as stop:
        say(f"Terminated. {_left_by(stop)}")
        return TERMINATED
    except KeyboardInterrupt as stop:
        return _interrupted(stop)
    except Exception as error:
        return _explained(error)
    finally:
        warnings.showwarning = shown
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _explained(error: Exception) -> int:  # noqa: PLR0911 - one return per kind of ending, as above
    """Say what an exception means to the user, and return its code."""
    import click

    from toolkit.catalogue import UnknownNameError
    from toolkit.records import BadInputError, UntrustedModelError

    if isinstance(error, click.exceptions.Exit):
        return error.exit_code
    if isinstance(error, click.Abort):
        return _interrupted(error.__cause__ or error.__context__ or error)
    if isinstance(error, getattr(click.exceptions, "NoArgsIsHelpError", ())):  # from Click 8.2 on
        say(str(error))  # the help; nothing was wrong but that there was no word
        return USAGE
    if isinstance(error, click.ClickException):
        say(f"Error: {error.format_message()}")
        ctx = getattr(error, "ctx", None)
        if ctx is not None:
            say(f"Try '{ctx.command_path} --help'.")
        return USAGE
    if isinstance(error, BadInputError | UnknownNameError):
        say(f"Error: {error.args[0] if error.args else error}")
        return USAGE
    if isinstance(error, UntrustedModelError):
        say(f"Error: {error}")
        return UNTRUSTED
    if isinstance(error, OSError) and error.errno in FOLDER_TROUBLE:
        where = f" ({error.filename})" if error.filename else ""
        kept = "nothing was written" if _wrote_nothing(error) else "what was measured is kept"
        say(f"Error: {FOLDER_TROUBLE[error.errno]}{where}; {kept}: mend that, run again.")
        return USAGE
    say(f"Error: a bug of ours, {type(error).__name__}; the traceback is in {_saved(error)}")
    return BUG


def _interrupted(stop: BaseException) -> int:
    say(f"Interrupted. {_left_by(stop)}")
    return INTERRUPTED


def _left_by(stop: BaseException) -> str:
    """Say what there is after a stop: a check goes on from its journal, an audit begins anew."""
    if _wrote_nothing(stop):
        return "Nothing was written; the same command begins anew."
    return "What was measured is kept; the same command goes on from there."


def _wrote_nothing(error: BaseException) -> bool:
    """Whether a command said so of itself on the way out."""
    return NOTHING_WRITTEN in getattr(error, "__notes__", ())


def _warned(message: Warning | str, *_where: Any, **_more: Any) -> None:
    """Tell a warning in one line, without the place in our code that gave it."""
    say(f"Warning: {message}")


def say(text: str) -> None:
    """Write a line to stderr, names from data made harmless."""
    from toolkit.cli.terminal import harmless

    with suppress(OSError, ValueError):
        print(harmless(text), file=sys.stderr)  # noqa: T201 - the command line's own voice


def _saved(error: Exception) -> str:
    """Write the traceback to a file of its own and return its path."""
    text = "".join(traceback.format_exception(error))
    try:
        handle, path = tempfile.mkstemp(prefix="toolkit-", suffix=".traceback.txt")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except OSError:
        return "no file, for none could be written: " + " | ".join(text.splitlines()[-3:])
    return path


def _on_terminate() -> Any:
    """Turn SIGTERM into an exception, so that files close and workers end; return what was set."""

    def terminate(_number: int, _frame: FrameType | None) -> None:
        raise Terminated

    try:
        return signal.signal(signal.SIGTERM, terminate)
    except ValueError:  # not the main thread
        return None


def _opened() -> None:
    """Let a stream that came closed (``>&-``) take what is written, and lose it."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good


def let_go(stream: TextIO) -> None:
    """Point a stream at nothing: whoever read it has gone, and that is no fault."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
