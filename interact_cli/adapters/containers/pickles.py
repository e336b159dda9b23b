"""torch's pickled containers, opened through an allow-list and never in another way.

Beyond what torch itself allows, two things open, because real training files hold them: ``argparse.Namespace``
(timm's arguments) and numpy's scalars (a metric). The scalars are rebuilt by this module, as plain Python
numbers: numpy's own unpickling code is not reached. The allow-list holds for one load and is then gone.
"""

from __future__ import annotations

import argparse
import pickletools
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from interact_cli.adapters.containers.archives import check_archive, read_members
from interact_cli.adapters.containers.files import SAVE_WEIGHTS, CheckpointFile
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text

OLDEST_TORCH = "2.10"
"""The first release whose allow-listing unpickler has no known memory corruption (CVE-2026-24747)."""

MAX_NAMES = 3

_TORCH_OBJECTION = re.compile(r"GLOBAL (\S+)")
_NUMBER_FORMATS = {
    **dict(zip(("i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"), "bhlqBHLQ", strict=True)),
    **dict(zip(("f2", "f4", "f8", "b1"), "efd?", strict=True)),
}
"""numpy's code of a number type -> struct's."""


class _ScalarType:
    """Stands in for ``numpy.dtype``: remembers the code of a number type and does nothing else."""

    def __init__(self, code: object, *_options: object) -> None:
        if not isinstance(code, str) or code.lstrip("<>=|") not in _NUMBER_FORMATS:
            raise ValueError("a numpy type that is not a plain number")
        self.code = code.lstrip("<>=|")
        self.order = "<"

    def __setstate__(self, state: object) -> None:
        if not isinstance(state, tuple) or len(state) < 2 or state[1] not in ("<", ">", "=", "|"):
            raise ValueError("a numpy type in an unknown state")
        self.order = ">" if state[1] == ">" else "<"


def _scalar(dtype: object, raw: object = b"") -> int | float | bool:
    """Stand in for numpy's scalar constructor: bytes to a Python number."""
    if not isinstance(dtype, _ScalarType) or not isinstance(raw, bytes):
        raise ValueError("a numpy value that is not a plain number")
    value: int | float | bool = struct.unpack(dtype.order + _NUMBER_FORMATS[dtype.code], raw)[0]
    return value


@contextmanager
def _allowed() -> Iterator[None]:
    entries: list[Any] = [
        argparse.Namespace,
        (_ScalarType, "numpy.dtype"),
        (_scalar, "numpy.core.multiarray.scalar"),
        (_scalar, "numpy._core.multiarray.scalar"),
    ]
    with torch.serialization.safe_globals(entries), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def torch_is_safe() -> bool:
    """Return whether the installed torch opens hostile pickles without harm."""
    major, minor = torch.__version__.split(".")[:2]
    return (int(major), int(minor)) >= tuple(map(int, OLDEST_TORCH.split(".")))


def load_pickled(file: CheckpointFile) -> Any:
    """Return the object in a file written by ``torch.save``: tensors on the CPU, plain values, a Namespace.

    Raises:
        CheckpointRefused: the container is damaged or made to deceive, or the pickle asks for anything else;
            the message names what it asked for.
    """
    if not torch_is_safe():
        raise CheckpointRefused(
            f"Expected torch {OLDEST_TORCH} or newer to open the pickle in '{file.name}', got torch "
            f"{torch.__version__}, whose unpickler can be attacked. Upgrade torch, or convert the file to safetensors."
        )
    if file.kind == "pickle":
        raise _refuse_globals(file, referenced_globals(file), what="a plain pickle, not one of torch.save")
    if file.kind == "zip":
        check_archive(file)
    file.handle.seek(0)
    try:
        with _allowed():
            return torch.load(file.handle, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a hostile pickle provokes is a refusal, and torch's advice is not repeated
        raise _retell(file, error) from None


def _retell(file: CheckpointFile, error: Exception) -> CheckpointRefused:
    named = _TORCH_OBJECTION.findall(str(error))
    blocked = unsafe_globals(file) or tuple(named[:1])
    if blocked:
        whole = any(name.startswith("torch.nn.modules.") for name in blocked)
        return _refuse_globals(file, blocked, what="a whole pickled network" if whole else "a pickle")
    if isinstance(error, MemoryError) or "can't allocate" in str(error):
        return file.refuse("got tensors that do not fit into memory. Get a fresh copy.")
    if type(error).__name__ == "UnpicklingError":
        return file.refuse(
            f"got a pickle that does more than hold tensors and plain values. Save the weights alone: {SAVE_WEIGHTS}"
        )
    return file.refuse(f"got a file that is truncated or damaged ({type(error).__name__}). Copy or download it again.")


def _refuse_globals(file: CheckpointFile, names: tuple[str, ...], *, what: str) -> CheckpointRefused:
    shown = ", ".join(safe_text(name, 80) for name in names[:MAX_NAMES])
    more = f" and {len(names) - MAX_NAMES} more" if len(names) > MAX_NAMES else ""
    calls = f" that asks for {shown}{more}" if names else ""
    return file.refuse(
        f"got {what}{calls}; nothing was run. Only tensors and plain values are opened. "
        f"Save the weights alone: {SAVE_WEIGHTS}"
    )


def unsafe_globals(file: CheckpointFile) -> tuple[str, ...]:
    """Return the names in the pickle that are not on the allow-list, without running it; zip files only."""
    if file.kind != "zip":
        return ()
    file.handle.seek(0)
    try:
        with _allowed():
            return tuple(sorted(torch.serialization.get_unsafe_globals_in_checkpoint(file.handle)))
    except Exception:  # an unreadable pickle has no list; the caller has another reason to refuse it
        return ()


def referenced_globals(file: CheckpointFile) -> tuple[str, ...]:
    """Return every name that the pickles of a file refer to, allowed or not, without running them.

    Names that a pickle puts together while it runs cannot be seen; the allow-list stops those too.
    """
    try:
        return tuple(sorted(set(_scan(file))))
    finally:
        file.handle.seek(0)


def _scan(file: CheckpointFile) -> Iterator[str]:
    if file.kind == "zip":
        yield from _scan_members(file)
        return
    file.handle.seek(0)
    # torch's old format: magic number, version, system, the object, the keys of its storages.
    for _pickle in range(5 if file.kind == "legacy" else 1):
        yield from _scan_stream(file.handle)


def _scan_members(file: CheckpointFile) -> Iterator[str]:
    for member in read_members(file):
        # A compressed one, which torch never writes, could grow without end.
        if member.filename.endswith(".pkl") and member.compress_type == zipfile.ZIP_STORED:
            with zipfile.ZipFile(file.handle) as archive, archive.open(member) as stream:
                yield from _scan_stream(stream)


def _scan_stream(stream: Any) -> Iterator[str]:
    texts: list[str] = []
    memo: dict[int, str] = {}
    try:
        for opcode, argument, _position in pickletools.genops(stream):
            if opcode.name in {"GLOBAL", "INST"}:
                yield str(argument).replace(" ", ".")
            elif opcode.name == "STACK_GLOBAL":
                yield ".".join(texts[-2:])
            elif opcode.name == "MEMOIZE":
                memo[len(memo)] = texts[-1] if texts else "?"
            elif "GET" in opcode.name:
                texts.append(memo.get(int(argument or 0), "?"))
            elif "UNICODE" in opcode.name or "STRING" in opcode.name:
                texts.append(str(argument))
    except Exception:  # a stream that ends or breaks has no further names
        return
