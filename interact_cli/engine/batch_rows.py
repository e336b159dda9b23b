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
    table = load_strict((files("interact_cli.engine") / "batch_rows.yaml").read_text(), "batch_rows.yaml")
    size = prod(model.input.shape) if size is None else size
    if model.family not in table[device_type]:
        raise UsageError(
            f"Expected a network of family {', '.join(table[device_type])}, got '{model.family}'. Pass --batch-size N."
        )
    entries: list[list[int]] = table[device_type][model.family]
    return next(rows for largest, rows in entries if largest == 0 or size <= largest)
