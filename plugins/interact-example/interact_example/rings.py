"""``--players rings[:K]``: frames of equal width around the centre of an image, from the middle to the border.

A network that has learned the object rather than its background hardly changes when the outer rings are masked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.types import INPUT, Entry, IntArray, Model, PlayerSet, Sample

DEFAULT_RINGS = 4


@dataclass(frozen=True)
class Rings:
    """The same rings for every image."""

    names: tuple[str, ...]
    owner: IntArray
    """``(1, H, W)``."""
    spec: str
    entry: Entry = INPUT

    def of(self, sample: Sample, baseline: Baseline) -> PlayerSet:
        """Return the players of one image."""
        return PlayerSet(self.names, self.owner, baseline.values, baseline.name, self.spec)


def rings(argument: str | None, model: Model, options: PlayerOptions) -> Rings:
    """Cut the image into ``K`` rings; ring 0 is the centre.

    Pixel ``(y, x)`` belongs to ring ``floor(K * max(|2y + 1 - H| / H, |2x + 1 - W| / W))``: its distance from the
    centre, as a share of the way to the border. Every pixel is in exactly one ring.

    Args:
        argument: ``K``; None for 4, or fewer where the image is too small for them.
        model: An image model.
        options: Takes none.

    Raises:
        UsageError: an option, no image model, no whole number, or more rings than pixels between centre and border.
    """
    options.refuse("rings")
    if model.input.kind != "image":
        raise UsageError("Players 'rings' need an image model; this one takes columns. Use --players columns.")
    _, height, width = model.input.shape
    most = (min(height, width) + 1) // 2
    n_rings = _count(argument, most)
    y, x = np.arange(height)[:, None], np.arange(width)[None, :]
    owner = np.maximum(abs(2 * y + 1 - height) * n_rings // height, abs(2 * x + 1 - width) * n_rings // width)
    return Rings(
        names=tuple(f"ring {ring}" for ring in range(n_rings)),
        owner=owner[None].astype(np.int64),
        spec=f"rings:{n_rings}",
    )


def _count(argument: str | None, most: int) -> int:
    if argument is None:
        return min(DEFAULT_RINGS, most)
    if not (argument.isascii() and argument.isdigit()) or not 1 <= int(argument[:9]) <= most:
        raise UsageError(f"Expected --players rings:K with K from 1 to {most} for this image, got 'rings:{argument}'.")
    return int(argument)
