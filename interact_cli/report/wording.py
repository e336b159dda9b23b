"""Numbers and names as a reader meets them: one rounding rule, one way to write an uncertainty."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

from interact_cli.results import Measurement, PlayerTable, Quantity, Report
from interact_cli.safe_text import safe_text

NOT_MEASURED = "not measured"
BLOCKS = "▁▂▃▄▅▆▇█"
INTERVAL_NEEDS = 20
"""Samples from which on a 95 % interval is given."""

LABELS = {
    "mean": "signed mean",
    "mean_abs": "mean |I|",
    "mean_abs_corrected": "mean |I|, corrected",
    "rms": "rms I",
    "rms_corrected": "rms I, corrected",
    "Y_paper": "Y of paper 000, as printed",
    "Y_code": "Y of paper 000, as in its code",
    "J_mean_abs": "J, mean-abs",
    "J_mean_abs_corrected": "J, mean-abs corrected",
    "J_rms": "J, rms",
    "J_rms_corrected": "J, corrected rms",
    "null_mean_abs": "null, mean-abs",
    "null_mean_abs_corrected": "null, mean-abs corrected",
    "null_rms": "null, rms",
    "null_rms_corrected": "null, corrected rms",
    "theory": "theory F/F(0)",
    "theory_n_prime": "n' of the theory curve",
    "theory_rmse": "its misfit (root mean square)",
    "theory_n_prime_log": "n' fitted to logarithms",
    "theory_rmse_log": "misfit of the logarithms",
    "split_half_instability": "split-half instability",
    "instability": "instability (papers 000, 003, 004)",
    "strength_by_size": "sum |I|",
    "share_by_size": "share",
    "or_strength_by_size": "sum |I|, OR",
    "or_share_by_size": "share, OR",
    "n_salient": "salient coalitions",
    "l1_before": "sum |I| before learning",
    "l1_after": "sum |I|, AND and OR",
    "mean_B": "B, all as one coalition",
    "mean_B_max": "B_max, the best partition",
    "mean_B_min": "B_min, the worst partition",
    "mean_T": "T = B_max - B_min",
    "mean_B_plus": "B+, sum of positive interactions",
    "mean_B_minus": "B-, sum of negative interactions",
    "mean_explained_ratio": "explained ratio",
    "mean_error": "squared error over sum v^2",
    "mean_n_patterns": "patterns",
    "mean_n_nodes": "nodes",
    "mean_n_edges": "edges",
    "instability_T": "instability of T alone (paper 004)",
    "mean_abs_dropout": "mean |I| under dropout",
    "kept_by_order": "share kept",
    "kept": "share of mean |I| that dropout keeps",
    "one_sign": "share of pairs and orders whose patterns share a sign",
    "above_one": "share whose I grows under dropout (ratio above 1)",
    "negative": "share whose I changes its sign under dropout",
    "stronger": "share whose |I| grows under dropout",
    "median_ratio": "median of I under dropout / I",
    "survivors_above_one": "I of r survivors / I of s: share above 1",
    "survivors_negative": "I of r survivors / I of s: share below 0",
    "survivors_stronger": "I of r survivors: share stronger than I of s",
    "ratio_quantiles": "I under dropout / I",
    "simulation_gap": "prediction against simulation, largest difference",
    "simulation_error": "standard error of the simulation, largest",
}
for _name, _words in (
    ("mean_abs", "mean |I|"),
    ("mean_abs_corrected", "mean |I| corrected (approximate)"),
    ("rms", "rms I"),
    ("rms_corrected", "rms I corrected"),
):
    LABELS[f"component_{_name}"] = f"component, {_words}"
    LABELS[f"strength_{_name}"] = f"strength, {_words}"
    LABELS[f"normalised_{_name}_paper"] = f"{_words} / Y as printed"
    LABELS[f"normalised_{_name}_code"] = f"{_words} / Y as in the code"
"""Quantity name -> what a reader calls it. Names that are not here are shown as they are."""


def number(value: float, digits: int = 3) -> str:
    """Write a number with ``digits`` significant digits; thousands keep all their integer digits.

    Example:
        >>> number(0.41189), number(12), number(-0.000123), number(1234.5), number(float("nan"))
        ('0.412', '12.0', '-1.23e-04', '1,234', 'not measured')
    """
    value = float(value)
    if math.isnan(value):
        return NOT_MEASURED
    if math.isinf(value):
        return "infinite" if value > 0 else "-infinite"
    if value == 0:
        return "0"
    scientific = f"{value:.{digits - 1}e}"
    exponent = int(scientific.partition("e")[2])
    if exponent < -3 or exponent > 6:
        return scientific
    return f"{value:,.{max(digits - 1 - exponent, 0)}f}"


def plus_minus(value: float, error: float | None = None) -> str:
    """Write a value with its standard error: three significant digits, two for the error.

    Example:
        >>> plus_minus(0.41189, 0.0213), plus_minus(0.41189, float("nan"))
        ('0.412 ± 0.021', '0.412')
    """
    if error is None or math.isnan(error) or math.isnan(value):
        return number(value)
    return f"{number(value)} ± {number(error, 2)}"


def interval(low: float, high: float) -> str:
    """Write an interval; empty when either end is unknown."""
    return "" if math.isnan(low) or math.isnan(high) else f"[{number(low)}, {number(high)}]"


def with_unit(text: str, unit: str) -> str:
    """Append the unit unless the number is pure."""
    return text if unit in ("", "1") else f"{text} {safe_text(unit, limit=24)}"


def unit_words(unit: str) -> str:
    """A unit as it stands in a sentence."""
    return "pure numbers" if unit in ("", "1") else safe_text(unit, limit=24)


def entry(quantity: Quantity, *index: int) -> tuple[str, str]:
    """One entry of a quantity as ``(value, 95 % interval)``, or ``(value ± standard error, "")`` without interval."""
    value = float(quantity.values[index])
    if quantity.low is not None and quantity.high is not None:
        ends = interval(float(quantity.low[index]), float(quantity.high[index]))
        if ends:
            return number(value), ends
    error = None if quantity.standard_errors is None else float(quantity.standard_errors[index])
    return plus_minus(value, error), ""


def described(quantity: Quantity, *index: int) -> str:
    """One entry in full: value, unit, and interval or standard error."""
    text, ends = entry(quantity, *index)
    text = with_unit(text, quantity.unit) if np.isfinite(quantity.values[index]) else text
    return f"{text} {ends}" if ends else text


def label(quantity: Quantity) -> str:
    """What a reader calls the quantity."""
    return called(quantity.name, quantity.dims)


def called(name: str, dims: Collection[str]) -> str:
    """What a reader calls the quantity of that name and those dimensions."""
    if name == "mean_abs" and "player" in dims:
        return "mean |value|"
    return LABELS.get(name, safe_text(name, limit=60))


def count(amount: int, noun: str) -> str:
    """``1 sample``, ``4,000 samples``."""
    return f"{amount:,} {noun}" if amount == 1 else f"{amount:,} {noun}s"


def player_name(players: PlayerTable, player: int, limit: int = 40) -> str:
    """Name of a shared player: row and column (from 0, top left) on a grid, its own name elsewhere."""
    if players.grid is not None:
        row, column = divmod(player, players.grid[1])
        return f"r{row} c{column}"
    return shortened(safe_text(players.names[player]), limit)


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


def shortened(text: str, limit: int) -> str:
    """Cut a text that is longer than ``limit`` characters, and show that it was cut."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


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
    held = report.provenance.get("class_names")
    names = [str(name) for name in held] if isinstance(held, list) else []
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
