"""Every setting that was left open, filled in: by a published protocol, by the model, by the data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import nn

from interact_cli.config.settings import Settings
from interact_cli.entries.wrapped import named_modules
from interact_cli.errors import UsageError
from interact_cli.interfaces import Measurable, Metric
from interact_cli.metrics import published
from interact_cli.pipeline.asking import INNER
from interact_cli.scores import OF_MODULES, default_score
from interact_cli.types import FRESH, Model

BUDGET = 4000
SAMPLES = 50
PLAYERS = {"image": "grid", "columns": "columns", "text": "words"}
"""Kind of input -> its players where nothing is asked for."""
WITH_CLASSES = ("classes", "single-logit")
"""Outputs to which labels mean something."""


def resolve(
    settings: Settings, model: Model, data_name: str, metrics: Sequence[Measurable], *, labelled: bool
) -> Settings:
    """Fill in the defaults of inputs, score, target, baseline and players.

    Args:
        settings: What the user asked for.
        model: The network.
        data_name: The data set, as on the command line.
        metrics: Those that are asked for; some have a target of their own.
        labelled: Whether the data has labels.

    Raises:
        UsageError: a target or a filter that needs labels, without labels; or a protocol that has nothing to say of
            the network's inputs.
    """
    labels_known = labelled and model.output in WITH_CLASSES
    update = _by_protocol(settings, model) if settings.plan.protocol else _by_model(settings, model)
    usually = update.pop("only") if settings.weights != FRESH else "all"  # a network before training gets none right
    only = settings.data.only or usually
    of_games = [metric.of_predicted for metric in metrics if isinstance(metric, Metric)]
    of_predicted = bool(of_games) and all(of_games)
    usual = "true" if labels_known and not of_predicted else "predicted"
    target = _target(settings, model, update["score"], usual)
    check_labels(target, only, labels_known=labels_known, data_name=data_name)
    n_samples = settings.data.n_samples or update.pop("n_samples")
    seed = settings.plan.seed if settings.data.seed is None else settings.data.seed
    data = {"name": data_name, "n_samples": n_samples, "only": only, "seed": seed}
    budget = None if settings.plan.protocol else settings.plan.budget or BUDGET
    return settings.model_copy(
        update={
            **{name: update[name] for name in ("score", "baseline", "players")},
            "target": target,
            "data": settings.data.model_copy(update=data),
            "plan": settings.plan.model_copy(update={"budget": budget}),
        }
    )


def _target(settings: Settings, model: Model, score: str, usual: str) -> str | None:
    """Return the class whose score is the value: that asked for, else the usual; None where the value is no class's.

    The usual is the true class where there are labels, but the predicted one where every metric is of those whose
    paper scores it (Zhang et al., AAAI 2021; erratum 38).

    Raises:
        UsageError: a target is asked for where there is none.
    """
    if model.output in WITH_CLASSES and not score.startswith(OF_MODULES):
        return settings.target or usual
    if settings.target is not None:
        raise UsageError(f"--target chooses a class, and '{score}' is the score of none here. Leave it out.")
    return None


def check_labels(target: str | None, only: str | None, *, labels_known: bool, data_name: str) -> None:
    """Refuse a target or a filter that needs labels, without labels.

    Raises:
        UsageError: labels are needed and not known.
    """
    if not labels_known and (target == "true" or only == "correct"):
        flag = "--target true" if target == "true" else "--only correct"
        raise UsageError(f"{flag} needs labels, and '{data_name}' has none for this network. Leave it out.")


def _by_model(settings: Settings, model: Model) -> dict[str, Any]:
    return {
        "n_samples": SAMPLES,
        "only": "all",
        "score": settings.score or default_score(model.output, tuple(named_modules(model.module))),
        "baseline": settings.baseline,
        "players": settings.players or PLAYERS[model.input.kind],
    }


def _by_protocol(settings: Settings, model: Model) -> dict[str, Any]:
    protocol = published.lookup(settings.plan.protocol or "")
    images = model.input.kind == "image"
    inner = (settings.players or "").partition(":")[0] == INNER
    if model.input.kind == "text" and not inner:
        other = f", or measure --players {INNER}" if protocol.inner_pairs else ""
        raise UsageError(
            f"--protocol {protocol.name} fixes players and baseline for images and tables; this network reads text. "
            f"Leave it out{other}."
        )
    update = {"players": settings.players, "baseline": "zero"} if inner else {}
    return {
        "n_samples": protocol.n_samples if images else protocol.n_samples_of_tables,
        "only": protocol.only,
        "score": protocol.score_with_batchnorm if _has_batchnorm(model.module) else protocol.score,
        "baseline": protocol.baseline,
        "players": protocol.players if images else PLAYERS[model.input.kind],
        **update,
    }


def _has_batchnorm(module: nn.Module) -> bool:
    return any(isinstance(part, nn.modules.batchnorm._BatchNorm) for part in module.modules())
