"""``interact bottleneck``: the representation bottleneck of a checkpoint or of a data set's reference network."""

from __future__ import annotations

from typing import Any

from interact_cli.cli.flags import COMMON, EPOCHS, option_flags, takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.measuring import (
    Checkpoint,
    Config,
    DryRun,
    Json,
    ProgressKind,
    Set,
    carry_out,
    settings_from,
)


@guarded
@takes((EPOCHS, *COMMON), option_flags)
def bottleneck(
    flags: dict[str, Any],
    checkpoint: Checkpoint = None,
    config: Config = None,
    set_: Set = None,
    dry_run: DryRun = False,
    json: Json = False,
    progress_: ProgressKind = "auto",
) -> None:
    """Measure which orders of interaction a network encodes, against noise and theory (paper 003).

    Without a checkpoint the data set's reference network is trained first and kept in the cache.

    Example: interact bottleneck --dataset cifar10
    """
    settings = settings_from(config, set_, checkpoint, {**flags, "metrics": ("bottleneck",)})
    carry_out(settings, dry_run=dry_run, json=json, kind=progress_)
