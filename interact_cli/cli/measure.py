"""``interact measure``: any metrics of one checkpoint."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from interact_cli.cli.console import progress
from interact_cli.cli.flags import COMMON, EPOCHS, METRIC, option_flags, takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.measuring import (
    Checkpoint,
    Config,
    DryRun,
    Json,
    ProgressKind,
    Set,
    carry_out,
    check_output_name,
    settings_from,
    show_report,
)
from interact_cli.config.loading import assignment
from interact_cli.errors import UsageError

From = Annotated[
    Path | None,
    typer.Option(
        "--from",
        help="Answer from this report's records with its settings; evaluate only what is missing. "
        "The environment and config files do not apply.",
        metavar="REPORT",
    ),
]


@guarded
@takes((METRIC, EPOCHS, *COMMON), option_flags)
def measure(
    flags: dict[str, Any],
    checkpoint: Checkpoint = None,
    config: Config = None,
    set_: Set = None,
    from_: From = None,
    dry_run: DryRun = False,
    json: Json = False,
    progress_: ProgressKind = "auto",
) -> None:
    """Measure the interactions of a checkpoint and write a report.

    Example: interact measure ckpt.pt --metric multi-order
    """
    if from_ is None:
        settings = settings_from(config, set_, checkpoint, flags)
        carry_out(settings, dry_run=dry_run, json=json, kind=progress_)
        return
    if config is not None or dry_run:
        raise UsageError("--from takes its settings from the report; leave out --config and --dry-run.")
    from interact_cli.audit.reuse import rerun

    check_output_name(flags.get("run.output"))
    changes = {**dict(map(assignment, set_ or ())), **flags}
    if checkpoint is not None:
        changes["checkpoint"] = checkpoint
    outcome = rerun(from_, changes, progress(progress_), sys.argv)
    show_report(outcome.report, outcome.path, json=json)
