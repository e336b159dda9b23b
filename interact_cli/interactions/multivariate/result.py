"""What the multivariate interaction of a set A says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.multivariate.partitions import Family, Partition
from interact_cli.types import FloatArray

QUANTITIES = ("B", "B_max", "B_min", "T", "B_plus", "B_minus")
"""What the six values are, in order."""


class _Quantity:
    """One of the six values, by name."""

    def __init__(self, meaning: str) -> None:
        self.__doc__ = meaning

    def __set_name__(self, owner: type, name: str) -> None:
        self.position = QUANTITIES.index(name)

    def __get__(self, estimate: Estimate | None, owner: type) -> float:
        return float("nan") if estimate is None else float(estimate.values[self.position])


@dataclass(frozen=True, kw_only=True)
class Multivariate(Estimate):
    """Interaction among the players of A, as one coalition and as several.

    ``phi(C)`` is the Shapley value of the coalition C, a subset of A that acts as one player, in the game without the
    rest of A: ``phi(C) = sum_{S in N minus A} s! (q-s)! / (q+1)! [v(S u C) - v(S)]``, q = n - |A|. The values are, in
    the order of `QUANTITIES`:

    - ``B = phi(A) - sum_{i in A} phi(i)``;
    - ``B_max`` and ``B_min``: the largest and the smallest ``sum_{C in partition} phi(C) - sum_{i in A} phi(i)`` over
      the partitions of the asked family; ``T = B_max - B_min``;
    - ``B_plus`` and ``B_minus``: the sums of the positive and of the negative ``I_Sh(L | N minus A u L)`` of the
      subsets L of A with two players or more; NaN unless all ``2^|A|`` coalitions of A were evaluated.

    **Enumerated or learned.** Where ``method`` is ``"exact"``, ``partition_max`` and ``partition_min`` were found by
    enumeration, also when a learning ran beside it (then ``trace``, ``trace_min`` and ``learned_T`` say how that went
    and nothing else depends on it). Where ``method`` is ``"learned"``, they were read off the learned p
    (joined where p > 0.5), and ``B_max``, ``B_min`` and ``T`` are the values of those two partitions: what learning
    reached, never more than the best. ``exact`` says, for either, whether every context was evaluated.

    **Sampled.** A maximum over noisy values is too large on average, and a minimum too small: where ``exact`` is False
    and the partitions were enumerated, ``B_max``, ``T`` and ``B_plus`` lean upwards, ``B_min`` and ``B_minus``
    downwards. Nothing is corrected behind the reader's back; ``standard_errors`` are those of the chosen
    partitions, and of the chosen signs, as if they had been given beforehand. ``B`` is unbiased.

    Source: Zhang et al. (AAAI 2021), equations 3 to 8; erratum 18 for the player set of the subsets L.
    """

    members: tuple[int, ...]
    """The players of A, ascending."""
    partitions: Family
    """``"contiguous"``: coalitions of players that succeed each other in A; ``"all"``: any."""
    partition_max: Partition
    """The coalitions whose values sum to the most; among equals the one with fewest joins."""
    partition_min: Partition
    """The coalitions whose values sum to the least; among equals the one with fewest joins."""
    trace: FloatArray | None = None
    """``(epoch, gap)``: p of the largest sum before each epoch, 0.5 at first, and after the last one; None where
    nothing was learned. It stands still after an early stop."""
    trace_min: FloatArray | None = None
    """The same of the smallest sum."""
    learned_T: float | None = None  # noqa: N815  (the paper's T)
    """L of the largest sum minus L of the smallest at the last p, over partitions drawn from it; None where nothing was
    learned."""
    method: Literal["exact", "learned"] = "exact"
    """How the two partitions were found: by enumeration, or read off the learned p."""

    B = _Quantity("``phi(A) - sum of phi(i)``.")
    B_max = _Quantity("The largest sum over a partition, minus ``sum of phi(i)``.")
    B_min = _Quantity("The smallest sum over a partition, minus ``sum of phi(i)``.")
    T = _Quantity("``B_max - B_min``.")
    B_plus = _Quantity("Sum of the positive interactions of subsets of A.")
    B_minus = _Quantity("Sum of the negative interactions of subsets of A.")

    @property
    def players(self) -> tuple[tuple[int, ...], ...]:
        """A, once for each of the six values."""
        return (self.members,) * len(QUANTITIES)
