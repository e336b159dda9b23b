"""Whether metrics, score and options of the plan fit each other: asked before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from interact_cli import extensions
from interact_cli.config.settings import PlanSettings, Settings
from interact_cli.errors import UsageError
from interact_cli.interfaces import Metric
from interact_cli.safe_text import safe_text
from interact_cli.scores import VECTOR_PREFIX

OPTIONS = ("interaction_size", "partitions", "learned", "drop_rate")
"""Settings of the plan that only some metrics read; `Metric.options` names those that one reads."""


def check_agreement(settings: Settings, metrics: Sequence[Metric]) -> None:
    """Refuse a score that a metric cannot take, and an option that no metric reads.

    Raises:
        UsageError: either; the message says what to pass.
    """
    vectors = (settings.score or "").startswith(VECTOR_PREFIX)
    for metric in metrics:
        if vectors != _of_vectors(metric):
            raise _unfit(metric, settings.score)
    for name in unread(settings.plan, metrics):
        flag, readers = f"--{name.replace('_', '-')}", _registered(partial(_reads, name))
        raise UsageError(
            f"{flag} is read by {_listed(readers)}, and by no metric that is asked for "
            f"({', '.join(metric.name for metric in metrics)}). Leave it out, or add one of them."
        )


def unread(plan: PlanSettings, metrics: Sequence[Metric]) -> list[str]:
    """Return the options that are set and that no metric reads."""
    read, usual = {name for metric in metrics for name in _options(metric)}, PlanSettings()
    return [name for name in OPTIONS if name not in read and getattr(plan, name) != getattr(usual, name)]


def _unfit(metric: Metric, score: str | None) -> UsageError:
    asked = f"score '{safe_text(score)}'" if score else "the default score"
    if _of_vectors(metric):
        return UsageError(
            f"Metric '{metric.name}' takes a vector per coalition, and {asked} gives one number. Pass --score "
            f"vector:MODULE ('interact list modules CHECKPOINT' shows the modules)."
        )
    return UsageError(
        f"Metric '{metric.name}' takes one number per coalition, and {asked} gives a vector. Pass a score of numbers "
        f"(--score feature:MODULE, log-odds, ...), or a metric of vectors: {_listed(_registered(_of_vectors))}."
    )


def _of_vectors(metric: Metric) -> bool:
    return bool(getattr(metric, "of_vectors", False))


def _reads(name: str, metric: Metric) -> bool:
    return name in _options(metric)


def _options(metric: Metric) -> tuple[str, ...]:
    return tuple(getattr(metric, "options", ()))


def _registered(wanted: Callable[[Metric], bool]) -> list[str]:
    """Return the names of the metrics of a kind; one that cannot be loaded is of none."""
    names = []
    for entry in extensions.metrics():
        try:
            metric = extensions.metric(entry.name)
        except UsageError:
            continue
        if wanted(metric):
            names.append(entry.name)
    return names


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
