"""What Python hands over: a network or inputs in memory, and settings as keywords."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from interact_cli.adapters.live_module import model_in_memory
from interact_cli.config.loading import load_settings
from interact_cli.config.settings import Settings, decisions
from interact_cli.datasets.arrays import FORMS, TARGETS, in_memory
from interact_cli.datasets.samples import Samples
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.pipeline.asking import flagged
from interact_cli.pipeline.loading import load
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.types import Model

OF_ANY_DATA = {f"data.{name}" for name in ("n_samples", "samples", "seed", "only", "limit", "max_failures")}
"""Settings of the draw, which inputs in memory are subject to as well."""
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
    model = model_in_memory(network, () if dataset is None else dataset.raw(0).input.shape)
    if dataset is not None:
        model, dataset = _agreed(model, dataset)
    if model.output == "single-logit" and (dataset is None or dataset.labels is None) and not _says_output(network):
        progress.warn(
            "The network's one output is taken as a logit of two classes. If it is a number of its own, set "
            '.output = "scalar" on the network.'
        )
    return load(settings, progress, model=model, dataset=dataset)


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
        arrived = f"'{data}'" if isinstance(data, Path) else f"a tuple of {len(data)}"
        raise UsageError(f"Expected the name of a data set ('digits', 'csv:FILE'), or {FORMS}; got {arrived}.")
    return (module, *data) if pair else (module, data, None)


def settings_from(network: Any, data: Any, metrics: Any, keywords: Mapping[str, Any]) -> Settings:
    """Return the settings that the arguments of `interact_cli.audit` stand for.

    Raises:
        UnknownNameError: a keyword that no setting and no option of a metric is called.
        UsageError: a value that does not fit.
    """
    given: dict[str, Any] = {_dotted(name): _plain(value) for name, value in keywords.items()}
    _refuse_void(network, data, given)
    given["metrics"] = [metrics] if isinstance(metrics, str) else metrics
    if isinstance(network, str | Path):
        given["checkpoint"] = str(network)
    if isinstance(data, str):
        given["data.name"] = data
    return load_settings(flags=given)


def _dotted(keyword: str) -> str:
    by_keyword = {name: f"plan.{name}" for name in flagged()}
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
        return str(value.expanduser())
    if isinstance(value, np.generic | torch.Tensor | np.ndarray) and value.ndim == 0:
        return value.item()
    if isinstance(value, torch.device):
        return str(value)
    return list(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else value


def _agreed(model: Model, dataset: Samples) -> tuple[Model, Samples]:
    """Take targets that are no two classes for those of a regression, where the network has one output.

    Raises:
        DataRefused: the network has classes, and the labels are none.
    """
    numbers = dataset.labels is None and bool(dataset.notes)
    if model.output == "classes" and numbers:
        raise DataRefused(
            f"Expected labels that are class numbers, 0 to {model.n_classes - 1}, for a network of {model.n_classes} "
            f"outputs; got fractions or NaN. Give the number of each sample's class."
        )
    beyond = dataset.labels is not None and not set(np.unique(dataset.labels)) <= {0, 1}
    if model.output != "single-logit" or not (numbers or beyond):
        return model, dataset
    return replace(model, output="scalar", n_classes=0), replace(dataset, labels=None, notes=(TARGETS,))


def _says_output(network: nn.Module) -> bool:
    return isinstance(getattr(network, "output", None), str)


def _refuse_void(network: Any, data: Any, given: Mapping[str, Any]) -> None:
    """Refuse settings of what is handed over otherwise.

    Raises:
        UsageError: such a setting.
    """
    void = {"checkpoint", "data.name", "metrics"}
    if isinstance(network, nn.Module):
        void |= {name for name, decides in decisions().items() if decides.of_network or name.startswith("training.")}
    if data is not None and not isinstance(data, str):
        void |= {name for name in decisions() if name.startswith("data.")} - OF_ANY_DATA
    names = [name for name in given if name in void]
    if names:
        raise UsageError(
            f"'{names[0].rpartition('.')[2]}' changes nothing here: network, data and metrics are the first three "
            f"arguments. Leave it out."
        )
