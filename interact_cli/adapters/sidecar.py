"""``ckpt.yaml`` beside ``ckpt.pt``: what a checkpoint does not say of itself.

.. code-block:: yaml

    arch: timm:resnet18            # or py:package.module:factory, or py:FILE.py:factory (a file beside this one)
    arch_args: {num_classes: 10}
    input: {kind: image, shape: [1, 32, 32], mean: [0.5], std: [0.25], interpolation: bilinear, crop_pct: 1.0}
    columns: {names: [age, red, blue], mean: [40, 0, 0], std: [12, 1, 1], groups: {colour: [red, blue]}}
    output: classes                # or single-logit, scalar
    class_names: [cat, dog]

A sidecar is a configuration file: code that it names is run, and the report says so.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interact_cli.adapters.architectures.geometry import read_geometry
from interact_cli.errors import InputRefused, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.strict_yaml import MAX_BYTES, load_strict

_TOP = ("arch", "arch_args", "input", "columns", "output", "class_names")
_INPUT = ("kind", "shape", "mean", "std", "interpolation", "crop_pct", "crop_mode")
_COLUMNS = ("names", "mean", "std", "groups")


@dataclass(frozen=True)
class Sidecar:
    """What the sidecar says; empty where there is none."""

    path: Path | None = None
    arch: str | None = None
    arch_args: Mapping[str, Any] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    """Input, columns, output and class names, in the words of `read_geometry`."""

    @property
    def describes_input(self) -> bool:
        """Whether it says anything of the input."""
        return bool(set(self.said) - {"output_kind", "class_names"})


def sidecar_path(checkpoint: Path) -> Path:
    """Return where the sidecar of a checkpoint would be.

    Example:
        >>> sidecar_path(Path("runs/model.pth.tar")).name
        'model.yaml'
    """
    stem = checkpoint.name.removesuffix(".tar") if checkpoint.name.endswith(".pth.tar") else checkpoint.name
    return checkpoint.with_name(Path(stem).stem + ".yaml")


def read_sidecar(checkpoint: Path) -> Sidecar:
    """Read the sidecar of a checkpoint, if there is one.

    Raises:
        UsageError: it is not YAML as `load_strict` reads it, or holds unknown or ill-formed settings.
        InputRefused: it cannot be read.
    """
    path = sidecar_path(checkpoint)
    if not path.is_file():
        return Sidecar()
    where = f"the sidecar '{safe_text(path)}'"
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputRefused(f"Expected {where} to be readable text, but it is not: {safe_text(error)}.") from None
    document = load_strict(text, str(path))
    if document is None:
        return Sidecar()
    top = _section(document, _TOP, where)
    image = _section(top.get("input"), _INPUT, f"'input' of {where}")
    _section(top.get("columns"), _COLUMNS, f"'columns' of {where}")
    settings = {key: top[key] for key in ("columns", "output", "class_names") if top.get(key) is not None}
    settings |= {key: value for key, value in image.items() if key != "kind" and value is not None}
    for word, key in (("shape", "input_size"), ("output", "output_kind")):
        if word in settings:
            settings[key] = settings.pop(word)
    geometry = read_geometry(settings, where, "sidecar")
    if image.get("kind") is not None and (image["kind"] not in ("image", "columns") or not geometry.shape):
        raise UsageError(
            f"Expected 'kind' in {where} to be image or columns, with a shape, got {safe_text(image['kind'], 40)}."
        )
    if image.get("kind") is not None and image["kind"] != geometry.kind:
        raise UsageError(f"Expected the shape in {where} to fit kind {image['kind']}, got {list(geometry.shape)}.")
    return Sidecar(path, _arch(top.get("arch"), where), _section(top.get("arch_args"), None, where), settings)


def _arch(value: Any, where: str) -> str | None:
    if value is not None and not isinstance(value, str):
        raise UsageError(f"Expected 'arch' in {where} to be text such as timm:resnet18, got {safe_text(value, 60)}.")
    return value


def _section(value: Any, known: tuple[str, ...] | None, where: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UsageError(f"Expected {where} to be a mapping of settings, got {safe_text(value, 60)}.")
    for key in value:
        if known is not None and key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            guess = f" Did you mean '{near[0]}'?" if near else ""
            raise UsageError(f"Unknown setting '{safe_text(key)}' in {where}.{guess} Known: {', '.join(known)}.")
    return value
