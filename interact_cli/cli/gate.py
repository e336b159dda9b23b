"""``interact gate``: does the candidate ship? Four ways to call it, one verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from interact_cli.cli import gate_modes
from interact_cli.cli.flags import COMMON, given_flags, takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.outputs import Shown
from interact_cli.errors import UsageError

MEASURING = (
    "arch",
    "arch_args",
    "weights",
    "allow_missing",
    "data.name",
    "data.root",
    "run.device",
    "run.batch_size",
)
"""Settings that say where things lie and how they run: all that a candidate may be measured with otherwise."""
Mode = Literal["two reports", "--reference", "--self-check", "--init"]
ON_MEASURING = ("--measured", "--config", "--set", *(flag.name for flag in COMMON if flag.setting in MEASURING))
CALLS = "Other ways to call it"


@guarded
@takes(tuple(replace(flag, panel=gate_modes.MEASURE) for flag in COMMON if flag.setting in MEASURING))
def gate(
    *,
    first: Annotated[
        Path | None, typer.Argument(metavar="REFERENCE", help="Report that is judged against; else CHECKPOINT.")
    ] = None,
    second: Annotated[Path | None, typer.Argument(metavar="CANDIDATE", help="Report that is judged.")] = None,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            "-r",
            help="Measure the checkpoint first, exactly as this report was, and judge it against the report.",
            metavar="REPORT",
            rich_help_panel=CALLS,
        ),
    ] = None,
    self_check: Annotated[
        bool,
        typer.Option(
            "--self-check",
            help="Measure the checkpoint twice, by two plan seeds: the A/A noise.",
            rich_help_panel=CALLS,
        ),
    ] = False,
    init: Annotated[
        bool, typer.Option("--init", help="Write a first policy for this report.", rich_help_panel=CALLS)
    ] = False,
    ruled: gate_modes.Ruled,
    how: gate_modes.How,
    shown: Shown,
    flags: dict[str, Any],
) -> None:
    """Judge a candidate by a policy: PASS (0), FAIL (1), or not to be decided (3).

    interact gate REFERENCE CANDIDATE --policy interact-gate.yaml

    interact gate --reference REFERENCE CHECKPOINT --policy interact-gate.yaml

    interact gate --self-check CHECKPOINT [--reference REFERENCE] [--policy interact-gate.yaml]

    interact gate --init REPORT
    """
    mode = _mode(first, second, reference, self_check=self_check, init=init)
    given = given_flags(ruled, how, shown)
    _check_fit(mode, [*(flag.name for flag in COMMON if flag.setting in flags), *given], reference)
    _check_used(mode, given)
    if first is None:
        raise UsageError("Expected reports or a checkpoint: 'interact gate --help' shows the four ways to call it.")
    if mode == "--init":
        gate_modes.write_policy(first, ruled.policy or gate_modes.POLICY, force=how.force)
    elif mode == "--self-check":
        gate_modes.check_itself(first, reference, ruled, shown, how, flags)
    elif reference is not None:
        gate_modes.judge_checkpoint(reference, first, ruled, shown, how, flags)
    elif second is not None:
        gate_modes.judge_reports(first, second, ruled, shown)


def _mode(first: Path | None, second: Path | None, reference: Path | None, *, self_check: bool, init: bool) -> Mode:
    """Tell the four calls apart.

    Raises:
        UsageError: flags or arguments of two of them, or too few.
    """
    if self_check and init:
        raise UsageError("--self-check measures and --init writes a policy. Leave one of them out.")
    mode: Mode = "--self-check" if self_check else "--init" if init else "--reference" if reference else "two reports"
    if mode == "--init" and reference is not None:
        raise UsageError("--init takes the report as its argument: interact gate --init REPORT.")
    if mode == "two reports" and first is not None and second is None:
        raise UsageError(
            "Expected two reports, REFERENCE and CANDIDATE, got one. To measure a checkpoint first: "
            "interact gate --reference REPORT CHECKPOINT."
        )
    if mode != "two reports" and second is not None:
        raise UsageError(f"{mode} takes one argument, got two: '{first}' and '{second}'. Leave one of them out.")
    return mode


def _check_fit(mode: Mode, given: list[str], reference: Path | None) -> None:
    """Refuse what the way of calling does not read.

    Raises:
        UsageError: a flag for measuring where nothing is measured, or settings beside a reference's.
    """
    measuring = [name for name in given if name in ON_MEASURING]
    if mode in {"two reports", "--init"} and measuring:
        raise UsageError(f"{', '.join(measuring)} says how to measure, and nothing is measured here. Leave it out.")
    settings = [name for name in ("--config", "--set") if name in given]
    if settings and reference is not None:
        raise UsageError(f"{', '.join(settings)}: the settings are those of --reference. Leave it out.")


def _check_used(mode: Mode, given: list[str]) -> None:
    """Refuse what the way of calling would leave unread: a rule that nobody applies, a file that nobody writes.

    Raises:
        UsageError: a flag of another way of calling, or a rule's where there are no rules.
    """
    if mode == "--init":
        read = ("--policy", "--force", "--progress")
        unread, why = [name for name in given if name not in read], "--init only writes a policy, at --policy FILE"
    elif mode == "--self-check":
        rules = () if "--policy" in given else ("--margin", "--alpha", "--on-inconclusive", "--on-missing")
        unread = [name for name in given if name in ("--noise", *rules)]
        why = "--self-check measures the noise itself" if "--noise" in unread else "it changes rules: give --policy too"
    else:
        unread = [name for name in given if name == "--force" and mode == "two reports"]
        why = "nothing is measured here"
    if unread:
        raise UsageError(f"{', '.join(unread)} would not be read: {why}. Leave it out.")
