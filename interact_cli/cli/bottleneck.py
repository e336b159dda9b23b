"""``interact bottleneck``: the representation bottleneck of a checkpoint or of a data set's reference network."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from interact_cli.cli.flags import COMMON, EPOCHS, option_flags, takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Call, show_beside

AgainstUntrained = Annotated[
    bool,
    typer.Option(
        "--against-untrained",
        help="Measure the same architecture with fresh weights too, on the same samples and coalitions.",
    ),
]


@guarded
@takes((EPOCHS, *COMMON), option_flags)
def bottleneck(flags: dict[str, Any], call: Call, against_untrained: AgainstUntrained = False) -> None:
    """Measure which orders of interaction a network encodes: middle over ends, noise, theory (Deng et al., 2022).

    Without a checkpoint the data set's reference network is trained first and kept in the cache.

    Example: interact bottleneck --dataset cifar10
    """
    flags = {**flags, "metrics": ("bottleneck",)}
    if not against_untrained:
        call.carry_out(flags)
        return
    from interact_cli.pipeline.untrained import check_trained, measure_untrained

    settings = call.settings(flags)
    check_trained(settings)
    report = call.carry_out(flags)
    if report is None:
        call.told.note("--against-untrained: as much again for the network before training.")
        return
    untrained = measure_untrained(settings, report, call.told, sys.argv).report
    show_beside(untrained, "Before training: the same architecture with fresh weights", call.told, json=call.json)
