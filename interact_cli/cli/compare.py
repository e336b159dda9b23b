"""``interact compare``: what differs between two reports; it never fails a build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from interact_cli.cli.comparing import (
    PICTURES,
    Markdown,
    Output,
    check_formats,
    check_outputs,
    write_outputs,
)
from interact_cli.cli.console import screen
from interact_cli.cli.guard import guarded
from interact_cli.cli.measuring import Json

Samples = Annotated[
    Literal["both-correct", "all"] | None,
    typer.Option(
        "--samples",
        help="Compare the samples that both networks classify correctly, or all; both-correct where labelled.",
        show_default=False,
    ),
]
OnMissing = Annotated[
    Literal["refuse", "intersect"],
    typer.Option("--on-missing", help="Samples that only one report holds: not comparable, or left out and counted."),
]
MayDiffer = Annotated[
    list[str] | None,
    typer.Option(
        "--may-differ",
        help="Declare it different: baseline, entry, classes, dtype, normaliser or tool; may be given again.",
        metavar="FIELD",
        show_default=False,
    ),
]
AllowPartial = Annotated[bool, typer.Option("--allow-partial", help="Take reports of a quick look (--limit) too.")]


@guarded
def compare(
    reference: Annotated[Path, typer.Argument(help="Report of the version that is judged against.")],
    candidate: Annotated[Path, typer.Argument(help="Report of the version that is judged.")],
    samples: Samples = None,
    on_missing: OnMissing = "refuse",
    may_differ: MayDiffer = None,
    allow_partial: AllowPartial = False,
    everything: Annotated[bool, typer.Option("--all", help="Every number, not only the leading ones.")] = False,
    output: Output = None,
    json: Json = False,
    markdown: Markdown = False,
) -> None:
    """Compare two reports sample by sample: every number, its difference and interval. Never fails a build.

    Exits with 0 when a comparison was printed, 3 when the reports cannot be compared, 4 when one is refused.
    """
    from interact_cli.gates.compare import compare as compared
    from interact_cli.gates.policy import check_may_differ
    from interact_cli.report.hdf5.confined import read_both
    from interact_cli.report.verdicts.document import comparison_document
    from interact_cli.report.verdicts.markdown import comparison_markdown
    from interact_cli.report.verdicts.terminal import render_comparison

    check_formats(json=json, markdown=markdown)
    outputs = output or []
    check_outputs(outputs, [reference, candidate], (".json", ".md", *PICTURES))
    declared = check_may_differ(may_differ or ())
    first, second = read_both(reference, candidate)
    found = compared(
        first,
        second,
        names=(str(reference), str(candidate)),
        samples=samples,
        on_missing=on_missing,
        may_differ=declared,
        allow_partial=allow_partial,
    )

    def draw(path: Path) -> None:
        from interact_cli.report.plots.differences import plot_comparison

        plot_comparison(found, path)

    makers = {
        ".json": lambda: comparison_document(found),
        ".md": lambda: comparison_markdown(found, everything=everything),
    }
    write_outputs(outputs, makers, draw)
    if json:
        screen.document(makers[".json"]())
    elif markdown:
        screen.document(makers[".md"]())
    else:
        screen.show(render_comparison(found, everything=everything))
