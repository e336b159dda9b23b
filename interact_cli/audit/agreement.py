"""Whether metrics, score and options of the plan fit each other: asked before anything is loaded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from operator import attrgetter

from interact_cli import extensions
from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.interfaces import Metric
from interact_cli.metrics.index_metric import SET_OPTIONS
from interact_cli.safe_text import safe_text
from interact_cli.scores import VECTOR_PREFIX

SHARED = ("span", "plan.pairs", "plan.contexts")
"""Settings by their dotted names that most metrics read, so that one file may hold them for many questions."""
SPECIAL = ("plan.interaction_size", "plan.partitions", "plan.learned", "plan.drop_rate")
"""Settings that few metrics read; `Metric.options` names those that one reads."""


def check_agreement(settings: Settings, metrics: Sequence[Metric]) -> None:
    """Refuse a score that a metric cannot take, and a special option that no metric reads.

    Raises:
        UsageError: either; the message says what to pass.
    """
    vectors = (settings.score or "").startswith(VECTOR_PREFIX)
    for metric in metrics:
        if vectors != _of_vectors(metric):
            raise _unfit(metric, settings.score)
    for setting in unread(settings, metrics, SPECIAL):
        readers = _registered(partial(_reads, _name(setting)))
        raise UsageError(
            f"{_flag(setting)} is read by {_listed(readers)}, and by no metric that is asked for "
            f"({', '.join(metric.name for metric in metrics)}). Leave it out, or add one of them."
        )


def remarks(settings: Settings, metrics: Sequence[Metric]) -> list[str]:
    """Say which shared settings no metric reads."""
    names = ", ".join(metric.name for metric in metrics)
    return [
        f"{_flag(setting)} changes nothing here: it is read by none of {names}."
        for setting in unread(settings, metrics, SHARED)
    ]


def unread(settings: Settings, metrics: Sequence[Metric], among: Sequence[str]) -> list[str]:
    """Return the settings of some that are set and that no metric reads, by their dotted names."""
    read, usual = {name for metric in metrics for name in _options(metric)}, Settings()
    return [
        option
        for option in among
        if _name(option) not in read and attrgetter(option)(settings) != attrgetter(option)(usual)
    ]


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
    """Return what a metric reads; one that does not say may read what draws pairs and contexts."""
    return tuple(getattr(metric, "options", SET_OPTIONS))


def _flag(option: str) -> str:
    return f"--{_name(option).replace('_', '-')}"


def _name(option: str) -> str:
    return option.rpartition(".")[2]


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
