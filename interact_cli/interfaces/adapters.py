"""Checkpoints into networks: who builds an architecture, and what it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from interact_cli.types import InputSpec, OutputKind

if TYPE_CHECKING:
    import torch

    from interact_cli.types import Tokenizer


@dataclass(frozen=True)
class Network:
    """A network as an `ArchBuilder` returns it: the right shape, not yet the right weights."""

    module: torch.nn.Module
    input: InputSpec
    output: OutputKind
    n_classes: int
    """``K``; 2 for a single logit, 0 for outputs without classes."""
    family: str
    """``"convnet"``, ``"transformer"`` or ``"mlp"``."""
    class_names: tuple[str, ...] = ()
    tokenizer: Tokenizer | None = None
    """For networks that read text."""
    classifier: str = ""
    """The module whose input feeds the classifier: ``"fc"``, ``"head"``; empty where it is not known."""
    code: str = ""
    """SHA-256 of the source files that define the network; empty where a library's version pins it."""


class ArchBuilder(Protocol):
    """Builds the network that ``--arch PREFIX:NAME`` names."""

    def __call__(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> Network:
        """Build the network.

        Args:
            name: What follows the prefix.
            arguments: ``--arch-arg`` pairs; they win over ``saved``.
            saved: Training arguments that the checkpoint carries (num_classes, in_chans, img_size, mean, std, ...).

        Raises:
            InteractError: the name is unknown or the arguments do not fit.
        """


@runtime_checkable
class OutlineBuilder(ArchBuilder, Protocol):
    """An `ArchBuilder` that can tell the shapes before it takes the memory."""

    def outline(self, name: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> torch.nn.Module:
        """Build the same network on torch's meta device: shapes without numbers.

        Raises:
            InteractError: the name is unknown or the arguments do not fit.
        """
