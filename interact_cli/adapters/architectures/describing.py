"""A built network and what is said of it, into the record that every builder returns."""

from __future__ import annotations

from torch import nn

from interact_cli.adapters.architectures.geometry import Geometry, family, input_spec, probe
from interact_cli.interfaces import Network


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
