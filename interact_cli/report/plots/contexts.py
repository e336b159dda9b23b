"""Salient contexts of a pair: a map over the picture on a grid, bars over words or columns elsewhere."""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import SubFigure
from matplotlib.patches import Rectangle

from interact_cli.interactions.salient_contexts import SalientContexts
from interact_cli.report.plots.grid_map import Look, cell_pixels, draw_cells
from interact_cli.report.plots.style import BLUE, INK, ORANGE, SEQUENTIAL, name_columns, name_rows
from interact_cli.report.sentences import about, joined, names_of, plain_names
from interact_cli.report.views.contexts import RecordedContexts
from interact_cli.results import Report
from interact_cli.types import FloatArray, IntArray
from interact_cli.words import number, plus_minus, with_unit

BARS = 40
"""Players of one sample that have bars: those whose inclusion rate is furthest from chance of more."""
NAMED = 3
"""Contexts that are written out beside bars."""


def contexts_height(report: Report, recorded: RecordedContexts) -> float:
    """Inches that the picture of a pair's contexts takes."""
    if report.players.grid is not None:
        return 4.0
    n_others = recorded.salient.n_players - 2
    return 2.2 + 0.2 * min(BARS, n_others) if report.players.shared else 4.0


def draw_contexts(part: SubFigure, report: Report, recorded: RecordedContexts, *, sample: int) -> None:
    """Draw which players stand in the contexts that push a pair's interaction to where it is."""
    if report.players.grid is not None:
        _draw_map(part, report, recorded, report.players.grid, sample)
    else:
        _draw_bars(part, report, recorded, sample)


def _draw_map(part: SubFigure, report: Report, recorded: RecordedContexts, grid: tuple[int, int], sample: int) -> None:
    contexts = recorded.salient
    values, rate = contexts.normalised.reshape(grid), contexts.inclusion_rate
    names = names_of(report, sample)
    title = f"salient contexts of {_pair(contexts, names)}\n{_counted(contexts)}"
    look = Look(SEQUENTIAL, Normalize(0, 1), title, "Σ|Δv| · 1[k in S], min–max")
    axes = draw_cells(part, report, sample, values, look)
    _outline(axes[-1], np.arange(len(names)).reshape(grid), contexts.pair)
    ends = "no context is salient"
    if np.isfinite(rate).any():
        low, high = np.nanmin(rate), np.nanmax(rate)
        ends = f"1: present in {high:.0%} of Σ|Δv|, 0: in {low:.0%}; chance {recorded.by_chance:.0%}"
    axes[-1].set_xlabel(f"{ends}\nhatched, outlined: the pair", fontsize=8)
    if len(axes) > 1 and report.samples.pictures is not None:
        height, width = report.samples.pictures.shape[1:3]
        _outline(axes[1], cell_pixels(report, height, width), contexts.pair)
        axes[1].set_xlabel(_interaction(recorded), fontsize=8)


def _outline(axes: Axes, owner: IntArray, pair: tuple[int, int]) -> None:
    """Frame the cells of the pair."""
    for player in pair:
        rows, columns = np.nonzero(owner == player)
        if not rows.size:
            continue
        corner = (float(columns.min()) - 0.5, float(rows.min()) - 0.5)
        wide, high = float(np.ptp(columns)) + 1, float(np.ptp(rows)) + 1
        for colour, width in (("white", 3.0), (ORANGE, 1.6)):
            axes.add_patch(Rectangle(corner, wide, high, fill=False, edgecolor=colour, linewidth=width, zorder=4))


def _draw_bars(part: SubFigure, report: Report, recorded: RecordedContexts, sample: int) -> None:
    contexts = recorded.salient
    names = names_of(report, sample)
    rate = contexts.inclusion_rate
    others = np.array([player for player in range(len(names)) if player not in contexts.pair])
    chosen = _furthest(rate, others, recorded.by_chance)
    axes = part.subplots()
    if report.players.shared:
        chosen = chosen[np.argsort(-rate[chosen], kind="stable")]
        _lying(axes, [names[player] for player in chosen], rate[chosen], recorded.by_chance)
    else:
        _standing(axes, [names[player] for player in chosen], rate[chosen], recorded.by_chance)
    cut = f"; {chosen.size} of {len(others)} players" if chosen.size < len(others) else ""
    title = [
        f"{about(report, sample)}: contexts that make {_pair(contexts, names)} interact{cut}",
        f"{_interaction(recorded)}; {_counted(contexts)}",
    ]
    lines = [
        line
        for text in (*title, *_strongest(recorded, report.players.of_sample(sample)))
        for line in textwrap.wrap(text, 130)
    ]
    axes.set_title("\n".join(lines), fontsize=9, linespacing=1.4)


def _furthest(rate: FloatArray, others: IntArray, by_chance: float) -> IntArray:
    """Return the players that are shown, in their own order."""
    ranked = np.argsort(-np.nan_to_num(np.abs(rate[others] - by_chance), nan=-1.0), kind="stable")[:BARS]
    chosen: IntArray = np.sort(others[ranked])
    return chosen


def _lying(axes: Axes, names: list[str], rate: FloatArray, by_chance: float) -> None:
    axes.barh(np.arange(len(names)), rate, 0.7, color=BLUE)
    name_rows(axes, names, by_chance, **_CHANCE)
    axes.set_xlim(0, 1)
    axes.set_xlabel(
        f"share of Σ|Δv| of the salient contexts in which the player is present; dashed: chance, {by_chance:.0%}"
    )


def _standing(axes: Axes, names: list[str], rate: FloatArray, by_chance: float) -> None:
    axes.bar(np.arange(len(names)), rate, 0.7, color=BLUE)
    name_columns(axes, names, by_chance, **_CHANCE)
    axes.set_ylim(0, 1)
    axes.set_ylabel("share of Σ|Δv| present")
    axes.set_xlabel(f"players in reading order, without the pair; dashed: chance, {by_chance:.0%}")


_CHANCE: Any = {"color": INK, "linewidth": 0.9, "linestyle": "--"}


def _pair(contexts: SalientContexts, names: tuple[str, ...]) -> str:
    return " × ".join(names[player] for player in contexts.pair)


def _counted(contexts: SalientContexts) -> str:
    of = f"all {contexts.n_contexts:,}" if contexts.exact.any() else f"{contexts.n_contexts:,} recorded"
    return f"Δv has the sign of B in {contexts.n_salient:,} of {of} contexts"


def _interaction(recorded: RecordedContexts) -> str:
    contexts = recorded.salient
    worth = f"B = {with_unit(plus_minus(contexts.interaction, contexts.interaction_error or None), recorded.unit)}"
    unsure = abs(contexts.interaction) < 2 * contexts.interaction_error
    return f"{worth}; its sign is not sure" if unsure else worth


def _strongest(recorded: RecordedContexts, players: tuple[str, ...]) -> list[str]:
    """Write the strongest contexts out."""
    salient, names = recorded.salient, plain_names(players)
    lines = []
    for context, difference in zip(salient.contexts[:NAMED], salient.differences, strict=False):
        members = joined([names[player] for player in context], " ", 80) if context else "nobody"
        lines.append(f"Δv = {number(float(difference))} beside: {members}")
    return lines
