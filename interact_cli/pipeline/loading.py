"""From settings to a subject that can be asked: network, samples, players, score, metrics."""

from __future__ import annotations

import os
from collections.abc import Sequence
from math import prod

import numpy as np

from interact_cli import extensions, scores
from interact_cli.adapters.loading import load_model
from interact_cli.config.settings import Settings
from interact_cli.datasets.locations import cache_folder
from interact_cli.engine.batch_rows import batch_rows, whole_rows
from interact_cli.engine.devices import resolve_device
from interact_cli.engine.evaluator import Evaluator
from interact_cli.entries.shapes import standing
from interact_cli.entries.wrapped import named_modules
from interact_cli.errors import SampleSkipped, UnknownNameError, UsageError
from interact_cli.interfaces import Baseline, Dataset, Need, PlayerOptions, Players
from interact_cli.pipeline.asking import ask
from interact_cli.pipeline.baselines import baseline_of, default_baseline
from interact_cli.pipeline.defaults import BUDGET, resolve
from interact_cli.pipeline.inputs import Inputs, draw_inputs, fitting_data, matched, named, open_dataset
from interact_cli.pipeline.learned_baselines import few_enough, learning_of, start_name
from interact_cli.pipeline.needs import check_needs, let_gradients_through, training_part
from interact_cli.pipeline.planning import check_numbers, least_players
from interact_cli.pipeline.ranges import RangeData
from interact_cli.pipeline.subject import Subject
from interact_cli.progress import Progress
from interact_cli.results import LEARNED
from interact_cli.safe_text import safe_text
from interact_cli.types import EMBEDDING, FRESH, INPUT, Entry, Model, PlayerSet
from interact_cli.words import count

N_PICTURES = 8
TEXTS = "texts"
"""Name of the data set that the command line spells out."""
PHOTOGRAPHS = "photographs"


def load(
    settings: Settings,
    progress: Progress,
    *,
    model: Model | None = None,
    dataset: Dataset | None = None,
    training: bool = True,
    ids: Sequence[str] | None = None,
) -> Subject:
    """Load, open and resolve everything that a run needs.

    Args:
        settings: What the user asked for.
        progress: Told what takes time.
        model: The network, where it is in memory already; None opens the checkpoint of the settings.
        dataset: Where the samples are, likewise.
        training: Train a reference network that is not in the cache; False takes it untrained, for a forecast.
        ids: Samples to measure instead of those that the settings draw: the samples of an earlier report.

    Raises:
        InteractError: anything asked for that does not exist, does not fit or cannot be read.
    """
    if not settings.metrics:
        raise UsageError("Expected at least one metric: pass --metric NAME ('interact list metrics' shows them).")
    given, request = settings, ask(settings)
    settings, metrics = request.settings, request.metrics
    for remark in request.remarks:
        progress.warn(remark)
    device = resolve_device(settings.run.device)  # refused before a large checkpoint is opened
    settings = settings.model_copy(update={"run": settings.run.model_copy(update={"device": str(device)})})
    model = model or _model(settings, progress, training=training)
    name, illustration = _data_name(settings, model) if dataset is None else (dataset.name, False)
    dataset = named(dataset or open_dataset(name, settings.data), model)
    model = matched(model, dataset)
    _check_continuation(settings, model)
    resolved = resolve(settings, model, name, metrics, labelled=dataset.labels is not None)
    check_needs(metrics, resolved, model, dataset)
    needs = frozenset[Need]().union(*(metric.needs for metric in metrics))
    inputs = draw_inputs(resolved.data, model, dataset, n_pictures=N_PICTURES, ids=ids)
    cut, games = _players(resolved, model), _games(resolved, model)
    evaluator = _evaluator(resolved, model, inputs, cut.entry, games, progress)
    baseline_name, seed = resolved.baseline or default_baseline(cut.entry), resolved.data.seed or 0
    begun = start_name(baseline_name, cut.entry, games[0])
    baseline = baseline_of(begun, dataset, inputs.samples, evaluator, seed)
    inputs, players = _large_enough(*_seated(cut, inputs, baseline), least_players(metrics))
    _warn_of_own_baselines(inputs, players, progress)
    learning = None
    if baseline_name == LEARNED:
        inputs, players = few_enough(inputs, players)
        learning = learning_of(baseline, games[0], resolved.target, model, dataset, seed)
    largest = max(of_sample.n_players for of_sample in players)
    check_numbers(largest, resolved.plan.budget or BUDGET, evaluator.width(inputs.samples[0]))
    handling = resolved.run.model_copy(update={"device": evaluator.device.type, "batch_size": evaluator.first_rows})
    update = {"players": cut.spec, "baseline": baseline_name, "run": handling}
    let_gradients_through(needs, evaluator, inputs.samples[0])
    return Subject(
        asked=given,
        settings=resolved.model_copy(update=update),
        model=model,
        inputs=inputs,
        baseline=baseline,
        players=players,
        scores=games,
        metrics=metrics,
        evaluator=evaluator,
        illustration=illustration,
        range_data=RangeData.of(model, dataset, seed) if "ranges" in needs else None,
        training_part=training_part(needs, settings, name),
        learning=learning,
    )


def _warn_of_own_baselines(inputs: Inputs, players: Sequence[PlayerSet], progress: Progress) -> None:
    """Warn of samples that show what an absent player shows: masking changes nothing there."""
    alike = [
        sample.id
        for sample, own in zip(inputs.samples, players, strict=True)
        if own.entry == INPUT and np.array_equal(sample.input, np.broadcast_to(own.baseline, sample.input.shape))
    ]
    if alike:
        progress.warn(
            f"{count(len(alike), 'sample')} of {len(players)}, first '{safe_text(alike[0])}', equals the baseline: "
            f"masking changes nothing there. Choose another --baseline if the others do not outweigh them."
        )


def _data_name(settings: Settings, model: Model) -> tuple[str, bool]:
    """Return the name of the data, and whether it is but an illustration: bundled inputs, not the network's own."""
    if settings.data.texts:
        return settings.data.name or TEXTS, False
    name = settings.data.name or fitting_data(model)
    return name, settings.data.name is None and name == PHOTOGRAPHS


def _games(settings: Settings, model: Model) -> tuple[scores.Score, ...]:
    modules = tuple(named_modules(model.module))
    return scores.resolve(settings.score or "", model.output, modules, extensions.scores_with(settings.score))


def _evaluator(
    settings: Settings,
    model: Model,
    inputs: Inputs,
    entry: Entry,
    games: Sequence[scores.Score],
    progress: Progress,
) -> Evaluator:
    """Take the network to its device, and find the way from the entry to the output."""
    device, asked_rows = resolve_device(settings.run.device), settings.run.batch_size
    rows = batch_rows(model, device.type, asked_rows, size=_row_size(model, inputs, entry))
    features = tuple(score.module for score in games if score.module is not None)
    whole = None
    if entry not in {INPUT, EMBEDDING}:
        start = EMBEDDING if model.input.kind == "text" else INPUT
        whole = whole_rows(model, device.type, rows, _row_size(model, inputs, start))
    evaluator = Evaluator(model, device, rows, progress, entry, features, whole, games[0].vector)
    evaluator.open(inputs.samples[0], fit=asked_rows == "auto")
    return evaluator


def _check_continuation(settings: Settings, model: Model) -> None:
    """Refuse a continuation that nobody takes, and texts of the command line that need one and have none.

    Raises:
        UsageError: either.
    """
    given = settings.data.continuation is not None
    if given and model.output != "continuation":
        raise UsageError("--continuation is what a causal language model goes on with; this is none. Leave it out.")
    if settings.data.texts and model.output == "continuation" and not given:
        raise UsageError(
            "Expected --continuation TEXT for a causal language model: its value is log p of what it goes on with. "
            'Give it, for example --continuation " yes".'
        )


def _model(settings: Settings, progress: Progress, *, training: bool) -> Model:
    if settings.checkpoint is not None:
        if settings.training.epochs is not None:
            raise UsageError("--epochs trains a reference network, and a checkpoint is given. Leave one of them out.")
        return load_model(
            settings.checkpoint,
            arch=settings.arch,
            arch_arguments=settings.arch_args,
            weights=settings.weights,
            allow_missing=settings.allow_missing,
            builders=extensions.adapters(),
        )
    if settings.arch is not None:
        raise UsageError("--arch names the architecture of a checkpoint; give the checkpoint too.")
    if settings.weights == FRESH:
        raise UsageError("--weights fresh builds the architecture of a checkpoint anew; give the checkpoint too.")
    if settings.data.name is None:
        raise UsageError("Expected a checkpoint, or --dataset NAME for that data set's reference network.")
    return _reference(settings, progress, training=training)


def _reference(settings: Settings, progress: Progress, *, training: bool) -> Model:
    from interact_cli.training.reference import default_epochs, reference_network, untrained

    name = settings.data.name or ""
    reader_name, device = name.partition(":")[0], settings.run.device
    if not training:
        epochs = settings.training.epochs or default_epochs(reader_name, device)
        progress.note(f"A run trains the reference network first, {epochs} epochs, unless the cache has it.")
        return untrained(reader_name)
    train = open_dataset(name, settings.data, split="train")
    test = open_dataset(name, settings.data, split="test")
    return reference_network(
        reader_name,
        train=train,
        test=test,
        epochs=settings.training.epochs,
        device=device,
        seed=settings.training.seed,
        cache_dir=cache_folder(os.environ),
        progress=progress,
    )


def _players(settings: Settings, model: Model) -> Players:
    name, colon, argument = (settings.players or "").partition(":")
    registry = extensions.players()
    if name not in registry:
        raise UnknownNameError("players", name, (entry.name for entry in registry), listing=registry.listing)
    options = PlayerOptions(unit=settings.unit, span=settings.span)
    return registry.get(name)(argument if colon else None, model, options)


def _row_size(model: Model, inputs: Inputs, entry: Entry) -> int:
    """Return how many numbers the largest masked row has."""
    longest = max((sample.input for sample in inputs.samples), key=lambda tokens: tokens.shape[-1])
    return prod(standing(model, entry, longest).shape)


def _seated(cut: Players, inputs: Inputs, baseline: Baseline) -> tuple[Inputs, tuple[PlayerSet, ...]]:
    """Make the players of every sample; samples that have none to measure are left out with a reason."""
    players: list[PlayerSet] = []
    reasons: dict[int, str] = {}
    for index, sample in enumerate(inputs.samples):
        try:
            players.append(cut.of(sample, baseline))
        except SampleSkipped as error:
            reasons[index] = str(error)
    return inputs.without(reasons) if reasons else inputs, tuple(players)


def _large_enough(inputs: Inputs, players: tuple[PlayerSet, ...], size: int) -> tuple[Inputs, tuple[PlayerSet, ...]]:
    """Leave out texts that have fewer players than the metrics need, where others have enough."""
    counts = [of_sample.n_players for of_sample in players]
    if not min(counts) < size <= max(counts):
        return inputs, players
    reasons = {
        index: f"{count} players, the options that were asked for need {size}"
        for index, count in enumerate(counts)
        if count < size
    }
    return inputs.without(reasons), tuple(of_sample for index, of_sample in enumerate(players) if index not in reasons)
