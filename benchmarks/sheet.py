"""Shares of repetitions in which something happened, by rule and condition: rows of the table, or Markdown for docs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.table import Goal, Row
from interact_cli.selfcheck.binomial import clopper_pearson


@dataclass(frozen=True)
class Share:
    """How often something happened, in percent."""

    hits: int
    trials: int
    goal: Goal | None = None

    @classmethod
    def of(cls, happened: Sequence[bool], goal: Goal | None = None) -> Share:
        return cls(sum(happened), len(happened), goal)

    @property
    def percent(self) -> float:
        return 100 * self.hits / self.trials

    @property
    def interval(self) -> str:
        """The 95 % interval of Clopper and Pearson."""
        low, high = clopper_pearson(self.hits, self.trials)
        return f"{100 * low:.1f} to {100 * high:.1f}"

    def __str__(self) -> str:
        missed = "" if self.goal is None or self.goal.met(self.percent) else " **missed**"
        return f"{self.percent:.1f} ({self.interval}){missed}"


@dataclass(frozen=True)
class Sheet:
    """One table: a line per rule, a column per condition."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Share | None, ...]], ...]

    def rows(self) -> Iterator[Row]:
        """Yield a row per share."""
        for rule, shares in self.lines:
            for column, share in zip(self.columns, shares, strict=True):
                if share is not None:
                    what = f"{self.title}: {rule}; {column}"
                    yield Row(what, share.percent, " %", share.goal, share.interval)

    def markdown(self) -> str:
        """Return the table in percent, each share with its interval."""
        goals = [self._goal(column) for column in range(len(self.columns))]
        head = ["rule", *[name + (f", {goal}" if goal else "") for name, goal in zip(self.columns, goals, strict=True)]]
        lines = [head, ["---"] * len(head)]
        lines += [[rule, *["" if share is None else str(share) for share in shares]] for rule, shares in self.lines]
        return "\n".join([f"**{self.title}**", "", *["| " + " | ".join(line) + " |" for line in lines]])

    def _goal(self, column: int) -> str:
        shares = [of_rule[column] for _, of_rule in self.lines]
        goals = {str(share.goal) for share in shares if share is not None and share.goal is not None}
        return f"goal {goals.pop()}" if len(goals) == 1 else ""
