"""Finished units, one file each: written whole or not at all, checked when read, never changed.

``OUT.partial/manifest.json`` says which run the units belong to; ``OUT.partial/units/KEY.npy`` holds one array,
followed by the SHA-256 of its bytes.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Any

import filelock
import numpy as np
import numpy.typing as npt

from interact_cli.errors import OutputError, RunFailed, UsageError
from interact_cli.journal.whole import write_whole
from interact_cli.safe_text import safe_text

DIGEST_BYTES = 32
FORMAT = "journal format"
"""Entry of the manifest that says how the identity beside it is written."""
NEWEST = 2
_PARSING = Lock()
"""One header at a time: its parser fails now and then where two threads use it at once (CPython's issue 106905, mended
in 3.11.8 and 3.12.2)."""


class Journal:
    """The finished units of one run.

    Args:
        folder: ``OUT.partial``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    @contextmanager
    def opened(
        cls, folder: Path, identity: Mapping[str, Any], *, fresh: bool = False, anew: bool = False
    ) -> Iterator[Journal]:
        """Open the journal of a run, alone, and continue it if it is the same run.

        Args:
            folder: ``OUT.partial``; created if missing.
            identity: Everything that decides the units' values, JSON types only.
            fresh: Throw away the units of another run instead of refusing.
            anew: Throw away the units of the same run too: nothing tells for sure that it was the same.

        Raises:
            OutputError: another process works on the same output, or the folder cannot be written.
            UsageError: the folder holds another run's units; the message lists the fields that differ.
        """
        lock = filelock.FileLock(folder.with_name(folder.name + ".lock"))
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=0)
        except filelock.Timeout:
            raise OutputError(
                f"Another process is writing '{safe_text(folder.stem)}'. Wait for it, or choose another --output."
            ) from None
        except OSError as error:
            raise OutputError(
                f"Cannot write beside '{safe_text(folder.stem)}': {error.strerror}. Choose another --output."
            ) from None
        try:
            journal = cls(folder)
            if anew:
                journal.remove()
            journal._begin(identity, fresh=fresh)
            yield journal
        finally:
            _remove_empty(folder)
            # Unlinked while it is held: a process that waits for it sees the missing link and makes a new one.
            with suppress(OSError):
                Path(lock.lock_file).unlink()
            lock.release()

    def read(self, key: str) -> npt.NDArray[Any] | None:
        """Return a finished unit, or None if there is none that is whole."""
        try:
            raw = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        body, digest = raw[:-DIGEST_BYTES], raw[-DIGEST_BYTES:]
        if hashlib.sha256(body).digest() != digest:
            return None
        with _PARSING:
            array: npt.NDArray[Any] = np.load(io.BytesIO(body), allow_pickle=False)
        return array

    def whole(self, key: str) -> npt.NDArray[Any]:
        """Return a unit that was finished in this run.

        Raises:
            RunFailed: it is not there any more.
        """
        array = self.read(key)
        if array is None:
            raise RunFailed(f"Finished units vanished from '{safe_text(self.folder)}'. Rerun the same command.")
        return array

    def write(self, key: str, array: npt.NDArray[Any]) -> None:
        """Store a finished unit; it is whole on disk when this returns.

        Raises:
            RunFailed: the disk is full or gone.
        """
        buffer = io.BytesIO()
        np.save(buffer, array, allow_pickle=False)
        body = buffer.getvalue()
        _store(self._path(key), body + hashlib.sha256(body).digest())

    def __contains__(self, key: object) -> bool:
        """Whether a unit was finished; `read` says whether it is whole."""
        return self._path(str(key)).exists()

    def remove(self) -> None:
        """Throw the journal away: its content stands in the report."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _begin(self, identity: Mapping[str, Any], *, fresh: bool) -> None:
        manifest = self.folder / "manifest.json"
        wanted = json.loads(json.dumps({**identity, FORMAT: NEWEST}, sort_keys=True))
        if manifest.exists():
            found = _manifest(manifest)
            if found and FORMAT not in found and not fresh:
                raise UsageError(
                    f"'{safe_text(self.folder)}' holds an unfinished run of an earlier version of interact, which this "
                    f"one cannot go on with. Finish it with that version, choose another --output, or pass --force to "
                    f"discard it."
                )
            differing = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
            if differing and not fresh:
                fields = safe_text(", ".join(differing))
                raise UsageError(
                    f"'{safe_text(self.folder)}' holds an unfinished run with another {fields}. "
                    f"Rerun that command to finish it, choose another --output, or pass --force to discard it."
                )
            if differing:
                self.remove()
        try:
            (self.folder / "units").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(
                f"Cannot make the folder '{safe_text(self.folder)}' for finished work: {error.strerror}. "
                f"Choose another --output."
            ) from None
        if not manifest.exists():
            _store(manifest, json.dumps(wanted, sort_keys=True, indent=1).encode())

    def _path(self, key: str) -> Path:
        return self.folder / "units" / f"{key}.npy"


def _manifest(path: Path) -> dict[str, Any]:
    """Return the manifest, or nothing when it is damaged: then it fits no run."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _remove_empty(folder: Path) -> None:
    """Remove a journal without a unit: a run that was refused leaves nothing behind."""
    with suppress(OSError):
        (folder / "units").rmdir()
        (folder / "manifest.json").unlink()
        folder.rmdir()


def _store(path: Path, content: bytes) -> None:
    """Write a file whole, or say what to do."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise RunFailed(
            f"Cannot store finished work in '{safe_text(path.parent)}': {error.strerror}. "
            f"Free some space, then rerun the same command: finished units are kept."
        ) from None
