"""What was asked for and cannot be given is an error, never ignored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text


def resolve_split(
    request: DataRequest,
    splits: Sequence[str],
    *,
    labels_by_column: bool = False,
    texts_by_column: bool = False,
    can_download: bool = False,
) -> str:
    """Return the split to read: the one asked for, or the first of ``splits``.

    Args:
        request: What the user asked for.
        splits: The splits that exist; the first is the default.
        labels_by_column: Whether the data set has a label column to choose.
        texts_by_column: Whether the data set has a text column to choose.
        can_download: Whether the reader can fetch the data set.

    Raises:
        UnknownNameError: the split does not exist.
        UsageError: a label or text column for a data set that has none, or a download that the reader cannot do.
    """
    if request.label_column is not None and not labels_by_column:
        raise UsageError(
            f"--label-column '{safe_text(request.label_column)}' is for tables, saved folders and CelebA; data set "
            f"'{request.name}' brings its own labels. Leave the flag out."
        )
    if request.text_column is not None and not texts_by_column:
        raise UsageError(
            f"--text-column '{safe_text(request.text_column)}' is for tables of texts; data set '{request.name}' has "
            "no text column to choose. Leave the flag out."
        )
    if request.allow_download and not can_download:
        raise UsageError(f"--allow-download: data set '{request.name}' is never downloaded. Leave the flag out.")
    if request.split is not None and request.split not in splits:
        raise UnknownNameError(f"split of data set '{request.name}'", request.split, splits)
    return request.split or splits[0]


def required_path(request: DataRequest, *, what: str) -> Path:
    """Return the path behind the colon of ``--dataset NAME:PATH``.

    Raises:
        UsageError: no path was given.
        DataRefused: it is a numpy file.
    """
    if request.path is None:
        raise UsageError(f"Data set '{request.name}' needs a {what}: write --dataset {request.name}:{what.upper()}.")
    refuse_arrays(request.path)
    return request.path.expanduser()


def refuse_arrays(path: Path) -> None:
    """Refuse a numpy file by its name: an array of objects in it is a pickle, so none is ever opened.

    Raises:
        DataRefused: the path ends in ``.npy`` or ``.npz``.
    """
    if path.suffix.lower() in {".npy", ".npz"}:
        raise DataRefused(
            f"Expected a folder or a table, got numpy's file '{safe_text(path)}'. Such a file can hold pickled objects "
            "and is not read: save rows as a .csv or .parquet table, images as a folder of .png files."
        )


def refuse_path(request: DataRequest) -> None:
    """Refuse a path for a data set that comes with a package.

    Raises:
        UsageError: a path was given.
    """
    if request.path is not None:
        raise UsageError(
            f"Data set '{request.name}' comes with scikit-learn and takes no path, got '{request.path}'. "
            f"Write --dataset {request.name}, or folder:PATH or csv:FILE for your own data."
        )
