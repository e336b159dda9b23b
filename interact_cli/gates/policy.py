"""The policy of a gate: which numbers must not move how far, and what to do when that cannot be told."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, nan
from typing import Annotated, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    StrictFloat,
    StrictInt,
    StrictStr,
)

from interact_cli.errors import UnknownNameError
from interact_cli.safe_text import safe_text

Declared = Literal["baseline", "entry", "classes", "dtype", "normaliser", "tool", "estimator"]
MAY_DIFFER: tuple[Declared, ...] = get_args(Declared)
"""What a policy may declare different; players, score, plan and the definition of a metric never may."""
Kind = Literal["absolute", "relative", "noise"]
KINDS: dict[str | None, Kind] = {None: "absolute", "%": "relative", "noise": "noise"}
"""Unit of a margin -> what it is a margin of."""
MARGIN = re.compile(r"(?P<number>[0-9.eE+-]+)\s*(?P<unit>%|noise)?")


@dataclass(frozen=True)
class Margin:
    """The smallest change that matters.

    ``0.1`` in the unit of the quantity, ``5%`` of the reference, ``2 noise`` times what two plan seeds of one
    checkpoint differ by.
    """

    amount: float
    """Finite and above 0; the share where relative: 0.05 for ``5%``."""
    kind: Kind = "absolute"

    @classmethod
    def parse(cls, given: object) -> Margin:
        """Read a margin.

        Raises:
            ValueError: no such form, or a number that is not finite and above 0.

        Example:
            >>> Margin.parse("5%"), Margin.parse(0.1), Margin.parse("2 noise").kind
            (Margin(amount=0.05, kind='relative'), Margin(amount=0.1, kind='absolute'), 'noise')
        """
        if isinstance(given, Margin):
            return given
        expected = "expected a finite number above 0, alone (0.1), as a share (5%) or in A/A noise (2 noise)"
        matched = MARGIN.fullmatch(str(given).strip()) if isinstance(given, str | int | float) else None
        try:
            amount = float(matched["number"]) if matched else nan
        except ValueError:
            amount = nan
        if matched is None or not 0 < amount < inf:
            raise ValueError(expected)
        kind = KINDS[matched["unit"]]
        return cls(amount / 100 if kind == "relative" else amount, kind)

    def __str__(self) -> str:
        if self.kind == "relative":
            return f"{self.amount * 100:g}%"
        return f"{self.amount:g} noise" if self.kind == "noise" else f"{self.amount:g}"


MarginField = Annotated[Margin, BeforeValidator(Margin.parse), PlainSerializer(str)]
Alpha = Annotated[float, Field(gt=0, lt=0.5)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, arbitrary_types_allowed=True)


class Rule(_Section):
    """One number, or one number at each of several places, and the change that it must not make."""

    metric: Annotated[str, Field(min_length=1)]
    """Metric of the reports, with its module where there are several: `shapley@encoder.layer.0`; `accuracy` too."""
    quantity: Annotated[str, Field(min_length=1)]
    """Number of its summary: `mean_abs`, `J_mean_abs`, `strength_rms_corrected`."""
    must_not: Literal["rise", "fall", "change"]
    """The direction that is worse."""
    margin: MarginField
    """The smallest change that matters: `0.1` in the number's unit, `5%` of the reference, `2 noise`."""
    at: Annotated[tuple[StrictInt | StrictFloat | StrictStr, ...], Field(min_length=1)] | None = None
    """Orders, sizes or players to judge; every one unless given."""
    level: Literal["error", "warn", "off"] = "error"
    """`error` decides the verdict, `warn` is printed, `off` is not judged."""
    alpha: Alpha | None = None
    """Share of false alarms of this rule; the policy's unless given."""
    name: Annotated[str, Field(max_length=200)] = ""
    """How the rule is called in what is printed; metric and quantity unless given."""


class Policy(_Section):
    """All rules, and how the two reports are compared."""

    rules: Annotated[tuple[Rule, ...], Field(min_length=1)]
    """What must not move."""
    alpha: Alpha = 0.05
    """Share of false alarms at a change of exactly the margin."""
    samples: Literal["both-correct", "all"] = "both-correct"
    """Labelled samples that are compared: those that both versions classify correctly, or all."""
    on_inconclusive: Literal["fail", "warn", "pass"] = "fail"
    """What an undecided rule does: exit 3, a warning, or nothing. What cannot be compared at all is always exit 3."""
    on_missing: Literal["refuse", "intersect"] = "refuse"
    """Samples that only one report holds: not comparable, or left out and counted."""
    allow_partial: bool = False
    """Judge reports of a quick look (`--limit`) too."""
    may_differ: tuple[Declared, ...] = ()
    """What may differ between the reports; each is printed."""
    noise: str | None = None
    """Report of the reference's checkpoint under another plan seed (`interact gate --self-check`): the A/A noise. A
    path from the folder of the policy file."""
    resamples: Annotated[int, Field(ge=2000, le=100_000, strict=True)] = 10_000
    """Bootstrap resamples of the samples."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1, strict=True)] = 0
    """Seed of the resamples."""

    def overridden(self, margin: Margin | None, alpha: float | None, on_inconclusive: str | None) -> Policy:
        """Return the policy with what the command line says in the place of what every rule says."""
        of_rules = {"margin": margin, "alpha": alpha}
        of_all = {"alpha": alpha, "on_inconclusive": on_inconclusive}
        given, changed = (
            {k: value for k, value in written.items() if value is not None} for written in (of_rules, of_all)
        )
        rules = tuple(rule.model_copy(update=given) for rule in self.rules)
        return self.model_copy(update={**changed, "rules": rules})


def named(rule: Rule) -> str:
    """Return how a rule is called."""
    return safe_text(rule.name or f"{number_named(rule.metric, rule.quantity)} must not {rule.must_not}")


def number_named(metric: str, quantity: str) -> str:
    """Return how a number is called.

    Example:
        >>> number_named("multi-order", "mean_abs"), number_named("accuracy", "accuracy")
        ('multi-order mean_abs', 'accuracy')
    """
    return quantity if quantity == metric else f"{metric} {quantity}"


def check_may_differ(given: Sequence[str]) -> tuple[Declared, ...]:
    """Return what the command line declares different.

    Raises:
        UnknownNameError: nothing that may.
    """
    for name in given:
        if name not in MAY_DIFFER:
            raise UnknownNameError("field that may differ", name, MAY_DIFFER)
    return tuple(field for field in MAY_DIFFER if field in given)
