"""A file for HDF5 to write to that never fails in its hands.

When a write of its own fails, the HDF5 library cannot close the file any more and may crash the process
later. So a failure is kept here instead, what could not be written waits in memory, and the writer looks
at `PatientFile.check` after each piece of data; only what HDF5 flushes on closing comes after that.
"""

from __future__ import annotations

import io


class PatientFile:
    """What h5py asks of a file object, over an unbuffered file.

    Args:
        raw: Open for reading and writing.
    """

    def __init__(self, raw: io.FileIO) -> None:
        self._raw = raw
        self._error: OSError | None = None
        self._position = 0
        self._size = 0
        self._late: list[tuple[int, bytes]] = []

    def check(self) -> None:
        """Raise the first error that a write met.

        Raises:
            OSError: as the operating system said it.
        """
        if self._error is not None:
            raise self._error

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to a position."""
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def write(self, data: memoryview) -> int:
        """Write to the file, or keep the data where that failed."""
        view = memoryview(data).cast("B")
        if self._error is None:
            try:
                self._put(view)
            except OSError as error:
                self._error = error
        if self._error is not None:
            self._late.append((self._position, bytes(view)))
        self._position += len(view)
        self._size = max(self._size, self._position)
        return len(view)

    def read(self, size: int) -> bytes:
        """Read ``size`` bytes, as `readinto` does."""
        buffer = bytearray(size)
        self.readinto(memoryview(buffer))
        return bytes(buffer)

    def readinto(self, buffer: memoryview) -> int:
        """Read what was written, kept data included; beyond it, zeros."""
        view = memoryview(buffer).cast("B")
        self._raw.seek(self._position)
        n_read = self._raw.readinto(view) or 0
        view[n_read:] = bytes(len(view) - n_read)
        for position, data in self._late:
            start = max(position, self._position)
            stop = min(position + len(data), self._position + len(view))
            if start < stop:
                view[start - self._position : stop - self._position] = data[start - position : stop - position]
        self._position += len(view)
        return len(view)

    def truncate(self, size: int) -> int:
        """Set the length of the file."""
        self._size = size
        if self._error is None:
            try:
                self._raw.truncate(size)
            except OSError as error:
                self._error = error
        return size

    def flush(self) -> None:
        """Nothing waits in a buffer."""

    def _put(self, view: memoryview) -> None:
        self._raw.seek(self._position)
        while view:
            view = view[self._raw.write(view) :]
