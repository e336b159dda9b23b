"""A path into a `Model`: open, identify, check the fit, load, describe.

Who names the architecture, in this order: ``--arch``; a model directory's ``config.json``; the checkpoint's own
metadata; the sidecar. Nobody else: the names of tensors only make a suggestion in the error. Metadata may name code
(``py:``) only of this package's own networks, because whoever made the file wrote it; a sidecar and the command line
may name any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch

from interact_cli.adapters.architectures.factories import anchored
from interact_cli.adapters.architectures.source_code import code_digest
from interact_cli.adapters.containers.contents import Contents, read_contents
from interact_cli.adapters.containers.directories import ModelDirectory, combined, is_directory, open_directory
from interact_cli.adapters.containers.shards import read_weights
from interact_cli.adapters.fitting import Fit, fitted
from interact_cli.adapters.sidecar import Sidecar, read_sidecar, sidecar_path
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interfaces import ArchBuilder, Network, OutlineBuilder
from interact_cli.registry import Registry
from interact_cli.safe_text import safe_text
from interact_cli.types import FRESH, Model


def is_own_network(name: str) -> bool:
    """Return whether ``module:factory`` is one of this package's own networks: the only code that a file may name."""
    module, _, factory = name.partition(":")
    if module != "interact_cli.networks":
        return False
    from interact_cli import networks

    return factory in networks.__all__


@dataclass(frozen=True)
class _Choice:
    """The architecture, as written and as built."""

    arch: str
    source: str
    prefix: str
    name: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


def load_model(
    path: str | Path,
    *,
    arch: str | None = None,
    arch_arguments: Mapping[str, Any] | None = None,
    weights: str = "auto",
    allow_missing: Sequence[str] = (),
    builders: Registry[ArchBuilder],
) -> Model:
    """Open a checkpoint and return the network with its weights.

    Args:
        path: The checkpoint, or a model directory of timm or transformers.
        arch: ``PREFIX:NAME``; None leaves it to the checkpoint and its sidecar.
        arch_arguments: Arguments for the architecture; they win over all others.
        weights: ``"auto"``, ``"ema"`` or ``"raw"``; or ``"fresh"``: the architecture as it is built, always with the
            same random weights. Those of the file only have to fit it.
        allow_missing: Shell patterns of tensors that the checkpoint may lack; they keep a random start, always the
            same.
        builders: What stands behind each prefix.

    Returns:
        The network in eval mode, on the CPU, in float32.

    Raises:
        UsageError: no architecture, or one without a known prefix, or arguments that do not fit it, or a pattern that
            matches no tensor.
        CheckpointRefused: the file or folder cannot be opened safely, or its weights do not fit the architecture.
        NonFiniteError: a weight is NaN or infinite.
    """
    explicit = None if arch is None else _split(arch, builders)
    given = arch_arguments or {}
    sidecar, fresh, weights = Sidecar(), weights == FRESH, _of_file(weights)
    if is_directory(path):
        directory = open_directory(path)
        if directory.kind == "transformers":
            if explicit is not None or given:
                raise UsageError(
                    f"Expected no --arch and no --arch-arg for '{directory.name}': the config.json of a transformers "
                    "directory says what the network is. Leave them out."
                )
            return _load_transformers(directory, weights, allow_missing, fresh=fresh)
        contents, _digests = read_weights(directory, weights)
        from interact_cli.adapters.architectures.timm_models import said_by

        named, saved = said_by(directory)
        choice = explicit or replace(_split(named, builders), source="directory")
    else:
        contents, sidecar = read_contents(str(path), weights), read_sidecar(Path(path))
        choice = _chosen(explicit, contents, sidecar, builders)
        saved = {**contents.args, **sidecar.said}
    choice = replace(choice, arguments={**choice.arguments, **given})
    network, fit = _load(choice, contents, saved, builders, allow_missing, fresh=fresh)
    return _describe(network, choice, _without_weights(contents) if fresh else contents, sidecar, fit.notes)


def _chosen(explicit: _Choice | None, contents: Contents, sidecar: Sidecar, builders: Registry[ArchBuilder]) -> _Choice:
    """Return the architecture of a file, with the arguments that its sidecar has for it."""
    choice = explicit or _named_in_file(contents, builders) or _named_in_sidecar(sidecar, builders)
    if choice is None:
        raise _no_architecture(contents, sidecar)
    return replace(choice, arguments=sidecar.arch_args) if sidecar.arch in {None, choice.arch} else choice


def named_architecture(path: str | Path, *, weights: str = "auto", builders: Registry[ArchBuilder]) -> str | None:
    """Return what names the architecture of a checkpoint besides ``--arch``; None where nothing does.

    Args:
        path: The checkpoint, or a model directory of timm or transformers.
        weights: As for `load_model`.
        builders: What stands behind each prefix.

    Returns:
        ``PREFIX:NAME``, of the file or its sidecar; ``"config.json"`` for a directory.

    Raises:
        CheckpointRefused: the file or folder cannot be opened safely.
    """
    if is_directory(path):
        return "config.json"
    contents = read_contents(str(path), _of_file(weights))
    try:
        choice = _named_in_file(contents, builders) or _named_in_sidecar(read_sidecar(Path(path)), builders)
    except UsageError:  # a name that nobody here builds, or code, which a file may not choose
        return None
    return None if choice is None else choice.arch


def _of_file(weights: str) -> str:
    return "auto" if weights == FRESH else weights


def _without_weights(contents: Contents) -> Contents:
    note = "fresh weights: the network before training, of the architecture's own random start (seed 0)"
    return replace(contents, weights_key=FRESH, state={}, notes=(note,))


def _load_transformers(directory: ModelDirectory, weights: str, allow_missing: Sequence[str], *, fresh: bool) -> Model:
    contents, digests = read_weights(directory, weights)
    from interact_cli.adapters.huggingface.models import read_network  # a library that other networks do not need

    filled = read_network(directory, contents, allow_missing, fresh=fresh)
    choice = _Choice(filled.arch, "directory", "hf", filled.arch)
    contents = replace(contents, digest=combined({**digests, **filled.digests}))
    contents = _without_weights(contents) if fresh else contents
    return _describe(filled.network, choice, contents, Sidecar(), filled.notes)


def _split(arch: str, builders: Registry[ArchBuilder]) -> _Choice:
    prefix, colon, name = arch.partition(":")
    if not colon or not prefix or prefix.endswith(".py") or "." in prefix:
        proposal = f"py:{arch}" if colon else f"py:{arch}:FACTORY" if arch.endswith(".py") else f"timm:{arch}"
        raise UsageError(
            f"Expected --arch with a prefix ({', '.join(entry.name for entry in builders)}), got '{safe_text(arch)}'. "
            f"Did you mean --arch {safe_text(proposal)}?"
        )
    if not name:
        raise UsageError(f"Expected a name behind '{safe_text(arch)}', for example timm:resnet18.")
    if prefix not in builders:
        known = (entry.name for entry in builders)
        raise UnknownNameError("architecture prefix", safe_text(prefix), known, listing=builders.listing)
    return _Choice(arch, "--arch", prefix, name)


def _named_in_file(contents: Contents, builders: Registry[ArchBuilder]) -> _Choice | None:
    if contents.arch is None:
        return None
    arch = contents.arch if ":" in contents.arch else f"timm:{contents.arch}"
    prefix, _, name = arch.partition(":")
    if prefix == "py" and not is_own_network(name):
        raise UsageError(
            f"Expected an architecture for '{safe_text(contents.path)}'; the file asks for the code "
            f"'{safe_text(arch)}', and a file may not choose code. If you trust it, pass --arch {safe_text(arch)}."
        )
    if prefix not in builders:
        raise UsageError(
            f"Expected an architecture for '{safe_text(contents.path)}'; the file names '{safe_text(arch)}', which "
            "nobody here builds. Name it with --arch timm:NAME or --arch py:MODULE:FACTORY."
        )
    return _Choice(arch, "checkpoint", prefix, name)


def _named_in_sidecar(sidecar: Sidecar, builders: Registry[ArchBuilder]) -> _Choice | None:
    if sidecar.arch is None or sidecar.path is None:
        return None
    choice = _split(sidecar.arch, builders)
    name = anchored(choice.name, sidecar.path.parent) if choice.prefix == "py" else choice.name
    return replace(choice, source=f"sidecar {safe_text(sidecar.path.name)}", name=name)


def _no_architecture(contents: Contents, sidecar: Sidecar) -> UsageError:
    hint = ""
    if contents.arch_hint:
        hint = f" The file says '{safe_text(contents.arch_hint, 60)}', without saying whose name that is."
    place = sidecar.path or sidecar_path(Path(contents.path))
    from interact_cli.adapters.architectures.suggestions import suggest, told

    advice = told(suggest(contents.state)) or " Pass --arch timm:NAME or --arch py:MODULE:FACTORY."
    return UsageError(
        f"Expected an architecture for '{safe_text(contents.path)}', but neither --arch nor the file nor a sidecar "
        f"'{safe_text(place.name)}' names one.{hint}{advice}"
    )


def _load(
    choice: _Choice,
    contents: Contents,
    saved: Mapping[str, Any],
    builders: Registry[ArchBuilder],
    allow_missing: Sequence[str],
    *,
    fresh: bool,
) -> tuple[Network, Fit]:
    builder = builders.get(choice.prefix)
    try:
        # Shapes first, on the meta device: a file may claim a size that no memory has.
        if isinstance(builder, OutlineBuilder):
            outline = builder.outline(choice.name, choice.arguments, saved)
            fitted(outline.state_dict(), contents, choice.arch, choice.source, allow_missing=allow_missing)
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)  # torch.manual_seed would seed devices too, for good
            network = builder(choice.name, choice.arguments, saved)
    except UnknownNameError as error:
        if choice.source not in {"checkpoint", "directory"}:
            raise
        raise UsageError(
            f"Expected an architecture that can be built for '{safe_text(contents.path)}', but the {choice.source} "
            f"names '{safe_text(choice.arch)}'. {error} Name it with --arch."
        ) from None
    network.module.float()
    expected = network.module.state_dict()
    fit = fitted(expected, contents, choice.arch, choice.source, allow_missing=allow_missing)
    if fresh:
        fit = replace(fit, missing=())
    else:
        network.module.load_state_dict(fit.state, strict=True)
    network.module.requires_grad_(requires_grad=False)
    network.module.eval()
    return network, fit


def _describe(network: Network, choice: _Choice, contents: Contents, sidecar: Sidecar, earlier: Sequence[str]) -> Model:
    spec = replace(network.input, source="sidecar") if sidecar.describes_input else network.input
    names = network.class_names
    if names and network.n_classes and len(names) != network.n_classes:
        raise UsageError(
            f"Expected {network.n_classes} class names for {safe_text(choice.arch)}, got {len(names)}. Correct them."
        )
    notes = [*contents.notes, *earlier, *_notes(network, choice, contents)]
    return Model(
        module=network.module,
        arch=choice.arch,
        arch_source=choice.source,
        input=spec,
        output=network.output,
        n_classes=network.n_classes,
        family=network.family,
        digest=contents.digest,
        weights_key=contents.weights_key,
        code=network.code or code_digest(network.module),
        class_names=names,
        tokenizer=network.tokenizer,
        classifier=network.classifier,
        path=contents.path,
        notes=tuple(notes),
    )


def _notes(network: Network, choice: _Choice, contents: Contents) -> list[str]:
    notes = []
    if choice.prefix == "py" and choice.source.startswith("sidecar"):
        notes.append(f"the {choice.source} names code, which was run: {safe_text(choice.arch)}")
    kinds = {
        str(tensor.dtype).removeprefix("torch.") for tensor in contents.state.values() if tensor.is_floating_point()
    }
    if kinds - {"float32"}:
        notes.append(f"weights converted to float32 from {', '.join(sorted(kinds - {'float32'}))}")
    spec = network.input
    if spec.kind == "columns" and not (spec.columns.mean or spec.columns.std):
        notes.append("no column scaling is known: raw numeric columns")
    if spec.kind == "image" and not spec.mean:
        notes.append("no preprocessing is known: pixels in 0..1")
    if spec.source.startswith("guessed:"):
        notes.append(f"preprocessing {spec.source}")
    return notes
