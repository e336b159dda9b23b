"""A model directory of transformers into a network: configuration, outline, fit, weights.

The library builds the class that ``architectures`` names, on torch's meta device first, for its size; only a network
that the weights can fill takes memory. The tensors come from our own reader; the library sorts them in (old names,
tied weights, buffers), without a path and so without a file. What it could not place is a refusal here, where the
library would start those weights at random and go on.
"""

from __future__ import annotations

import fnmatch
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import torch
import transformers
from torch import nn

from interact_cli.adapters.architectures.geometry import family, probe
from interact_cli.adapters.containers.contents import Contents
from interact_cli.adapters.containers.directories import ModelDirectory
from interact_cli.adapters.fitting import Fit, check_patterns, counted
from interact_cli.adapters.huggingface.configs import NamedNetwork, check_size, named_network
from interact_cli.adapters.huggingface.image_processors import image_input
from interact_cli.adapters.huggingface.text_networks import text_network
from interact_cli.adapters.huggingface.tokenizers import read_tokenizer
from interact_cli.entries.wrapped import Wrapped
from interact_cli.errors import CheckpointRefused
from interact_cli.interfaces import Network
from interact_cli.safe_text import named_error, safe_text
from interact_cli.types import OutputKind

_PLACEHOLDER = re.compile(r"LABEL_\d+")


@dataclass(frozen=True)
class Filled:
    """A network with its weights."""

    arch: str
    network: Network
    notes: tuple[str, ...]
    digests: Mapping[str, str] = field(default_factory=dict)
    """SHA-256 of the further files that were read, by name."""


class ImageNetwork(Wrapped):
    """A network of images of transformers: pixels in, one tensor out."""

    def __init__(self, core: nn.Module, answer: Literal["logits", "last_hidden_state"]) -> None:
        super().__init__(core)
        self.answer = answer

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        """Run the network: ``(B, C, H, W)`` -> ``(B, K)`` logits, or its last feature tensor."""
        outputs = self.core(pixel_values=pixels, return_dict=True)
        return getattr(outputs, self.answer)  # type: ignore[no-any-return]  # untyped in the library


def read_network(
    directory: ModelDirectory, contents: Contents, allow_missing: Sequence[str] = (), *, fresh: bool = False
) -> Filled:
    """Build the network of a directory and put its weights in.

    Args:
        directory: A directory of kind ``"transformers"``.
        contents: Its weights.
        allow_missing: Shell patterns of tensors that may be missing; they keep a random start that is always the
            same.
        fresh: Whether it keeps the random weights that its class starts with.

    Returns:
        The network in eval mode and float32, ready to be measured.

    Raises:
        CheckpointRefused: the library has no such network, it is of an unsupported kind, or the weights do not fit
            it; up to three names tell where.
        UsageError: a pattern matches no tensor of the network.
    """
    with _quiet():
        named = named_network(directory)
        attention = check_size(named, contents)
        core, fit = _filled(named, contents, attention, allow_missing)
        if fresh:
            _start_anew(core)
            fit = replace(fit, missing=())
        make = _image if getattr(core, "main_input_name", "") == "pixel_values" else _text
        network, digests = make(core, named, directory)
    network.module.eval().requires_grad_(requires_grad=False)
    way = (f"attention of transformers: {attention}",) if network.family == "transformer" else ()
    notes = (*fit.notes, *way, *_label_notes(named))
    return Filled(f"hf:{named.architecture}", network, notes, digests)


def _filled(
    named: NamedNetwork, contents: Contents, attention: str, allow_missing: Sequence[str]
) -> tuple[nn.Module, Fit]:
    try:
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)
            core, info = getattr(transformers, named.architecture).from_pretrained(
                None,
                config=named.config,
                state_dict=dict(contents.state),
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # all of them are counted below; else the first one raises
                dtype=torch.float32,
                attn_implementation=attention,
                local_files_only=True,
            )
    except Exception as error:  # the library's own conversions of old names
        raise CheckpointRefused(
            f"Expected weights in '{safe_text(contents.path)}' that fit {named.architecture}, but: "
            f"{named_error(error)}."
        ) from None
    check_patterns(core.state_dict(), allow_missing, named.architecture)
    missing = _without_pooler(core, named, sorted(info["missing_keys"]))
    refused = [name for name in missing if not any(fnmatch.fnmatchcase(name, rule) for rule in allow_missing)]
    reshaped = sorted(info["mismatched_keys"], key=str)
    extra = sorted(info["unexpected_keys"])
    if refused or reshaped or extra or info["error_msgs"]:
        raise CheckpointRefused(_misfit(named, contents, refused, extra, reshaped))
    return core, Fit(core.state_dict(), missing=tuple(missing))


def _start_anew(core: Any) -> None:
    """Give a network the random weights that its class starts with, always the same."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        state = type(core)(core.config).float().state_dict()
    core.load_state_dict({name: state[name] for name in core.state_dict()})


def _without_pooler(core: Any, named: NamedNetwork, missing: list[str]) -> list[str]:
    """Take the pooler out of an encoder whose file has none, and return what else is missing.

    Encoders that were trained without a head often come without one; their features are the last hidden state.
    """
    others = [name for name in missing if not name.startswith("pooler.")]
    if named.task != "features" or others == missing:
        return missing
    core.pooler = None
    return others


def _misfit(
    named: NamedNetwork, contents: Contents, missing: Sequence[str], extra: Sequence[str], reshaped: Sequence[Any]
) -> str:
    parts = counted(missing, extra)
    if reshaped:
        name, *shapes = reshaped[0]
        got, expected = (tuple(shape) for shape in shapes[:2])
        parts.append(f"{len(reshaped)} of another shape ('{safe_text(name, 80)}' is {got}, not {expected})")
    advice = (
        " A random head would be measured: name the trained checkpoint, or pass --allow-missing PATTERN."
        if missing and not (extra or reshaped)
        else " The configuration belongs to another checkpoint, or names another class than the one that was saved."
    )
    return (
        f"Expected weights in '{safe_text(contents.path)}' that fit {named.architecture} (named by {named.where}), got "
        f"{', '.join(parts) or 'tensors that the library cannot place'}.{advice}"
    )


def _image(core: nn.Module, named: NamedNetwork, directory: ModelDirectory) -> tuple[Network, Mapping[str, str]]:
    spec, digests = image_input(directory, named.config)
    if named.task == "features":
        module = ImageNetwork(core, "last_hidden_state")
        return Network(module, spec, "features", 0, family(core)), digests
    module = ImageNetwork(core, "logits")
    stated: OutputKind = "scalar" if named.config.num_labels == 1 else "classes"
    output, n_classes = probe(module, spec.shape, stated, named.architecture)
    network = Network(
        module,
        spec,
        output,
        n_classes,
        family(core),
        _class_names(named.config),
        classifier=_classifier(core, named.config.num_labels),
    )
    return network, digests


def _text(core: Any, named: NamedNetwork, directory: ModelDirectory) -> tuple[Network, Mapping[str, str]]:
    if core.main_input_name != "input_ids" or named.task == "image":
        raise CheckpointRefused(
            f"Expected a network of images or texts in {named.where}, got one of '{safe_text(core.main_input_name)}'."
        )
    n_labels = named.config.num_labels if named.task == "classes" else 0
    output: OutputKind = "scalar" if n_labels == 1 else named.task
    module = text_network(core, output)
    tokenizer, spec = read_tokenizer(directory, module, output)
    network = Network(
        module,
        spec,
        output,
        n_labels if output == "classes" else 0,
        "transformer",
        _class_names(named.config) if output == "classes" else (),
        tokenizer=tokenizer,
        classifier=_head(core) if named.task == "continuation" else _classifier(core, n_labels),
    )
    return network, tokenizer.digests


def _head(core: Any) -> str:
    """Return the module that gives a language model's logits."""
    head = core.get_output_embeddings()
    return next((name for name, part in core.named_modules() if part is head), "")


def _classifier(core: nn.Module, n_labels: int) -> str:
    """Return the last linear module that gives as many numbers as there are labels; empty without a head."""
    heads = [
        name for name, part in core.named_modules() if isinstance(part, nn.Linear) and part.out_features == n_labels
    ]
    return heads[-1] if heads else ""


def _class_names(config: Any) -> tuple[str, ...]:
    names: Mapping[int, Any] = config.id2label or {}
    ordered = tuple(str(names[index]) for index in sorted(names))
    return () if all(_PLACEHOLDER.fullmatch(name) for name in ordered) else ordered


def _label_notes(named: NamedNetwork) -> tuple[str, ...]:
    kind = getattr(named.config, "problem_type", None)
    if named.task not in {"classes", "image"} or kind in {None, "single_label_classification"}:
        return ()
    if kind == "regression" and named.config.num_labels == 1:
        return ()
    return (f"config.json says problem_type '{safe_text(kind, 60)}'; its labels are measured as classes of one choice",)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's progress bars and reports off the terminal; what matters is told here."""
    log: Any = transformers.utils.logging
    verbosity, bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity(logging.CRITICAL)
    log.disable_progress_bar()
    try:
        yield
    finally:
        log.set_verbosity(verbosity)
        if bars:
            log.enable_progress_bar()
