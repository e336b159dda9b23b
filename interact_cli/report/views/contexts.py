"""Salient contexts of a pair, from the evaluation records that a report already holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interactions.designs.contexts import TERMS
from interact_cli.interactions.designs.pairs import within_radius
from interact_cli.interactions.salient_contexts import (
    SalientContexts,
    checked_pair,
    contexts_among,
    size_weights,
    weighed,
)
from interact_cli.report.sentences import names_of
from interact_cli.results import Report, SampleRecords
from interact_cli.safe_text import safe_text
from interact_cli.scores import SCORES, Score, resolve
from interact_cli.types import FloatArray, PackedArray


@dataclass(frozen=True)
class RecordedContexts:
    """What the records say of one pair in one sample."""

    salient: SalientContexts
    unit: str
    by_chance: float
    """Mean share of the other players that stand in a context: what the inclusion rate is to be compared with."""


def recorded_contexts(
    report: Report, sample: int, pair: tuple[int, int], known: Mapping[str, Score] = SCORES
) -> RecordedContexts:
    """Weigh every context S of a pair whose four coalitions S, S+i, S+j and S+i+j are among the records.

    Sizes of contexts weigh alike, as in the Shapley interaction, whatever plan recorded them.

    Args:
        report: With records.
        sample: Position in the sample table.
        pair: Two players of that sample.
        known: The score functions that there are.

    Raises:
        UsageError: no records, none of this pair, vector records, or no such pair.
    """
    names = names_of(report, sample)
    pair = checked_pair(pair, len(names))
    if report.records is None:
        raise UsageError("Expected a report with evaluation records, got one made with --no-records. Measure again.")
    record = report.records.read(sample)
    values, unit = _values(report, record, sample, known)
    contexts, where = contexts_among(record.coalitions, pair, len(names))
    if not len(contexts):
        raise UsageError(_nothing(report, sample, pair, names))
    weights = size_weights(contexts, len(names))
    exact = len(contexts) == 2 ** (len(names) - 2)
    weighed_contexts = weighed(len(names), pair, contexts, values[where] @ TERMS, weights, exact=exact)
    return RecordedContexts(weighed_contexts, unit, _by_chance(contexts, weights, len(names)))


def pair_named(report: Report, sample: int, text: str) -> tuple[int, int]:
    """Read ``I,J``: two players of a sample, each by number from 0 or by name.

    Raises:
        UsageError: not two of them, or the same one twice.
        UnknownNameError: no such player.
    """
    parts = [part.strip() for part in text.split(",")]
    if len(parts) != 2:
        raise UsageError(f"Expected --pair I,J, two players by number or name, got '{safe_text(text)}'.")
    shown, plain = names_of(report, sample), report.players.of_sample(sample)
    first, second = (_player(part, shown, plain) for part in parts)
    return checked_pair((first, second), len(shown))


def _player(text: str, shown: tuple[str, ...], plain: tuple[str, ...]) -> int:
    if text.isdecimal():
        return int(text)
    for names in (shown, plain):
        if names.count(text) == 1:
            return names.index(text)
    raise UnknownNameError("player", safe_text(text), shown)


def _values(report: Report, record: SampleRecords, sample: int, known: Mapping[str, Score]) -> tuple[FloatArray, str]:
    """Return the values of a sample's coalitions, and their unit; of several games those of the last."""
    about = report.provenance
    modules = tuple(about.get("modules", ()))
    name = str(about["score"]).rpartition(", ")[2]
    score = resolve(name, about["output"], modules, known)[-1]
    if score.vector:
        raise UsageError(f"Expected one number per coalition for a pair's contexts, got vectors ({safe_text(name)}).")
    slot = len(modules) - 1 if modules else 0
    if not modules and record.classes:
        wanted = report.samples.labels if about["target"] == "true" else report.samples.predicted
        slot = record.classes.index(int(wanted[sample]))
    return score.of_record(record.values[:, slot]), score.unit


def _by_chance(contexts: PackedArray, weights: FloatArray, n_players: int) -> float:
    sizes = np.bitwise_count(contexts).sum(axis=1, dtype=np.int64)
    return float(weights @ sizes) / (n_players - 2)


def _nothing(report: Report, sample: int, pair: tuple[int, int], names: tuple[str, ...]) -> str:
    """Say that no context is recorded, and how to ask for two of every pair like this one."""
    grid, rule, n_pairs = report.players.grid, "all", len(names) * (len(names) - 1) // 2
    if grid is not None:
        rows, columns = np.divmod(np.array(pair), grid[1])
        radius = int(max(np.ptp(rows), np.ptp(columns)))
        rule, n_pairs = f"radius:{radius}", len(within_radius(grid, radius))
    i, j = pair
    return (
        f"None of the recorded coalitions of sample {sample} is a context of {names[i]} × {names[j]}. Ask for some: "
        f"interact measure --from REPORT --metric shapley-interaction --pairs {rule} --budget {8 * n_pairs}."
    )
