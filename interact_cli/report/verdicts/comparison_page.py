"""The page of a comparison: what changed in one sentence, then metric by metric, place by place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from math import isfinite

from interact_cli.report.terminal.pen import Column
from interact_cli.report.verdicts.blocks import Block, Facts, Grid, Item, Line, Section, Title
from interact_cli.report.verdicts.shared import how_sure, percent
from interact_cli.report.verdicts.wording import (
    absolute,
    alike,
    axes,
    both_values,
    foreign,
    labels,
    name_of,
    place,
    relative,
    sentence,
)
from interact_cli.verdicts import Comparison, Difference, Spoken
from interact_cli.words import count, unit_words

ROWS = 24
"""Places of a table; of more, those whose change stands out most. All of them with ``everything``."""
NAMED = 3
"""Quantities in the first sentence."""
LISTED = 12
"""Names of quantities that are not shown."""
SAID = 6
"""Sentences of one report about one metric."""
SHOWN = {"no change shown": "nothing"}
"""Words of the column headed ``shown``."""


def comparison_page(comparison: Comparison, *, everything: bool = False) -> Iterator[Block]:
    """Lay out a comparison.

    Args:
        comparison: What differs between two reports.
        everything: Show every quantity and every place.

    Yields:
        Blocks, the most important first.
    """
    yield Title("Candidate against reference", _first_sentence(comparison))
    paths = (("Reference", comparison.reference.path), ("Candidate", comparison.candidate.path))
    yield Facts([(name, foreign(path, 300)) for name, path in paths if path])
    together = _by_quantity(comparison)
    chosen = together if everything else {key: together[key] for key in _headline(comparison)}
    spoken = {told.metric: told for told in comparison.spoken}
    for metric in dict.fromkeys([*(metric for metric, _ in together), *spoken]):
        quantities = [differences for key, differences in chosen.items() if key[0] == metric]
        yield from _metric(metric, quantities, spoken.get(metric), everything=everything)
    yield from how_sure(comparison, (difference.confidence for difference in comparison.differences))
    hidden = [foreign(name, 60) for key in together if key not in chosen for name in (" ".join(key),)]
    if hidden:
        yield Line(f"Compared, and not shown here (--all): {_listed(hidden)}.")
    yield from _explained(comparison)


def _by_quantity(comparison: Comparison) -> dict[tuple[str, str], list[Difference]]:
    together: dict[tuple[str, str], list[Difference]] = {}
    for difference in comparison.differences:
        together.setdefault((difference.metric, difference.quantity), []).append(difference)
    return together


def _headline(comparison: Comparison) -> list[tuple[str, str]]:
    """Quantities of the short summary, in the order of the reports; all of them where none is named."""
    quantities = _by_quantity(comparison)
    return [key for key in quantities if key in comparison.headline] or list(quantities)


def _first_sentence(comparison: Comparison) -> str:
    together = _by_quantity(comparison)
    if not together:
        return "the reports hold no number that can be compared."
    if all(difference.change == "identical" for difference in comparison.differences):
        return f"identical, {count(len(comparison.differences), 'number')} compared."
    named = [f"{_of_metric(together[key][0])} {_changes(together[key])}" for key in _headline(comparison)]
    rest = [f"{len(named) - NAMED:,} more below"] if len(named) > NAMED else []
    return f"{'; '.join([*named[:NAMED], *rest])}."


def _of_metric(difference: Difference) -> str:
    name, metric = name_of(difference), foreign(difference.metric, 60)
    return name if name == metric else f"{name} of {metric}"


def _listed(names: Sequence[str]) -> str:
    rest = [f"{len(names) - LISTED:,} more"] if len(names) > LISTED else []
    return ", ".join([*names[:LISTED], *rest])


def _changes(places: Sequence[Difference]) -> str:
    """``"rose"``, ``"rose at 3 of 13 orders, fell at 1"``, ``"shows no change"``."""
    counts = Counter(difference.change for difference in places)
    if len(places) == 1:
        words = {"no change shown": "shows no change", "identical": "is identical", "undefined": "is undefined"}
        return words.get(places[0].change, places[0].change)
    axis = axes(places[0]) if len(places[0].dims) == 1 else "place"
    moved = [f"{word} at {counts[word]:,}" for word in ("rose", "fell") if counts[word]]
    if moved:
        moved[0] += f" of {count(len(places), axis)}"
        return ", ".join(moved)
    if counts["identical"] == len(places):
        return "is identical"
    if counts["undefined"]:
        return f"is undefined at {counts['undefined']:,} of {count(len(places), axis)}"
    return f"shows no change at any of {count(len(places), axis)}"


def _metric(
    metric: str, quantities: Sequence[list[Difference]], spoken: Spoken | None, *, everything: bool
) -> Iterator[Block]:
    if not quantities and spoken is None:
        return
    yield Section(foreign(metric, 100))
    if spoken is not None:
        yield from _said(spoken)
    numbers = [differences[0] for differences in quantities if len(differences) == 1]
    if numbers:
        yield _table("number", [_with_unit(difference) for difference in numbers], numbers)
    for differences in quantities:
        if len(differences) > 1:
            yield from _by_place(differences, everything=everything)


def _said(spoken: Spoken) -> Iterator[Block]:
    """What the reports themselves say; once where both say the same."""
    if spoken.reference == spoken.candidate:
        yield from (Line(f"Both reports say: {sentence(told)}") for told in spoken.reference[:SAID])
        return
    for name, told in (("reference", spoken.reference), ("candidate", spoken.candidate)):
        for told_sentence in told[:SAID] or ("nothing",):
            yield Line(f"The {name} says: {sentence(told_sentence)}")
        if len(told) > SAID:
            yield Item(f"{count(len(told) - SAID, 'more sentence')} in its report.")


def _with_unit(difference: Difference) -> str:
    name = name_of(difference)
    where = f" at {place(difference)}" if difference.dims else ""
    return f"{name}{where}" if difference.unit in ("", "1") else f"{name}{where}, {foreign(difference.unit, 24)}"


def _by_place(places: Sequence[Difference], *, everything: bool) -> Iterator[Block]:
    first = places[0]
    top = max(places, key=_weight)
    most = ""
    if top.change in ("rose", "fell"):
        percents = relative(top)
        share = f" ({percents.full})" if percents is not None else ""
        most = f", most at {place(top)}: {absolute(top).full}{share}"
    unit = "" if first.unit in ("", "1") else f", in {foreign(unit_words(first.unit), 24)}"
    yield Line(f"{_changes(places)}{most}.", word=f"{name_of(first)}{unit}:", style="bold")
    shown = list(places) if everything or len(places) <= ROWS else _most_notable(places)
    yield _table(axes(first), [labels(difference) for difference in shown], shown)
    if len(shown) < len(places):
        rest = Counter(difference.change for difference in places)
        rest.subtract(difference.change for difference in shown)
        amounts = ", ".join(f"{amount:,} {change}" for change, amount in sorted(rest.items()) if amount)
        yield Line(f"{count(len(places) - len(shown), 'more place')}: {amounts}.")


def _most_notable(places: Sequence[Difference]) -> list[Difference]:
    chosen = sorted(range(len(places)), key=lambda index: -_weight(places[index]))[:ROWS]
    return [places[index] for index in sorted(chosen)]


def _weight(difference: Difference) -> float:
    """How far a change stands out: shown ones first, by their size in standard errors."""
    size = abs(difference.difference) / (difference.standard_error or 1.0)
    return (size if isfinite(size) else 0.0) + (1e9 if difference.change in ("rose", "fell") else 0.0)


def _table(lead: str, names: Sequence[str], places: Sequence[Difference]) -> Grid:
    readings = alike([absolute(difference) for difference in places])
    values = [both_values(difference, read.places) for difference, read in zip(places, readings, strict=True)]
    levels = {difference.confidence for difference in places}
    head = f"{percent(levels.pop())} interval" if len(levels) == 1 else "interval"
    columns = [
        Column(
            lead,
            names,
            right=all(isinstance(label, int | float) for difference in places for label in difference.at or ("",)),
        ),
        Column("reference", [reference for reference, _ in values]),
        Column("candidate", [candidate for _, candidate in values]),
        Column("change", [read.change for read in readings]),
        Column(head, [read.interval if read.low != read.high else "" for read in readings]),
        Column("shown", [SHOWN.get(difference.change, difference.change) for difference in places], right=False),
    ]
    return Grid(columns, folds=0)


def _explained(comparison: Comparison) -> Iterator[Block]:
    """Say what the words of the tables mean, and how much of the changes noise alone would make."""
    if any(len(places) > 1 for places in _by_quantity(comparison).values()):
        yield Line(
            "'rose' and 'fell' hold for all places of a quantity together; an interval is that of its place alone.",
            "dim",
        )
    if any(difference.bias for difference in comparison.differences):
        yield Line(
            "Where the contexts are drawn, noise alone moves a raw strength; the intervals cover the change with "
            "and without it.",
            "dim",
        )
