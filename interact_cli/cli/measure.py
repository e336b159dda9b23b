"""``interact measure``: any metrics of one checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from interact_cli.cli.flags import COMMON, EPOCHS, METRIC, option_flags, takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Call, check_output_name, show_report
from interact_cli.config.loading import assignment
from interact_cli.errors import UsageError

From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="Answer from this report's records with its settings. Only what is missing is evaluated, on the "
        "checkpoint, data and code that you name. The environment and config files do not apply.",
        metavar="REPORT",
    ),
]


@guarded
@takes((METRIC, EPOCHS, *COMMON), option_flags)
def measure(flags: dict[str, Any], call: Call, from_: From = None) -> None:
    """Measure the interactions of a checkpoint and write a report.

    Example: interact measure ckpt.pt --metric multi-order
    """
    if from_ is None:
        call.carry_out(flags)
        return
    if call.config is not None or call.dry_run:
        raise UsageError("--from takes its settings from the report; leave out --config and --dry-run.")
    from interact_cli.pipeline.reuse import rerun

    check_output_name(flags.get("run.output"))
    changes = {**dict(map(assignment, call.set_ or ())), **flags}
    if call.checkpoint is not None:
        changes["checkpoint"] = call.checkpoint
    outcome = rerun(from_, changes, call.told, sys.argv)
    show_report(outcome.report, json=call.json)
