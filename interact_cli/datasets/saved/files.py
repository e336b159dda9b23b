"""The files that Hugging Face's `datasets` writes with ``save_to_disk``: splits, tables and their descriptions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from interact_cli.datasets.layouts import Layout, locate, not_found, subfolders, with_implied_split
from interact_cli.datasets.request import required_path, resolve_split
from interact_cli.datasets.saved.arrow_stream import open_stream
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text

LAYOUT = Layout(
    name="saved",
    expected="PATH/{state.json, dataset_info.json, data-*.arrow}, or PATH/{dataset_dict.json, SPLIT/...}, "
    "as save_to_disk of the library 'datasets' writes them",
    folders=(),
)

_STATE = "state.json"
_INFO = "dataset_info.json"
_DICT = "dataset_dict.json"
_MAX_JSON = 64 * 1024**2
_SAVE_AGAIN = "Save the data set again with save_to_disk."
_BY_PREFERENCE = ("test", "validation", "valid", "val", "dev", "train")


def saved_split(request: DataRequest) -> tuple[Path, str]:
    """Return the folder of one split, and the split's name.

    The path may be that folder, the folder of all splits, lie in either, or hold one of them.

    Raises:
        DataRefused: no saved folder there.
        UsageError: several, or an unknown split.
    """
    root = locate(request, LAYOUT, lambda folder: (folder / _DICT).is_file())
    single = locate(request, LAYOUT, lambda folder: (folder / _STATE).is_file())
    if root is None and single is None:
        root, single = _only_child(request)
    splits = _splits(root) if root is not None else ()
    if root is not None and (single is None or _is_split(single, root, splits)):
        implied = with_implied_split(request, root, splits)
        split = resolve_split(implied, splits, labels_by_column=True, texts_by_column=True)
        return root / split, split
    if single is None:
        raise not_found(request, LAYOUT)
    stated = _json(single / _STATE).get("_split")
    split = stated if isinstance(stated, str) and stated.isidentifier() else "all"
    return single, resolve_split(request, (split,), labels_by_column=True, texts_by_column=True)


def _is_split(folder: Path, root: Path, splits: tuple[str, ...]) -> bool:
    return folder.absolute().parent == root.absolute() and folder.name in splits


def _only_child(request: DataRequest) -> tuple[Path | None, Path | None]:
    """Return the one saved folder that lies in the path."""
    path = required_path(request, what="path")
    saved = [folder for folder in subfolders(path) if any((folder / name).is_file() for name in (_DICT, _STATE))]
    if len(saved) > 1:
        names = ", ".join(safe_text(folder.name) for folder in saved)
        raise UsageError(f"Expected one saved data set in '{safe_text(path)}', got several: {names}. Name one of them.")
    if not saved:
        return None, None
    return (saved[0], None) if (saved[0] / _DICT).is_file() else (None, saved[0])


def _splits(root: Path) -> tuple[str, ...]:
    """Return the splits, the default first."""
    names = _json(root / _DICT).get("splits")
    if not isinstance(names, list) or not names or not all(_is_plain(name) for name in names):
        raise DataRefused(f"Expected 'splits' with the names of folders in '{safe_text(root / _DICT)}', got another.")
    preferred = [name for name in _BY_PREFERENCE if name in names]
    return tuple(dict.fromkeys([*preferred, *names]))


def _is_plain(name: Any) -> bool:
    """Whether a name stays in its folder and can be printed."""
    return isinstance(name, str) and name.isprintable() and Path(name).name == name and name not in {"", ".", ".."}


def _json(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file() or path.stat().st_size > _MAX_JSON:
            raise DataRefused(f"Expected at most {_MAX_JSON:,} bytes of JSON at '{safe_text(path)}'. {_SAVE_AGAIN}")
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataRefused(f"Expected JSON at '{safe_text(path)}': {safe_text(error)}. {_SAVE_AGAIN}") from error
    if not isinstance(document, dict):
        raise DataRefused(
            f"Expected a JSON object at '{safe_text(path)}', got {type(document).__name__}. {_SAVE_AGAIN}"
        )
    return document


@dataclass(frozen=True)
class Table:
    """The rows of one split, mapped into memory, and what the folder says of its columns."""

    folder: Path
    rows: pa.Table
    features: Mapping[str, Any]
    """Column -> its description in ``dataset_info.json``."""

    @classmethod
    def of(cls, folder: Path) -> Table:
        """Open the files of one split.

        Raises:
            DataRefused: a file is missing, damaged, elsewhere, or of another format.
        """
        state = _json(folder / _STATE)
        if state.get("_indices_data_files"):
            raise DataRefused(
                f"Expected a data set in the order of its rows, '{safe_text(folder)}' has a list of indices beside it. "
                "Call flatten_indices() before save_to_disk."
            )
        listed = state.get("_data_files")
        entries = listed if isinstance(listed, list) else []
        files = [str(entry.get("filename")) if isinstance(entry, dict) else "" for entry in entries]
        if not files or not all(_is_plain(name) for name in files):
            raise DataRefused(
                f"Expected '_data_files' with the names of files beside '{safe_text(folder / _STATE)}', got another. "
                f"{_SAVE_AGAIN}"
            )
        tables = [open_stream(folder / name) for name in files]
        try:
            rows = pa.concat_tables(tables)
        except pa.ArrowException as error:
            raise DataRefused(f"The files of '{safe_text(folder)}' differ in their columns. {_SAVE_AGAIN}") from error
        names = rows.column_names
        if not names or len(set(names)) < len(names) or not rows.num_rows:
            raise DataRefused(f"Expected rows and columns of different names in '{safe_text(folder)}'. {_SAVE_AGAIN}")
        features = _json(folder / _INFO).get("features")
        return cls(folder, rows, features if isinstance(features, dict) else {})

    def place(self, name: str) -> str:
        """Name a column for a message."""
        return f"column '{safe_text(name)}' of '{safe_text(self.folder)}'"

    def kind(self, name: str) -> str:
        """What `datasets` calls the column: ``"Image"``, ``"ClassLabel"``, ``"Value"``; empty if it does not say."""
        feature = self.features.get(name)
        return str(feature.get("_type", "")) if isinstance(feature, dict) else ""
