"""Tiny checkpoints and data on a desk of their own; no network."""

from __future__ import annotations

from support.workbench import cache, desk, forward_passes, no_network, one_thread, shelf

__all__ = ["cache", "desk", "forward_passes", "no_network", "one_thread", "shelf"]
