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

    def shown(self, *, with_goal: bool) -> str:
        """Return share and interval, and the goal where it is missed or nothing else names it."""
        named = [f"goal {self.goal}"] if self.goal is not None and with_goal else []
        missed = ["**missed**"] if self.goal is not None and not self.goal.met(self.percent) else []
        return ", ".join([f"{self.percent:.1f} ({self.interval})", *named, *missed])


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

    def highest(self) -> tuple[Share | None, ...]:
        """Return the highest share of every column."""
        columns = zip(*[shares for _, shares in self.lines], strict=True)
        return tuple(max(filter(None, column), key=lambda share: share.percent, default=None) for column in columns)

    def markdown(self) -> str:
        """Return the table in percent, each share with its interval; the head names the goals that all rules share."""
        shared = [self._shared(column) for column in range(len(self.columns))]
        head = [f"{name}, goal {goal}" if goal else name for name, goal in zip(self.columns, shared, strict=True)]
        lines = [["rule", *head], ["---"] * (1 + len(head))]
        for rule, shares in self.lines:
            cells = zip(shares, shared, strict=True)
            lines.append([rule, *["" if share is None else share.shown(with_goal=not goal) for share, goal in cells]])
        return "\n".join([f"**{self.title}**", "", *["| " + " | ".join(line) + " |" for line in lines]])

    def _shared(self, column: int) -> str:
        goals = {str(share.goal or "") for share in (of_rule[column] for _, of_rule in self.lines) if share is not None}
        return goals.pop() if len(goals) == 1 else ""
