"""Audit trained checkpoints by the interactions that they encode.

The Python API is loaded on first use, so that ``import interact_cli`` stays quick; see `interact_cli.api`.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "AndOr",
    "AndOrGraph",
    "CallableGame",
    "Estimate",
    "Multivariate",
    "SalientContexts",
    "TableGame",
    "__version__",
    "and_or_graph",
    "audit",
    "measure",
    "read_report",
]

if TYPE_CHECKING:
    from interact_cli.api import (
        AndOr,
        AndOrGraph,
        CallableGame,
        Estimate,
        Multivariate,
        SalientContexts,
        TableGame,
        and_or_graph,
        audit,
        measure,
        read_report,
    )


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'interact_cli' has no attribute '{name}'. It offers: {', '.join(__all__)}.")
    return getattr(importlib.import_module("interact_cli.api"), name)
