"""``interact gate``: does the candidate ship? Four ways to call it, one verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from interact_cli.cli.compare import AllowPartial
from interact_cli.cli.comparing import Markdown, Output, Shown
from interact_cli.cli.flags import COMMON, takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.measuring import Config, Json, ProgressKind, Set
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
CALLS, RULES, MEASURE = "Other ways to call it", "Rules", "How a checkpoint is measured"

First = Annotated[
    Path | None, typer.Argument(metavar="REFERENCE", help="Report that is judged against; else CHECKPOINT.")
]
Second = Annotated[Path | None, typer.Argument(metavar="CANDIDATE", help="Report that is judged.")]
Reference = Annotated[
    Path | None,
    typer.Option(
        "--reference",
        "-r",
        help="Measure the checkpoint first, exactly as this report was, and judge it against the report.",
        metavar="REPORT",
        rich_help_panel=CALLS,
    ),
]
SelfCheck = Annotated[
    bool,
    typer.Option(
        "--self-check",
        help="Measure the checkpoint twice, by two plan seeds: the A/A noise.",
        rich_help_panel=CALLS,
    ),
]
Init = Annotated[bool, typer.Option("--init", help="Write a first policy for this report.", rich_help_panel=CALLS)]
PolicyFile = Annotated[
    Path | None, typer.Option("--policy", "-p", help="Rules, in YAML.", metavar="FILE", rich_help_panel=RULES)
]
MarginText = Annotated[
    str | None,
    typer.Option("--margin", help="Margin of every rule: 0.1, 5% or '2 noise'.", metavar="M", rich_help_panel=RULES),
]
Alpha = Annotated[
    float | None, typer.Option("--alpha", help="Share of false alarms of every rule.", rich_help_panel=RULES)
]
OnInconclusive = Annotated[
    Literal["fail", "warn", "pass"] | None,
    typer.Option(
        "--on-inconclusive", help="Exit 3, warn, or pass where the samples do not decide.", rich_help_panel=RULES
    ),
]
OnMissing = Annotated[
    Literal["refuse", "intersect"] | None,
    typer.Option(
        "--on-missing",
        help="Samples that only one report holds: not comparable, or left out and counted.",
        rich_help_panel=RULES,
    ),
]
Noise = Annotated[
    Path | None,
    typer.Option(
        "--noise",
        help="Report of the reference's checkpoint under another plan seed, for margins in noise.",
        metavar="REPORT",
        rich_help_panel=RULES,
    ),
]
Measured = Annotated[
    Path | None,
    typer.Option(
        "--measured",
        help="Where the report of a measured checkpoint goes; interact-runs/KEY.h5.",
        metavar="FILE",
        rich_help_panel=MEASURE,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the file at --measured, or the policy of --init.")]


@guarded
@takes(tuple(replace(flag, panel=MEASURE) for flag in COMMON if flag.setting in MEASURING))
def gate(
    flags: dict[str, Any],
    first: First = None,
    second: Second = None,
    reference: Reference = None,
    self_check: SelfCheck = False,
    init: Init = False,
    policy: PolicyFile = None,
    margin: MarginText = None,
    alpha: Alpha = None,
    on_inconclusive: OnInconclusive = None,
    on_missing: OnMissing = None,
    allow_partial: AllowPartial = False,
    noise: Noise = None,
    measured: Measured = None,
    config: Config = None,
    set_: Set = None,
    force: Force = False,
    output: Output = None,
    json: Json = False,
    markdown: Markdown = False,
    progress_: ProgressKind = "auto",
) -> None:
    """Judge a candidate by a policy: PASS (0), FAIL (1), or not to be decided (3).

    interact gate REFERENCE CANDIDATE --policy interact-gate.yaml

    interact gate --reference REFERENCE CHECKPOINT --policy interact-gate.yaml

    interact gate --self-check CHECKPOINT [--reference REFERENCE] [--policy interact-gate.yaml]

    interact gate --init REPORT
    """
    from interact_cli.cli import gating

    mode = _mode(first, second, reference, self_check=self_check, init=init)
    measuring = {"--measured": measured, "--config": config, "--set": set_}
    rules = {
        "--margin": margin,
        "--alpha": alpha,
        "--on-inconclusive": on_inconclusive,
        "--on-missing": on_missing,
        "--noise": noise,
    }
    shows = {"--allow-partial": allow_partial, "--output": output, "--json": json, "--md": markdown}
    _check_fit(mode, flags, measuring, reference)
    _check_used(mode, {**rules, **shows, "--force": force}, ruled=policy is not None)
    if first is None:
        raise UsageError("Expected reports or a checkpoint: 'interact gate --help' shows the four ways to call it.")
    ruled = gating.Ruled(
        file=policy,
        margin=margin,
        alpha=alpha,
        on_inconclusive=on_inconclusive,
        on_missing=on_missing,
        allow_partial=allow_partial,
        noise=noise,
    )
    shown = Shown(tuple(output or ()), json=json, markdown=markdown)
    how = gating.How(flags=flags, measured=measured, force=force, progress=progress_)
    if mode == "--init":
        gating.write_policy(first, policy or gating.POLICY, force=force)
    elif mode == "--self-check":
        gating.check_itself(first, reference, ruled, shown, how, config=config, assignments=set_)
    elif reference is not None:
        gating.judge_checkpoint(reference, first, ruled, shown, how)
    elif second is not None:
        gating.judge_reports(first, second, ruled, shown)


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


def _check_fit(mode: Mode, flags: dict[str, Any], others: dict[str, Any], reference: Path | None) -> None:
    """Refuse what the way of calling does not read.

    Raises:
        UsageError: a flag for measuring where nothing is measured, or settings beside a reference's.
    """
    given = [*(flag.name for flag in COMMON if flag.setting in flags), *(name for name, v in others.items() if v)]
    if mode in {"two reports", "--init"} and given:
        raise UsageError(f"{', '.join(given)} says how to measure, and nothing is measured here. Leave it out.")
    settings = [name for name in ("--config", "--set") if others[name]]
    if settings and reference is not None:
        raise UsageError(f"{', '.join(settings)}: the settings are those of --reference. Leave it out.")


def _check_used(mode: Mode, others: dict[str, Any], *, ruled: bool) -> None:
    """Refuse what the way of calling would leave unread: a rule that nobody applies, a file that nobody writes.

    Raises:
        UsageError: a flag of another way of calling, or a rule's where there are no rules.
    """
    given = [name for name, value in others.items() if value not in (None, False, [])]
    if mode == "--init":
        unread, why = [name for name in given if name != "--force"], "--init only writes a policy, at --policy FILE"
    elif mode == "--self-check":
        rules = () if ruled else ("--margin", "--alpha", "--on-inconclusive", "--on-missing")
        unread = [name for name in given if name in ("--noise", *rules)]
        why = "--self-check measures the noise itself" if "--noise" in unread else "it changes rules: give --policy too"
    else:
        unread = [name for name in given if name == "--force" and mode == "two reports"]
        why = "nothing is measured here"
    if unread:
        raise UsageError(f"{', '.join(unread)} would not be read: {why}. Leave it out.")
