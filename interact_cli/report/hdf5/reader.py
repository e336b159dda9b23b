"""Read a report that may come from anywhere: everything is vetted first, and nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import h5py
import numpy as np
import numpy.typing as npt

from interact_cli.errors import ReportRefused
from interact_cli.report.hdf5 import schema
from interact_cli.report.hdf5.before_1_4 import migrated
from interact_cli.report.hdf5.opening import LIBRARY_ERRORS, Identity, check_plain_file, identity_of, vetted
from interact_cli.report.hdf5.player_numbers import check_player_numbers
from interact_cli.report.hdf5.player_table import read_players
from interact_cli.report.hdf5.source import ATTRIBUTE_LIMIT, Source
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

FIRST_WITH_OPTIONS = 4
"""Minor version since which metrics stand with their options."""


def read_report(path: Path) -> Report:
    """Read a report; its evaluation records stay on disk until they are asked for.

    Args:
        path: A file written by `interact_cli.report.hdf5.writer.write_report`.

    Returns:
        The report; ``notes`` says where the file is newer than this reader.

    Raises:
        ReportRefused: missing, damaged, not a report, of a newer major version, or holding anything that
            a report never holds; the message names the object inside the file.
    """
    path = Path(path)
    with vetted(path) as (file, identity):
        source = Source(file)
        minor, notes = _version(source)
        samples, players, measurements = _samples(source), read_players(source), tuple(_measurements(source))
        for measurement in measurements:
            check_player_numbers(measurement, players)
        report = Report(
            config=source.document("/config/json"),
            provenance=source.document("/provenance/json"),
            run=source.document("/provenance/run/json"),
            samples=samples,
            players=players,
            measurements=measurements,
            records=_records(source, path, identity, players),
            status=_word(source, "/", "status", schema.STATUSES),
            notes=notes,
            path=path,
        )
        return migrated(report) if minor < FIRST_WITH_OPTIONS else report


def _version(source: Source) -> tuple[int, tuple[str, ...]]:
    version = source.text_attribute("/", "schema_version")
    parts = version.split(".")
    if len(parts) != 2 or not all(part.isascii() and part.isdigit() and len(part) < 5 for part in parts):
        raise ReportRefused(f"attribute 'schema_version' of / is '{version}'; expected MAJOR.MINOR")
    major, minor = map(int, parts)
    if major != schema.SCHEMA_MAJOR:
        raise ReportRefused(
            f"attribute 'schema_version' of / is {version}; this version of interact reads {schema.SCHEMA_MAJOR}.x"
        )
    if minor <= schema.SCHEMA_MINOR:
        return minor, ()
    return minor, (
        f"written with report schema {version}; this reader knows {schema.SCHEMA_VERSION} and left out what is newer",
    )


def _word(source: Source, path: str, name: str, words: tuple[str, ...], default: str | None = None) -> Any:
    """Read an attribute that is one of a few words."""
    word = source.text_attribute(path, name, default)
    if word not in words:
        raise ReportRefused(f"attribute '{name}' of {path} is '{word}'; expected one of {', '.join(words)}")
    return word


def _samples(source: Source) -> SampleTable:
    read = {field.name: source.field(field) for field in schema.FIELDS if field.group == "/samples"}
    read["evaluated"] = source.array("/provenance/run/evaluated", "int64")
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
        texts=read.pop("text") or (),
        **read,
    )


def _measurements(source: Source) -> Iterator[Measurement]:
    for name in source.names("/metrics"):
        base = f"/metrics/{name}"
        metric, _, game = name.partition("@")
        of = safe_text(unquote(game), limit=ATTRIBUTE_LIMIT)
        named = schema.NAME.fullmatch(metric) and (metric == name or schema.GAME.fullmatch(game))
        if not named or source.text_attribute(base, "encoding-type") != "metric":
            raise ReportRefused(f"{base} is not the group of a metric")
        if source.text_attribute(base, "of", default="") != of:
            raise ReportRefused(f"attribute 'of' of {base} names another game than the group")
        version = source.text_attribute(base, "encoding-version")
        if not (version.isascii() and version.isdigit() and len(version) < 10):
            raise ReportRefused(f"attribute 'encoding-version' of {base} is '{version}'; expected a whole number")
        remarks = source.document(f"{base}/{schema.REMARKS}")
        per_sample = tuple(_quantities(source, f"{base}/per_sample"))
        yield Measurement(
            metric=metric,
            version=int(version),
            source=source.text_attribute(base, "source"),
            estimator=source.text_attribute(base, "estimator"),
            per_sample=per_sample,
            summary=tuple(
                replace(quantity, **_statistic(source, f"{base}/summary/{quantity.name}", quantity.dims, per_sample))
                for quantity in _quantities(source, f"{base}/summary")
            ),
            coordinates=_coordinates(source, base),
            findings=tuple(_finding(entry, base) for entry in _list(remarks, "findings", base)),
            notes=tuple(str(note) for note in _list(remarks, "notes", base)),
            of=of,
        )


def _coordinates(source: Source, base: str) -> dict[str, npt.NDArray[Any]]:
    roles = _roles(source, base, ("label", "position"))
    return {name: source.labels(f"{base}/{name}") for name, role in roles.items() if role == "label"}


def _roles(source: Source, base: str, known: tuple[str, ...]) -> dict[str, str]:
    """Map the data sets of a group that have a role to it."""
    names = source.names(base)
    for name in names:
        if not schema.NAME.fullmatch(name):
            raise ReportRefused(f"{base}/{name} has a name that nothing in a report has")
    role_of = {name: source.role(f"{base}/{name}") for name in names}
    for name, role in role_of.items():
        if role and role not in known:
            raise ReportRefused(f"attribute 'role' of {base}/{name} is '{role}'; expected one of {', '.join(known)}")
    return {name: role for name, role in role_of.items() if role}


def _quantities(source: Source, base: str) -> Iterator[Quantity]:
    roles = _roles(source, base, ("quantity", *schema.UNCERTAINTY))
    for name, role in roles.items():
        if role != "quantity" and roles.get(name.removesuffix(f"_{role}")) != "quantity":
            raise ReportRefused(f"{base}/{name} is the {role} of a quantity that is missing")
    for name in (name for name, role in roles.items() if role == "quantity"):
        path = f"{base}/{name}"
        values, dims = source.quantity(path)
        if base.endswith("/per_sample") and dims[:1] != ("sample",):
            raise ReportRefused(f"{path} has dimensions {dims}; expected 'sample' first")
        siblings: dict[str, Any] = {}
        for suffix, attribute in schema.UNCERTAINTY.items():
            sibling = f"{path}_{suffix}"
            if roles.get(f"{name}_{suffix}") == suffix:
                siblings[attribute] = source.array(sibling, "bool" if suffix == "exact" else "float64")
                source.expect_dims(sibling, dims)
        unit, meaning = (source.text_attribute(path, key) for key in ("unit", "meaning"))
        label, role = (
            source.text_attribute(path, schema.LABEL, default=""),
            _word(source, path, schema.ROLE, schema.ROLES, "detail"),
        )
        label = "" if label == meaning else label
        yield Quantity(name, dims, values, unit, meaning, **siblings, label=label, role=role)


def _statistic(source: Source, path: str, dims: tuple[str, ...], per_sample: tuple[Quantity, ...]) -> dict[str, Any]:
    """Read how a summary follows from the samples; nothing where it does not say."""
    statistic = source.text_attribute(path, schema.STATISTIC, default="")
    parts = tuple(source.text_attribute(path, schema.PARTS, default="").split())
    if bool(statistic) != bool(parts):
        raise ReportRefused(
            f"{path} has one of the attributes '{schema.STATISTIC}' and '{schema.PARTS}'; expected both or neither"
        )
    dims_of = {quantity.name: quantity.dims for quantity in per_sample}
    for part in parts:
        if dims_of.get(part) != ("sample", *dims):
            what = f"one with dimensions {dims_of[part]}" if part in dims_of else "nothing of that name"
            raise ReportRefused(
                f"attribute '{schema.PARTS}' of {path} names '{part}'; expected a per-sample quantity with dimensions "
                f"{('sample', *dims)}, found {what}"
            )
    return {"statistic": statistic, "parts": parts}


def _finding(entry: Any, base: str) -> Finding:
    facts = entry.get("facts") if isinstance(entry, dict) else None
    if not isinstance(facts, dict):
        raise ReportRefused(f"{base}/{schema.REMARKS} holds a finding without 'facts'")
    numbers = {key: float("nan") if value is None else float(value) for key, value in facts.items()}
    says = entry.get("says", [])
    if not isinstance(says, list):
        raise ReportRefused(f"{base}/{schema.REMARKS} holds a finding whose 'says' is no list")
    return Finding(str(entry.get("word", "")), str(entry.get("sentence", "")), numbers, tuple(map(str, says)))


def _list(document: dict[str, Any], key: str, base: str) -> list[Any]:
    entries = document.get(key)
    if not isinstance(entries, list):
        raise ReportRefused(f"{base}/{schema.REMARKS} holds no list '{key}'")
    return entries


def _records(source: Source, path: Path, identity: Identity, players: PlayerTable) -> Records | None:
    if "records" not in source.names("/"):
        return None
    for field in schema.RECORD_FIELDS:
        source.check_field(field)
    total, slots, components = source.file["records/values"].shape
    if source.file["records/coalitions"].shape[1] != -(-source.file["player"].shape[0] // 8):
        raise ReportRefused("/records/coalitions has rows of another length than one bit per player")
    starts, classes = source.array("/records/sample_start", "int64"), source.array("/records/classes", "int64")
    bounds = np.append(starts, total)
    if bounds[0] != 0 or (np.diff(bounds) < 0).any():
        raise ReportRefused("/records/sample_start does not rise from 0 to the number of evaluations")
    counts = np.array([len(players.of_sample(sample)) for sample in range(len(starts))], dtype=np.int64)
    reader = RecordReader(path, identity, bounds, classes, -(-counts // 8))
    vectors = source.text_attribute("/records/values", "unit") == schema.VECTOR_UNIT
    return Records(total, slots, components, reader, len(starts), vectors)


@dataclass(frozen=True)
class RecordReader:
    """Reads the records of one sample from a vetted report that has not changed since."""

    path: Path
    identity: Identity
    bounds: IntArray
    """``(sample + 1,)`` first evaluation of each sample, then the total."""
    classes: IntArray
    """``(sample, slot)``; -1 for none."""
    widths: IntArray
    """``(sample,)`` bytes of a coalition."""

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
        check_plain_file(self.path, name)
        try:
            with h5py.File(self.path, "r", locking="best-effort") as file:
                if identity_of(file) != self.identity:
                    raise ReportRefused(f"'{name}' has changed since it was opened. Open it again.")
                source = Source(file)
                coalitions = source.rows("/records/coalitions", start, stop)
                values = source.rows("/records/values", start, stop)
        except LIBRARY_ERRORS as error:
            raise ReportRefused(f"'{name}' is damaged at /records: {safe_text(error)}.") from error
        # Slots of outputs without classes are all in use: one, or one per module.
        return SampleRecords(sample, classes, coalitions[:, : self.widths[sample]], values[:, : len(classes) or None])
