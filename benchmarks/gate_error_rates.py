"""How often the gate is wrong, and how often it catches a change, on real networks.

Nothing is simulated but the draw of samples: versions of networks of digits whose games are known completely
(`gate_networks`), 50 images drawn with replacement from those that both versions classify correctly, and a plan seed
for each image, the same in both reports. What is true of all images, pairs and contexts is known exactly. So the
retrained version can be scaled until its true change is the margin, or nothing, while it goes on to differ from the
reference in every image, as a retrained network does.

``python -m benchmarks.gate_error_rates`` prints the tables in Markdown.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple

import numpy as np

from benchmarks.classic_rules import CLASSIC
from benchmarks.gate_networks import FAMILIES, N_PLAYERS, VERSIONS
from benchmarks.gate_reports import PART_NAMES, Reports, reports
from benchmarks.sheet import Share, Sheet
from benchmarks.table import Goal, Row
from interact_cli.gates import first_policy
from interact_cli.gates.policy import Margin
from interact_cli.gates.statistics.decisions import decide, word_of
from interact_cli.gates.statistics.differences import differences
from interact_cli.gates.statistics.numbers import PairedNumbers
from interact_cli.gates.statistics.resampling import Resamples
from interact_cli.metrics.summaries.bands import Bands
from interact_cli.metrics.summaries.of_means import STATISTICS, OfMeans
from interact_cli.seeding import generator
from interact_cli.types import FloatArray, IntArray
from interact_cli.verdicts import Word

STRENGTH, OVERALL, BANDS = "strength", "overall", "bands"
DRAWN = 50
REPEATS, QUICK_REPEATS = 1000, 200
RESAMPLES = 2000
N_SEEDS = 8
ALPHA = 0.05
SHARE = 0.1
"""Of the reference: the margin of all rules but those of a first policy."""
POWERS = np.array([1, 2, 2])
"""How the moments ``absolute``, ``square`` and ``unbiased`` grow when all interactions grow."""
RARELY, HARDLY, MOSTLY = Goal(most=7, unit=" %"), Goal(most=1, unit=" %"), Goal(least=80, unit=" %")


WRONG = ("FAIL at a true change of the margin", "PASS at it", "FAIL at no true change")
"""Columns of wrong words."""
Truth = Literal["reports", "exact"]
TRUTHS: Mapping[Truth, str] = {
    "reports": "of the numbers of reports, over all images and plan seeds",
    "exact": "of the interactions themselves, over all images, pairs and contexts",
}
"""What "the true change" is of."""


@dataclass(frozen=True)
class Asked:
    """What a rule asserts."""

    statistic: str
    """Of `STATISTICS`."""
    must_not: Literal["rise", "fall", "change"]
    kind: Literal["relative", "absolute"] = "relative"
    order: int | None = None
    """One order; None for all, or where there are none."""
    metric: str = "multi-order"
    """Whose parts."""
    up: bool = True
    """The direction of the true change, where the rule forbids both."""
    moved: int | None = None
    """The only order that truly changes, of a rule of all of them; None for all."""
    version: str = "retrained"
    """The candidate; ``"reference"``: the very same network, scaled, so that all samples change alike."""

    @property
    def sign(self) -> int:
        return {"rise": 1, "fall": -1, "change": 1 if self.up else -1}[self.must_not]

    def __str__(self) -> str:
        at = "" if self.metric == STRENGTH else " at all orders" if self.order is None else f" at order {self.order}"
        side = f", true change {'up' if self.up else 'down'}" if self.must_not == "change" else ""
        side += "" if self.moved is None else f", order {self.moved} alone changes"
        name = f"strength_{self.statistic}" if self.metric == STRENGTH else self.statistic
        itself = "the reference itself, scaled: " if self.version == "reference" else ""
        return f"{itself}{name}{at} must not {self.must_not} ({self.kind} margin{side})"


RULES = (
    *(Asked("mean_abs", must_not, order=7) for must_not in ("rise", "fall", "change")),
    Asked("mean_abs", "change", order=7, up=False),
    *(Asked("mean_abs", must_not, "absolute", order=7) for must_not in ("rise", "fall")),
    *(Asked("mean_abs", must_not) for must_not in ("rise", "fall", "change")),
    Asked("mean_abs", "rise", "absolute"),
    *(Asked("mean_abs", must_not, moved=7) for must_not in ("rise", "fall")),
    *(Asked("rms", must_not, order=7) for must_not in ("rise", "fall")),
    *(Asked("mean_abs", must_not, metric=STRENGTH) for must_not in ("rise", "fall", "change")),
    *(Asked("mean_abs", must_not, "absolute", metric=STRENGTH) for must_not in ("rise", "fall")),
    *(Asked("mean_abs_corrected", must_not, metric=STRENGTH) for must_not in ("rise", "fall")),
    *(Asked("rms_corrected", must_not, metric=STRENGTH) for must_not in ("rise", "fall")),
    *(Asked("J_mean_abs", must_not, order=0) for must_not in ("rise", "fall")),
    *(Asked("J_mean_abs", must_not, order=7) for must_not in ("rise", "fall", "change")),
    *(Asked("J_mean_abs", must_not, "absolute", order=7) for must_not in ("rise", "fall")),
    *(Asked("mean_abs", must_not, metric=STRENGTH, version="reference") for must_not in ("rise", "fall", "change")),
)


class Parts(NamedTuple):
    """What all images of a pool contribute to a metric: in reports, and in truth."""

    seeds: FloatArray
    """``(plan seed, part, image, place)``."""
    exact: FloatArray
    """``(part, image, place)``."""

    def of_all(self, statistic: str, truth: Truth) -> FloatArray:
        """Return the statistic over all images: ``(place,)``."""
        means = self.exact.mean(axis=1) if truth == "exact" else self.seeds.mean(axis=(0, 2))
        return STATISTICS[statistic].of(*means)

    def grown(self, factors: FloatArray) -> Parts:
        """Return the same images if all interactions were so many times as large, place by place."""
        powers = factors ** POWERS[:, None, None]
        return Parts(self.seeds * powers, self.exact * powers)


class Draw(NamedTuple):
    """What one pair of reports is about."""

    images: IntArray
    seeds: IntArray

    def of(self, parts: Parts) -> tuple[FloatArray, ...]:
        """Return the parts of the drawn images, ``(sample, place)`` each."""
        return tuple(part[self.seeds, self.images] for part in parts.seeds.swapaxes(0, 1))


@dataclass(frozen=True)
class Pool:
    """The reference and another version, on the images that both classify correctly."""

    reports: Reports
    version: str

    @property
    def candidate(self) -> int:
        return list(VERSIONS).index(self.version)

    @property
    def images(self) -> IntArray:
        return np.flatnonzero(self.reports.correct[0] & self.reports.correct[self.candidate])

    def parts(self, metric: str) -> tuple[Parts, Parts]:
        """Return the parts of reference and candidate.

        ``overall`` are the moments over all orders, ``bands`` the squares over the middle and over the ends, of which R
        is the root of the ratio.
        """
        if metric in (OVERALL, BANDS):
            make = _overall if metric == OVERALL else _bands
            orders = self.reports.orders
            reference, candidate = self.parts("multi-order")
            return make(reference, orders), make(candidate, orders)
        seeds, exact = self.reports.seeds[metric], self.reports.exact[metric]
        reference, candidate = (
            Parts(seeds[version][:, :, self.images], exact[version][:, self.images]) for version in (0, self.candidate)
        )
        return reference, candidate

    def draws(self, repeats: int) -> list[Draw]:
        shape = (len(self.images), self.reports.n_seeds)
        rngs = (generator(repeat, "gate draw", self.version) for repeat in range(repeats))
        return [Draw(*(rng.integers(high, size=DRAWN) for high in shape)) for rng in rngs]


def _overall(parts: Parts, orders: IntArray) -> Parts:
    del orders
    return Parts(parts.seeds.mean(axis=-1, keepdims=True), parts.exact.mean(axis=-1, keepdims=True))


def _bands(parts: Parts, orders: IntArray) -> Parts:
    bands, unbiased = Bands.at(orders, N_PLAYERS - 2), PART_NAMES.index("unbiased")
    seeds, exact = bands.means(parts.seeds[:, unbiased]), bands.means(parts.exact[unbiased])
    return Parts(np.stack(seeds, axis=1)[..., None], np.stack(exact)[..., None])


def error_rates(reports: Reports, name: str, repeats: int, truth: Truth) -> Sheet:
    """Return how often a rule is wrong about a network whose true change is the margin, or none.

    Goals stand by what is true of the reports' numbers. How far these are from the interactions themselves is a matter
    of the plan's budget.
    """
    rarely, hardly = (RARELY, HARDLY) if truth == "reports" else (None, None)
    lines = []
    for asked in RULES:
        pool = Pool(reports, asked.version)
        draws = pool.draws(repeats)
        pair, place = pool.parts(asked.metric), _place(reports, asked)
        margin = _margin(pair[0], asked, place, truth)
        moved = np.ones(1) if asked.moved is None else reports.orders == asked.moved
        at, none = (
            Counter(_word((pair[0], changed), draw, asked, margin, place) for draw in draws)
            for changed in (_changed(pair, asked, place, share, truth) for share in (SHARE * moved, 0.0 * moved))
        )
        wrong = (
            Share(at["FAIL"], repeats, rarely),
            Share(at["PASS"], repeats, rarely),
            Share(none["FAIL"], repeats, hardly),
        )
        lines.append((str(asked), wrong))
    title = f"{name}, true {TRUTHS[truth]}: wrong words in % of {repeats:,} draws of {DRAWN} images"
    return Sheet(title, WRONG, tuple(lines))


def _place(reports: Reports, asked: Asked) -> int | None:
    return None if asked.order is None else int(np.flatnonzero(reports.orders == asked.order)[0])


def _changed(pair: tuple[Parts, Parts], asked: Asked, place: int | None, share: FloatArray, truth: Truth) -> Parts:
    """Scale the candidate until its true change is this share of the reference, at one order or at every one.

    ``share`` is ``(1,)``, or ``(place,)``.
    """
    before, now = (parts.of_all(asked.statistic, truth) for parts in pair)
    wanted = before + asked.sign * share * (before.mean() if asked.kind == "absolute" and place is None else before)
    factors = wanted / now
    if asked.statistic.startswith("J_") and place is not None:
        strength = pair[1].of_all(asked.statistic.removeprefix("J_"), truth)
        others = strength.sum() - strength[place]
        factors = np.ones(len(before))
        factors[place] = wanted[place] * others / (len(before) - wanted[place]) / strength[place]
    return pair[1].grown(factors)


def _margin(reference: Parts, asked: Asked, place: int | None, truth: Truth) -> Margin:
    level = reference.of_all(asked.statistic, truth)
    scale = 1.0 if asked.kind == "relative" else float(level.mean() if place is None else level[place])
    return Margin(SHARE * scale, asked.kind)


def _word(pair: tuple[Parts, Parts], draw: Draw, asked: Asked, margin: Margin, place: int | None = None) -> Word:
    """Say what the gate says of one draw, at one place or at all."""
    numbers = _numbers(pair, draw, asked.statistic, place)
    return word_of(decide(numbers, _resamples(), must_not=asked.must_not, margin=margin, alpha=ALPHA))


def _numbers(pair: tuple[Parts, Parts], draw: Draw, name: str, place: int | None = None) -> PairedNumbers:
    """Return what a gate is given; of one place alone, only J needs the others."""
    reference, candidate = (draw.of(parts) for parts in pair)
    statistic = STATISTICS[name]
    corrected = STATISTICS[statistic.corrected] if statistic.corrected else None
    places = tuple(range(reference[0].shape[1])) if place is None else (place,)
    if place is not None and name.startswith("J_"):
        statistic, corrected = _at(statistic, place), corrected and _at(corrected, place)
    elif place is not None:
        reference, candidate = (tuple(part[:, [place]] for part in parts) for parts in (reference, candidate))
    return PairedNumbers("benchmark", name, ("place",), (places,), "1", statistic, corrected, reference, candidate)


def _at(statistic: OfMeans, place: int) -> OfMeans:
    return OfMeans(lambda *means: statistic.of(*means)[..., [place]])


@cache
def _resamples() -> Resamples:
    return Resamples.draw(DRAWN, seed=0, resamples=RESAMPLES)


def _first_policy(pool: Pool) -> dict[str, tuple[Asked, Margin]]:
    """Return the rules that decide in what ``interact gate --init`` writes, of those on interactions."""
    share = first_policy.SHARE
    ratio = pool.parts(BANDS)[0].of_all("root_ratio", "reports").item()
    of_reference = Margin(share, "relative")
    return {
        "R must not change by a fifth of it": (
            Asked("root_ratio", "change", metric=BANDS),
            Margin(float(f"{share * ratio:.2g}")),
        ),
        "overall rms must not change by 20 %": (Asked("rms_corrected", "change", metric=OVERALL), of_reference),
        "strength must not change by 20 %": (Asked("rms_corrected", "change", metric=STRENGTH), of_reference),
    }


def versions(reports: Reports, name: str, repeats: int) -> Sheet:
    """Return what a first policy says of every version as it is."""
    lines = []
    for version in list(VERSIONS)[1:]:
        pool = Pool(reports, version)
        draws = pool.draws(repeats)
        by_rule = {
            rule: [_word(pool.parts(asked.metric), draw, asked, margin) for draw in draws]
            for rule, (asked, margin) in _first_policy(pool).items()
        }
        lines += [(f"{version}: {rule}", _shares(words)) for rule, words in by_rule.items()]
        whole = [_of_all(words) for words in zip(*by_rule.values(), strict=True)]
        changed = pool.candidate > 1
        lines.append((f"{version}: all three rules", _shares(whole, caught=changed)))
    return Sheet(
        f"{name}, verdicts in % of {repeats:,} draws of {DRAWN} images", ("PASS", "FAIL", "INCONCLUSIVE"), tuple(lines)
    )


def _shares(words: Sequence[Word], *, caught: bool | None = None) -> tuple[Share, ...]:
    """Return the shares of the words; a changed network should be caught, a harmless one pass."""
    count, n = Counter(words), len(words)
    passes, fails = (MOSTLY if caught is wanted else None for wanted in (False, True))
    return Share(count["PASS"], n, passes), Share(count["FAIL"], n, fails), Share(count["INCONCLUSIVE"], n)


def _of_all(words: Sequence[Word]) -> Word:
    order: tuple[Word, ...] = ("FAIL", "INCONCLUSIVE", "PASS")
    return next(word for word in order if word in words)


def usual_rules(reports: Reports, name: str, repeats: int) -> Sheet:
    """Return how often the usual rules, and this gate, see a change of strength: none, and small ones."""
    pool = Pool(reports, "retrained")
    asked = Asked("mean_abs", "change", metric=STRENGTH)
    reference, candidate = pool.parts(STRENGTH)
    draws = pool.draws(repeats)
    by_change = []
    for change in (0.0, 0.05, 0.1):
        scaled = _changed((reference, candidate), asked, None, np.array([change]), "reports")
        factor = float((scaled.seeds / candidate.seeds).flat[0])
        pairs = [_rows(pool, draw, factor) for draw in draws]
        shown = {rule: [happened(*pair) for pair in pairs] for rule, happened in CLASSIC.items()}
        shown["this gate: a change is shown"] = [_shown((reference, scaled), draw) for draw in draws]
        by_change.append({rule: Share.of(happened) for rule, happened in shown.items()})
    lines = tuple((rule, tuple(shares[rule] for shares in by_change)) for rule in by_change[0])
    title = f"{name}, a change of strength is shown, in % of {repeats:,} draws of {DRAWN} images"
    return Sheet(title, ("true change 0", "+5 %", "+10 %"), lines)


def _rows(pool: Pool, draw: Draw, factor: float) -> tuple[FloatArray, FloatArray]:
    """Return |I| of the drawn images, ``(sample, pair)``, of reference and candidate."""
    images = pool.images[draw.images]
    before, now = (pool.reports.pairs[version, draw.seeds, images] for version in (0, pool.candidate))
    return before, factor * now


def _shown(pair: tuple[Parts, Parts], draw: Draw) -> bool:
    [found] = differences(_numbers(pair, draw, "mean_abs"), _resamples())
    return found.change in {"rose", "fell"}


def gate_error_rates(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    for sheet in sheets(quick):
        yield from sheet.rows()


def sheets(quick: bool) -> Iterator[Sheet]:
    """Yield the tables; a few repetitions of the fully connected network alone where time is short."""
    repeats = QUICK_REPEATS if quick else REPEATS
    for family in list(FAMILIES.values())[: 1 if quick else None]:
        held = reports(family, N_SEEDS)
        yield from (error_rates(held, family.name, repeats, truth) for truth in TRUTHS)
        yield versions(held, family.name, repeats)
        yield usual_rules(held, family.name, repeats)


def main() -> None:
    made = list(sheets("--quick" in sys.argv))
    of_rates = [sheet for sheet in made if sheet.columns == WRONG]
    worst = tuple((sheet.title.partition(":")[0], sheet.highest()) for sheet in of_rates)
    short = Sheet(f"The highest of {len(RULES)} rules, in % of draws of {DRAWN} images", WRONG, worst)
    print(*[sheet.markdown() for sheet in (short, *made)], sep="\n\n")


if __name__ == "__main__":
    main()
