"""A checkpoint as a regular file: opened once, hashed, and recognised by its first bytes."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text

HEAD = 512
LEGACY_MAGIC = b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."
"""The first object of torch's format before 1.6, behind the two bytes of the pickle protocol."""

SAVE_WEIGHTS = "in the program that made it, run: state = model.state_dict(); torch.save(state, 'weights.pt')"

_COPY_ARRAYS = "copy them into the same network built in torch; torch.save(network.state_dict(), 'weights.pt')"
KERAS = "Convert it where you trust it: arrays = keras.saving.load_model('model.keras').get_weights(); " + _COPY_ARRAYS

REFUSALS = {
    "empty": "got an empty file. Copy or download it again.",
    "git-lfs": "got a git-lfs pointer, not the file that it stands for. Fetch the file with: git lfs pull",
    "html": "got a web page: probably the error page of a download. Download the file itself.",
    "hdf5": f"got an HDF5 file (Keras weights?), which is not opened. {KERAS}",
    "gguf": "got a GGUF file, which holds quantised weights. Convert it: network = "
    "transformers.AutoModelForCausalLM.from_pretrained('FOLDER', gguf_file='model.gguf'); "
    "network.save_pretrained('NEW_FOLDER')",
    "onnx": "got an ONNX graph. Convert it: state = {t.name: torch.tensor(onnx.numpy_helper.to_array(t)) for t in "
    "onnx.load('model.onnx').graph.initializer}; torch.save(state, 'weights.pt')",
    "saved-model": "got a TensorFlow SavedModel, which is a program. Convert it where you trust it: arrays = "
    f"[v.numpy() for v in tensorflow.saved_model.load('FOLDER').variables]; {_COPY_ARRAYS}",
    "tflite": "got a TensorFlow Lite graph. Convert the network that it was made from: in torch, "
    "torch.save(network.state_dict(), 'weights.pt')",
    "compressed": "got a compressed archive. Unpack it first, and name the file inside.",
    "tar": "got a tar archive. Unpack it first, and name the file inside.",
    "numpy": "got a numpy array. Convert it: state = {'layer.weight': torch.from_numpy(array)}; "
    "torch.save(state, 'weights.pt')",
    "json": "got a text file that looks like JSON. Name the file with the weights.",
    "unknown": "got a file of no known kind. Expected a zip written by torch.save, or safetensors.",
}
"""Why a kind of file is not opened, with its two-line conversion where there is one."""

SAVED_MODEL = "saved_model.pb"
"""What makes a folder, or is, a TensorFlow SavedModel."""

_SIGNATURES = (
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
    (b"version https://git-lfs", "git-lfs"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"GGUF", "gguf"),
    (b"\x1f\x8b", "compressed"),
    (b"BZh", "compressed"),
    (b"\xfd7zXZ\x00", "compressed"),
    (b"\x28\xb5\x2f\xfd", "compressed"),
    (b"7z\xbc\xaf\x27\x1c", "compressed"),
    (b"Rar!", "compressed"),
    (b"\x93NUMPY", "numpy"),
)


_SUFFIXES = frozenset({".pt", ".pth", ".ckpt", ".tar", ".bin", ".safetensors"})
"""Of files; a missing ``ORG/NAME`` without one reads like a name on a hub."""


@dataclass(frozen=True)
class CheckpointFile:
    """An open regular file. Everything is read from this one descriptor."""

    path: Path
    handle: BinaryIO
    size: int
    kind: str
    """``"zip"``, ``"legacy"``, ``"pickle"``, ``"safetensors"``, or a key of ``REFUSALS``."""
    digest: str
    """SHA-256 of the bytes, as hexadecimal text."""

    @property
    def name(self) -> str:
        """The path, fit to be printed."""
        return safe_text(self.path)

    def refuse(self, what: str) -> CheckpointRefused:
        """Return the error that says what this file is instead of a checkpoint."""
        return CheckpointRefused(f"Expected a checkpoint in '{self.name}', {what}")


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[CheckpointFile]:
    """Open a checkpoint and hash it.

    Nothing that is not a regular file is opened for reading, so a pipe or a device never blocks. The bytes
    that are hashed are the bytes that are loaded: one descriptor, and the file must not have changed when
    the block ends.

    Args:
        path: A file, or a link to one.

    Raises:
        CheckpointRefused: missing, not a regular file, not readable, or changed while it was read.
    """
    file = Path(path)
    name = safe_text(file)
    descriptor = _descriptor(file, name)
    with os.fdopen(descriptor, "rb") as handle:
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise CheckpointRefused(_not_regular(file, before.st_mode))
        try:
            head = handle.read(HEAD)
            handle.seek(0)
            digest = hashlib.file_digest(handle, "sha256").hexdigest()
        except OSError as error:
            raise _unreadable(name, error) from None
        handle.seek(0)
        yield CheckpointFile(file, handle, before.st_size, sniff(head, before.st_size, file.name), digest)
        after = os.fstat(descriptor)
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
            raise CheckpointRefused(
                f"Expected '{name}' to stay as it is while it is read, but it changed. Wait until it is written."
            )


def _descriptor(file: Path, name: str) -> int:
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise CheckpointRefused(_not_regular(file, mode))
        # Without waiting: a pipe may have taken the place of the file that stat saw.
        return os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except FileNotFoundError:
        raise CheckpointRefused(f"Expected a checkpoint, but {_why_missing(file, name)}") from None
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from None


def _why_missing(file: Path, name: str) -> str:
    if file.is_symlink():
        return f"'{name}' is a link to a file that is gone."
    if re.fullmatch(r"[\w.-]+/[\w.-]+", str(file)) and file.suffix not in _SUFFIXES:
        return (
            f"there is no such path '{name}'. Nothing is downloaded: if it is a name on a hub, fetch the model first "
            "and name its folder."
        )
    return f"there is no file '{name}'. Check the path."


def _unreadable(name: str, error: OSError | ValueError) -> CheckpointRefused:
    reason = error.strerror if isinstance(error, OSError) else error
    return CheckpointRefused(f"Expected a checkpoint that can be read, but '{name}' cannot: {safe_text(reason)}.")


def _not_regular(file: Path, mode: int) -> str:
    name = safe_text(file)
    if stat.S_ISDIR(mode) and (file / SAVED_MODEL).exists():
        return f"Expected a checkpoint in '{name}', {REFUSALS['saved-model']}"
    kinds = {
        stat.S_IFDIR: "a folder; name the file inside",
        stat.S_IFIFO: "a pipe; save its content to a file first",
        stat.S_IFSOCK: "a socket",
        stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device",
    }
    return f"Expected a checkpoint file, but '{name}' is {kinds.get(stat.S_IFMT(mode), 'not a regular file')}."


def sniff(head: bytes, size: int, name: str = "") -> str:
    r"""Name the kind of a file from its first bytes.

    Args:
        head: The first 512 bytes, or all of a shorter file.
        size: Bytes in the file.
        name: File name; used only for ONNX and SavedModel, which have no signature.

    Example:
        >>> sniff(b"PK\x03\x04...", 1000)
        'zip'
        >>> sniff(b"<!DOCTYPE html>", 15)
        'html'
    """
    if size == 0:
        return "empty"
    for signature, kind in _SIGNATURES:
        if head.startswith(signature):
            return kind
    if _is_safetensors(head, size):
        return "safetensors"
    if head[:1] == b"\x80" and len(head) > 1 and head[1] <= 5:
        return "legacy" if head[2:].startswith(LEGACY_MAGIC) else "pickle"
    return _sniff_loose(head, name)


def _sniff_loose(head: bytes, name: str) -> str:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    signs = (
        (text.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<!--")), "html"),
        (text.startswith((b"{", b"[")), "json"),
        (head[4:8] == b"TFL3", "tflite"),
        (head[257:262] == b"ustar", "tar"),
        (name == SAVED_MODEL, "saved-model"),
        (name.lower().endswith(".onnx") or (head[:1] == b"\x08" and b"pytorch" in head[:64]), "onnx"),
    )
    return next((kind for there, kind in signs if there), "unknown")


def _is_safetensors(head: bytes, size: int) -> bool:
    if len(head) < 10:
        return False
    return head[8:9] == b"{" and int.from_bytes(head[:8], "little") <= size - 8
