"""``interact selfcheck``: the mathematics against known answers, axioms and closed forms."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from interact_cli.cli.console import progress, screen
from interact_cli.cli.guard import CHECK_FAILED, guarded
from interact_cli.cli.runs import Json

if TYPE_CHECKING:
    from interact_cli.report.terminal.pen import Pen
    from interact_cli.selfcheck.checks import Accuracy, Agreement, Check


@guarded
def selfcheck(
    quick: Annotated[bool, typer.Option("--quick", help="A twentieth of the models; seconds.")] = False,
    json: Json = False,
) -> None:
    """Check the mathematics: known answers, axioms, identities and closed forms. Under a minute."""
    from interact_cli.api import measure
    from interact_cli.selfcheck import run

    n_exact, n_learned = run.QUICK if quick else run.FULL
    started = time.monotonic()
    checks = run.run(measure, progress("auto"), n_exact=n_exact, n_learned=n_learned)
    seconds = time.monotonic() - started
    if json:
        n_passed = sum(check.passed for check in checks)
        document = {"passed": n_passed, "failed": len(checks) - n_passed, "seconds": seconds}
        screen.data({**document, "checks": [check.document() for check in checks]})
    else:
        from interact_cli.report.terminal.pen import Page

        screen.show(Page(partial(checked, checks, seconds)))
    if not all(check.passed for check in checks):
        raise typer.Exit(CHECK_FAILED)


def checked(checks: Sequence[Check], seconds: float, pen: Pen) -> Iterator[RenderableType]:
    """Yield the sections, then what failed, then the count."""
    from interact_cli.selfcheck.checks import Accuracy, Agreement

    accuracies = [check for check in checks if isinstance(check, Accuracy)]
    agreements = [check for check in checks if isinstance(check, Agreement)]
    yield from _accuracy(accuracies, pen)
    yield from _identities([check for check in agreements if check.section == "identities"], pen)
    yield from _closed_forms([check for check in agreements if check.section == "closed forms"], pen)
    failed = [check for check in checks if not check.passed]
    yield pen.text("")
    for check in failed:
        yield pen.line(f"FAILED {check.name}: {check.asserts} ({check.source}).", "bold red", indent=0)
    n, took = len(checks), f"in {seconds:.0f} s"
    if failed:
        yield pen.line(f"{len(failed)} of {n} checks failed, {n - len(failed)} passed, {took}.", "bold red", indent=0)
    else:
        yield pen.line(f"All {n} checks passed {took}.", "bold green", indent=0)


def _accuracy(checks: Sequence[Accuracy], pen: Pen) -> Iterator[RenderableType]:
    from interact_cli.games.expressions import DATA_SETS
    from interact_cli.report.terminal.pen import Column

    yield pen.heading("accuracy by data set")
    yield pen.line("Operators (Zhang et al., AAAI 2021) that a partition treats right; + joins and separates nothing.")
    for data_set, of_one in groupby(checks, key=lambda check: check.data_set):
        rows = list(of_one)
        models = {row.models: f"{row.models:,}" for row in rows}
        yield pen.text("")
        yield pen.line(
            f"{data_set}, such as {DATA_SETS[data_set].example}: {' and '.join(models.values())} models", "bold"
        )
        yield from pen.tables(
            Column("", [check.method for check in rows], right=False),
            [
                [
                    Column("accuracy", [f"{check.accuracy:.4f}" for check in rows]),
                    Column("of", [f"{check.operations:,}" for check in rows]),
                    Column("", _verdicts(rows)),
                ],
                [Column("published", [f"{check.published:.3f}" for check in rows])],
                [Column("95 % interval", ["{:.4f} – {:.4f}".format(*check.interval) for check in rows])],
            ],
        )
        for check in rows:
            if check.note:
                yield pen.line(f"{check.method}: {check.note}", "italic")


def _identities(checks: Sequence[Agreement], pen: Pen) -> Iterator[RenderableType]:
    from interact_cli.report.terminal.pen import Column
    from interact_cli.selfcheck.checks import TOLERANCE

    yield pen.text("")
    yield pen.heading("axioms and identities")
    yield pen.line(
        f"Largest errors on random games of 6 to 8 players; {_small(TOLERANCE)} is allowed, or what is named."
    )
    yield from pen.tables(
        Column("identity", [check.name for check in checks], right=False),
        [
            [Column("says", [check.asserts for check in checks], right=False)],
            [Column("error", [_small(check.error) for check in checks]), Column("", _verdicts(checks))],
            [Column("source", [check.source for check in checks], right=False)],
        ],
    )


def _closed_forms(checks: Sequence[Agreement], pen: Pen) -> Iterator[RenderableType]:
    from interact_cli.report.terminal.pen import Column

    by_game = {game: list(of_one) for game, of_one in groupby(checks, key=lambda check: check.name.split(", ")[0])}
    worst = [max(rows, key=lambda check: (not check.passed, check.error)) for rows in by_game.values()]
    yield pen.text("")
    yield pen.heading("closed forms")
    yield pen.line("Largest errors over all indices of games whose values are derived on paper.")
    yield from pen.tables(
        Column("game", list(by_game), right=False),
        [
            [Column("indices", [str(len(rows)) for rows in by_game.values()])],
            [Column("error", [_small(check.error) for check in worst]), Column("", _verdicts(worst))],
        ],
    )


def _verdicts(checks: Sequence[Check]) -> list[str]:
    return ["ok" if check.passed else "FAILED" for check in checks]


def _small(number: float) -> str:
    return "0" if number == 0 else f"{number:.0e}" if number < 0.01 else f"{number:.3f}"
