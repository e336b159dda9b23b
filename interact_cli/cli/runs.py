"""A run from the command line, as `measure`, `bottleneck` and `gate` share it: settings, dry run, run, summary."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from interact_cli.cli.console import progress, screen
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.progress import Progress

if TYPE_CHECKING:
    from interact_cli.pipeline.forecast import Forecast
    from interact_cli.results import Report

Checkpoint = Annotated[Path | None, typer.Argument(help="Checkpoint file or folder.", show_default=False)]
Config = Annotated[Path | None, typer.Option("--config", "-c", help="YAML file of settings.", show_default=False)]
Set = Annotated[list[str] | None, typer.Option("--set", help="Any setting: plan.budget=2000.", metavar="NAME=VALUE")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print forward passes, memory and time; measure nothing.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of the summary.")]
ProgressKind = Annotated[
    Literal["auto", "rich", "plain", "none"], typer.Option("--progress", help="How progress is shown, on stderr.")
]


@dataclass(frozen=True)
class Call:
    """What every command that measures a checkpoint is called with, besides its flags."""

    checkpoint: Checkpoint = None
    config: Config = None
    set_: Set = None
    dry_run: DryRun = False
    json: Json = False
    progress_: ProgressKind = "auto"

    @property
    def told(self) -> Progress:
        """Who is told what happens."""
        return progress(self.progress_)

    def settings(self, flags: dict[str, Any]) -> Settings:
        """Merge the file, the environment and the command line."""
        return settings_from(self.config, self.set_, self.checkpoint, flags)

    def carry_out(self, flags: dict[str, Any]) -> Report | None:
        """Measure and print the report, or say what measuring would cost; then there is none."""
        settings = self.settings(flags)
        check_output_name(settings.run.output)
        told = self.told
        if self.dry_run:
            show_forecast(settings, told, json=self.json)
            return None
        from interact_cli.pipeline.run import run

        outcome = run(settings, told, sys.argv)
        if outcome.reused:
            told.note("Already measured: this is the finished report of the same run, no forward pass was made.")
        show_report(outcome.report, json=self.json)
        return outcome.report


def settings_from(
    config: Path | None, assignments: list[str] | None, checkpoint: Path | None, flags: dict[str, Any]
) -> Settings:
    """Merge the file, the environment and the command line.

    Raises:
        UsageError: settings that do not fit, or that exclude each other.
    """
    settings = load_settings(
        config,
        environ=os.environ,
        assignments=assignments or (),
        flags={**flags, "checkpoint": checkpoint},
    )
    if settings.data.samples is not None and settings.data.n_samples is not None:
        raise UsageError("--samples names the samples and --n-samples draws them. Leave one of them out.")
    if settings.data.texts and settings.data.name is not None:
        raise UsageError("--text gives the texts themselves and --dataset names others. Leave one of them out.")
    return settings


def check_output_name(output: Path | None) -> None:
    """Refuse a name that no file can have, before any work.

    Raises:
        OutputError: it is too long, or it cannot be looked up.
    """
    if output is not None:
        from interact_cli.report.hdf5.writer import check_name

        check_name(output)


def show_report(report: Report, *, json: bool) -> None:
    """Print a report on stdout."""
    from interact_cli.report.export import to_json
    from interact_cli.report.terminal.summary import render_summary

    if json:
        screen.document(to_json(report))
    else:
        screen.show(render_summary(report))


def show_beside(report: Report, title: str, told: Progress, *, json: bool) -> None:
    """Print what a second report says of its metrics, below the first; where that is a JSON document, its place."""
    from interact_cli.report.terminal.summary import render_beside

    if json:
        told.note(f"{title}: {report.path}")
    else:
        screen.show(render_beside(report, title))


def show_forecast(settings: Settings, told: Progress, *, json: bool) -> None:
    """Print what a run would cost."""
    from interact_cli.pipeline.forecast import forecast
    from interact_cli.pipeline.loading import load
    from interact_cli.pipeline.run import announce
    from interact_cli.words import count

    subject = load(settings, told, training=False)
    announce(subject, told)
    cost = forecast(subject)
    if json:
        screen.data({**asdict(cost)})
        return
    lines = (
        f"Dry run: {count(cost.n_samples, 'sample')} x {cost.n_players} players, batches of {cost.rows} rows on "
        f"{subject.evaluator.device}.",
        f"Forward passes   {cost.asked:,} asked per sample, {cost.unique:,} after deduplication; "
        f"{cost.total:,} in all{f', and as much as {cost.learning:,} to learn baselines' if cost.learning else ''}.",
        f"Memory           {_size(cost.peak_bytes)} peak so far (network and timed batches included), "
        f"{_size(cost.input_bytes)} for a masked batch, {_size(cost.plan_bytes)} for one sample's plan and records.",
        f"Time             about {_duration(cost.seconds)} of evaluation, from timed batches on this machine.",
        *_of_surrogate(cost),
    )
    screen.document("\n".join(lines))


def _of_surrogate(cost: Forecast) -> Iterator[str]:
    """Say what surrogates take, and what more evaluations in their place would give where the network is cheaper."""
    if not cost.surrogate_seconds:
        return
    yield f"Surrogate        about {_duration(cost.surrogate_seconds)} beside, from operations counted."
    if cost.instead:
        budget = 2**cost.n_players if cost.holds_all else cost.instead
        more = "makes all values exact, in less" if cost.holds_all else "--estimator sampled takes as long"
        yield (
            f"                 Forward passes are cheaper here: the same time holds {cost.instead:,} of a sample. "
            f"--budget {budget} {more}."
        )


def _size(n_bytes: int) -> str:
    return f"{n_bytes / 2**20:,.1f} MiB" if n_bytes < 2**30 else f"{n_bytes / 2**30:,.1f} GiB"


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
