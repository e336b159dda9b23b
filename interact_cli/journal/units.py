"""Finished units, one file each: written whole or not at all, checked when read, never changed.

``OUT.partial/manifest.json`` says which run the units belong to; ``OUT.partial/units/KEY.npy`` holds one array,
followed by the SHA-256 of its bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import numpy.typing as npt

from interact_cli.errors import OutputError, RunFailed, UsageError

DIGEST_BYTES = 32


class Journal:
    """The finished units of one run.

    Args:
        folder: ``OUT.partial``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    @contextmanager
    def opened(cls, folder: Path, identity: Mapping[str, Any], *, fresh: bool = False) -> Iterator[Journal]:
        """Open the journal of a run, alone, and continue it if it is the same run.

        Args:
            folder: ``OUT.partial``; created if missing.
            identity: Everything that decides the units' values, JSON types only.
            fresh: Throw away the units of another run instead of refusing.

        Raises:
            OutputError: another process works on the same output, or the folder cannot be written.
            UsageError: the folder holds another run's units; the message lists the fields that differ.
        """
        lock = filelock.FileLock(folder.with_name(folder.name + ".lock"))
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise OutputError(f"Another process is writing '{folder.stem}'. Wait for it, or choose another --output.") from None
        except OSError as error:
            raise OutputError(f"Cannot write beside '{folder.stem}': {error.strerror}. Choose another --output.") from None
        try:
            journal = cls(folder)
            journal._begin(identity, fresh=fresh)
            yield journal
        finally:
            lock.release()
            Path(lock.lock_file).unlink(missing_ok=True)

    def read(self, key: str) -> npt.NDArray[Any] | None:
        """Return a finished unit, or None if there is none that is whole."""
        try:
            raw = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        body, digest = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            return None
        array: npt.NDArray[Any] = np.load(io.BytesIO(body), allow_pickle=False)
        return array

    def write(self, key: str, array: npt.NDArray[Any]) -> None:
        """Store a finished unit; it is whole on disk when this returns.

        Raises:
            RunFailed: the disk is full or gone.
        """
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        body = buffer.getvalue()
        _write_whole(self._path(key), body + hashlib.sha256(body).digest())

    def remove(self) -> None:
        """Throw the journal away: its content stands in the report."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self, identity: Mapping[str, Any], *, fresh: bool) -> None:
        manifest = self.folder / "manifest.json"
        wanted = json.loads(json.dumps(identity, sort_keys=True))
        if manifest.exists():
            try:
                found = json.loads(manifest.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                found = {}
            differing = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
            if not differing:
                return
            if not fresh:
                raise UsageError(
                    f"'{self.folder}' holds an unfinished run with another {', '.join(differing)}. "
                    f"Rerun that command to finish it, choose another --output, or pass --force to discard it."
                )
            self.remove()
        (self.folder / "units").mkdir(parents=True, exist_ok=True)
        _write_whole(manifest, json.dumps(wanted, sort_keys=True, indent=1).encode())

    def _path(self, key: str) -> Path:
        return self.folder / "units" / f"{key}.npy"


def _write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise RunFailed(
            f"Cannot store finished work in '{path.parent}': {error.strerror}. Free some space, then rerun the same "
            f"command: finished units are kept."
        ) from None
