"""What is asked for: the metrics with their options, and whether they, the score and the protocol fit each other.

All of it is known before anything is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from typing import Any

from interact_cli import extensions
from interact_cli.config.settings import AskedMetric, PlanSettings, Settings, options_for_all
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interfaces import Measurable, Metric
from interact_cli.metrics import published
from interact_cli.metrics.instability import WithInstability
from interact_cli.options import Option, changed, configured, options_of
from interact_cli.safe_text import safe_text
from interact_cli.scores import VECTOR_PREFIX

PLAIN = tuple(PlanSettings.model_fields)
"""Settings of the plan that are no options of metrics."""
INNER = "activations"
"""Players for which Zhang et al. (ICLR 2021) have a protocol of its own."""


@dataclass(frozen=True)
class Asked:
    """The metrics of a run."""

    settings: Settings
    """Every option stands with its metric, those at their defaults left out; none is for all metrics any more."""
    metrics: tuple[Measurable, ...]
    """In their order, each with its instability where that is asked for."""
    remarks: tuple[str, ...]
    """Settings that change nothing here."""


def ask(settings: Settings) -> Asked:
    """Give every metric its options, and check that what is asked for fits together.

    An option for all metrics (``--pairs``, ``plan.pairs``) reaches those that have it, unless one is asked for with its
    own (``-m multi-order:pairs=all``).

    Raises:
        UnknownNameError: no such metric, option or protocol.
        UsageError: a value that does not fit, an option that no metric reads, something that the protocol fixes, or a
            score that a metric cannot take.
    """
    for_all = options_for_all(settings)
    plain = [extensions.metric(asked.name) for asked in settings.metrics]
    unread = _unread(for_all, plain)
    remarks = tuple(_remarks(unread, settings, plain)) if plain else ()
    protocol = _protocol(settings, for_all)
    metrics = []
    for metric, asked in zip(plain, settings.metrics, strict=True):
        own = {name.replace("-", "_") for name in asked.options}
        shared = {name: value for name, value in _for(metric, for_all).items() if name not in own}
        metrics.append(extensions.equipped(configured(configured(metric, shared), asked.options)))
    _check_fixed(metrics, protocol)
    if protocol is not None and _of_activations(settings) and protocol.inner_pairs is not None:
        inner = {"pairs": protocol.inner_pairs}
        metrics = [configured(metric, _for(metric, inner)) for metric in metrics]
    _check_score(settings.score, metrics)
    named = tuple(AskedMetric.model_validate({metric.name: changed(metric)}) for metric in metrics)
    plan = PlanSettings(**settings.plan.model_dump(include=set(PLAIN)))
    resolved = settings.model_copy(update={"metrics": named, "plan": plan})
    parts = settings.plan.instability
    if parts is not None:
        metrics = [WithInstability.of(metric, parts) if isinstance(metric, Metric) else metric for metric in metrics]
    return Asked(resolved, tuple(metrics), remarks)


def common_options(metrics: Iterable[AskedMetric], names: Iterable[str]) -> dict[str, Any]:
    """Return the options with flags on which all metrics of a run agree that have them: what was asked of all.

    Args:
        metrics: As a report says.
        names: Metrics that are asked now.
    """
    flags = flagged()
    values_of: dict[str, list[Any]] = {}
    for asked in metrics:
        for option in options_of(extensions.metric(asked.name)) if asked.name in extensions.metrics() else ():
            if option.name in flags:
                values_of.setdefault(option.name, []).append(asked.options.get(option.name, option.default))
    has = {option.name for name in names for option in options_of(extensions.metric(name))}
    return {
        name: values[0] for name, values in values_of.items() if name in has and all(v == values[0] for v in values)
    }


def flagged() -> dict[str, Option]:
    """Return the options of this package's metrics that are flags of their own, by their names."""
    own = (extensions.metric(entry.name) for entry in extensions.metrics() if entry.origin == extensions.ORIGIN)
    every = [option for metric in own for option in options_of(metric)]
    return {option.name: option for option in every if option.flag}


def _for(metric: Measurable, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the options for all that a metric has."""
    has = {option.name for option in options_of(metric)}
    return {name: value for name, value in given.items() if name in has}


def _unread(for_all: Mapping[str, Any], metrics: Sequence[Measurable]) -> list[Option]:
    """Return the options for all that change nothing, because no asked metric has them.

    Raises:
        UnknownNameError: no metric at all has such an option.
        UsageError: a value that does not fit.
    """
    if not for_all:
        return []
    flags = flagged()
    for name in for_all:
        if name not in flags:
            raise UnknownNameError("setting of the plan", safe_text(name), (*PLAIN, *flags))
    read = {option.name for metric in metrics for option in options_of(metric)}
    set_ = (flags[name] for name, value in for_all.items() if flags[name].read(value, "plan") != flags[name].default)
    return [option for option in set_ if option.name not in read]


def _remarks(unread: Sequence[Option], settings: Settings, metrics: Sequence[Measurable]) -> Iterator[str]:
    """Say which usual options no metric reads.

    Raises:
        UsageError: it is an option of a few metrics, and none of them is asked for.
    """
    names = ", ".join(metric.name for metric in metrics)
    for option in unread:
        if not option.usual:
            readers = _listed(_registered(partial(_has, option.name)))
            raise UsageError(
                f"--{option.typed} is read by {readers}, and by no metric that is asked for ({names}). "
                f"Leave it out, or add one of them."
            )
        yield f"--{option.typed} changes nothing here: it is read by none of {names}."
    if settings.span is not None and not any(_has("span", metric) for metric in metrics):
        yield f"--span changes nothing here: it is read by none of {names}."


def _has(name: str, metric: Measurable) -> bool:
    return any(option.name == name for option in options_of(metric))


def _protocol(settings: Settings, for_all: Mapping[str, Any]) -> published.Protocol | None:
    """Return the protocol.

    Raises:
        UnknownNameError: no such protocol.
        UsageError: a setting that it fixes.
    """
    if settings.plan.protocol is None:
        return None
    protocol = published.lookup(settings.plan.protocol)
    free = {"players"} if _of_activations(settings) and protocol.inner_pairs is not None else set()
    given = [name for name in published.FIXES if name not in free and attrgetter(name)(settings) is not None]
    given += [name for name in published.FIXES_OF_METRICS if name in for_all]
    _refuse_fixed(given, protocol)
    return protocol


def _check_fixed(metrics: Sequence[Measurable], protocol: published.Protocol | None) -> None:
    if protocol is not None:
        given = [name for metric in metrics for name in changed(metric) if name in published.FIXES_OF_METRICS]
        _refuse_fixed(given, protocol)


def _refuse_fixed(given: Sequence[str], protocol: published.Protocol) -> None:
    if given:
        flags = ", ".join(f"--{name.rpartition('.')[2].replace('_', '-')}" for name in dict.fromkeys(given))
        raise UsageError(f"--protocol {protocol.name} fixes what {flags} would change. Leave out one or the other.")


def _of_activations(settings: Settings) -> bool:
    return (settings.players or "").partition(":")[0] == INNER


def _check_score(score: str | None, metrics: Sequence[Measurable]) -> None:
    """Refuse a score that a metric cannot take.

    Raises:
        UsageError: a vector where a number is needed, or the other way round.
    """
    vectors = (score or "").startswith(VECTOR_PREFIX)
    named = f"score '{safe_text(score)}'" if score else "the default score"
    for metric in metrics:
        if not isinstance(metric, Metric):
            continue
        if metric.of_vectors and not vectors:
            raise UsageError(
                f"Metric '{metric.name}' takes a vector per coalition, and {named} gives one number. Pass --score "
                f"vector:MODULE ('interact list modules CHECKPOINT' shows the modules)."
            )
        if vectors and not metric.of_vectors:
            takers = _listed(_registered(lambda other: isinstance(other, Metric) and other.of_vectors))
            raise UsageError(
                f"Metric '{metric.name}' takes one number per coalition, and {named} gives a vector. Pass a score of "
                f"numbers (--score feature:MODULE, log-odds, ...), or a metric of vectors: {takers}."
            )


def _registered(fits: Callable[[Measurable], bool]) -> list[str]:
    """Return the names of the metrics of a kind; one that cannot be loaded is of none."""
    names = []
    for entry in extensions.metrics():
        try:
            metric = extensions.metric(entry.name)
        except UsageError:
            continue
        if fits(metric):
            names.append(entry.name)
    return names


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "none"
