"""A/A noise: what two plan seeds of one checkpoint differ by, though nothing has changed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from math import isfinite

import numpy as np

from interact_cli.gates.compare import Draws, none_left, refuse
from interact_cli.gates.evidence.comparability import Allowed, comparability
from interact_cli.gates.evidence.measured import Both, Sound
from interact_cli.gates.evidence.pairing import SampleRule, pair_samples
from interact_cli.gates.evidence.stated import asked, at, differs, unlike, words
from interact_cli.gates.policy import number_named
from interact_cli.gates.statistics.differences import differences
from interact_cli.results import Report
from interact_cli.safe_text import safe_text
from interact_cli.types import FloatArray
from interact_cli.verdicts import Comparison, Problem
from interact_cli.words import with_unit

Noises = Mapping[tuple[str, str], FloatArray]
"""(metric, quantity) -> noise at each place, shaped like the quantity, in its unit."""


def noise_of(  # noqa: PLR0913  (the options of a gate, each a plain value)
    first: Report,
    second: Report,
    *,
    only: Collection[tuple[str, str]],
    samples: SampleRule | None = None,
    allow_partial: bool = False,
    seed: int = 0,
    resamples: int = 10_000,
) -> Noises:
    """Return the A/A noise: at each place the farther end of the 95 % interval of the difference.

    A margin below it asks for more than this many samples and coalitions can tell.

    Args:
        first: A report.
        second: Another of the same checkpoint and samples, by another plan seed.
        only: Metrics with their quantities.
        samples: Which samples are compared, as in the gate.
        allow_partial: Take reports of a quick look too.
        seed: Of the resamples.
        resamples: Bootstrap resamples of the samples.

    Returns:
        Noise of each quantity that bears a comparison; NaN where it cannot be known.

    Raises:
        NotComparable: not one checkpoint, or more than the plan seed differs.
    """
    refuse(noise_problems(first, second, allow_partial=allow_partial))
    both = Both(first, second, pair_samples(first, second, samples))
    refuse(none_left(both))
    draws = Draws(seed, resamples)
    noises = {}
    for metric, quantity in only:
        sound = both.numbers(metric, quantity)
        if isinstance(sound, Sound):
            rows = differences(sound.numbers, draws.of(sound.numbers.n_samples))
            noise = np.array([max(abs(row.low), abs(row.high)) for row in rows])
            noises[metric, quantity] = noise.reshape([len(labels) for labels in sound.numbers.labels])
    return noises


def with_noise(comparison: Comparison) -> Comparison:
    """Say the A/A noise of what a comparison shows first: of two plan seeds, at confidence 95 %, as `noise_of` has it.

    Args:
        comparison: Of two reports of one checkpoint.
    """
    told = []
    for headline in comparison.headline:
        rows = [row for row in comparison.differences if (row.metric, row.quantity) == headline and isfinite(row.low)]
        if rows:
            farthest = max(rows, key=lambda row: max(abs(row.low), abs(row.high)))
            noise = max(abs(farthest.low), abs(farthest.high))
            where = f", at {safe_text(farthest.place)}" if farthest.place else ""
            noise_in_words = with_unit(f"{noise:.3g}", farthest.unit)
            told.append(f"A/A noise of {number_named(*map(safe_text, headline))}: at most {noise_in_words}{where}.")
    return replace(comparison, remarks=(*told, *comparison.remarks))


def noise_problems(first: Report, second: Report, *, allow_partial: bool = False) -> tuple[Problem, ...]:
    """Return why two reports do not tell the noise of one checkpoint; empty where they do."""
    problems: list[Problem] = []
    for part in ("sha256", "weights_key"):
        own, other = (at(report.provenance, "checkpoint", part) for report in (first, second))
        advice = "A/A noise needs two reports of one checkpoint: interact gate --self-check CHECKPOINT."
        problems += unlike(f"noise: checkpoint {part}", own, other, advice)
    seeds = [asked("plan.seed")(report) for report in (first, second)]
    if seeds[0] == seeds[1]:
        advice = "A/A noise needs two plan seeds: interact gate --self-check CHECKPOINT."
        problems.append(differs("noise: plan seed", map(words, seeds), advice))
    others = comparability(first, second, Allowed(partial=allow_partial, plans=True)).problems
    named = [
        Problem(f"noise: {problem.field}", problem.reference, problem.candidate, problem.advice) for problem in others
    ]
    return (*problems, *named)
