"""Everything that a run can be told; None takes its default from the protocol, the model or the data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, field_validator

MOST = 10**9
"""Largest count that a setting takes: far beyond any run, and far below what overflows."""
LARGEST_SEED = 2**63 - 1


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, str_min_length=1)


class DataSettings(_Section):
    """Which inputs are measured."""

    name: str | None = None
    """Data set: `digits`, `cifar10`, `folder:PATH`, `csv:FILE`, `text:FILE`, ...; `interact list datasets`."""
    root: Path | None = None
    """Folder to look in before `$INTERACT_DATA`, `./data` and the user's cache."""
    split: str | None = None
    """Part of the data set; the test part where there is one."""
    label_column: str | None = None
    """Label column of a table; the attribute of CelebA."""
    text_column: str | None = None
    """Text column of a table of texts."""
    texts: tuple[str, ...] = ()
    """Texts from the command line, instead of a data set."""
    continuation: str | None = None
    """What a causal language model is asked to go on with, where the data set does not say."""
    n_samples: int | None = Field(default=None, ge=1, le=MOST, strict=True)
    """Samples to draw, stratified by class; 50 unless a protocol says otherwise."""
    samples: Path | None = None
    """File of sample ids, one a line, instead of a draw."""
    seed: int | None = Field(default=None, ge=0, le=LARGEST_SEED, strict=True)
    """Seed of the draw of samples; plan.seed unless given."""
    only: Literal["correct", "all"] | None = None
    """Which samples enter the summaries; all unless a protocol says otherwise."""
    limit: int | None = Field(default=None, ge=1, le=MOST, strict=True)
    """Measure only the first drawn samples: a quick look; the report is marked limited."""
    max_failures: int = Field(default=0, ge=0, le=MOST, strict=True)
    """Unreadable samples that are tolerated."""
    allow_download: bool = False
    """Let torchvision download a data set with a published checksum."""


class PlanSettings(_Section):
    """Which coalitions are asked for."""

    budget: int | None = Field(default=None, ge=1, le=MOST, strict=True)
    """Evaluations per sample that each metric may ask for; 4000. All 2^n coalitions where they fit."""
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED, strict=True)
    """Seed of the draws of pairs and contexts, and of samples unless `data.seed` is given."""
    pairs: str = "auto"
    """Pairs of players: `all`, `radius:R`, `random:K`; auto is radius:2 on a grid and all elsewhere."""
    contexts: int | None = Field(default=None, ge=2, le=MOST, strict=True)
    """Contexts per pair (and order); the budget decides."""
    interaction_size: int | None = Field(default=None, ge=1, le=MOST, strict=True)
    """Players of an interaction, for the indices of sets; 2."""
    partitions: Literal["contiguous", "all"] = "contiguous"
    """Coalitions of the multivariate interaction: runs of successive players, or any."""
    learned: Literal["corrected", "paper"] | None = None
    """Learn the partition of the multivariate interaction too, by the corrected or by the paper's gradient."""
    drop_rate: float = Field(default=0.5, gt=0, lt=1)
    """Share of the players that dropout removes, for the check of dropout's suppression."""
    instability: int | None = Field(default=None, ge=2, le=1000, strict=True)
    """Share the draws out among this many independent plans and report how much their results differ."""
    protocol: str | None = None
    """A published protocol, `deng2022` or `zhang2021-dropout`: players, pairs, orders, contexts, score, baseline."""


class RunSettings(_Section):
    """How and where the work is done; nothing here changes a number beyond rounding."""

    device: str = "auto"
    """`auto`, `cpu`, `cuda`, `cuda:N` or `mps`."""
    batch_size: StrictInt | Literal["auto"] = "auto"
    """Rows of a batch; auto takes the committed table."""
    output: Path | None = None
    """Report to write; `interact-runs/KEY.h5`, the key made of everything that decides the numbers."""
    force: bool = False
    """Overwrite another run's report."""
    records: bool = True
    """Keep the evaluation records in the report, so that other scores and metrics need no new forward pass."""

    @field_validator("batch_size")
    @classmethod
    def _positive(cls, value: int | str) -> int | str:
        if isinstance(value, int) and not 1 <= value <= MOST:
            raise ValueError(f"expected 'auto' or a whole number from 1 to {MOST}")
        return value


class TrainingSettings(_Section):
    """How a reference network is trained when no checkpoint is given."""

    epochs: int | None = Field(default=None, ge=1, le=MOST, strict=True)
    """Passes over the training data; 20 on a GPU, 1 on a CPU (cifar10); digits always 30."""
    seed: int = Field(default=0, ge=0, le=LARGEST_SEED, strict=True)
    """Seed of the reference network's training."""


class Settings(_Section):
    """One run."""

    checkpoint: Path | None = None
    """Checkpoint file or model folder; without one, `bottleneck` measures the data set's reference network."""
    arch: str | None = None
    """Architecture: `timm:NAME`, `torchvision:NAME`, `paper:NAME`, `py:FILE.py:factory`; else the checkpoint's own."""
    arch_args: dict[str, Any] = Field(default_factory=dict)
    """Arguments of the architecture; they win over the checkpoint's."""
    weights: Literal["auto", "ema", "raw"] = "auto"
    """Which weights of a training checkpoint; auto prefers the averaged ones."""
    allow_missing: tuple[str, ...] = ()
    """Shell patterns of tensors that the checkpoint may lack; they keep their random start, and the report says so."""
    data: DataSettings = DataSettings()
    players: str | None = None
    """`grid:RxC`, `columns`, `words`, `tokens`, `activations:MODULE`, `activations:pre-dropout`; else by the input."""
    unit: Literal["unit", "channel", "cell"] | None = None
    """What a player of an activation is: one number, a channel, or a position; channels of maps, units of vectors."""
    span: str | None = None
    """Successive players whose interactions are asked for: `3:8`, or some words of the text."""
    baseline: str | None = None
    """What a masked player shows: `mean`, `data-mean`, `zero`, `value:V`; texts: `zero`, `mask`, `pad`, `token:T`;
    `learned`: of each sample its own, which leaves the score the weakest interactions, up to 12 players."""
    score: str | None = None
    """Score function: `interact list scores`, `feature:MODULE,...`, `vector:MODULE`; log-odds for classes."""
    target: Literal["true", "predicted"] | None = None
    """Class whose score is the value; true where labels exist, predicted where the papers of all metrics say so."""
    metrics: tuple[str, ...] = ()
    """What to measure: `interact list metrics`."""
    plan: PlanSettings = PlanSettings()
    run: RunSettings = RunSettings()
    training: TrainingSettings = TrainingSettings()
