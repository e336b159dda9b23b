"""What Python hands over: a network or inputs in memory, and settings as keywords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from interact_cli.adapters.in_memory import model_in_memory
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import Settings, decisions
from interact_cli.datasets.arrays import FORMS, in_memory
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interfaces import Dataset
from interact_cli.pipeline.asking import flagged
from interact_cli.pipeline.loading import load
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.types import OutputKind

SECTIONS = ("", "plan.", "data.", "run.", "training.")
"""Where a keyword is looked for, in order: ``seed`` is that of the plan, ``data_seed`` that of the draw of samples."""


def of(network: nn.Module | None, inputs: Any, labels: Any, settings: Settings, progress: Progress) -> Subject:
    """Make a subject of a network, or of inputs, in memory; None stands for what the settings name.

    Args:
        network: Stays as it is.
        inputs: ``(n, C, H, W)`` or ``(n, F)``: what the network's ``forward`` takes.
        labels: ``(n,)`` class indices, or None.
        settings: Everything else.
        progress: Told what takes time.

    Raises:
        InteractError: whatever does not fit.
    """
    dataset = None if inputs is None else in_memory(inputs, labels)
    if network is None:
        return load(settings, progress, dataset=dataset)
    shape, output = ((), None) if dataset is None else (dataset.raw(0).input.shape, _output(dataset))
    return load(settings, progress, model=model_in_memory(network, shape, output), dataset=dataset)


def handed_over(network: Any, data: Any) -> tuple[nn.Module | None, Any, Any]:
    """Return the network, the inputs and the labels that are in memory; None for what is named instead.

    Args:
        network: A module, or the path of a checkpoint, or None.
        data: Inputs, inputs and labels, or the name of a data set, or None.

    Raises:
        UsageError: neither.
    """
    if not isinstance(network, nn.Module | str | Path | None):
        raise UsageError(
            f"Expected a torch.nn.Module or the path of a checkpoint, got {type(network).__name__}. A game without a "
            f"network is measured by ic.measure."
        )
    module = network if isinstance(network, nn.Module) else None
    if isinstance(data, str | None):
        return module, None, None
    pair = isinstance(data, tuple) and len(data) == 2
    if isinstance(data, Path) or (isinstance(data, tuple) and not pair):
        raise UsageError(f"Expected the name of a data set ('digits', 'csv:FILE'), or {FORMS}; got {data!r:.60}.")
    return (module, *data) if pair else (module, data, None)


def settings_of(network: Any, data: Any, metrics: Any, keywords: Mapping[str, Any]) -> Settings:
    """Return the settings that the arguments of `interact_cli.audit` stand for.

    Raises:
        UnknownNameError: a keyword that no setting and no option of a metric is called.
        UsageError: a value that does not fit.
    """
    given: dict[str, Any] = {_dotted(name): _plain(value) for name, value in keywords.items()}
    given["metrics"] = [metrics] if isinstance(metrics, str) else metrics
    if isinstance(network, str | Path):
        given["checkpoint"] = str(network)
    if isinstance(data, str):
        given["data.name"] = data
    return load_settings(flags=given)


def _dotted(keyword: str) -> str:
    by_keyword = {f"plan.{name}".rpartition(".")[2]: f"plan.{name}" for name in flagged()}
    for section in reversed(SECTIONS):  # what is looked for first is written last
        for name in decisions():
            if name.startswith(section) and "." not in name.removeprefix(section):
                by_keyword[name.replace(".", "_")] = by_keyword[name.removeprefix(section)] = name
    if keyword not in by_keyword:
        raise UnknownNameError("setting", keyword, sorted(by_keyword))
    return by_keyword[keyword]


def _plain(value: Any) -> Any:
    """Return a value as a configuration file would hold it."""
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else value


def _output(dataset: Dataset) -> OutputKind | None:
    """Numbers that are no classes are the targets of a regression, so the one output is no logit."""
    return "scalar" if dataset.labels is None and dataset.notes else None
