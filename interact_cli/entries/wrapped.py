"""Networks of a library that answers with more than one tensor, and those that read text: word vectors first."""

from __future__ import annotations

import torch
from torch import nn

from interact_cli.errors import UsageError


class Wrapped(nn.Module):
    """A network of another calling convention: one tensor in, one tensor out.

    Args:
        core: The network as its library built it; module names are relative to it.
    """

    def __init__(self, core: nn.Module) -> None:
        super().__init__()
        self.core = core


class TextNetwork(Wrapped):
    """A network of tokens whose word vectors can be masked.

    Position and segment embeddings belong to `finish`, so that a masked word vector leaves them as they are.
    """

    def embed(self, tokens: torch.Tensor) -> torch.Tensor:
        """Look up the word vectors: ``(B, 3, L)`` tokens (`interact_cli.types.TOKEN_ROWS`) -> ``(B, L, d)``."""
        raise NotImplementedError

    def vector(self, token_id: int) -> torch.Tensor:
        """Return the word vector of one token: ``(d,)``, as `embed` gives it."""
        raise NotImplementedError

    def vocabulary(self) -> torch.Tensor:
        """Return the word vectors of all tokens: ``(V, d)``, as `embed` gives them."""
        raise NotImplementedError

    def finish(self, vectors: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
        """Run the rest.

        Args:
            vectors: ``(B, L, d)`` word vectors, masked or not.
            tokens: ``(B, 3, L)`` or ``(1, 3, L)``: segments and continuation.

        Returns:
            ``(B, K)`` logits, ``(B, 1)`` log-probability of the continuation, or a feature tensor ``(B, L, d)``.
        """
        raise NotImplementedError

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Run all of it: ``(B, 3, L)`` -> outputs."""
        return self.finish(self.embed(tokens), tokens)


def reading_text(module: nn.Module) -> TextNetwork:
    """Return a network whose word vectors can be masked.

    Raises:
        UsageError: it has none.
    """
    if not isinstance(module, TextNetwork):
        raise UsageError("Expected a network that reads text: only there word vectors can be masked.")
    return module


def named_modules(module: nn.Module) -> dict[str, nn.Module]:
    """Return the modules by the names that a user knows: as the library that built the network names them.

    Example:
        >>> list(named_modules(nn.Sequential(nn.ReLU())))
        ['', '0']
    """
    return dict((module.core if isinstance(module, Wrapped) else module).named_modules())
