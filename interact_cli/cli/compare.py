"""``interact compare``: what differs between two reports; it never fails a build."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from interact_cli.cli.flags import takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.outputs import AllowPartial, Shown

Samples = Annotated[
    Literal["both-correct", "all"] | None,
    typer.Option(
        "--samples",
        help="Compare the samples that both networks classify correctly, or all. both-correct where labelled.",
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
        help="Declare it different: baseline, entry, classes, dtype, normaliser, tool or estimator; may be given "
        "again.",
        metavar="FIELD",
        show_default=False,
    ),
]


@guarded
@takes()
def compare(
    *,
    reference: Annotated[Path, typer.Argument(help="Report of the version that is judged against.")],
    candidate: Annotated[Path, typer.Argument(help="Report of the version that is judged.")],
    samples: Samples = None,
    on_missing: OnMissing = "refuse",
    may_differ: MayDiffer = None,
    allow_partial: AllowPartial = False,
    everything: Annotated[bool, typer.Option("--all", help="Every number, not only the leading ones.")] = False,
    shown: Shown,
) -> None:
    """Compare two reports sample by sample: every number, its difference and interval. Never fails a build.

    Exits with 0 when a comparison was printed. 3: the reports cannot be compared. 4: one is refused.
    """
    from interact_cli.gates.compare import compare as compared
    from interact_cli.gates.policy import check_may_differ
    from interact_cli.report.hdf5.confined import read_both

    shown.check(reference, candidate, verdict=False)
    declared = check_may_differ(may_differ or ())
    first, second = read_both(reference, candidate)
    comparison = compared(
        first,
        second,
        samples=samples,
        on_missing=on_missing,
        may_differ=declared,
        allow_partial=allow_partial,
    )
    shown.comparison(comparison, everything=everything)
