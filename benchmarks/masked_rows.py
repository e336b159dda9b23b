"""Masked rows per second over bare forward rows per second of the same network, in whole batches."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.subjects import CLASSES, Subject, encoder, mlp, resnet18, vit
from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved, Work, quartiles, seconds
from interact_cli import extensions
from interact_cli.entries.wrapped import TextNetwork
from interact_cli.interfaces import Question
from interact_cli.pipeline.planning import plan_sample


def bare(subject: Subject) -> tuple[str, Work]:
    """Return the fastest eager forward pass of one batch, and its memory layout."""
    inputs = subject.inputs(subject.rows)
    formats = {"contiguous": torch.contiguous_format}
    if inputs.ndim == 4:
        formats["channels_last"] = torch.channels_last
    works: dict[str, Work] = {}
    network = subject.model.module
    bare_network = network.core if isinstance(network, TextNetwork) else network
    for name, memory_format in formats.items():
        module = copy.deepcopy(bare_network).to(memory_format=memory_format)
        batch = inputs.contiguous(memory_format=memory_format)

        def forward(module: torch.nn.Module = module, batch: torch.Tensor = batch) -> object:
            with torch.inference_mode():
                return module(batch)

        works[name] = forward
    timed = Interleaved.of(list(works.values()), 3, floor=0.1)
    fastest = min(range(len(works)), key=timed.median)
    return list(works.items())[fastest]


def compared(subject: Subject, least: float, rounds: int) -> tuple[Row, Row]:
    """Time masked and bare rows in turn."""
    layout, forward = bare(subject)
    evaluator = subject.evaluator()
    batches = max(1, 4096 // subject.rows if subject.model.family == "mlp" else 2)
    coalitions = subject.coalitions(batches * subject.rows)

    def masked() -> object:
        return evaluator.records(subject.sample, subject.players, coalitions, CLASSES)

    def unmasked() -> None:
        for _ in range(batches):
            forward()

    timed = Interleaved.of([masked, unmasked], rounds)
    ratios = timed.ratios(1, 0)
    what = f"{subject.name}, {subject.players.n_players} players, batch {subject.rows}: masked / bare rows per second"
    return (
        Row(what, statistics.median(ratios), goal=Goal(least=least), spread=quartiles(ratios)),
        Row(f"{subject.name}: masked rows (bare is {layout})", len(coalitions) / timed.median(0), " rows/s"),
    )


def masked_over_bare(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    rounds = 9 if quick else 21
    for subject, least in ((resnet18(64), 0.95), (vit(64), 0.95), (encoder(32), 0.95), (mlp((12,)), 0.75)):
        yield from compared(subject, least, rounds)
    yield from planning(rounds)


def planning(rounds: int) -> Iterator[Row]:
    """Yield how long the plans of one sample take, beside the masked rows that they ask for."""
    metrics = (extensions.metric_of_game("shapley-interaction"),)
    tabular, image = mlp((12,)), resnet18(64)
    for subject, budget, grid in ((tabular, 4096, None), (image, 4000, (8, 8))):
        question = Question(subject.players.n_players, budget, 0, "sample", grid)
        plan = plan_sample(metrics, question)
        times = [seconds(partial(plan_sample, metrics, question)) for _ in range(rounds)]
        what = f"{subject.name}: planning {len(plan.coalitions)} coalitions of one sample"
        yield Row(what, 1000 * statistics.median(times), " ms", spread=quartiles([1000 * time for time in times]))
