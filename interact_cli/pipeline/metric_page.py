"""One metric whole: what it measures, by which formula, with which options, at what cost, and on a game to look up."""

from __future__ import annotations

import inspect
from dataclasses import dataclass

import numpy as np

from interact_cli import extensions
from interact_cli.errors import InteractError
from interact_cli.games.coalitions import unpack
from interact_cli.interfaces import Cohort, Measurable, Metric, Question
from interact_cli.options import Option, options_of
from interact_cli.results import Measurement
from interact_cli.words import described, with_unit

N_PLAYERS, N_SAMPLES = 4, 20
GAME = (
    "A toy game: four players worth 1 each, 4 more where the first two are both present, 3 more where the last three "
    "are. All 16 coalitions are evaluated and the 20 samples are equal, so the intervals [95 %] have no width"
)
OF_VECTORS = ". The values are vectors: what is said here, and twice that, so a length is sqrt(5) times as large"
WORDS = (
    "A player is a part of the input (a cell, a word, a column), n in all; a coalition is a set of players. v(S) is "
    "the score with the players of S present and the others masked. The context of a pair, or of a set, are the "
    "players present beside it; order m, from 0 to n-2: m of them. E: mean over samples, and over pairs where there "
    "are pairs. --budget: coalitions that may be evaluated of each sample."
)


@dataclass(frozen=True)
class MetricPage:
    """What ``interact list metrics NAME`` shows."""

    name: str
    summary: str
    origin: str
    about: str
    """What its class says of itself, before formula and source."""
    formula: str
    source: str
    cost: str
    options: tuple[Option, ...]
    example: str
    """A command."""
    game: str
    """What the worked example is about."""
    worked: tuple[str, ...]
    """What it says of that game, line by line."""


def metric_page(name: str) -> MetricPage:
    """Put the page of a metric together; the worked example is measured now, by the metric itself.

    Raises:
        UnknownNameError: no such metric.
        UsageError: a plugin's code fails.
    """
    metric = extensions.metric(name)
    entry = next(entry for entry in extensions.metrics() if entry.name == name)
    with extensions.blamed(f"metric '{name}' of {entry.origin}"):
        worked = tuple(_worked(metric)) if isinstance(metric, Metric) else ()
    return MetricPage(
        name=name,
        summary=entry.summary,
        origin=entry.origin,
        about=_about(metric),
        formula=metric.formula,
        source=metric.source,
        cost=metric.cost,
        options=options_of(metric),
        example=metric.example or f"interact measure ckpt.pt --metric {name}",
        game=_game(metric),
        worked=worked,
    )


def _game(metric: Measurable) -> str:
    """Say what the worked example is about; a number of the network itself has none without a network."""
    if not isinstance(metric, Metric):
        return ""
    return GAME + (OF_VECTORS if metric.of_vectors else "")


def _about(metric: Measurable) -> str:
    """Return the class's first two paragraphs of prose; formulas and sources stand elsewhere."""
    paragraphs = inspect.cleandoc(type(metric).__doc__ or "").split("\n\n")
    prose = [text for text in paragraphs if not text.startswith(("``", "Source:", "Args:"))][:2]
    return " ".join(" ".join(prose).split()).replace("``", "")


def _worked(metric: Metric) -> list[str]:
    """Measure the metric on `GAME` and tell what it says."""
    try:
        measured = _measured(metric)
    except InteractError as error:  # a plugin may need other players than these
        return [f"(not to be measured on four players: {error})"]
    written = {name for finding in measured.findings for name in finding.says}
    numbers = [
        f"{quantity.called}: {described(quantity)}"
        if quantity.dims == ()
        else f"{quantity.called} by {quantity.dims[0]}: "
        + with_unit(", ".join(f"{value:.3g}" for value in np.asarray(quantity.values, dtype=np.float64)), quantity.unit)
        for quantity in measured.summary
        if quantity.role == "headline"
        and len(quantity.dims) < 2
        and not (quantity.dims == () and quantity.name in written)
    ]
    return [*(finding.sentence for finding in measured.findings), *numbers]


def _measured(metric: Metric) -> Measurement:
    questions = [Question(N_PLAYERS, 2**N_PLAYERS, 0, f"sample/{k}") for k in range(N_SAMPLES)]
    results = []
    for question in questions:
        design = metric.design(question)
        present = unpack(design.asked, N_PLAYERS)
        values = present.sum(axis=1) + 4.0 * present[:, :2].all(axis=1) + 3.0 * present[:, 1:].all(axis=1)
        vectors = np.stack([values, 2 * values], axis=1) if metric.of_vectors else values
        results.append(metric.reduce(design, vectors.astype(np.float64), question))
    return metric.aggregate(
        results,
        Cohort(
            included=np.ones(N_SAMPLES, dtype=np.bool_),
            n_players=np.full(N_SAMPLES, N_PLAYERS),
            shared_players=True,
            grid=None,
            unit="points",
            seed=0,
            intervals=True,
            names=("first", "second", "third", "fourth"),
            full_value=np.full(N_SAMPLES, N_PLAYERS + 7.0),
            empty_value=np.zeros(N_SAMPLES),
        ),
    )
