"""Third of models: what a model file is, told from its bytes, never from its name; nothing here runs it."""

from __future__ import annotations

import io
import pickletools
import zipfile
from pathlib import Path
from typing import Literal, cast, get_args

from toolkit.models.names import file_shown
from toolkit.records import BadInputError

Kind = Literal["skops", "xgboost-json", "xgboost-ubj", "onnx", "pickle", "joblib"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Kinds that run code when they are opened.
PICKLES: frozenset[Kind] = frozenset({"pickle", "joblib"})

WAYS_OUT = (
    "Models are read as .skops (skops.io.dump), xgboost's JSON or UBJ (save_model) and ONNX; "
    "or give the model's decisions as a column with --prediction"
)
#: The most opcodes of a text pickle looked at, and how many must make sense.
_OPCODES = 200
#: The fields of ONNX's ModelProto (onnx.proto): number -> wire type.
_ONNX = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
_ONNX_GRAPH = 7
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file (old Keras)"),
    (b"tree\nversion=", "a LightGBM text model"),
    (b"CBM1", "a CatBoost model"),
    (b"binf", "an old xgboost binary model; load it in xgboost and save it as JSON"),
    (b"PAR1", "a Parquet table"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"GGUF", "a GGUF language model"),
    (b"<", "XML or HTML (PMML is not read)"),
)
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00", b"\x5d\x00\x00", b"\x04\x22\x4d\x18", b"\x78\x01",
               b"\x78\x5e", b"\x78\x9c", b"\x78\xda")  # fmt: skip


def detect(path: str | Path) -> Kind:
    """Return what kind of model a file holds, by its content.

    Raises
    ------
    BadInputError
        If the file cannot be read, is empty or damaged, or is no model that is read here.
    """
    return kind_of(read_model(path), str(path))


def read_model(path: str | Path) -> bytes:
    """Return a model file's bytes; a missing, empty or unreadable file is a BadInputError that names it."""
    place = Path(path)
    if not place.is_file():
        what = "is a folder, not a model file" if place.is_dir() else "does not exist"
        raise BadInputError(f"the model {file_shown(path)} {what}. {WAYS_OUT}.")
    try:
        data = place.read_bytes()
    except (OSError, MemoryError) as error:
        raise BadInputError(f"the model {file_shown(path)} cannot be read: {error}") from error
    if not data:
        raise BadInputError(f"the model {file_shown(path)} is empty (0 bytes)")
    return data


def kind_of(data: bytes, name: str = "model") -> Kind:
    """Return the kind of a model given as bytes; `name` is for the message. Raises as `detect`."""
    if data[:2] == b"PK":
        return _of_zip(data, name)
    head = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if head == b"{":
        return _of_braces(data, name)
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        return "joblib" if b"joblib.numpy_pickle" in data else "pickle"
    if data.startswith(_COMPRESSED):
        return "joblib"  # joblib compresses whole pickles; whatever it is, it would be unpickled
    if is_onnx(data):
        return "onnx"
    for start, what in _STARTS:
        if data.startswith(start):
            raise BadInputError(f"the model {file_shown(name)} is {what}. {WAYS_OUT}.")
    if _is_text_pickle(data):
        return "pickle"
    raise BadInputError(f"the model {file_shown(name)} is no model that is known here. {WAYS_OUT}.")


def _of_zip(data: bytes, name: str) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError, RuntimeError) as error:
        raise BadInputError(
            f"the model {file_shown(name)} is damaged: a zip file cut short or altered"
        ) from error
    if "schema.json" in names:
        return "skops"
    if any(n.endswith("data.pkl") for n in names):
        what = "a PyTorch file, which is a pickle in a zip; export the model to ONNX"
    elif any(n.endswith(".npy") for n in names):
        what = "a NumPy archive"
    elif "config.json" in names:
        what = "a Keras file; export the model to ONNX"
    else:
        what = "a zip file without a model"
    raise BadInputError(f"the model {file_shown(name)} is {what}. {WAYS_OUT}.")


def _of_braces(data: bytes, name: str) -> Kind:
    """Tell xgboost's two formats apart: UBJ has a length type after the brace, JSON a quote or a space."""
    known = b"learner" in data and b"gradient_booster" in data
    if data[:1] == b"{" and data[1:2] in (b"L", b"l", b"i", b"U", b"I", b"$", b"#"):
        if known:
            return "xgboost-ubj"
        raise BadInputError(
            f"the model {file_shown(name)} is UBJ, but not xgboost's, or cut short. {WAYS_OUT}."
        )
    if known:
        return "xgboost-json"
    raise BadInputError(f"the model {file_shown(name)} is JSON, but not xgboost's, or cut short. {WAYS_OUT}.")


def is_onnx(data: bytes) -> bool:
    """Whether the bytes are a protocol buffer with the fields of ONNX's ModelProto, its graph among them."""
    place, seen = 0, set()
    while place < len(data):
        tag, place = _varint(data, place)
        field, wire = tag >> 3, tag & 7
        if _ONNX.get(field) != wire:
            return False
        seen.add(field)
        value, place = _varint(data, place)
        if value < 0:
            break  # cut short: the runtime says so
        place += value if wire == 2 else 0
    return _ONNX_GRAPH in seen


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Read a protocol buffer's integer; -1 where the bytes end first or it is longer than any."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            return -1, place
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    return -1, place


def _is_text_pickle(data: bytes) -> bool:
    """Whether the bytes read as a pickle of protocol 0 or 1, which has no magic number."""
    names = []
    try:
        for opcode, _, _ in pickletools.genops(data):
            names.append(opcode.name)
            if len(names) >= _OPCODES:
                return True
    except Exception:
        return False
    return len(names) > 1 and names[-1] == "STOP"


def names_in_pickle(data: bytes) -> tuple[str, ...]:
    """Return the names a pickle would import, without unpickling it.

    A reading of the opcodes, not a proof: a pickle can build names as it runs. The raw arrays of joblib end
    the reading; what was found until then is returned, sorted.
    """
    found: set[str] = set()
    strings: list[str] = []
    memo: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(data):
            if opcode.name in ("GLOBAL", "INST"):
                found.add(str(argument).replace(" ", ".", 1))
            elif opcode.name == "STACK_GLOBAL" and len(strings) >= 2:
                found.add(".".join(strings[-2:]))
            elif opcode.name in ("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"):
                memo.append(strings[-1] if strings else "")
            elif opcode.name in ("BINGET", "LONG_BINGET", "GET"):
                place = int(cast(int, argument))
                strings.append(memo[place] if place < len(memo) else "")
            elif isinstance(argument, str):
                strings.append(argument)
    except Exception:
        return tuple(sorted(found))
    return tuple(sorted(found))
