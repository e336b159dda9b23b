"""Fully connected networks for tables."""

from __future__ import annotations

from itertools import pairwise

from torch import nn

from interact_cli.errors import UsageError


def mlp(n_columns: int, n_outputs: int, hidden: int = 100, layers: int = 5) -> nn.Sequential:
    """Fully connected ReLU network; every layer but the last has ``hidden`` neurons.

    The defaults are the five-layer MLP of Deng et al. (2022), https://arxiv.org/abs/2111.06236; their other one has
    eight layers.

    Args:
        n_columns: Columns ``F`` of a row.
        n_outputs: Numbers that the last layer returns: classes, or 1 for a single logit.
        hidden: Neurons of each hidden layer.
        layers: Linear layers, the last one included.

    Returns:
        A network ``(B, F) -> (B, n_outputs)``, freshly initialised from the global generator of torch.

    Raises:
        UsageError: a size below 1.

    Example:
        >>> sum(parameter.numel() for parameter in mlp(12, 2).parameters())
        31802
    """
    if min(n_columns, n_outputs, hidden, layers) < 1:
        raise UsageError(
            f"Expected an MLP with at least 1 column, output, hidden neuron and layer, got n_columns={n_columns}, "
            f"n_outputs={n_outputs}, hidden={hidden}, layers={layers}. Correct the architecture's arguments."
        )
    widths = [n_columns, *[hidden] * (layers - 1)]
    body: list[nn.Module] = []
    for before, after in pairwise(widths):
        body += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*body, nn.Linear(widths[-1], n_outputs))
