"""A first policy for a report: rules for what it really holds, explained to somebody who has never seen one."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from math import ceil

import numpy as np

from interact_cli.errors import UsageError
from interact_cli.gates.evidence.measured import ACCURACY
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.results import Measurement, Quantity, Report
from interact_cli.safe_text import safe_text
from interact_cli.words import with_unit

SHARE = 0.2
"""Margin of a first rule, of the reference: more than a harmless retrain moves a single number, less than noisy labels
or dropout do (`benchmarks/gate_error_rates.py`)."""
LOST = 0.02
"""Accuracy that must not be lost, where there are samples enough to show it."""
SMALLEST = 1e-300
"""Numbers below it, or above its inverse, are broken: no margin fits them."""
ENOUGH = 30
"""Samples from which on a gate has nothing to remark."""
MOST = 8
"""Other numbers of a metric that a comment names."""
COLUMNS = 110
"""Characters of a comment's line."""
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_.@-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


WORSE = {
    "fall": "a rise is no harm",
    "change": "up or down: either way it encodes something else",
}
"""Direction -> why it is the one to watch."""
WARNS = "a harmless retrain moves single places: error makes it decide"
"""Why a rule by order, size or player does not decide at first, where another number of the metric does."""

_HEAD = """\
# The gate: what the next version must not do. Written by `interact gate --init` for
#   {report}
# Every margin below is a suggestion. Read it, and set it to the smallest change that matters to you.
#
#   interact gate REFERENCE.h5 CANDIDATE.h5 --policy interact-gate.yaml
#
# Each rule holds one number of the candidate against the reference, on the same samples:
#   PASS          the change is shown to be smaller than the margin
#   FAIL          the change is shown to be larger than the margin
#   INCONCLUSIVE  so few samples show neither; it says how many would

alpha: 0.05                # share of false alarms at a change of exactly the margin
samples: both-correct      # compare the labelled samples that both versions classify correctly; or: all
on_inconclusive: fail      # a rule that is not decided: fail (exit 3), warn or pass
"""

_RULES = """\

# A rule:
#   metric     what was measured (`interact show REPORT` lists it)
#   quantity   which of its numbers
#   must_not   rise, fall or change: the direction that is worse
#   margin     0.1 (in the unit of the number), 10% (of the reference), or 2 noise (twice what two plan seeds of
#              one checkpoint differ by; `interact gate --self-check` measures it)
#   at         these places only, for example orders; every one unless given
#   level      error decides, warn is printed, off is not judged
rules:
"""


def policy_text(report: Report, *, reference_name: str) -> str:
    """Write a policy with one rule for each metric, and one for the accuracy where samples are labelled.

    Args:
        report: The reference.
        reference_name: What a comment calls it.

    Returns:
        YAML that `config.policies.load_policy` reads, the same for the same report.

    Raises:
        UsageError: the report holds no number that a gate can judge.
    """
    others = (measurement for measurement in report.measurements if measurement.key != ACCURACY)
    rules = [*_accuracy(report), *(rule for measurement in others for rule in _rules(measurement))]
    if not rules:
        keys = ", ".join(safe_text(measurement.key, limit=60) for measurement in report.measurements) or "no metric"
        raise UsageError(
            f"Expected a report with a number over its samples that a gate can judge, got {keys}. Measure it again, "
            "for example with --metric multi-order."
        )
    head = _HEAD.format(report=safe_text(reference_name))
    return head + "".join(_warnings(report)) + _RULES + "\n".join(rules)


def without_rule(report: Report) -> tuple[str, ...]:
    """Return the metrics of which a first policy asserts nothing: they hold no number that a gate can judge."""
    return tuple(
        measurement.key for measurement in report.measurements if not any(map(_can_be_judged, measurement.summary))
    )


def _warnings(report: Report) -> Iterator[str]:
    for key in without_rule(report):
        yield f"# NO RULE for {safe_text(key, limit=60)}: it holds no number that a gate can judge. Measure it again.\n"
    if report.status != "complete":
        yield "allow_partial: true        # the report is a quick look (--limit): measure in full before it decides\n"
    n = len(report.samples.ids)
    if n < ENOUGH:
        samples = f"{n} sample{'s' * (n != 1)}"
        yield f"# The report holds {samples}. Fewer than 20 decide nothing, and {ENOUGH} or more are wanted.\n"


def _accuracy(report: Report) -> Iterator[str]:
    labelled, accuracy = int((report.samples.labels >= 0).sum()), report.samples.accuracy
    if not labelled or not np.isfinite(accuracy):
        return
    margin = max(LOST, ceil(400 / labelled) / 100)
    about = f"Accuracy over all labelled samples. Reference: {accuracy:.3g}, on {labelled:,} samples."
    if margin > LOST:
        about += (
            f" {margin:g} is about four of them: fewer are chance. From 200 on (--n-samples 200), ask for {LOST:g}."
        )
    yield _rule(about, "accuracy", "accuracy", f"{margin:g}", must_not="fall")


def _rules(measurement: Measurement) -> Iterator[str]:
    """Write the rule that decides, of a single number where there is one, and beside it one by place that warns."""
    judged = [quantity for quantity in measurement.summary if _can_be_judged(quantity)]
    leading = [quantity for quantity in judged if quantity.role == "headline"] or judged[:1]
    single = [quantity for quantity in leading if not quantity.dims]
    by_place = [quantity for quantity in leading if quantity.dims]
    asserted = [*single[:1], *by_place[:1]]
    others = [safe_text(quantity.name, limit=60) for quantity in judged if quantity not in asserted]
    for place, quantity in enumerate(asserted):
        meaning = quantity.meaning.rstrip(".")
        about = f"{quantity.label}: {meaning}." if quantity.label else f"{meaning}."
        margin, why = _margin(measurement, quantity)
        about += f" Reference: {_range(quantity)}.{why}"
        warns = place > 0
        if others and place == len(asserted) - 1:
            about += f" Others: {', '.join(others[:MOST])}{' and more' if len(others) > MOST else ''}."
        at = _example(measurement, quantity)
        yield _rule(about, measurement.key, quantity.name, margin, unit=quantity.unit, at=at, warns=warns)


def _can_be_judged(quantity: Quantity) -> bool:
    if quantity.statistic not in STATISTICS or len(quantity.dims) > 1:
        return False
    values = np.asarray(quantity.values, dtype=np.float64)
    return bool(np.isfinite(values).all()) and SMALLEST < float(np.abs(values).max()) < 1 / SMALLEST


def _margin(measurement: Measurement, quantity: Quantity) -> tuple[str, str]:
    """Return a fifth: of the reference place by place, or of its mean where a place may be 0 or a player tiny."""
    of_one = quantity.unit in ("", "1")
    with_twin = (quantity, *_twin(measurement, quantity))
    if not of_one and "player" not in quantity.dims and all(map(_above_zero, with_twin)):
        return f"{SHARE * 100:g}%", ""
    size = float(f"{SHARE * np.abs(quantity.values).mean():.2g}")
    why = "" if of_one else ": where a number may be 0, a share of it is no margin"
    return f"{size:g}", f" {size:g} is a fifth of its {'mean ' * bool(quantity.dims)}magnitude{why}."


def _above_zero(quantity: Quantity) -> bool:
    """Far above, so that fewer samples and another level do not change it."""
    return quantity.low is not None and bool(np.all((quantity.low > 0) & (2 * quantity.low > quantity.values)))


def _twin(measurement: Measurement, quantity: Quantity) -> list[Quantity]:
    """Return the same number without the noise of drawn contexts, where there is one: a gate looks at both."""
    wanted = (STATISTICS[quantity.statistic].corrected, quantity.parts)
    return [other for other in measurement.summary if (other.statistic, other.parts) == wanted]


def _range(quantity: Quantity) -> str:
    values = np.asarray(quantity.values, dtype=np.float64)
    if values.ndim == 0:
        return with_unit(f"{values:.3g}", quantity.unit)
    along = safe_text(quantity.dims[0], limit=30).replace("_", " ")
    ends = with_unit(f"{values.min():.3g} to {values.max():.3g}", quantity.unit)
    return f"{ends} at {values.size} {along}{'s' * (values.size != 1)}"


def _example(measurement: Measurement, quantity: Quantity) -> str:
    """Return a few labels of the axis; empty where there is no axis, or one without labels."""
    labels = measurement.coordinates.get(quantity.dims[0], np.empty(0)).tolist() if quantity.dims else []
    shown = labels if len(labels) <= 3 else [labels[0], labels[len(labels) // 2], labels[-1]]
    return ", ".join(_quoted(label) if isinstance(label, str) else f"{label}" for label in shown)


def _rule(  # noqa: PLR0913  (the keys of a rule, and what explains them)
    about: str,
    metric: str,
    quantity: str,
    margin: str,
    *,
    must_not: str = "change",
    unit: str = "1",
    at: str = "",
    warns: bool = False,
) -> str:
    of = "of the reference" if margin.endswith("%") else "" if unit in ("", "1") else f"in {safe_text(unit, limit=24)}"
    lines = [
        *(f"  # {line}" for line in textwrap.wrap(safe_text(about, limit=2000), COLUMNS - 4)),
        f"  - metric: {_quoted(metric)}",
        f"    quantity: {_quoted(quantity)}",
        _explained(f"    must_not: {must_not}", WORSE[must_not]),
        _explained(f"    margin: {margin}", of),
        _explained(f"    # at: [{at}]", "to judge these alone") if at else "",
        _explained("    level: warn", WARNS) if warns else "",
    ]
    return "\n".join([*filter(None, lines), ""])


def _explained(line: str, words: str) -> str:
    return f"{line:<26} # {words}" if words else line


def _quoted(text: str) -> str:
    """Write text as YAML: as it is where it is a plain word, else between quotes, what is no ink escaped."""
    if _PLAIN.fullmatch(text) and text.lower() not in _WORDS:
        return text
    escaped = (
        f"\\{character}" if character in '"\\' else character if character.isprintable() else f"\\U{ord(character):08X}"
        for character in text
    )
    return f'"{"".join(escaped)}"'
