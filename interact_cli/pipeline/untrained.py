"""The same architecture with fresh weights, on the samples and by the plan of a run."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.pipeline.delivery import Outcome
from interact_cli.pipeline.loading import load
from interact_cli.pipeline.provenance import Invocation, identity_of
from interact_cli.pipeline.run import measured
from interact_cli.progress import Progress
from interact_cli.results import Report
from interact_cli.types import FRESH


def check_trained(settings: Settings) -> None:
    """Refuse what has no fresh weights to be compared with, before any work.

    Raises:
        UsageError: no checkpoint, or one that is measured without its weights.
    """
    if settings.checkpoint is None:
        raise UsageError("--against-untrained builds the architecture of a checkpoint anew. Give the checkpoint.")
    if settings.weights == FRESH:
        raise UsageError("--against-untrained compares with fresh weights, and so are these. Leave --weights out.")


def measure_untrained(settings: Settings, report: Report, progress: Progress, argv: Sequence[str] = ()) -> Outcome:
    """Measure the network of a run before training, on all samples that count in the run's report.

    Args:
        settings: Those of the run.
        report: Its report.
        progress: Told what happens.
        argv: For the report.

    Raises:
        UsageError: no sample counts.
        InteractError: whatever cannot be done.
    """
    invocation = Invocation.now(argv)
    ids = tuple(compress(report.samples.ids, report.samples.included))
    if not ids:
        raise UsageError(
            "--against-untrained: no sample passed the filter, so there is none to compare on. See --only."
        )
    output = settings.run.output
    beside = None if output is None else output.with_name(f"{output.stem}-untrained{output.suffix}")
    fresh = settings.model_copy(
        update={
            "weights": FRESH,
            "data": settings.data.model_copy(update={"only": None}),
            "run": settings.run.model_copy(update={"output": beside}),
        }
    )
    subject = load(fresh, progress, ids=ids)
    return measured(subject, identity_of(subject), progress, invocation)
