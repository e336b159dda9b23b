"""Reads a pickle that holds arrays, and nothing else, without building anything that the pickle names.

A pickle is a program: it may name any function and call it. CIFAR ships its batches as pickles, so they are read by
an unpickler that answers each of the few names that such a batch needs with an inert stand-in from this file, and
refuses every other name. Not even numpy's own constructors see the file's bytes before shape, type and length agree.

Source of the names: what ``pickle`` writes for a dict of uint8 arrays, under Python 2 (``numpy.core.multiarray``),
Python 3 (``numpy._core.multiarray``, ``_codecs.encode``, ``bytes`` for empty ones) and protocol 5 (``_frombuffer``).
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.errors import DataRefused

MAX_BYTES = 512 * 1024**2
"""The largest original file (CIFAR-100's train) has 155 MB."""


class PickledArray:
    """What the pickle says of one array, checked."""

    def __init__(self) -> None:
        self.values: npt.NDArray[Any] | None = None

    def __setstate__(self, state: Any) -> None:
        _version, shape, dtype, is_fortran, content = state
        self.fill(shape, dtype, content, "F" if is_fortran else "C")

    def fill(self, shape: Any, dtype: Any, content: Any, order: Any) -> None:
        """Keep the array, without a copy, if type, shape and number of bytes agree."""
        if not isinstance(dtype, _Dtype) or dtype.numpy is None:
            raise pickle.UnpicklingError("an array that does not hold integers")
        if not isinstance(content, bytes | bytearray) or not isinstance(shape, tuple):
            raise pickle.UnpicklingError("an array without bytes")
        if not all(type(side) is int and side >= 0 for side in shape):
            raise pickle.UnpicklingError("an array whose shape is not made of numbers")
        if math.prod(shape) * dtype.numpy.itemsize != len(content):
            raise pickle.UnpicklingError(f"an array of shape {shape} with {len(content)} bytes")
        self.values = np.frombuffer(content, dtype.numpy).reshape(shape, order="F" if order == "F" else "C")


class _Dtype:
    """An integer type, from numpy's own description of it."""

    def __init__(self, code: Any, *_flags: Any) -> None:
        self.code = _text(code)
        self.order = "="

    def __setstate__(self, state: Any) -> None:
        self.order = _text(state[1])

    @property
    def numpy(self) -> np.dtype[Any] | None:
        """The numpy type, or None when it is not an integer of 1 to 8 bytes."""
        if not re.fullmatch("[iu][1248]", self.code) or self.order not in set("<>=|"):
            return None
        return np.dtype(self.order + self.code)


class _StandIn:
    """Answers a name in the pickle. It keeps no state, so a pickle cannot change it for the next one."""

    __slots__ = ("_build",)

    def __init__(self, build: Callable[..., Any]) -> None:
        self._build = build

    def __call__(self, *arguments: Any) -> Any:
        return self._build(*arguments)

    def __setstate__(self, state: Any) -> None:
        raise pickle.UnpicklingError("a state for a function")


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _encode(text: Any, encoding: Any) -> bytes:
    if not isinstance(text, str) or encoding not in {"latin1", "latin-1"}:
        raise pickle.UnpicklingError("an unusual text encoding")
    return text.encode("latin-1")


def _reconstruct(*_arguments: Any) -> PickledArray:
    return PickledArray()


def _frombuffer(content: Any, dtype: Any, shape: Any, order: Any, *_axes: Any) -> PickledArray:
    array = PickledArray()
    array.fill(shape, dtype, content, order)
    return array


def _empty() -> bytes:
    return b""


def _never(*_arguments: Any) -> Any:
    raise pickle.UnpicklingError("an array that is built in an unusual way")


_NAMES: dict[str, Callable[..., Any]] = {
    "__builtin__.bytes": _empty,
    "_codecs.encode": _encode,
    "numpy.ndarray": _never,
    "numpy.dtype": _Dtype,
    "numpy.core.multiarray._reconstruct": _reconstruct,
    "numpy._core.multiarray._reconstruct": _reconstruct,
    "numpy.core.numeric._frombuffer": _frombuffer,
    "numpy._core.numeric._frombuffer": _frombuffer,
}


class _ArrayUnpickler(pickle.Unpickler):
    """An unpickler that knows only the names of this file."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        name = f"{module_name}.{global_name}"
        if name not in _NAMES:
            raise _ForbiddenName(name if name.isprintable() else ascii(name))
        return _StandIn(_NAMES[name])


class _ForbiddenName(Exception):
    pass


def read_arrays(path: Path) -> dict[str, Any]:
    """Read a pickled dict of arrays, lists and texts; keys of bytes become text.

    Args:
        path: The pickle.

    Returns:
        The dict. Arrays are `numpy.ndarray`, read-only and not copied; texts may be bytes.

    Raises:
        DataRefused: no such file, no pickle, or one that names anything but an array; nothing of it was executed.
    """
    try:
        size = path.stat().st_size
        if not path.is_file() or size > MAX_BYTES:
            raise DataRefused(f"Expected a batch file of at most {MAX_BYTES:,} bytes at '{path}', got {size:,} bytes.")
        stored = path.read_bytes()
        _refuse_bombs(stored)
        content = _ArrayUnpickler(io.BytesIO(stored), encoding="bytes").load()
    except DataRefused:
        raise
    except _ForbiddenName as error:
        raise DataRefused(
            f"'{path}' asks for '{error}', which a batch of images does not need: refused, nothing was executed. "
            "Expected a pickled dict of uint8 arrays; take the file from its original source."
        ) from None
    except OSError as error:
        raise DataRefused(f"Cannot read '{path}': {error.strerror or error}.") from error
    except Exception as error:  # a broken pickle may raise anything
        raise DataRefused(
            f"Expected a pickled batch at '{path}', got something else ({str(error) or type(error).__name__}). "
            "Is the file complete? Take it from its original source."
        ) from error
    if not isinstance(content, dict):
        raise DataRefused(f"Expected a pickled dict in '{path}', got {type(content).__name__}.")
    return {_text(key): _plain(value) for key, value in content.items()}


def _refuse_bombs(stored: bytes) -> None:
    """Walk the opcodes without executing them: a length beyond the file, or a memo slot out of reach, is refused.

    The unpickler allocates and clears whatever a memo index asks for; five bytes can ask for 32 GiB.
    """
    for count, (opcode, argument, _position) in enumerate(pickletools.genops(stored)):
        if opcode.name in {"PUT", "BINPUT", "LONG_BINPUT"} and isinstance(argument, int) and argument > count:
            raise pickle.UnpicklingError(f"memo slot {argument} after {count} operations")


def _plain(value: Any) -> Any:
    return value.values if isinstance(value, PickledArray) else value
