"""Samples whose players are their own: bars of a text's words in reading order, and matrices of its pairs."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import SubFigure

from interact_cli.report.plots.grid_map import centred
from interact_cli.report.plots.matrix import draw_pairs
from interact_cli.report.plots.style import BLUE, ERRORS, ORANGE, colour_bar, half_widths, name_columns, unit_label
from interact_cli.report.sentences import about, plain_names, told_apart
from interact_cli.report.views.pairs import pair_matrix, pair_values
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import shortened

BARS = 40
"""Words of one text that have bars."""
ROWS = 16
"""Words of one text in a matrix: the strongest of more."""
ROW = 1.75
"""Inches of one row of bars."""


def draw_words(part: SubFigure, report: Report, metric: str, *, samples: IntArray) -> None:
    """Draw the value of each word of a few samples, one row each, words in reading order."""
    quantity = report.measurement(metric).of_samples["values"]
    widths, what = half_widths(quantity)
    rows = part.subplots(len(samples), 1, squeeze=False, sharey=True)[:, 0]
    for axes, sample in zip(rows, samples, strict=True):
        own = report.players.of_sample(int(sample))
        values = np.asarray(quantity.values[sample, : len(own)], dtype=np.float64)
        chosen = np.sort(np.argsort(-np.nan_to_num(np.abs(values), nan=-1.0), kind="stable")[:BARS])
        names = plain_names([own[player] for player in chosen])
        errors = None if widths is None else np.nan_to_num(widths[:, sample, chosen])
        axes.bar(
            np.arange(chosen.size),
            values[chosen],
            0.7,
            color=np.where(values[chosen] < 0, ORANGE, BLUE),
            yerr=errors,
            error_kw=ERRORS,
        )
        name_columns(axes, names)
        axes.set_ylabel(unit_label("value", quantity.unit))
        cut = f"; the {chosen.size} largest of {len(own)}" if chosen.size < len(own) else ""
        axes.set_title(f"{about(report, int(sample))}{cut}", fontsize=9)
    rows[-1].set_xlabel(
        f"{safe_text(metric, limit=80)}, words in reading order" + (f"; thin bars: {what}" if what else "")
    )


def draw_word_pairs(part: SubFigure, report: Report, metric: str, *, samples: IntArray) -> None:
    """Draw the measured pairs of a few samples as matrices, side by side, on one scale centred at 0."""
    interactions = pair_values(report.measurement(metric))
    if interactions is None:
        return
    norm = centred(interactions.values[samples])
    row = part.subplots(1, len(samples), squeeze=False)[0]
    for axes, sample in zip(row, samples.tolist(), strict=True):
        own = report.players.of_sample(sample)
        measured = (interactions.pairs[sample] >= 0).all(axis=-1) & np.isfinite(interactions.values[sample])
        first, second = interactions.pairs[sample][measured].T
        values = interactions.values[sample][measured]
        chosen = np.unique(np.concatenate([first, second])) if measured.any() else np.arange(len(own))
        if chosen.size > ROWS:
            chosen = _strongest_players(first, second, np.abs(values), len(own))
        names = told_apart(own)
        shown = [shortened(names[player], 16) for player in chosen]
        picture = draw_pairs(axes, pair_matrix(first, second, values, chosen), shown, norm)
        cut = f"\n{chosen.size} of {len(own)} players" if chosen.size < len(own) else ""
        axes.set_title(f"{shortened(about(report, sample), 40)}{cut}", fontsize=9)
        axes.set_xlabel("grey: not measured", fontsize=8)
        if axes is row[-1]:
            colour_bar(part, picture, axes, unit_label(f"{safe_text(metric, limit=60)}, I(i, j)", interactions.unit))


def _strongest_players(first: IntArray, second: IntArray, size: FloatArray, n_players: int) -> IntArray:
    """Return the `ROWS` players whose pairs are strongest in sum, in their own order."""
    weight = np.bincount(np.concatenate([first, second]), np.tile(size, 2), n_players)
    return np.sort(np.argsort(-weight, kind="stable")[:ROWS])
