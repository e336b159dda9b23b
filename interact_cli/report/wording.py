"""Numbers and names as a reader meets them: one rounding rule, one way to write an uncertainty."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from interact_cli.results import Measurement, PlayerTable, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.words import count, shortened

BLOCKS = "▁▂▃▄▅▆▇█"
INTERVAL_NEEDS = 20
"""Samples from which on a 95 % interval is given."""


def called(quantity: Quantity) -> str:
    """What a reader calls the quantity, safe to show."""
    return safe_text(quantity.called, limit=60)


def players_count(players: PlayerTable) -> str:
    """``64 players``, or ``3 to 12 players`` where each sample has its own."""
    fewest = min((len(names) for names in players.own_names), default=players.largest)
    span = "" if fewest == players.largest else f"{fewest:,} to "
    return f"{span}{count(players.largest, 'player')}"


def games(report: Report) -> tuple[str, ...]:
    """Modules whose games the run has, in its order; empty where it has one game without a name."""
    return tuple(dict.fromkeys(measurement.of for measurement in report.measurements if measurement.of))


def by_metric(report: Report) -> list[list[Measurement]]:
    """Put the games of one metric together, in the order of the run."""
    together: dict[str, list[Measurement]] = {}
    for measurement in report.measurements:
        together.setdefault(measurement.metric, []).append(measurement)
    return list(together.values())


def module_name(of: str, limit: int = 44) -> str:
    """Shorten the name of a module from its front: the end is what tells it from the others."""
    shown = safe_text(of, limit=400)
    return shown if len(shown) <= limit else f"…{shown[1 - limit :]}"


def bars(values: Sequence[float] | npt.NDArray[np.float64]) -> str:
    """Draw values as a row of blocks, from 0 (or the smallest, where negative) to the largest; ``?`` where unmeasured.

    Example:
        >>> bars([0.0, 7.0, float("nan")])
        '▁█?'
    """
    array = np.asarray(values, dtype=np.float64)
    finite = array[np.isfinite(array)]
    if not finite.size:
        return "?" * array.size
    low = min(0.0, float(finite.min()))
    span = float(finite.max()) - low
    steps = len(BLOCKS) - 1
    return "".join(
        BLOCKS[round((value - low) / span * steps) if span > 0 else 0] if math.isfinite(value) else "?"
        for value in array.tolist()
    )


def class_name(report: Report, index: int) -> str:
    """Name of a class: its number, and its name in quotes where the report has one."""
    stored = report.provenance.get("class_names")
    names = [str(name) for name in stored] if isinstance(stored, list) else []
    known = 0 <= index < len(names) and names[index] != str(index)
    return f"{index} '{shortened(safe_text(names[index]), 30)}'" if known else str(index)


def subject(report: Report) -> tuple[str, str, str]:
    """Who was measured on what: ``(checkpoint and architecture, data, score)``, safe to show."""
    checkpoint = mapping(report.provenance, "checkpoint")
    data = mapping(report.provenance, "data")
    path = safe_text(checkpoint.get("path") or "", limit=120)
    arch = safe_text(report.provenance.get("arch") or "", limit=80)
    network = f"{path} ({arch})" if path and arch else path or arch or "a network without a name"
    name = safe_text(data.get("name") or "unnamed data", limit=80)
    split = safe_text(data.get("split") or "", limit=40)
    modules = games(report)
    score = safe_text(report.provenance.get("score") or "score", limit=60)
    if modules:
        score = f"feature of {count(len(modules), 'module')}"
    elif score in {"feature:", "vector:"}:
        score = f"{score[:-1]} of the output"
    target = safe_text(report.provenance.get("target") or "", limit=40)
    data_said = f"{name}, {split} split" if split not in {"", "all"} else name
    return network, data_said, f"{score} of the {target} class" if target else score


def mapping(document: object, key: str) -> dict[str, object]:
    """Return the sub-document under ``key``; empty when it is absent or not a mapping."""
    value = document.get(key) if hasattr(document, "get") else None
    return dict(value) if isinstance(value, dict) else {}
