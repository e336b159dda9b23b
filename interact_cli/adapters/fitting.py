"""Do these weights fit this network: every name, every shape, nothing missing and nothing left over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import torch

from interact_cli.adapters.contents import Contents
from interact_cli.adapters.suggestions import suggest, told
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text

Tensors = Mapping[str, torch.Tensor]

PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.")
"""What wrappers put before every name: data parallel, torch.compile, Lightning and its habits."""

MAX_KEYS = 3


@dataclass(frozen=True)
class _Difference:
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    reshaped: tuple[str, ...]
    """In both, but of another shape, or whole numbers where the network has real ones."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.reshaped)


def fitted(expected: Tensors, contents: Contents, arch: str, arch_source: str) -> tuple[dict[str, torch.Tensor], str]:
    """Return the weights under the network's own names.

    Only shapes are read of ``expected``, so that a network on the meta device will do. A prefix is stripped only
    where that makes the fit exact.

    Args:
        expected: ``state_dict()`` of the network.
        contents: The weights.
        arch: The network, as written.
        arch_source: Who named it.

    Returns:
        The weights, and the prefix that was stripped (empty for none).

    Raises:
        CheckpointRefused: any tensor is missing, left over or of another shape; the message tells how many of
            each, up to three names, and both numbers of classes where only these differ.
    """
    state, prefix = _stripped(expected, contents.state)
    difference = _compare(expected, state)
    if not difference:
        return state, prefix
    start = (
        f"Expected weights in '{safe_text(contents.path)}' that fit {safe_text(arch)} (named by {arch_source}), got "
    )
    classes = _class_counts(expected, state, difference)
    if classes:
        name = safe_text(difference.reshaped[0], 80)
        raise CheckpointRefused(
            f"{start}{classes[1]} classes where the network has {classes[0]} ('{name}'). "
            f"Set the number of classes to that of the file, for timm: --arch-arg num_classes={classes[1]}."
        )
    shapes = {name: tuple(tensor.shape) for name, tensor in contents.state.items()}
    advice = (
        told(tuple(name for name in suggest(shapes) if name != arch))
        or " Name the right one with --arch, or its arguments with --arch-arg."
    )
    raise CheckpointRefused(f"{start}{_describe(difference, expected, state)}.{advice}")


def _stripped(expected: Tensors, state: Tensors) -> tuple[dict[str, torch.Tensor], str]:
    """Strip prefixes as long as all names share one; keep what fits best."""
    wanted = set(expected)
    best, best_prefix = dict(state), ""
    current, prefix = best, ""
    while set(best) != wanted:
        shared = next((p for p in PREFIXES if current and all(name.startswith(p) for name in current)), None)
        if shared is None:
            break
        current = {name[len(shared) :]: tensor for name, tensor in current.items()}
        prefix += shared
        if len(wanted & set(current)) > len(wanted & set(best)):
            best, best_prefix = current, prefix
    return best, best_prefix


def _compare(expected: Tensors, state: Tensors) -> _Difference:
    return _Difference(
        missing=tuple(name for name in expected if name not in state),
        extra=tuple(name for name in state if name not in expected),
        reshaped=tuple(name for name in expected if name in state and not _alike(expected[name], state[name])),
    )


def _alike(wanted: object, got: torch.Tensor) -> bool:
    if not isinstance(wanted, torch.Tensor):
        return False
    return wanted.shape == got.shape and (not wanted.is_floating_point() or got.is_floating_point())


def _class_counts(expected: Tensors, state: Tensors, difference: _Difference) -> tuple[int, int] | None:
    """Return (network's, file's) number of classes where the last layer's first axis is all that differs."""
    if difference.missing or difference.extra:
        return None
    pairs = [(expected[name].shape, state[name].shape) for name in difference.reshaped]
    heads = {re.sub(r"\.[^.]+$", "", name) for name in difference.reshaped}
    counts = {(a[0], b[0]) for a, b in pairs if len(a) == len(b) > 0 and a[1:] == b[1:]}
    last = next(reversed(tuple(expected))) in difference.reshaped
    if len(counts) != 1 or not last or len(heads) > 2 or any(a[1:] != b[1:] for a, b in pairs):
        return None
    (pair,) = counts
    return None if pair[0] == pair[1] else pair


def _describe(difference: _Difference, expected: Tensors, state: Tensors) -> str:
    parts = []
    for names, word in ((difference.missing, "missing"), (difference.extra, "unexpected")):
        if names:
            parts.append(f"{len(names)} {word} ({_listed(names)})")
    if difference.reshaped:
        name = difference.reshaped[0]
        shapes = f"'{safe_text(name, 80)}' is {tuple(state[name].shape)}, not {tuple(expected[name].shape)}"
        parts.append(f"{len(difference.reshaped)} of another shape or kind ({shapes})")
    return f"{', '.join(parts)}, of {len(expected)} tensors"


def _listed(names: tuple[str, ...]) -> str:
    shown = ", ".join(f"'{safe_text(name, 80)}'" for name in names[:MAX_KEYS])
    return shown + (", ..." if len(names) > MAX_KEYS else "")
