"""Read a report that may come from anywhere: everything is vetted first, and nothing is guessed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np
import numpy.typing as npt

from interact_cli.errors import ReportRefused
from interact_cli.report.allow_list import vet
from interact_cli.report.hdf5_schema import (
    FIELDS,
    FORMAT,
    NAME,
    RECORD_FIELDS,
    REMARKS,
    SCHEMA_MAJOR,
    SCHEMA_MINOR,
    SCHEMA_VERSION,
    STATUSES,
    UNCERTAINTY,
    geometry_dims,
)
from interact_cli.report.source import Source
from interact_cli.results import (
    Finding,
    Measurement,
    PlayerTable,
    Quantity,
    Records,
    Report,
    SampleRecords,
    SampleTable,
)
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray, Skipped

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LIBRARY_ERRORS = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError, SystemError)
"""What h5py raises on files that are damaged or made to harm."""
_Identity = tuple[int, int, int, int]


def read_report(path: Path) -> Report:
    """Read a report; its evaluation records stay on disk until they are asked for.

    Args:
        path: A file written by `interact_cli.report.writer.write_report`.

    Returns:
        The report; ``notes`` says where the file is newer than this reader.

    Raises:
        ReportRefused: missing, damaged, not a report, of a newer major version, or holding anything that
            a report never holds; the message names the object inside the file.
    """
    path = Path(path)
    with _vetted(path) as (file, identity):
        source = Source(file)
        notes = _version(source)
        samples, players = _samples(source), _players(source)
        return Report(
            config=source.document("/config/json"),
            provenance=source.document("/provenance/json"),
            run=source.document("/provenance/run/json"),
            samples=samples,
            players=players,
            measurements=tuple(_measurements(source)),
            records=_records(source, path, identity),
            status=_status(source),
            notes=notes,
        )


@contextmanager
def _vetted(path: Path) -> Iterator[tuple[h5py.File, _Identity]]:
    """Open a file, vet all of it, and turn what the library says of a damaged one into a refusal."""
    name = safe_text(path)
    _check_plain_file(path, name)
    try:
        with h5py.File(path, "r", locking="best-effort") as file:
            source = Source(file)
            if source.text_attribute("/", "format") != FORMAT:
                raise ReportRefused(f"attribute 'format' of / is not '{FORMAT}'")
            vet(file)
            yield file, _identity(file)
    except ReportRefused as error:
        raise ReportRefused(
            f"'{name}' is refused as a report: {error}. Measure again or take an intact copy."
        ) from error
    except _LIBRARY_ERRORS as error:
        said = safe_text(str(error).strip("'\""))
        raise ReportRefused(f"'{name}' is damaged: {said}. Measure again or take an intact copy.") from error


def _check_plain_file(path: Path, name: str) -> None:
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            kind = "a folder" if stat.S_ISDIR(mode) else "not a regular file"
            raise ReportRefused(f"'{name}' is {kind}; expected a report file.")
        with path.open("rb") as file:
            start = file.read(64)
    except OSError as error:
        raise ReportRefused(f"'{name}' cannot be opened: {safe_text(error.strerror or error)}.") from error
    if not start:
        raise ReportRefused(f"'{name}' is empty; expected a report file.")
    if start.startswith(b"version https://git-lfs"):
        raise ReportRefused(f"'{name}' is a git-lfs pointer, not the report itself. Run 'git lfs pull'.")
    if not start.startswith(_SIGNATURE):
        raise ReportRefused(f"'{name}' is not an HDF5 file: it starts with {start[:8]!r}. Expected a report file.")


def _identity(file: h5py.File) -> _Identity:
    """Say which file is open, so that a later look can tell whether it is still the same."""
    found = os.fstat(file.id.get_vfd_handle())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _version(source: Source) -> tuple[str, ...]:
    version = source.text_attribute("/", "schema_version")
    parts = version.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise ReportRefused(f"attribute 'schema_version' of / is '{version}'; expected MAJOR.MINOR")
    major, minor = map(int, parts)
    if major != SCHEMA_MAJOR:
        raise ReportRefused(
            f"attribute 'schema_version' of / is {version}; this version of interact reads {SCHEMA_MAJOR}.x"
        )
    if minor <= SCHEMA_MINOR:
        return ()
    return (f"written with report schema {version}; this reader knows {SCHEMA_VERSION} and left out what is newer",)


def _status(source: Source) -> Literal["complete", "limited"]:
    status = source.text_attribute("/", "status")
    if status == "complete":
        return "complete"
    if status == "limited":
        return "limited"
    raise ReportRefused(f"attribute 'status' of / is '{status}'; expected one of {', '.join(STATUSES)}")


def _samples(source: Source) -> SampleTable:
    read = {field.name: source.field(field) for field in FIELDS if field.group == "/samples"}
    ids = source.texts("/samples/id")
    if source.texts("/sample") != ids:
        raise ReportRefused("/sample and /samples/id name different samples")
    reasons = source.texts("/skipped/reason")
    skipped = zip(source.texts("/skipped/id"), reasons, strict=True)
    del read["id"]
    return SampleTable(
        ids=ids,
        skipped=tuple(Skipped(name, reason) for name, reason in skipped),
        accuracy=source.number_attribute("/samples", "accuracy"),
        chance=source.number_attribute("/samples", "chance"),
        labels=read.pop("label"),
        **read,
    )


def _players(source: Source) -> PlayerTable:
    names = source.texts("/players/name")
    if source.texts("/player") != names:
        raise ReportRefused("/player and /players/name name different players")
    owner, baseline = (
        source.array(f"/players/{name}", dtype) for name, dtype in (("owner", "int64"), ("baseline", "float32"))
    )
    for name, array in (("owner", owner), ("baseline", baseline)):
        source.expect_dims(f"/players/{name}", geometry_dims(name, array.ndim))
    if owner.size and not (owner.min() >= -1 and owner.max() < len(names)):
        raise ReportRefused(f"/players/owner names player {owner.max()} of {len(names)}")
    return PlayerTable(
        names=names,
        spec=source.text_attribute("/players", "spec"),
        owner=owner,
        baseline=baseline,
        baseline_name=source.text_attribute("/players", "baseline_name"),
        grid=_grid(source, len(names)),
    )


def _grid(source: Source, n_players: int) -> tuple[int, int] | None:
    if "grid" not in source.file["players"].attrs:
        return None
    grid = np.asarray(source.file["players"].attrs["grid"])
    if grid.dtype.kind != "i" or grid.shape != (2,) or grid.min() < 1 or int(grid[0]) * int(grid[1]) != n_players:
        raise ReportRefused(
            f"attribute 'grid' of /players is {safe_text(grid)}; expected rows and columns of {n_players}"
        )
    return int(grid[0]), int(grid[1])


def _measurements(source: Source) -> Iterator[Measurement]:
    for name in source.names("/metrics"):
        base = f"/metrics/{name}"
        if not NAME.fullmatch(name) or source.text_attribute(base, "encoding-type") != "metric":
            raise ReportRefused(f"{base} is not the group of a metric")
        version = source.text_attribute(base, "encoding-version")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise ReportRefused(f"attribute 'encoding-version' of {base} is '{version}'; expected a whole number")
        remarks = source.document(f"{base}/{REMARKS}")
        yield Measurement(
            metric=name,
            version=int(version),
            source=source.text_attribute(base, "source"),
            estimator=source.text_attribute(base, "estimator"),
            per_sample=tuple(_quantities(source, f"{base}/per_sample")),
            summary=tuple(_quantities(source, f"{base}/summary")),
            coordinates=_coordinates(source, base),
            findings=tuple(_finding(entry, base) for entry in _list(remarks, "findings", base)),
            notes=tuple(str(note) for note in _list(remarks, "notes", base)),
        )


def _coordinates(source: Source, base: str) -> dict[str, npt.NDArray[Any]]:
    scales = [f"{base}/{name}" for name in source.names(base) if source.role(f"{base}/{name}") == "label"]
    return {path.rpartition("/")[2]: source.labels(path) for path in scales}


def _quantities(source: Source, base: str) -> Iterator[Quantity]:
    names = source.names(base)
    for name in names:
        path = f"{base}/{name}"
        if source.role(path) != "quantity":
            continue
        values, dims = source.quantity(path)
        if base.endswith("/per_sample") and dims[:1] != ("sample",):
            raise ReportRefused(f"{path} has dimensions {dims}; expected 'sample' first")
        siblings: dict[str, Any] = {}
        for suffix, attribute in UNCERTAINTY.items():
            sibling = f"{path}_{suffix}"
            if f"{name}_{suffix}" in names and source.role(sibling) == suffix:
                siblings[attribute] = source.array(sibling, "bool" if suffix == "exact" else "float64")
                source.expect_dims(sibling, dims)
        unit, meaning = (source.text_attribute(path, key) for key in ("unit", "meaning"))
        yield Quantity(name, dims, values, unit, meaning, **siblings)


def _finding(entry: Any, base: str) -> Finding:
    facts = entry.get("facts") if isinstance(entry, dict) else None
    if not isinstance(facts, dict):
        raise ReportRefused(f"{base}/{REMARKS} holds a finding without 'facts'")
    numbers = {key: float("nan") if value is None else float(value) for key, value in facts.items()}
    return Finding(str(entry.get("word", "")), str(entry.get("sentence", "")), numbers)


def _list(document: dict[str, Any], key: str, base: str) -> list[Any]:
    entries = document.get(key)
    if not isinstance(entries, list):
        raise ReportRefused(f"{base}/{REMARKS} holds no list '{key}'")
    return entries


def _records(source: Source, path: Path, identity: _Identity) -> Records | None:
    if "records" not in source.names("/"):
        return None
    for field in RECORD_FIELDS:
        source.check_field(field)
    total, slots, components = source.file["records/values"].shape
    if source.file["records/coalitions"].shape[1] != -(-source.file["player"].shape[0] // 8):
        raise ReportRefused("/records/coalitions has rows of another length than one bit per player")
    starts, classes = source.array("/records/sample_start", "int64"), source.array("/records/classes", "int64")
    bounds = np.append(starts, total)
    if bounds[0] != 0 or (np.diff(bounds) < 0).any():
        raise ReportRefused("/records/sample_start does not rise from 0 to the number of evaluations")
    reader = RecordReader(path, identity, bounds, classes)
    return Records(total, slots, components, reader, len(starts))


@dataclass(frozen=True)
class RecordReader:
    """Reads the records of one sample from a vetted report that has not changed since."""

    path: Path
    identity: _Identity
    bounds: IntArray
    """``(sample + 1,)`` first evaluation of each sample, then the total."""
    classes: IntArray
    """``(sample, slot)``; -1 for none."""

    def __call__(self, sample: int) -> SampleRecords:
        """Read one sample.

        Raises:
            ReportRefused: the file is damaged, or is not the one that was vetted.
        """
        if not 0 <= sample < len(self.classes):
            raise IndexError(f"sample {sample} of {len(self.classes)}")
        name = safe_text(self.path)
        start, stop = int(self.bounds[sample]), int(self.bounds[sample + 1])
        classes = tuple(int(entry) for entry in self.classes[sample] if entry >= 0)
        _check_plain_file(self.path, name)
        try:
            with h5py.File(self.path, "r", locking="best-effort") as file:
                if _identity(file) != self.identity:
                    raise ReportRefused(f"'{name}' has changed since it was opened. Open it again.")
                source = Source(file)
                coalitions = source.rows("/records/coalitions", start, stop)
                values = source.rows("/records/values", start, stop)
        except ReportRefused:
            raise
        except _LIBRARY_ERRORS as error:
            raise ReportRefused(f"'{name}' is damaged at /records: {safe_text(error)}.") from error
        return SampleRecords(sample, classes, coalitions, values[:, : max(1, len(classes))])
