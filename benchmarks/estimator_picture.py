"""The picture of docs/estimators.md: error of pairs against evaluations, every estimator and the best of shapiq.

``python -m benchmarks.estimator_picture docs/estimators.svg`` draws it, in a quarter of an hour of one core.
"""

from __future__ import annotations

import io
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from benchmarks.estimator_games import Known, composed, networks
from benchmarks.estimators import PAIRS, Failed, Peer, asked, error_of, ours
from benchmarks.peer_environment import Unavailable, peer_python
from interact_cli.interactions.designs.budgets import Estimator
from interact_cli.report.plots.style import BLUE, GREEN, GREY, ORANGE, STYLE

BUDGETS = {16: (500, 1000, 2000, 4000, 8000), 36: (2000, 5000, 10000, 20000)}
TITLES = {16: "16 players: networks with complete tables", 36: "36 players: sums of small parts"}
SEEDS = range(2)
ESTIMATORS: tuple[Estimator, ...] = ("surrogate", "reuse", "sampled")
BEST = "best of shapiq"
LINES = {"surrogate": (BLUE, "o"), BEST: (ORANGE, "s"), "reuse": (GREEN, "^"), "sampled": (GREY, "D")}
"""Colour and marker."""
DESCRIPTION = (
    "Two panels with logarithmic axes. Across: evaluations. Up: mean square error of all pair interactions over their "
    "mean square; lower is better."
)

Errors = Mapping[int, Mapping[str, Mapping[int, float]]]
"""By players, by line, by evaluations."""


def measured(peer: Peer) -> Errors:
    """Return geometric means over games and seeds; of the peer its best method in each game."""
    errors: dict[int, dict[str, dict[int, float]]] = {}
    for n_players, games in ((16, tuple(networks())), (36, tuple(composed(36)))):
        errors[n_players] = {line: {} for line in LINES}
        for budget in BUDGETS[n_players]:
            of_line: dict[str, list[float]] = defaultdict(list)
            for game in games:
                for estimator in ESTIMATORS:
                    of_line[estimator] += _own(game, estimator, budget)
                of_line[BEST].append(min(_theirs(peer, game, budget)))
            for line, listed in of_line.items():
                if listed:
                    errors[n_players][line][budget] = statistics.geometric_mean(listed)
    return errors


def _own(game: Known, estimator: Estimator, budget: int) -> Iterator[float]:
    """Yield the error of each seed; nothing where not all pairs are measured."""
    for seed in SEEDS:
        values = ours(game, "shapley-interaction", budget, seed, estimator).values
        if len(values) == len(game.pairs):
            yield error_of(values, game.pairs, game.noise)


def _theirs(peer: Peer, game: Known, budget: int) -> Iterator[float]:
    for method in PAIRS:
        with suppress(Failed):
            found = [peer.estimate(method, game, budget, seed)[0] for seed in SEEDS]
            yield statistics.geometric_mean([error_of(values, game.pairs, game.noise) for values in found])


def described(errors: Errors) -> str:
    """Say the picture in words, every number of it."""
    lines = [
        f"{TITLES[n_players]}, {line}: "
        + ", ".join(f"{error:.2g} at {budget:,}" for budget, error in by_budget.items())
        + "."
        for n_players, of_line in errors.items()
        for line, by_budget in of_line.items()
    ]
    return " ".join([DESCRIPTION, *lines])


def drawn(errors: Errors, version: str) -> str:
    """Return the picture as SVG, with its title and its description."""
    with matplotlib.rc_context({**STYLE, "svg.fonttype": "none"}):
        figure = Figure(figsize=(8, 3.4), layout="constrained")
        for axes, (n_players, of_line) in zip(figure.subplots(1, 2), errors.items(), strict=True):
            for line, by_budget in of_line.items():
                colour, marker = LINES[line]
                axes.plot([*by_budget], [*by_budget.values()], color=colour, marker=marker, markersize=4, label=line)
            _named(axes, n_players)
        figure.axes[0].set_ylabel("error: MSE of pairs / their mean square")
        figure.axes[0].legend(loc="lower left")
        content = io.StringIO()
        title = f"Error of pair interactions against evaluations, shapiq {version}"
        figure.savefig(content, format="svg", metadata={"Title": title, "Date": None})
    return content.getvalue().replace("</title>", f"</title>\n <desc>{described(errors)}</desc>", 1)


def _named(axes: Axes, n_players: int) -> None:
    axes.set(title=TITLES[n_players], xlabel="evaluations", xscale="log", yscale="log")
    axes.set_xticks(BUDGETS[n_players])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda budget, _: f"{budget:,.0f}"))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda error, _: f"{error:g}"))
    axes.grid(axis="y")


def main() -> None:
    try:
        python = peer_python()
    except Unavailable as reason:
        sys.exit(str(reason))
    with asked(python) as peer:
        errors = measured(peer)
        Path(sys.argv[1]).write_text(drawn(errors, peer.version), encoding="utf-8")
    print(described(errors))


if __name__ == "__main__":
    main()
