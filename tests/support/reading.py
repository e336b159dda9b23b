"""Reports read as `gate` and `compare` read them, but without a process of its own for each."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import pytest

from interact_cli.report.hdf5 import child, confined
from interact_cli.report.hdf5.wire import receive
from interact_cli.results import Report


class _Here:
    """What the child would answer, through the same wire."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._answer = io.BytesIO()
        child.answer(path, self._answer)
        self._answer.seek(0)

    def __enter__(self) -> _Here:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass

    def report(self) -> Report:
        return replace(receive(self._answer), path=self._path)


@pytest.fixture
def reads_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read reports in this process: that the child is confined, crashes and is killed is tested elsewhere."""
    monkeypatch.setattr(confined, "_Reading", _Here)
