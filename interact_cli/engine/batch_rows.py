"""How many rows a batch has: from the committed table, never from timing."""

from __future__ import annotations

from importlib.resources import files
from math import prod

from interact_cli.errors import UsageError
from interact_cli.strict_yaml import load_strict
from interact_cli.types import Model


def batch_rows(model: Model, device_type: str, asked: int | str = "auto", *, size: int | None = None) -> int:
    """Return the rows of a batch.

    Args:
        model: Its family and input size choose the table's entry; a text's size is that of its word vectors.
        device_type: ``"cpu"``, ``"cuda"`` or ``"mps"``.
        asked: A whole number, or ``"auto"`` for the table.
        size: Numbers in one row where they are not those of the input: for texts the longest L times d.

    Raises:
        UsageError: a number below 1, or a family that the table does not have.
    """
    if asked != "auto":
        if isinstance(asked, str) or asked < 1:
            raise UsageError(f"Expected --batch-size auto or at least 1, got {asked}.")
        return asked
    families = _table()[device_type]
    if model.family not in families:
        raise UsageError(
            f"Expected a network of family {', '.join(families)}, got '{model.family}'. Pass --batch-size N."
        )
    return _fitting(families[model.family], prod(model.input.shape) if size is None else size)


def whole_rows(model: Model, device_type: str, rows: int, size: int) -> int:
    """Return the rows of a batch that goes through the whole network where the mask enters inside it.

    Behind the entry rows may be small and many; the network before it was not made for so many.

    Args:
        model: As for `batch_rows`.
        device_type: Likewise.
        rows: Of a masked batch; never more than these.
        size: Numbers in one row of the input, of the word vectors for texts.
    """
    families = _table()[device_type]
    return min(rows, _fitting(families[model.family], size)) if model.family in families else rows


def _table() -> dict[str, dict[str, list[list[int]]]]:
    table: dict[str, dict[str, list[list[int]]]] = load_strict(
        (files("interact_cli.engine") / "batch_rows.yaml").read_text(), "batch_rows.yaml"
    )
    return table


def _fitting(entries: list[list[int]], size: int) -> int:
    return next(rows for largest, rows in entries if largest == 0 or size <= largest)  # 0 stands for all larger ones
