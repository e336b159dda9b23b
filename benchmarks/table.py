"""One row per measurement: what it measures, what came out, what was hoped for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Goal:
    """A bound on a measured number."""

    least: float | None = None
    most: float | None = None
    unit: str = ""

    def __str__(self) -> str:
        bounds = [f"≥ {self.least:g}"] if self.least is not None else []
        bounds += [f"≤ {self.most:g}"] if self.most is not None else []
        return " and ".join(bounds) + self.unit

    def met(self, value: float) -> bool:
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


@dataclass(frozen=True)
class Row:
    """A line of the table; without a goal it is context."""

    what: str
    value: float
    unit: str = ""
    goal: Goal | None = None
    spread: str = ""
    """How far the repetitions lay apart."""

    @property
    def verdict(self) -> str:
        if self.goal is None:
            return "context"
        return "met" if self.goal.met(self.value) else "missed"


@dataclass(frozen=True)
class Benchmark:
    """A script that yields rows; ``quick`` asks for fewer repetitions."""

    name: str
    run: Callable[[bool], Iterator[Row]]
    by_hand: bool = False
    """True where it is only run when it is named."""


class Printer:
    """Prints rows as one table."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.rows: list[tuple[str, Row]] = []

    def add(self, name: str, row: Row) -> None:
        """Keep a row, and say on standard error that it is there: the table comes at the end."""
        self.rows.append((name, row))
        Console(stderr=True, soft_wrap=True).print(
            f"{name}: {row.what}: {row.value:.4g}{row.unit} {row.verdict}", highlight=False
        )

    def show(self) -> None:
        table = Table("benchmark", "what", "measured", "spread", "goal", "verdict", box=None, pad_edge=False)
        for name, row in self.rows:
            colour = {"met": "green", "missed": "red"}.get(row.verdict, "dim")
            goal = str(row.goal) if row.goal else ""
            value = f"{row.value:,.0f}" if row.value >= 1000 else f"{row.value:.3g}"
            table.add_row(name, row.what, value + row.unit, row.spread, goal, f"[{colour}]{row.verdict}[/]")
        self.console.print(table)
