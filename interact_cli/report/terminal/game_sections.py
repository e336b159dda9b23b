"""One section for a metric of several games: the modules in a column, their key numbers beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import RenderableType

from interact_cli.report.sentences import first_samples, plain_names, told_apart
from interact_cli.report.terminal.metric_sections import heads, provenance_line, thinned
from interact_cli.report.terminal.pen import Column, Pen
from interact_cli.report.terminal.sample_sections import (
    SAMPLES,
    TOP_PLAYERS,
    largest_players,
    opening,
    player_values,
    shown_before,
    with_error,
)
from interact_cli.report.views.pairs import PairValues, find, pair_means, pair_values, strongest_of_sample
from interact_cli.report.views.player_sets import CONCEPTS, of_all, set_quantities
from interact_cli.report.wording import bars, called, module_name
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.words import NOT_MEASURED, WRITTEN_PLACES, count, number, player_name, plus_minus, unit_words

SCALARS = 3
"""Numbers of a metric that this page does not know."""


def games_section(report: Report, measurements: Sequence[Measurement], pen: Pen) -> Iterator[RenderableType]:
    """Write what the summary says about one metric in several games.

    Args:
        report: What was measured.
        measurements: The same metric, one for each module, in the order of the run.
        pen: Writes.
    """
    metric = measurements[0].metric
    yield pen.text("")
    yield pen.heading(f"{safe_text(metric, limit=60)}, {count(len(measurements), 'module')}")
    modules = Column("module", [module_name(measurement.of) for measurement in measurements], right=False)
    for sentence in _said_by_all(measurements):
        yield pen.line(safe_text(sentence, limit=600), "bold")
    columns = [*_scalars(measurements), *_strongest(report, measurements), *_verdicts(measurements)]
    if columns:
        units = {q.unit for m in measurements for q in _key_scalars(m)} - {"", "1"}
        yield pen.line(f"By module{''.join(f', in {unit_words(unit)}' for unit in sorted(units))}:", "dim")
        yield from pen.tables(modules, [[column] for column in columns])
    for quantity in measurements[0].summary:
        if quantity.role == "headline" and quantity.dims != ("player",):
            yield from _by_axis(measurements, quantity.name, modules, pen)
    if not report.players.shared:
        yield from _by_sample(report, measurements, modules, pen)
    for line in dict.fromkeys(provenance_line(measurement) for measurement in measurements):
        yield pen.line(line, "dim")
    for note in dict.fromkeys(note for measurement in measurements for note in measurement.notes):
        yield pen.line(f"Note: {safe_text(note, limit=600)}", "italic")
    yield pen.line(f"The report holds all numbers of every module, as metrics/{safe_text(metric)}@MODULE.", "dim")


def _said_by_all(measurements: Sequence[Measurement]) -> list[str]:
    """Sentences that hold for every module; what differs stands in the column of verdicts."""
    first, *others = ([finding.sentence for finding in measurement.findings] for measurement in measurements)
    return [sentence for sentence in first if all(sentence in other for other in others)]


def _verdicts(measurements: Sequence[Measurement]) -> Iterator[Column]:
    words = [
        "; ".join(dict.fromkeys(filter(None, (finding.word for finding in measurement.findings))))
        for measurement in measurements
    ]
    said = _said_by_all(measurements)
    if any(finding.word and finding.sentence not in said for of in measurements for finding in of.findings):
        yield Column("verdict", [safe_text(word, limit=60) for word in words], right=False)


def _key_scalars(measurement: Measurement) -> list[Quantity]:
    """Return the single numbers beside a module: the headlines; where it has none along an axis either, the first."""
    numbers = [quantity for quantity in measurement.summary if quantity.dims == ()]
    headlines = [quantity for quantity in measurement.summary if quantity.role == "headline"]
    return [quantity for quantity in headlines if quantity.dims == ()] if headlines else numbers[:SCALARS]


def _scalars(measurements: Sequence[Measurement]) -> Iterator[Column]:
    for quantity in _key_scalars(measurements[0]):
        quantities = [find(measurement, quantity.name) for measurement in measurements]
        yield Column(called(quantity).removeprefix("strength, "), [_one(of_game) for of_game in quantities])


def _one(quantity: Quantity | None, *index: int) -> str:
    return NOT_MEASURED if quantity is None else with_error(quantity, *index)


def _strongest(report: Report, measurements: Sequence[Measurement]) -> Iterator[Column]:
    """The strongest player or pair of each module, where the samples share their players."""
    tops = [_top(report, measurement) for measurement in measurements]
    first = measurements[0]
    if any(name for name, _ in tops):
        of_sets = "strongest set" if set_quantities(first) else "strongest pair"
        of_players = any(quantity.dims[-1:] == ("player",) for quantity in first.summary)
        head = "largest player" if of_players else of_sets
        yield Column(head, [name for name, _ in tops], right=False)
        yield Column("mean length" if first.metric == CONCEPTS else "signed mean", [value for _, value in tops])


def _top(report: Report, measurement: Measurement) -> tuple[str, str]:
    mean_abs, mean = find(measurement, "mean_abs"), find(measurement, "mean")
    if mean_abs is not None and mean is not None and mean_abs.dims == mean.dims == ("player",):
        if not np.isfinite(mean_abs.values).any():
            return "", NOT_MEASURED
        best = int(np.nanargmax(mean_abs.values))
        return player_name(report.players, best, 30), _one(mean, best)
    ranking = of_all(report, measurement, 1)
    if ranking is not None and ranking.sets:
        names = [player_name(report.players, player, 20) for player in range(len(report.players.names))]
        return ranking.sets[0].named(names, 45), plus_minus(ranking.sets[0].value, ranking.sets[0].error or None)
    means = pair_means(report, measurement)
    if means is None or not means.first.size:
        return "", NOT_MEASURED
    top = int(means.over.strongest(1)[0])
    ends = (player_name(report.players, int(end[top]), 20) for end in (means.first, means.second))
    return " × ".join(ends), plus_minus(float(means.over.mean[top]), float(means.over.standard_errors[top]))


def _by_axis(measurements: Sequence[Measurement], name: str, modules: Column, pen: Pen) -> Iterator[RenderableType]:
    quantities = [find(measurement, name) for measurement in measurements]
    first = next((quantity for quantity in quantities if quantity is not None), None)
    places = None if first is None else measurements[0].coordinates.get(*first.dims[:1] or ("",))
    if (
        first is None
        or places is None
        or len(first.dims) != 1
        or any(q is None or q.dims != first.dims for q in quantities)
    ):
        return
    shown = thinned(len(places), WRITTEN_PLACES)
    yield pen.line(f"{called(first)}, in {unit_words(first.unit)}; {heads(first.dims[0])[1].lower()}:", "dim")
    curves = (
        [] if len(places) > pen.width // 3 else [Column("all", [bars(q.values) for q in quantities if q], right=False)]
    )
    written = [
        Column(f"{round(float(places[place]), 3):g}", [_one(q, int(place)) for q in quantities]) for place in shown
    ]
    yield from pen.tables(modules, [[column] for column in [*curves, *written]])


def _by_sample(
    report: Report, measurements: Sequence[Measurement], modules: Column, pen: Pen
) -> Iterator[RenderableType]:
    """The first samples: their words at every module, or the strongest pair of each module."""
    pairs = [pairs_of_game for pairs_of_game in map(pair_values, measurements) if pairs_of_game is not None]
    values = [values_of_game for values_of_game in map(player_values, measurements) if values_of_game is not None]
    known = shown_before(report, measurements[0]) is not None
    complete = len(measurements) in (len(pairs), len(values)) and not known
    shown = first_samples(report, SAMPLES) if complete else []
    for sample in shown:
        yield pen.text("")
        yield from opening(report, sample, pen, spanned="pairs" if pairs else "")
        columns = _words(report, values, sample, pen) if values else _top_pairs(report, pairs, sample)
        yield from pen.tables(modules, columns)
    left = int(report.samples.included.sum()) - len(shown)
    if shown and left:
        yield pen.line(f"{count(left, 'more sample')} in the report.", "dim")


def _words(report: Report, values: Sequence[Quantity], sample: int, pen: Pen) -> list[list[Column]]:
    own = report.players.of_sample(sample)
    largest = np.concatenate(
        [largest_players(values_of_game, sample, len(own), TOP_PLAYERS) for values_of_game in values]
    )
    often = np.argsort(-np.bincount(largest, minlength=len(own)), kind="stable")[:TOP_PLAYERS]
    chosen, names = sorted(often.tolist()), plain_names(own) if len(own) <= TOP_PLAYERS else told_apart(own)
    return [
        [Column(names[player], [number(float(values_of_game.values[sample, player])) for values_of_game in values])]
        for player in chosen
    ]


def _top_pairs(report: Report, pairs: Sequence[PairValues], sample: int) -> list[list[Column]]:
    names, rows = told_apart(report.players.of_sample(sample)), []
    for pairs_of_game in pairs:
        best = strongest_of_sample(pairs_of_game, sample, 1)
        if not best.size:
            rows.append(("", NOT_MEASURED))
            continue
        top = int(best[0])
        ends = np.sort(pairs_of_game.pairs[sample, top])
        rows.append((" × ".join(names[int(end)] for end in ends), with_error(pairs_of_game, sample, top)))
    return [
        [Column("strongest pair", [name for name, _ in rows], right=False)],
        [Column(f"I, {unit_words(pairs[0].unit)}", [value for _, value in rows])],
    ]
