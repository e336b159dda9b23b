"""Everything that a run can be told; None takes its default from the protocol, the model or the data.

Each setting says on its own field what it decides (`Decides`). Everything that must know follows from there: the
identity of a run, what ``--from`` and a gate's candidate may change, what a report may say to another run, what two
reports must share.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StrictInt,
    field_validator,
    model_serializer,
    model_validator,
)

from interact_cli.options import parse

MOST = 10**9
"""Largest count that a setting takes: far beyond any run, and far below what overflows."""
LARGEST_SEED = 2**63 - 1


T = TypeVar("T")


@dataclass(frozen=True)
class Decides:
    """What a setting decides."""

    what: Literal["records", "question", "rounding", "place"]
    """``records``: what the network returns, for which inputs and players. ``question``: what is asked of the records.
    ``rounding``: the last bits of a record, and no more. ``place``: where things lie and go to, what may be fetched or
    trained for them; what is found there decides, by its digest. Only the user says so, a report never does."""
    through: str = ""
    """The part of the identity by which it decides, where the setting itself does not stand there."""
    of_network: bool = False
    """True where it belongs to the network, which another checkpoint brings its own of."""
    with_place: bool = False
    """True where what follows its first colon is a place."""


Question = Annotated[T, Decides("question")]
Place = Annotated[T, Decides("place")]
Samples = Annotated[T, Decides("records", "samples")]
Inputs = Annotated[T, Decides("records", "prepared inputs")]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, str_min_length=1)


class AskedMetric(_Section):
    """One metric and the options that it is asked with; written as its name, or as a mapping from it to them."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _written(cls, value: Any) -> Any:
        if isinstance(value, str):
            name, given = parse(value)
            return {"name": name, "options": given}
        if isinstance(value, Mapping) and len(value) == 1:
            ((name, given),) = value.items()
            return {"name": name, "options": {} if given is None else given}
        raise ValueError("expected a metric: its NAME, NAME:OPTION=VALUE, or a mapping from its name to its options")

    @model_serializer
    def _short(self) -> Any:
        return {self.name: self.options} if self.options else self.name


class DataSettings(_Section):
    """Which inputs are measured."""

    name: Annotated[str | None, Decides("records", "data", with_place=True)] = None
    """Data set: `digits`, `cifar10`, `folder:PATH`, `csv:FILE`, `text:FILE`, ...; `interact list datasets`."""
    root: Place[Path | None] = None
    """Folder to look in before `$INTERACT_DATA`, `./data` and the user's cache."""
    split: Annotated[str | None, Decides("records", "data")] = None
    """Part of the data set; the test part where there is one."""
    label_column: Annotated[str | None, Decides("records", "data")] = None
    """Label column of a table; the attribute of CelebA."""
    text_column: Inputs[str | None] = None
    """Text column of a table of texts."""
    texts: Inputs[tuple[str, ...]] = ()
    """Texts from the command line, instead of a data set."""
    continuation: Inputs[str | None] = None
    """What a causal language model is asked to go on with, where the data set does not say."""
    n_samples: Samples[int | None] = Field(default=None, ge=1, le=MOST, strict=True)
    """Samples to draw, stratified by class; 50 unless a protocol says otherwise."""
    samples: Place[Path | None] = None
    """File of sample ids, one a line, instead of a draw."""
    seed: Samples[int | None] = Field(default=None, ge=0, le=LARGEST_SEED, strict=True)
    """Seed of the draw of samples; plan.seed unless given."""
    only: Question[Literal["correct", "all"] | None] = None
    """Which samples enter the summaries; all unless a protocol says otherwise."""
    limit: Annotated[int | None, Decides("records", "limit")] = Field(default=None, ge=1, le=MOST, strict=True)
    """Measure only the first of the drawn samples, for a quick look. The report is marked limited."""
    max_failures: Samples[int] = Field(default=0, ge=0, le=MOST, strict=True)
    """Unreadable samples that are tolerated."""
    allow_download: Place[bool] = False
    """Let torchvision download a data set with a published checksum."""


class PlanSettings(_Section):
    """Which coalitions are asked for; and, by their names, options of metrics for all metrics that have them."""

    model_config = ConfigDict(extra="allow")

    budget: Question[int | None] = Field(default=None, ge=1, le=MOST, strict=True)
    """Evaluations per sample that each metric may ask for; default 4000. All 2^n coalitions where they fit."""
    seed: Question[int] = Field(default=0, ge=0, le=LARGEST_SEED, strict=True)
    """Seed of the draws of pairs and contexts, and of samples unless `data.seed` is given."""
    instability: Question[int | None] = Field(default=None, ge=2, le=1000, strict=True)
    """Divide the drawn coalitions into this many independent sets and report how much their results differ."""
    protocol: Annotated[str | None, Decides("records", "protocol")] = None
    """A published protocol, `deng2022` or `zhang2021-dropout`: players, pairs, orders, contexts, score, baseline."""


class RunSettings(_Section):
    """How and where the work is done."""

    device: Annotated[str, Decides("rounding", "device")] = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    batch_size: Annotated[StrictInt | Literal["auto"], Decides("rounding", "batch rows")] = "auto"
    """Rows of a batch; auto takes a number that was measured for such networks."""
    executor: Annotated[str, Decides("rounding", "executor")] = "local"
    """What evaluates the coalitions: `local`, in this process, or a plugin's; `interact list executors`."""
    output: Place[Path | None] = None
    """Report to write; `interact-runs/KEY.h5`. The key is made of everything that decides the numbers."""
    force: Place[bool] = False
    """Overwrite another run's report."""
    records: Place[bool] = True
    """Keep the evaluation records in the report, so that other scores and metrics need no new forward pass."""

    @field_validator("batch_size")
    @classmethod
    def _positive(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 1 <= value <= MOST:
            raise ValueError(f"expected 'auto' or a whole number from 1 to {MOST}")
        return value


class TrainingSettings(_Section):
    """How a reference network is trained when no checkpoint is given."""

    epochs: Place[int | None] = Field(default=None, ge=1, le=MOST, strict=True)
    """Passes over the training data; 20 on a GPU, 1 on a CPU (cifar10); digits always 30."""
    seed: Place[int] = Field(default=0, ge=0, le=LARGEST_SEED, strict=True)
    """Seed of the reference network's training."""


class Settings(_Section):
    """One run."""

    checkpoint: Place[Path | None] = None
    """Checkpoint file or model folder. Without one, `bottleneck` measures the data set's reference network."""
    arch: Annotated[str | None, Decides("records", "architecture", of_network=True)] = None
    """Architecture: `timm:NAME`, `torchvision:NAME`, `paper:NAME`, `py:FILE.py:factory`; else the checkpoint's own."""
    arch_args: Annotated[dict[str, Any], Decides("records", "architecture arguments", of_network=True)] = Field(
        default_factory=dict
    )
    """Arguments of the architecture; they win over the checkpoint's."""
    weights: Annotated[Literal["auto", "ema", "raw", "fresh"], Decides("records", "weights", of_network=True)] = "auto"
    """Which weights of a training checkpoint; auto prefers the averaged ones. Fresh: the network before training."""
    allow_missing: Annotated[tuple[str, ...], Decides("records", "weights", of_network=True)] = ()
    """Shell patterns of tensors that the checkpoint may lack. They keep their random start; the report says so."""
    data: DataSettings = DataSettings()
    players: Annotated[str | None, Decides("records", "players")] = None
    """`grid:RxC`, `columns`, `words`, `tokens`, `activations:MODULE`, `activations:pre-dropout`; else by the input."""
    unit: Annotated[Literal["unit", "channel", "cell"] | None, Decides("records", "owners")] = None
    """What a player of an activation is: a number, a channel, a position. Default: channel of maps, unit of vectors."""
    span: Annotated[str | None, Decides("records", "span")] = None
    """Successive players whose interactions are asked for: `3:8`, or some words of the text."""
    baseline: Annotated[str | None, Decides("records", "baseline")] = None
    """What a masked player shows: `mean`, `data-mean`, `zero`, `value:V`. Texts: `zero`, `mask`, `pad`, `token:T`.
    `learned`: each sample's own, found so that interactions are weakest. It takes up to 12 players."""
    score: Question[str | None] = None
    """Score function: `interact list scores`, `feature:MODULE,...`, `vector:MODULE`; log-odds for classes."""
    target: Question[Literal["true", "predicted"] | None] = None
    """Class whose score is measured. Default: true where labels exist; predicted where all papers score it."""
    metrics: Question[tuple[AskedMetric, ...]] = ()
    """What to measure, of games or of the network itself (`accuracy`), with its options: `interact list metrics`."""
    plan: PlanSettings = PlanSettings()
    run: RunSettings = RunSettings()
    training: TrainingSettings = TrainingSettings()

    @field_validator("metrics", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [{name: options} for name, options in value.items()] if isinstance(value, Mapping) else value

    @field_validator("metrics")
    @classmethod
    def _once(cls, value: tuple[AskedMetric, ...]) -> tuple[AskedMetric, ...]:
        names = [metric.name for metric in value]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"expected each metric once, '{twice}' is asked for twice")
        return value


@cache
def decisions() -> Mapping[str, Decides]:
    """Return what each setting decides, by its dotted name; a section itself decides nothing."""
    return dict(_decisions(Settings))


def _decisions(section: type[BaseModel], above: str = "") -> Iterator[tuple[str, Decides]]:
    for name, info in section.model_fields.items():
        if isinstance(info.annotation, type) and issubclass(info.annotation, _Section):
            yield from _decisions(info.annotation, f"{above}{name}.")
        else:
            yield f"{above}{name}", next(part for part in info.metadata if isinstance(part, Decides))


def deciding(*what: str) -> tuple[str, ...]:
    """Return the settings that decide one of these, by their dotted names.

    Example:
        >>> deciding("rounding")
        ('run.device', 'run.batch_size', 'run.executor')
    """
    return tuple(name for name, decides in decisions().items() if decides.what in what)


def options_for_all(settings: Settings) -> dict[str, Any]:
    """Return the options that are set for every metric that has them, by their names."""
    return dict(settings.plan.model_extra or {})
