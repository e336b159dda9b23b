"""Do these weights fit this network: every name, every shape, nothing missing and nothing left over."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from itertools import takewhile

import torch

from interact_cli.adapters.containers.contents import PREFIXES, Contents
from interact_cli.errors import CheckpointRefused, UsageError
from interact_cli.safe_text import safe_text

Tensors = Mapping[str, torch.Tensor]

MAX_KEYS = 3


@dataclass(frozen=True)
class _Difference:
    missing: tuple[str, ...]
    extra: tuple[str, ...]
    reshaped: tuple[str, ...]
    """In both, but of another shape, or whole numbers where the network has real ones."""

    def __bool__(self) -> bool:
        return bool(self.missing or self.extra or self.reshaped)


@dataclass(frozen=True)
class Fit:
    """Weights that fit a network."""

    state: dict[str, torch.Tensor]
    """Every tensor of the network under the network's own name, ready for a strict load."""
    prefix: str = ""
    """What was stripped from every name."""
    missing: tuple[str, ...] = ()
    """Tensors that the file lacks and may lack: in ``state`` they are the network's own."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What a report must say of it."""
        notes = []
        if self.prefix:
            notes.append(f"prefix '{self.prefix}' stripped from every tensor name")
        if self.missing:
            notes.append(
                f"{len(self.missing)} of {len(self.state)} tensors are not in the file and keep their random start "
                f"(--allow-missing): {listed(self.missing)}"
            )
        return tuple(notes)


def fitted(
    expected: Tensors, contents: Contents, arch: str, arch_source: str, *, allow_missing: Sequence[str] = ()
) -> Fit:
    """Return the weights under the network's own names.

    Only shapes are compared, so that a network on the meta device will do. Prefixes are stripped only where that
    makes the fit exact, but for what may be missing.

    Args:
        expected: ``state_dict()`` of the network.
        contents: The weights.
        arch: The network, as written.
        arch_source: Who named it.
        allow_missing: Shell patterns of tensors that the file may lack.

    Raises:
        CheckpointRefused: any other tensor is missing, or one is left over or of another shape; the message tells how
            many of each, up to three names, and both numbers of classes where only these differ.
        UsageError: a pattern matches no tensor of the network.
    """
    check_patterns(expected, allow_missing, arch)
    state, prefix = _stripped(expected, contents.state)
    difference = _compare(expected, state)
    missing = tuple(name for name in difference.missing if any(fnmatchcase(name, pattern) for pattern in allow_missing))
    difference = replace(difference, missing=tuple(name for name in difference.missing if name not in set(missing)))
    if not difference:
        return Fit({name: state.get(name, tensor) for name, tensor in expected.items()}, prefix, missing)
    start = (
        f"Expected weights in '{safe_text(contents.path)}' that fit {safe_text(arch)} (named by {arch_source}), got "
    )
    classes = _class_counts(expected, state, difference)
    if classes:
        name = safe_text(difference.reshaped[0], 80)
        raise CheckpointRefused(
            f"{start}{classes[1]} classes where the network has {classes[0]} ('{name}'). "
            f"Set the number of classes to that of the file: --arch-arg num_classes={classes[1]}, or what the factory "
            "calls it."
        )
    raise CheckpointRefused(
        f"{start}{_describe(difference, expected, state)}.{_advice(difference, expected, contents, arch)}"
    )


def check_patterns(expected: Tensors, patterns: Sequence[str], arch: str) -> None:
    """Refuse patterns of ``--allow-missing`` that match no tensor of the network.

    Raises:
        UsageError: there is one.
    """
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in expected):
            last = next(reversed(tuple(expected)), "fc.weight").rpartition(".")[0]
            raise UsageError(
                f"Expected --allow-missing to match a tensor of {safe_text(arch)}, such as '{safe_text(last, 60)}.*', "
                f"got '{safe_text(pattern, 60)}', which matches none. Correct it or leave it out."
            )


def _advice(difference: _Difference, expected: Tensors, contents: Contents, arch: str) -> str:
    head = _missing_head(difference, expected)
    if head:
        return (
            " The file has no classifier: name one that has it. With --allow-missing "
            f"'{safe_text(head, 60)}.*' a random classifier is audited, whose interactions mean nothing by themselves."
        )
    part = next((prefix for prefix in PREFIXES if _holds_all(expected, contents.state, prefix)), "")
    if part:
        return (
            f" What begins with '{part}' is the network, and other tensors lie beside it. Save the network alone: "
            f"state = {{k.removeprefix('{part}'): v for k, v in state.items() if k.startswith('{part}')}}; "
            "torch.save(state, 'weights.pt')"
        )
    from interact_cli.adapters.architectures.suggestions import suggest, told

    return (
        told(tuple(name for name in suggest(contents.state) if name != arch))
        or " Name the right one with --arch, or its arguments with --arch-arg."
    )


def _holds_all(expected: Tensors, state: Tensors, prefix: str) -> bool:
    return {name.removeprefix(prefix) for name in state if name.startswith(prefix)} == set(expected)


def _missing_head(difference: _Difference, expected: Tensors) -> str:
    """Return the module that holds all that is missing, where the network's last tensor is of it."""
    last = next(reversed(tuple(expected)))
    if last not in difference.missing or difference.extra or difference.reshaped:
        return ""
    modules = [name.split(".")[:-1] for name in difference.missing]
    shared = takewhile(lambda parts: len(set(parts)) == 1, zip(*modules, strict=False))
    return ".".join(parts[0] for parts in shared)


def _stripped(expected: Tensors, state: Tensors) -> tuple[dict[str, torch.Tensor], str]:
    """Strip prefixes as long as all names share one; keep what fits best."""
    names = set(expected)
    best, best_prefix = dict(state), ""
    current, prefix = best, ""
    # A prefix goes only from all names at once: one that some names have belongs to a part of the network.
    while set(best) != names:
        shared = next((p for p in PREFIXES if current and all(name.startswith(p) for name in current)), None)
        if shared is None:
            break
        current = {name[len(shared) :]: tensor for name, tensor in current.items()}
        prefix += shared
        if len(names & set(current)) > len(names & set(best)):
            best, best_prefix = current, prefix
    return best, best_prefix


def _compare(expected: Tensors, state: Tensors) -> _Difference:
    return _Difference(
        missing=tuple(name for name in expected if name not in state),
        extra=tuple(name for name in state if name not in expected),
        reshaped=tuple(name for name in expected if name in state and not _alike(expected[name], state[name])),
    )


def _alike(expected: object, got: torch.Tensor) -> bool:
    if not isinstance(expected, torch.Tensor):
        return False
    return expected.shape == got.shape and (not expected.is_floating_point() or got.is_floating_point())


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
    parts = counted(difference.missing, difference.extra)
    if difference.reshaped:
        name = difference.reshaped[0]
        shapes = f"'{safe_text(name, 80)}' is {tuple(state[name].shape)}, not {tuple(expected[name].shape)}"
        parts.append(f"{len(difference.reshaped)} of another shape or kind ({shapes})")
    return f"{', '.join(parts)}, of {len(expected)} tensors"


def counted(missing: Sequence[str], extra: Sequence[str]) -> list[str]:
    """Say how many tensors are missing, and how many are too many; each with the first names."""
    kinds = ((missing, "missing"), (extra, "unexpected"))
    return [f"{len(names)} {word} ({listed(names)})" for names, word in kinds if names]


def listed(names: Sequence[str]) -> str:
    """Return the first names of tensors."""
    shown = ", ".join(f"'{safe_text(name, 80)}'" for name in names[:MAX_KEYS])
    return shown + (", ..." if len(names) > MAX_KEYS else "")
