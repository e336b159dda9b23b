"""Input and output of a network, from whoever describes them: checkpoint arguments, a sidecar, a factory, itself."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import torch
from torch import nn

from interact_cli.errors import CheckpointRefused, UsageError
from interact_cli.interfaces import Network
from interact_cli.safe_text import first_line, safe_text
from interact_cli.types import Columns, InputKind, InputSpec, OutputKind

OUTPUTS: tuple[OutputKind, ...] = ("classes", "single-logit", "scalar")
INTERPOLATIONS = ("nearest", "nearest-exact", "bilinear", "bicubic", "lanczos", "box", "hamming")
CROP_MODES = ("center", "squash", "border")


@dataclass(frozen=True)
class Geometry:
    """What one source says; empty where it is silent."""

    shape: tuple[int, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    interpolation: str = ""
    crop_pct: float = 0.0
    crop_mode: str = ""
    columns: Columns = field(default_factory=Columns)
    output: OutputKind | None = None
    class_names: tuple[str, ...] = ()
    source: str = "unknown"

    def or_else(self, other: Geometry) -> Geometry:
        """Fill what is silent here from a weaker source; a source is named only for what it said."""
        empty = Geometry()
        names = [f.name for f in fields(self) if f.name != "source"]
        silent = {name: getattr(other, name) for name in names if getattr(self, name) == getattr(empty, name)}
        return replace(self, **silent, source=self.source if self.speaks else other.source)

    @property
    def speaks(self) -> bool:
        """Whether anything is said of the input."""
        empty = Geometry()
        return any(getattr(self, name) != getattr(empty, name) for name in _PREPROCESSING)

    @property
    def kind(self) -> InputKind:
        """Columns have one axis, images three."""
        return "columns" if len(self.shape) == 1 else "image"


_PREPROCESSING = frozenset({"shape", "mean", "std", "interpolation", "crop_pct", "crop_mode", "columns"})


def read_geometry(said: Mapping[str, Any], where: str, source: str) -> Geometry:
    """Read the settings of a source, in the words of timm's arguments plus those of column models.

    Args:
        said: ``input_size`` (or ``shape``, ``input_shape``, or ``img_size`` with ``in_chans``), ``mean``, ``std``,
            ``interpolation``, ``crop_pct``, ``crop_mode``, ``columns`` (``names``, ``mean``, ``std``, ``groups``),
            ``output_kind``, ``class_names``. Other keys are not read; a key that is None is silent.
        where: Who said it, for messages.
        source: For `InputSpec.source`.

    Raises:
        UsageError: a setting is not of the kind that it should be.
    """
    reader = _Reader(said, where)
    shape = reader.shape()
    columns = reader.columns()
    mean, std = reader.numbers("mean"), reader.positive("std")
    if len(shape) == 1 and (mean or std):
        columns = replace(columns, mean=columns.mean or mean, std=columns.std or std)
        mean = std = ()
    return Geometry(
        shape=shape,
        mean=mean,
        std=std,
        interpolation=reader.word("interpolation", INTERPOLATIONS),
        crop_pct=reader.share("crop_pct"),
        crop_mode=reader.word("crop_mode", CROP_MODES),
        columns=columns,
        output=reader.word("output_kind", OUTPUTS) or None,  # type: ignore[arg-type]  # word() returns one of OUTPUTS
        class_names=reader.texts("class_names"),
        source=source,
    )


class _Reader:
    """Reads typed settings out of a mapping that came from outside."""

    def __init__(self, said: Mapping[str, Any], where: str) -> None:
        self.said = said
        self.where = where

    def fail(self, key: str, expected: str) -> UsageError:
        value = safe_text(self.said.get(key), 80)
        return UsageError(f"Expected '{key}' in {self.where} to be {expected}, got {value}.")

    def items(self, key: str, expected: str, is_right: Callable[[Any], bool]) -> tuple[Any, ...]:
        value = self.said.get(key)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or not all(map(is_right, value)):
            raise self.fail(key, expected)
        return tuple(value)

    def numbers(self, key: str) -> tuple[float, ...]:
        return tuple(map(float, self.items(key, "a list of finite numbers", _is_number)))

    def positive(self, key: str) -> tuple[float, ...]:
        values = self.numbers(key)
        if any(value <= 0 for value in values):
            raise self.fail(key, "a list of numbers above 0")
        return values

    def texts(self, key: str) -> tuple[str, ...]:
        return tuple(map(str, self.items(key, "a list of names", _is_name)))

    def word(self, key: str, known: tuple[str, ...]) -> str:
        value = self.said.get(key)
        if value is None or value == "":
            return ""
        if value not in known:
            raise self.fail(key, f"one of {', '.join(known)}")
        return str(value)

    def share(self, key: str) -> float:
        value = self.said.get(key)
        if value is None:
            return 0.0
        if not _is_number(value) or not 0 < value <= 2:
            raise self.fail(key, "a number above 0, usually at most 1")
        return float(value)

    def shape(self) -> tuple[int, ...]:
        for key in ("shape", "input_size", "input_shape"):
            expected = "[C, H, W] for images or [F] for columns, counts above 0"
            values = self.items(key, expected, is_count)
            if values and len(values) not in (1, 3):
                raise self.fail(key, expected)
            if values:
                return values
        return self._square()

    def _square(self) -> tuple[int, ...]:
        side = self.said.get("img_size")
        if side is None:
            return ()
        sides = tuple(side) if isinstance(side, list | tuple) and len(side) == 2 else (side, side)
        channels = self.said.get("in_chans")
        channels = 3 if channels is None else channels
        if not all(is_count(value) for value in sides):
            raise self.fail("img_size", "a count above 0, or two")
        if not is_count(channels):
            raise self.fail("in_chans", "a count above 0")
        return (channels, *sides)

    def columns(self) -> Columns:
        value = self.said.get("columns")
        if value is None:
            return Columns()
        if isinstance(value, Columns):
            return value
        if not isinstance(value, Mapping):
            raise self.fail("columns", "a mapping with names, mean, std, groups")
        inner = _Reader(value, f"'columns' of {self.where}")
        groups = value.get("groups") or {}
        if not isinstance(groups, Mapping):
            raise inner.fail("groups", "a mapping from a name to its columns")
        members = {str(name): _Reader(groups, f"'groups' of {self.where}").texts(name) for name in groups}
        columns = Columns(inner.texts("names"), inner.numbers("mean"), inner.positive("std"), members)
        _check_groups(columns, inner)
        return columns


def _check_groups(columns: Columns, reader: _Reader) -> None:
    grouped = [name for members in columns.groups.values() for name in members]
    if len(set(grouped)) != len(grouped):
        raise reader.fail("groups", "groups that share no column")
    if set(grouped) - set(columns.names):
        raise reader.fail("groups", "groups of columns that are in 'names'")
    if len(set(columns.names)) != len(columns.names):
        raise reader.fail("names", "names that differ")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_name(value: Any) -> bool:
    return value is not None and not isinstance(value, dict | list | tuple)


def is_count(value: Any) -> bool:
    """Whether a value is a whole number from 1 to 2**20."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 2**20


def input_spec(geometry: Geometry, where: str) -> InputSpec:
    """Return the input record.

    Raises:
        UsageError: the numbers of channels or columns disagree.
    """
    size = geometry.shape[0]
    lengths = {
        "mean": geometry.mean,
        "std": geometry.std,
        "columns.names": geometry.columns.names,
        "columns.mean": geometry.columns.mean,
        "columns.std": geometry.columns.std,
    }
    for name, values in lengths.items():
        if values and len(values) not in ({size} if name.startswith("columns") else {1, size}):
            raise UsageError(f"Expected {size} entries in '{name}' for {where}, got {len(values)}.")
    if geometry.kind == "columns":
        return InputSpec("columns", geometry.shape, columns=geometry.columns, source=geometry.source)
    return InputSpec(
        "image",
        geometry.shape,
        mean=_per_channel(geometry.mean, size),
        std=_per_channel(geometry.std, size),
        interpolation=geometry.interpolation or "bicubic",
        crop_pct=geometry.crop_pct or 1.0,
        crop_mode=geometry.crop_mode or "center",
        source=geometry.source,
    )


def _per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return values * channels if len(values) == 1 else values


def probe(module: nn.Module, shape: tuple[int, ...], wanted: OutputKind | None, where: str) -> tuple[OutputKind, int]:
    """Send two zero inputs through the network, in eval mode, and read its kind of output.

    Args:
        module: The network; it stays in eval mode.
        shape: Of one input.
        wanted: What the factory or sidecar says that the output is; decides for one output per input.
        where: The architecture, for messages.

    Returns:
        The kind, and the number of classes: ``K``, 2 for a single logit, 0 for a scalar.

    Raises:
        CheckpointRefused: the network does not take the input, or gives anything but one row of numbers.
    """
    module.eval()
    try:
        with torch.inference_mode():
            output = module(
                torch.zeros(2, *shape, dtype=torch.float32, device="cpu")
            )  # two rows show whether the batch axis is kept
    except Exception as error:  # the network's own code may fail in any way
        raise CheckpointRefused(
            f"Expected {where} to take inputs of shape {shape}, but it fails: {first_line(error)}. "
            "Check the input size and the arguments of the architecture."
        ) from None
    if not isinstance(output, torch.Tensor):
        raise CheckpointRefused(
            f"Expected {where} to return one tensor, got a {safe_text(type(output).__name__)}. Wrap it in a factory."
        )
    returned = tuple(output.shape)
    if returned in {(2,), (2, 1)} and wanted != "classes":
        return ("scalar", 0) if wanted == "scalar" else ("single-logit", 2)
    if len(returned) == 2 and returned[0] == 2 and returned[1] >= 2 and wanted in {None, "classes"}:
        return "classes", returned[1]
    kind = f" for output '{wanted}'" if wanted else ""
    raise CheckpointRefused(
        f"Expected {where} to return (2, K) class scores, (2, 1) or (2,) for two inputs{kind}, got shape {returned}. "
        "Wrap it in a factory that returns one row per input."
    )


def family(module: nn.Module) -> str:
    """Return the row of the batch-size table: attention makes a transformer, a second convolution a convnet."""
    names = [type(part).__name__.lower() for part in module.modules()]
    if any("attention" in name or "attn" in name for name in names):
        return "transformer"
    return "convnet" if sum(isinstance(part, nn.Conv2d) for part in module.modules()) > 1 else "mlp"


def described(module: nn.Module, geometry: Geometry, where: str, *, classifier: str, code: str = "") -> Network:
    """Try a network on two inputs and describe it.

    Args:
        module: The network; it stays in eval mode.
        geometry: Its input, and what is said of its output.
        where: The architecture, for messages.
        classifier: The module whose input feeds the classifier; empty where it is not known.
        code: SHA-256 of the source files that define it; empty where a library's version pins it.

    Raises:
        CheckpointRefused: it does not take the input, or gives anything but one row of numbers.
        UsageError: the numbers of channels or columns disagree.
    """
    output, n_classes = probe(module, geometry.shape, geometry.output, where)
    return Network(
        module,
        input_spec(geometry, where),
        output,
        n_classes,
        family(module),
        class_names=geometry.class_names,
        classifier=classifier,
        code=code,
    )
