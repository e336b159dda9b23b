"""What a check is: a statement, where it comes from, and the number that says whether it holds."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from interact_cli.interactions.estimate import Estimate
from interact_cli.selfcheck.binomial import clopper_pearson

Measure = Callable[..., Estimate]
"""``measure(game, index, **options)`` as the Python API offers it; it is what is checked."""

TOLERANCE = 1e-9
"""Largest error of an identity; the games' values are of the order 1."""
SURELY = 0.9999
"""Confidence at which an accuracy counts as another than the expected one: chance alone does not fail a check."""


@dataclass(frozen=True)
class Check(ABC):
    """A statement about the package."""

    name: str
    asserts: str
    source: str

    @property
    @abstractmethod
    def passed(self) -> bool:
        """Whether it holds."""

    def document(self) -> dict[str, Any]:
        """Return the check as JSON data."""
        return {**asdict(self), "passed": self.passed}


@dataclass(frozen=True)
class Agreement(Check):
    """Two ways to the same numbers."""

    section: Literal["identities", "closed forms"]
    error: float
    """Largest over all games and values that were compared."""
    tolerance: float = TOLERANCE

    @property
    def passed(self) -> bool:
        """Whether the largest error is within the tolerance; NaN is not."""
        return self.error <= self.tolerance


@dataclass(frozen=True)
class Accuracy(Check):
    """How often a partition treats an operation as the expression says.

    Operations of all models are counted as one binomial sample, as the paper's table does.
    """

    data_set: str
    method: str
    models: int
    operations: int
    """Gaps of A whose operator joins or separates; ``+`` does neither."""
    correct: int
    with_additions: float
    """Share over all gaps where ``+`` counts as separating, as in the authors' code."""
    expected: tuple[float, float]
    """What mathematics, or the published figure, lets the share tend to."""
    published: float
    """Zhang et al. (AAAI 2021), table 1."""
    note: str = ""
    section: Literal["accuracy"] = "accuracy"

    @property
    def accuracy(self) -> float:
        """Share of the operations that were treated right."""
        return self.correct / self.operations

    @property
    def interval(self) -> tuple[float, float]:
        """95 % Clopper-Pearson interval."""
        return clopper_pearson(self.correct, self.operations)

    @property
    def passed(self) -> bool:
        """Whether what was seen is compatible with what is expected; one miss is too many where that is 1."""
        low, high = clopper_pearson(self.correct, self.operations, SURELY)
        least, most = self.expected
        return low <= most and least <= high

    def document(self) -> dict[str, Any]:
        """Return the check as JSON data, with its accuracy and interval."""
        return {**super().document(), "accuracy": self.accuracy, "interval": list(self.interval)}
