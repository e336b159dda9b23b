"""``interact show`` and ``interact plot``: what a report says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from interact_cli.cli.console import screen
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Json, check_output_name, show_report
from interact_cli.errors import OutputError

ReportPath = Annotated[Path, typer.Argument(help="Report written by interact (.h5).", show_default=False)]


@guarded
def show(report: ReportPath, json: Json = False) -> None:
    """Show what a report says."""
    from interact_cli.report.hdf5.reader import read_report

    show_report(read_report(report), json=json)


@guarded
def plot(
    report: ReportPath,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", help="Picture: .png, .pdf or .svg; .json for the numbers of a graph.", show_default=False
        ),
    ],
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            help="curve, profile, graph, partition, sets, map, matrix, players, contexts or numbers.",
            show_default=False,
        ),
    ] = None,
    sample: Annotated[
        int, typer.Option("--sample", help="Sample of a map or a graph, first of the texts, from 0.", min=0)
    ] = 0,
    neighbours: Annotated[
        Literal["4", "8"], typer.Option("--neighbours", help="Neighbours of a cell in the map.")
    ] = "8",
    reading: Annotated[
        Literal["mean-abs", "abs-mean"],
        typer.Option("--reading", help="Color(g) of the map: mean of |I| over the neighbours, or |mean of I|."),
    ] = "mean-abs",
    pair: Annotated[
        str | None,
        typer.Option(
            "--pair", help="Two players, by number or name, for --kind contexts.", metavar="I,J", show_default=False
        ),
    ] = None,
) -> None:
    """Draw a report: curves, And-Or graph, partitions, sets, maps, pair matrix, player values, contexts, numbers."""
    from interact_cli.extensions import scores_with
    from interact_cli.report.export import write_graph
    from interact_cli.report.hdf5.reader import read_report
    from interact_cli.report.plots import plot_report

    check_output_name(output)
    if _same_file(output, report):
        raise OutputError("The picture would overwrite the report. Choose another --output.")
    if kind in {None, "graph"} and output.suffix.lower() == ".json":
        screen.say(f"Wrote the {write_graph(read_report(report), output, sample=sample)}.")
        screen.place(output)
        return
    contents = read_report(report)
    drawn = plot_report(
        contents,
        output,
        kind=kind,
        sample=sample,
        neighbours=4 if neighbours == "4" else 8,
        reading=reading,
        pair=pair,
        known=scores_with(contents.provenance.get("score")),
    )
    screen.say(f"Drew {', '.join(drawn)}.")
    screen.place(output)


def _same_file(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # there is no picture yet
        return False
