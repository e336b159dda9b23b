"""``--arch py:package.module:factory`` and ``--arch py:FILE.py:factory``: a network of the user's own code.

A factory is any callable that returns a ``torch.nn.Module``. The architecture arguments reach it as keyword
arguments. What the network expects of its input may stand on the module or on the factory:

- ``.input_shape``: ``(C, H, W)`` or ``(F,)``;
- ``.preprocessing``: a dictionary with ``mean``, ``std``, ``interpolation``, ``crop_pct``, ``crop_mode``, ``columns``
  (``names``, ``mean``, ``std``, ``groups``);
- ``.output``: ``"scalar"`` for a network whose one number is not a logit;
- ``.class_names``;
- ``.classifier``: the name of the module whose input feeds the classifier; of a ``Sequential`` that ends in a
  ``Linear``, that one unless said otherwise.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import module_from_spec
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import nn

from interact_cli.adapters.architectures.geometry import Geometry, described, read_geometry
from interact_cli.adapters.architectures.source_code import code_digest
from interact_cli.errors import InputRefused, InteractError, UnknownNameError, UsageError
from interact_cli.interfaces import Network
from interact_cli.safe_text import named_error, safe_text

FORM = "py:package.module:factory or py:FILE.py:factory"

_SAME_MEANING = {
    "num_classes": "num_classes",
    "n_classes": "num_classes",
    "in_chans": "in_chans",
    "in_channels": "in_chans",
}
"""Parameter of a factory -> the saved training argument that fills it."""


def build(name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Network:
    """Import the factory, call it, and find out what its network takes and returns.

    Args:
        name: ``package.module:factory`` or ``FILE.py:factory``.
        arguments: Keyword arguments for the factory.
        saved: Training arguments of the checkpoint: ``model_kwargs`` are keyword arguments too, ``num_classes`` and
            ``in_chans`` fill parameters of these names; the words of `read_geometry` describe the input.

    Raises:
        UsageError: the name, the arguments or the description do not fit; or the code fails.
        InputRefused: the file is missing.
        CheckpointRefused: the network does not take its input, or returns something else than scores.
    """
    where = f"py:{safe_text(name)}"
    factory = _find_factory(name, where)
    module = _call(factory, arguments, saved, where)
    module.float()
    geometry = read_geometry(saved, "the checkpoint's args", "checkpoint args")
    return _network_of(module, geometry, where, factory)


def network_of(module: nn.Module, where: str, *, shape: tuple[int, ...] = ()) -> Network:
    """Find out what a network takes and returns that no factory made.

    Args:
        module: The network; its own attributes describe it, as those of a factory's network do.
        where: What it is, for messages.
        shape: Of one input, where it is known; wins over the attributes.

    Raises:
        UsageError: the input shape is not known.
        CheckpointRefused: the network does not take its input, or returns something else than scores.
    """
    return _network_of(module, Geometry(shape=shape, source="factory"), where)


def _network_of(module: nn.Module, known: Geometry, where: str, *makers: Callable[..., Any]) -> Network:
    """Describe a network by what was said of it, then by itself, its makers and its first layer."""
    geometry = known
    for thing in (module, *makers):
        geometry = geometry.or_else(_attributes(thing, where))
    if not geometry.shape:
        geometry = geometry.or_else(_first_linear(module, where))
    classifier = _classifier(module, makers, where)
    return described(module, geometry, where, classifier=classifier, code=code_digest(module, *makers))


def anchored(name: str, folder: Path) -> str:
    """Return ``FILE.py:factory`` with a relative file taken from ``folder``; other names as they are."""
    target, _, factory = name.rpartition(":")
    if target.endswith(".py") and not Path(target).is_absolute():
        return f"{folder / target}:{factory}"
    return name


def _find_factory(name: str, where: str) -> Callable[..., Any]:
    target, _, attribute = name.rpartition(":")
    if not target or not attribute.isidentifier():
        raise UsageError(f"Expected {FORM}, got '{where}'.")
    try:
        module = _load_file(Path(target)) if target.endswith(".py") else importlib.import_module(target)
    except InteractError:
        raise
    except ModuleNotFoundError as error:
        missing = safe_text(error.name or target)
        raise UsageError(
            f"Expected modules that can be imported for '{where}', but there is no module '{missing}'. Install it; "
            "a single file is named py:FILE.py:factory, and no folder joins the import path by itself."
        ) from None
    except (Exception, SystemExit) as error:  # the user's code may fail in any way
        raise UsageError(f"Expected '{where}' to be importable, but its code fails: {named_error(error)}.") from None
    factory = getattr(module, attribute, None)
    if factory is None:
        public = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UnknownNameError(f"factory in '{safe_text(target)}':", safe_text(attribute), public)
    if not callable(factory):
        raise UsageError(f"Expected '{where}' to be callable, got a {type(factory).__name__}.")
    checked: Callable[..., Any] = factory
    return checked


class _UncachedLoader(SourceFileLoader):
    """Leaves no ``__pycache__`` beside the user's file."""

    def set_data(self, path: Any, data: Any, *, _mode: int = 0o666) -> None:
        """Write nothing."""


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have
        return False


def _load_file(file: Path) -> ModuleType:
    if not _is_file(file):
        raise InputRefused(f"Expected a Python file with the factory, but there is no file '{safe_text(file)}'.")
    path = str(file.resolve())
    unique = f"interact_factory_{hashlib.sha256(path.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"
    spec = ModuleSpec(unique, _UncachedLoader(unique, path), origin=path)
    spec.has_location = True
    module = module_from_spec(spec)
    # Before it runs: a dataclass in the file looks its own module up there.
    sys.modules[unique] = module
    try:
        _UncachedLoader(unique, path).exec_module(module)
    except BaseException:
        del sys.modules[unique]
        raise
    return module


def _call(factory: Callable[..., Any], arguments: Mapping[str, Any], saved: Mapping[str, Any], where: str) -> nn.Module:
    extra = saved.get("model_kwargs")
    options = _fills(factory, saved) | (dict(extra) if isinstance(extra, Mapping) else {}) | dict(arguments)
    try:
        inspect.signature(factory).bind(**options)
    except TypeError as error:
        raise UsageError(
            f"Expected arguments that '{where}{safe_text(str(inspect.signature(factory)))}' takes, got "
            f"{', '.join(map(safe_text, options)) or 'none'}: {named_error(error)}. Give them as --arch-arg name=value."
        ) from None
    except ValueError:  # a callable without a signature, as one written in C: calling it tells
        pass
    try:
        module = factory(**options)
    except InteractError:
        raise
    except (Exception, SystemExit) as error:  # the user's code may fail in any way
        raise UsageError(f"Expected '{where}' to build a network, but it fails: {named_error(error)}.") from None
    if not isinstance(module, nn.Module):
        raise UsageError(f"Expected '{where}' to return a torch.nn.Module, got a {safe_text(type(module).__name__)}.")
    return module


def _fills(factory: Callable[..., Any], saved: Mapping[str, Any]) -> dict[str, Any]:
    try:
        parameters = inspect.signature(factory).parameters
    except (TypeError, ValueError):
        return {}
    return {
        name: saved[word] for name, word in _SAME_MEANING.items() if name in parameters and saved.get(word) is not None
    }


def _attributes(thing: Any, where: str) -> Geometry:
    preprocessing = getattr(thing, "preprocessing", None)
    if preprocessing is None or isinstance(preprocessing, nn.Module | torch.Tensor):  # a layer or a buffer of that name
        preprocessing = {}
    if not isinstance(preprocessing, Mapping):
        raise UsageError(
            f"Expected .preprocessing of '{where}' to be a dictionary, got a {type(preprocessing).__name__}."
        )
    settings = dict(preprocessing)
    for attribute, key in (("input_shape", "input_shape"), ("output", "output_kind"), ("class_names", "class_names")):
        value = getattr(thing, attribute, None)
        if isinstance(value, str | list | tuple):
            settings[key] = value
    return read_geometry(settings, f"'{where}'", "factory")


def _classifier(module: nn.Module, makers: Sequence[Callable[..., Any]], where: str) -> str:
    stated = next(
        (name for thing in (module, *makers) if isinstance(name := getattr(thing, "classifier", None), str)), ""
    )
    if stated and stated not in dict(module.named_modules()):
        near = [name for name, part in module.named_modules() if isinstance(part, nn.Linear)]
        raise UnknownNameError(f"module as .classifier of '{where}':", safe_text(stated), map(safe_text, near))
    if not stated and isinstance(module, nn.Sequential) and len(module) and isinstance(module[-1], nn.Linear):
        return list(module.named_children())[-1][0]
    return stated


def _first_linear(module: nn.Module, where: str) -> Geometry:
    """Return ``(F,)`` where the first layer with weights is a linear one: its inputs are columns."""
    for part in module.modules():
        if any(True for _ in part.parameters(recurse=False)):
            if isinstance(part, nn.Linear):
                return Geometry(shape=(part.in_features,), source="guessed")
            break
    raise UsageError(
        f"Expected to know the input shape of '{where}', and nothing says it. Set .input_shape = (C, H, W) on the "
        "module or the factory, or write a sidecar: input: {shape: [C, H, W]}"
    )
