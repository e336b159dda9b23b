"""``interact show`` and ``interact plot``: what a report says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from interact_cli.cli.console import screen
from interact_cli.cli.guard import guarded
from interact_cli.cli.measuring import Json, check_output_name, show_report
from interact_cli.errors import OutputError

ReportPath = Annotated[Path, typer.Argument(help="Report written by interact (.h5).", show_default=False)]


@guarded
def show(report: ReportPath, json: Json = False) -> None:
    """Show what a report says."""
    from interact_cli.report.hdf5.reader import read_report

    show_report(read_report(report), report, json=json)


@guarded
def plot(
    report: ReportPath,
    output: Annotated[Path, typer.Option("--output", "-o", help="Picture: .png, .pdf or .svg.", show_default=False)],
    kind: Annotated[
        str | None, typer.Option("--kind", help="curve, profile, map, matrix or players.", show_default=False)
    ] = None,
    sample: Annotated[int, typer.Option("--sample", help="Sample of the map, from 0.", min=0)] = 0,
    neighbours: Annotated[
        Literal["4", "8"], typer.Option("--neighbours", help="Neighbours of a cell in the map.")
    ] = "8",
) -> None:
    """Draw a report: J curve, order profile, grid map, pair matrix, player values."""
    from interact_cli.report.hdf5.reader import read_report
    from interact_cli.report.plots import plot_report

    check_output_name(output)
    if _same_file(output, report):
        raise OutputError("The picture would overwrite the report. Choose another --output.")
    drawn = plot_report(read_report(report), output, kind=kind, sample=sample, neighbours=4 if neighbours == "4" else 8)
    screen.say(f"Drew {', '.join(drawn)}.")
    screen.document(str(output))


def _same_file(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
