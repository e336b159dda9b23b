"""The four ways of a gate: two reports, a checkpoint against a report, a checkpoint against itself, a first policy."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from interact_cli.cli.console import progress, screen
from interact_cli.cli.outputs import AllowPartial, Shown, check_outputs
from interact_cli.cli.runs import Config, ProgressKind, Set, check_output_name, settings_from
from interact_cli.errors import OutputError, UsageError
from interact_cli.safe_text import safe_text

if TYPE_CHECKING:
    from interact_cli.gates.policy import Policy
    from interact_cli.progress import Progress
    from interact_cli.results import Report

RULES, MEASURE = "Rules", "How a checkpoint is measured"
POLICY = Path("interact-gate.yaml")
"""What `--init` writes unless told otherwise."""
DEFAULT_METRIC = "multi-order"
"""What `--self-check` measures where neither a reference nor a policy nor a config says."""


@dataclass(frozen=True)
class Ruled:
    """The policy file, and what the command line puts in its place."""

    policy: Annotated[
        Path | None, typer.Option("--policy", "-p", help="Rules, in YAML.", metavar="FILE", rich_help_panel=RULES)
    ] = None
    margin: Annotated[
        str | None,
        typer.Option(
            "--margin", help="Margin of every rule: 0.1, 5% or '2 noise'.", metavar="M", rich_help_panel=RULES
        ),
    ] = None
    alpha: Annotated[
        float | None, typer.Option("--alpha", help="Share of false alarms of every rule.", rich_help_panel=RULES)
    ] = None
    on_inconclusive: Annotated[
        Literal["fail", "warn", "pass"] | None,
        typer.Option(
            "--on-inconclusive", help="Exit 3, warn, or pass where the samples do not decide.", rich_help_panel=RULES
        ),
    ] = None
    on_missing: Annotated[
        Literal["refuse", "intersect"] | None,
        typer.Option(
            "--on-missing",
            help="Samples that only one report holds: not comparable, or left out and counted.",
            rich_help_panel=RULES,
        ),
    ] = None
    allow_partial: AllowPartial = False
    noise: Annotated[
        Path | None,
        typer.Option(
            "--noise",
            help="Report of the reference's checkpoint under another plan seed, for margins in noise.",
            metavar="REPORT",
            rich_help_panel=RULES,
        ),
    ] = None

    def read(self) -> Policy | None:
        """Read the policy; None without a file.

        Raises:
            UsageError: a file or a flag that does not fit.
        """
        from interact_cli.config.policies import load_policy, parse_margin

        margin = None if self.margin is None else parse_margin(self.margin)
        if self.alpha is not None and not 0 < self.alpha < 0.5:
            raise UsageError(f"Expected --alpha above 0 and below 0.5, for example 0.05, got {self.alpha}.")
        if self.policy is None:
            return None
        policy = load_policy(self.policy).overridden(margin, self.alpha, self.on_inconclusive)
        changed = {} if self.on_missing is None else {"on_missing": self.on_missing}
        return policy.model_copy(update={**changed, "allow_partial": policy.allow_partial or self.allow_partial})

    def required(self, report: Path) -> Policy:
        """Read the policy.

        Raises:
            UsageError: none is named; the message says how to write one from the report.
        """
        policy = self.read()
        if policy is None:
            raise UsageError(
                "Expected --policy FILE: a gate must be told which change matters. Write a first one with "
                f"'interact gate --init {safe_text(report)}', then pass --policy {POLICY}."
            )
        return policy

    def noise_report(self, policy: Policy) -> Path | None:
        """Return the report of the A/A noise: the flag's, or the policy's, which lies beside the policy file."""
        if self.noise is not None or policy.noise is None or self.policy is None:
            return self.noise
        return self.policy.parent / policy.noise


@dataclass(frozen=True)
class How:
    """How a checkpoint is measured, beside the flags that say where things lie and how they run."""

    measured: Annotated[
        Path | None,
        typer.Option(
            "--measured",
            help="Where the report of a measured checkpoint goes; interact-runs/KEY.h5.",
            metavar="FILE",
            rich_help_panel=MEASURE,
        ),
    ] = None
    config: Config = None
    set_: Set = None
    force: Annotated[bool, typer.Option("--force", help="Replace the file at --measured, or the policy of --init.")] = (
        False
    )
    progress_: ProgressKind = "auto"

    def changes(self, flags: dict[str, Any]) -> dict[str, Any]:
        """Return the dotted settings that are told."""
        check_output_name(self.measured)
        place = {} if self.measured is None else {"run.output": self.measured}
        return {**flags, **place, **({"run.force": True} if self.force else {})}

    @property
    def told(self) -> Progress:
        """Who is told what happens."""
        return progress(self.progress_)


def judge_reports(reference: Path, candidate: Path, ruled: Ruled, shown: Shown) -> None:
    """Judge one report against another; exits with the verdict's code."""
    from interact_cli.report.hdf5.confined import read_both

    policy = ruled.required(reference)
    noise = ruled.noise_report(policy)
    shown.check(reference, candidate, ruled.policy, noise, verdict=True)
    first, second = read_both(reference, candidate)
    _judge(first, second, _noise(first, noise), ruled, policy, shown)


def judge_checkpoint(
    reference: Path, checkpoint: Path, ruled: Ruled, shown: Shown, how: How, flags: dict[str, Any]
) -> None:
    """Measure a checkpoint exactly as the reference was, and judge it; exits with the verdict's code."""
    from interact_cli.report.hdf5.confined import read_confined

    policy = ruled.required(reference)
    place = ruled.noise_report(policy)
    shown.check(reference, checkpoint, ruled.policy, place, how.measured, verdict=True)
    first = read_confined(reference)
    noise = _noise(first, place)
    from interact_cli.gates.judging import check_policy

    check_policy(policy, (first,), _known(), noise_given=noise is not None)
    from interact_cli.pipeline.like import measure_like

    inputs = [given for given in (reference, ruled.policy, place) if given is not None]
    outcome = measure_like(first, checkpoint, how.changes(flags), how.told, sys.argv, inputs)
    _say_measured(outcome.path, reused=outcome.reused)
    _judge(first, outcome.report, noise, ruled, policy, shown)


def check_itself(
    checkpoint: Path,
    reference: Path | None,
    ruled: Ruled,
    shown: Shown,
    how: How,
    flags: dict[str, Any],
) -> None:
    """Measure a checkpoint by two plan seeds and show what the seeds alone change.

    Two measurements of one checkpoint that the policy calls different are no regression: the code is then 3, as it is
    where a rule cannot be judged. A rule that noise leaves open is what a self-check is for: the code is 0.
    """
    shown.check(checkpoint, reference, ruled.policy, how.measured, verdict=ruled.policy is not None)
    policy = ruled.read()
    if reference is not None:
        from interact_cli.report.hdf5.confined import read_confined

        first = read_confined(reference)
        _check(policy, first)
    else:
        _check(policy)
        first = _measured_first(checkpoint, policy, how, flags)
    from interact_cli.pipeline.like import second_seed

    inputs = [given for given in (first.path, ruled.policy) if given is not None]
    outcome = second_seed(first, checkpoint, how.changes(flags), how.told, sys.argv, inputs)
    _say_measured(outcome.path, reused=outcome.reused)
    second = outcome.report
    beside = outcome.path if ruled.policy is None else os.path.relpath(outcome.path, ruled.policy.parent)
    screen.say(f"For margins in noise, name it in the policy: noise: {beside}")
    if policy is None:
        from interact_cli.gates.compare import compare
        from interact_cli.gates.noise import with_noise

        found = compare(first, second, allow_partial=ruled.allow_partial, plans_may_differ=True)
        shown.comparison(with_noise(found))
        return
    from interact_cli.gates.judging import judge

    open_ = policy.overridden(None, None, "warn") if policy.on_inconclusive == "fail" else policy
    verdict = judge(
        first,
        second,
        open_,
        policy_name=str(ruled.policy),
        known_metrics=_known(),
        noise=(first, second),
        plans_may_differ=True,
    )
    code: Literal[0, 3] = 3 if verdict.exit_code else 0
    shown.verdict(replace(verdict, exit_code=code, self_check=True))
    raise typer.Exit(code)


def write_policy(report: Path, goal: Path, *, force: bool) -> None:
    """Write a first policy for a report.

    Raises:
        OutputError: the file exists or cannot be written.
    """
    from interact_cli.gates.first_policy import policy_text, without_rule
    from interact_cli.journal.whole import write_whole
    from interact_cli.report.hdf5.confined import read_confined

    check_outputs([goal], [report], (".yaml", ".yml"), "--policy")
    if goal.exists() and not force:
        raise OutputError(f"'{safe_text(goal)}' exists. Choose another --policy, or pass --force to replace it.")
    held = read_confined(report)
    text = policy_text(held, reference_name=report.name)
    try:
        write_whole(goal, text.encode())
    except OSError as error:
        raise OutputError(f"Cannot write '{safe_text(goal)}': {error.strerror or error}.") from None
    for key in without_rule(held):
        screen.say(f"No rule for {key}: it holds no number that a gate can judge. Measure it again.", "yellow")
    screen.say(f"Wrote {goal}. Read it: every margin is yours to choose.")
    screen.place(goal)


def _judge(
    first: Report,
    second: Report,
    noise: tuple[Report, Report] | None,
    ruled: Ruled,
    policy: Policy,
    shown: Shown,
) -> None:
    from interact_cli.gates.judging import judge

    verdict = judge(first, second, policy, policy_name=str(ruled.policy), known_metrics=_known(), noise=noise)
    shown.verdict(verdict)
    raise typer.Exit(verdict.exit_code)


def _check(policy: Policy | None, *there: Report) -> None:
    """Refuse a policy that names what does not exist before a checkpoint is measured for it."""
    from interact_cli.gates.judging import check_policy

    if policy is not None:
        check_policy(policy, there, _known(), noise_given=True)


def _noise(first: Report, place: Path | None) -> tuple[Report, Report] | None:
    """Read the report of the A/A noise, before anything is measured."""
    from interact_cli.report.hdf5.confined import read_confined

    return None if place is None else (first, read_confined(place))


def _measured_first(checkpoint: Path, policy: Policy | None, how: How, flags: dict[str, Any]) -> Report:
    """Measure the checkpoint by the settings of a config, or by the defaults with the metrics of the policy."""
    from interact_cli.pipeline.run import run

    settings = settings_from(how.config, how.set_, checkpoint, flags)
    if not settings.metrics:
        named = {rule.metric.partition("@")[0] for rule in policy.rules} & set(_known()) if policy else set()
        metrics = {"metrics": sorted(named) or [DEFAULT_METRIC]}
        settings = settings_from(how.config, how.set_, checkpoint, {**flags, **metrics})
    outcome = run(settings, how.told, sys.argv)
    _say_measured(outcome.path, reused=outcome.reused)
    return outcome.report


def _known() -> tuple[str, ...]:
    from interact_cli import extensions

    return tuple(entry.name for entry in extensions.metrics())


def _say_measured(path: Path, *, reused: bool) -> None:
    screen.say(f"{'Already measured' if reused else 'Measured'}: {path}")
