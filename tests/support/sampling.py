"""Indices as they are sampled, each set in contexts of its own, whatever the default is."""

from __future__ import annotations

from typing import Any

import interact_cli as ic
from interact_cli import extensions
from interact_cli.options import options_of


def measure_sampled(game: Any, index: str, **options: Any) -> Any:
    """`ic.measure` without a surrogate."""
    has = {option.name for option in options_of(extensions.metric_of_game(index))}
    return ic.measure(game, index, **({"estimator": "sampled"} if "estimator" in has else {}), **options)
