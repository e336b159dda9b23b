"""Rows per second from an entry inside a network over those of the whole network, in batches of one size."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.subjects import Subject, encoder, resnet18, vit
from benchmarks.table import Goal, Row
from benchmarks.timing import Interleaved, Work, quartiles
from interact_cli.engine.devices import full_float32
from interact_cli.entries.passages import open_passage
from interact_cli.types import Entry

SHARE = 0.8
"""Of the ratio of the floating-point operations, as long as that is below `COUNTED`."""
COUNTED = 10.0
PENULTIMATE = 300.0
SAME = 1e-6


@dataclass(frozen=True)
class Tail:
    """A network entered inside, and the ratio that is hoped for; by its floating-point operations where None."""

    subject: Subject
    entry: Entry
    least: float | None = None


def compared(tail: Tail, rounds: int) -> Iterator[Row]:
    """Time masked rows through the tail and whole forward passes in turn."""
    subject, rows = tail.subject, tail.subject.rows
    module = alive(subject.model.module)
    layout = torch.channels_last if subject.model.family == "convnet" else torch.contiguous_format
    module.to(memory_format=layout)
    one = torch.from_numpy(subject.sample.input)[None]
    one = one.contiguous(memory_format=layout) if one.ndim == 4 else one
    inputs = one.repeat(rows, *[1] * (one.ndim - 1))
    with torch.inference_mode(), full_float32():
        opened = open_passage(module, tail.entry, one)
        standing, carried = opened.passage.start(one)
        present = torch.rand(rows, *standing.shape[1:], generator=torch.Generator().manual_seed(0)) < 0.5
        masked = standing * present

        def through_tail() -> object:
            with torch.inference_mode():
                return opened.passage.finish(masked, carried)

        def through_all() -> object:
            with torch.inference_mode():
                return module(inputs)

        timed = Interleaved.of([through_tail, through_all], rounds)
        counted = operations(through_all) / operations(through_tail)
    ratios = timed.ratios(1, 0)
    least = SHARE * counted if counted < COUNTED else None
    least = max(filter(None, (least, tail.least)), default=None)
    what = f"{subject.name}, {tail.entry}, batch {rows} ({opened.way}): tail / full rows per second"
    goal = None if least is None else Goal(least=round(least, 2))
    yield Row(what, statistics.median(ratios), goal=goal, spread=quartiles(ratios))
    yield Row(f"{subject.name}, {tail.entry}: full / tail floating-point operations", counted)
    yield Row(f"{subject.name}, {tail.entry}: difference over max|v|", opened.difference, goal=Goal(most=SAME))


def alive(module: nn.Module) -> nn.Module:
    """Give every residual branch a part in the output: timm starts them at zero."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.ones_(layer.weight)
    return module


def operations(work: Work) -> int:
    """Count the floating-point operations of one call."""
    with FlopCounterMode(display=False) as counter:
        work()
    return int(counter.get_total_flops())


def tails(quick: bool) -> Iterator[Row]:
    """Yield the rows."""
    rounds = 5 if quick else 21
    for tail in (
        Tail(resnet18(224), Entry("output", "layer3"), least=3.5),
        Tail(resnet18(224), Entry("into", "fc"), least=PENULTIMATE),
        Tail(resnet18(224), Entry("output", "layer3.0.bn1")),
        Tail(vit(64), Entry("output", "blocks.8")),
        Tail(vit(64), Entry("into", "head_drop"), least=PENULTIMATE),
        Tail(encoder(32), Entry("output", "bert.encoder.layer.3")),
    ):
        yield from compared(tail, rounds)
