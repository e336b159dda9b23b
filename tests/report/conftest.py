"""A hand-built report with everything in it that a report can hold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.words import cohort_of, named

from interact_cli.metrics.summaries import sentences
from interact_cli.metrics.summaries.axes import OrderAxis
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import (
    Finding,
    Measurement,
    PlayerTable,
    Quantity,
    Records,
    Report,
    SampleRecords,
    SampleTable,
)
from interact_cli.types import Skipped

SAMPLES, PLAYERS, ORDERS, PAIRS = 3, 9, 2, 4
TEXTS = ("the film was not good", "to be or not to be [/red]", "fine\x1b[31m it is")
WORDS = tuple(tuple(text.split()) for text in TEXTS)
MODULES = ("encoder.layer.0", "encoder.layer.1", "pool/er")


def hand_built():
    rng = np.random.default_rng(3)
    held = []
    for sample in range(SAMPLES):
        classes = (1,) if sample == 0 else (1, 2)
        coalitions = rng.integers(0, 256, (5 + sample, 2), dtype=np.uint8)
        held.append(SampleRecords(sample, classes, coalitions, rng.normal(size=(5 + sample, len(classes), 4))))
    samples = SampleTable(
        ids=("digits/test/ä", "digits/test/1", "digits/test/2"),
        labels=np.array([1, 1, -1]),
        predicted=np.array([1, 2, 2]),
        included=np.array([True, False, True]),
        full_value=rng.normal(size=3),
        empty_value=np.array([0.5, np.nan, -0.25]),
        asked=np.array([9, 9, 9]),
        unique=np.array([5, 6, 7]),
        evaluated=np.array([0, 6, 7]),
        skipped=(Skipped("digits/test/9", "only 1 player: Ω"),),
        accuracy=1 / 3,
        pictures=rng.integers(0, 255, (2, 5, 4, 3), dtype=np.uint8),
    )
    players = PlayerTable(
        names=tuple(f"r{i // 3}c{i % 3}" for i in range(PLAYERS)),
        spec="grid:3x3",
        owner=rng.integers(0, PLAYERS, (1, 4, 4)),
        baseline=np.array([0.25, -1], dtype=np.float32).reshape(2, 1, 1),
        baseline_name="mean",
        grid=(3, 3),
    )
    values = rng.normal(size=(SAMPLES, ORDERS, PAIRS))
    values[0, 1, 2] = np.nan
    pairs = np.tile([[0, 1], [1, 2], [2, 3], [4, 5]], (SAMPLES, 1, 1))
    pairs[2, 3] = -1
    interactions = Measurement(
        metric="multi-order",
        version=2,
        source="Zhang et al. (ICLR 2021), eq. 2",
        estimator="sampled, 7 contexts per order",
        per_sample=(
            Quantity(
                "values",
                ("sample", "order", "pair"),
                values,
                "log-odds",
                "I^(m)(i, j)",
                standard_errors=np.abs(values) / 3,
                exact=values > 0,
                label="I of the sample",
            ),
            Quantity("pairs", ("sample", "pair", "member"), pairs, "1", "the two players; -1 where none"),
        ),
        summary=(
            Quantity(
                "mean",
                ("order",),
                np.array([1.0, np.nan]),
                "log-odds",
                "mean of I",
                standard_errors=np.array([0.1, np.nan]),
                low=np.array([0.8, np.nan]),
                high=np.array([1.2, np.nan]),
                exact=np.array([True, False]),
                label="signed mean [Ω]",
                role="headline",
            ),
            Quantity("n_prime", (), np.asarray(2.5), "1", "one number", np.asarray(0.5), label="n'", role="by-order"),
            Quantity(
                "profile",
                ("player", "cell"),
                rng.normal(size=(PLAYERS, 300)),
                "logit",
                "more than tiny",
                role="by-pair",
            ),
        ),
        coordinates={"order": np.array([0, 7]), "cell": np.array([f"c{i}" for i in range(300)])},
        findings=(
            Finding("deeper", "It is deeper.", {"ratio": 1.5}),
            Finding("", "n' is 2.50 ± 0.50.", says=("n_prime", "mean")),
        ),
        notes=("read with care",),
    )
    values_of_players = Measurement(
        metric="shapley",
        version=1,
        source="Shapley (1953)",
        estimator="exact, all 512 coalitions",
        per_sample=(Quantity("values", ("sample", "player"), rng.normal(size=(SAMPLES, PLAYERS)), "logit", "phi"),),
        summary=(),
        coordinates={},
    )
    return Report(
        config={"budget": 4000, "nested": {"é": [1, 2.5, None, True]}},
        provenance={"seed": 0, "plan": "ab12"},
        run={"host": "here", "seconds": 1.5},
        samples=samples,
        players=players,
        measurements=(interactions, values_of_players),
        records=Records(total=18, slots=2, components=4, read=held.__getitem__, n_samples=SAMPLES),
        status="limited",
    )


def quantity(name, dims, values, unit="log-odds", errors=None):
    return Quantity(name, dims, np.asarray(values), unit, f"meaning of {name}", errors)


def word_values(scale=1.0):
    """Values of words: word p of sample s has (s + 1) (p + 1) * scale, every second one negative; no one is exact."""
    values = np.full((3, 7), np.nan)
    for sample, words in enumerate(WORDS):
        values[sample, : len(words)] = [(-1) ** p * (sample + 1) * (p + 1) * scale for p in range(len(words))]
    return quantity("values", ("sample", "player"), values, errors=np.where(np.isfinite(values), 0.02, np.nan))


def word_pairs(scale=1.0):
    """Pairs of neighbouring words: pair p of sample s has (p - 3) (s + 1) * scale."""
    pairs, values = np.full((3, 6, 2), -1), np.full((3, 6), np.nan)
    for sample, words in enumerate(WORDS):
        n = len(words) - 1
        pairs[sample, :n] = np.stack([np.arange(n), np.arange(n) + 1], axis=-1)
        values[sample, :n] = (np.arange(n) - 3.0) * (sample + 1) * scale
    errors = np.where(np.isfinite(values), 0.05, np.nan)
    return quantity("pairs", ("sample", "pair", "member"), pairs, "1"), quantity(
        "values", ("sample", "pair"), values, errors=errors
    )


def word_orders():
    """Pairs by order: sample s has the orders 0 .. n - 2 of its own n words; each pair's value is its order."""
    orders, values = np.full((3, 6), -1), np.full((3, 6, 6), np.nan)
    for sample, words in enumerate(WORDS):
        n = len(words) - 1
        orders[sample, :n] = np.arange(n)
        values[sample, :n, :n] = np.arange(n)[:, None]
    pairs, _ = word_pairs()
    return (
        pairs,
        quantity("values", ("sample", "order", "pair"), values),
        quantity("orders", ("sample", "order"), orders, "1"),
    )


RATIOS = {"ratio": np.array([0.0, 0.5, 1.0])}


def word_measurements(of="", scale=1.0):
    sizes, values = [len(words) for words in WORDS], word_values(scale)
    everyone = cohort_of(sizes, (np.nansum(values.values, axis=1), np.zeros(3)), noun="word")
    axis = OrderAxis("ratio", RATIOS["ratio"], np.zeros((3, 3), np.int64), RATIOS["ratio"], min(sizes))

    def measured(metric, per_sample, summary, coordinates=None, told=None):
        held = (tuple(per_sample), tuple(summary), coordinates or {})
        made = named(Measurement(metric, 1, "source", "exact", *held, of=of))
        headlines = [one for one in made.summary if one.role == "headline"]
        if told is None:
            return replace(made, findings=tuple(sentences.over_orders(one, axis, everyone) for one in headlines))
        return replace(made, findings=tuple(told(*headlines)))

    curves = [quantity(name, ("ratio",), [1.5, 0.25 * scale, 1.25], "1") for name in ("J_mean_abs", "J_rms_corrected")]
    profile = [quantity(name, ("ratio",), [1.5 * scale, 0.25, 1.25]) for name in ("mean_abs", "rms_corrected", "mean")]
    strength = quantity("strength_mean_abs", (), 0.875 * scale, errors=np.asarray(0.125))
    overall = quantity("strength", (), 2.5 * scale, errors=np.asarray(0.5))

    def of_words(size):
        return sentences.overall_player(size, everyone), *sentences.sum_of_players(values, everyone)

    return (
        measured("shapley", [values], [overall], told=of_words),
        measured("shapley-interaction", word_pairs(scale), [strength], told=lambda size: [sentences.of_pairs(size)]),
        measured("multi-order", word_orders(), profile, RATIOS),
        measured("bottleneck", word_orders(), curves, RATIOS),
    )


def text_report(measurements=None, **players):
    values = word_values().values
    samples = SampleTable(
        ids=("sst2/dev/0", "sst2/dev/1", "sst2/dev/2"),
        labels=np.array([0, 1, -1]),
        predicted=np.array([1, 1, 0]),
        included=np.array([True, True, True]),
        full_value=np.nansum(values, axis=1),
        empty_value=np.zeros(3),
        asked=np.array([32, 64, 8]),
        unique=np.array([32, 64, 8]),
        evaluated=np.array([32, 64, 8]),
        skipped=(Skipped("sst2/dev/3", "1 word; interactions need 2"),),
        accuracy=0.5,
        chance=0.5,
        texts=TEXTS,
    )
    owner = np.full((3, max(map(len, WORDS)) + 2), -1)
    for sample, words in enumerate(WORDS):
        owner[sample, 1 : len(words) + 1] = np.arange(len(words))
    table = {
        "names": (),
        "spec": "words",
        "owner": owner,
        "baseline": np.zeros((1, 8), np.float32),
        "baseline_name": "zero",
        "own_names": WORDS,
        "entry": "embedding",
    }
    provenance = {
        "checkpoint": {"path": "runs/bert"},
        "data": {"name": "sst2", "split": "dev"},
        "score": "log-odds",
        "score_unit": "log-odds",
        "entry": {"place": "embedding", "where": "embedding", "way": "slice: embeddings, encoder", "difference": 1e-7},
    }
    widths = [-(-len(words) // 8) for words in WORDS]
    held = [
        SampleRecords(i, (1,), np.full((4, width), i + 1, np.uint8), np.full((4, 1, 4), float(i)))
        for i, width in enumerate(widths)
    ]
    records = Records(total=12, slots=2, components=4, read=held.__getitem__, n_samples=3)
    measurements = word_measurements() if measurements is None else measurements
    return Report({}, provenance, {}, samples, PlayerTable(**table | players), tuple(measurements), records)


def layers_report():
    """One run with the game of three modules: feature scores of texts."""
    measurements = [one for i, of in enumerate(MODULES) for one in word_measurements(of, scale=i + 1.0)]
    made = text_report(measurements)
    values = np.arange(36.0).reshape(3, 4, 3, 1)
    held = [SampleRecords(i, (), np.full((4, 1), i + 1, np.uint8), values[i]) for i in range(3)]
    records = Records(total=12, slots=3, components=1, read=held.__getitem__, n_samples=3)
    return replace(made, records=records)


@pytest.fixture
def make_text_report():
    return text_report


@pytest.fixture
def texts():
    return text_report()


@pytest.fixture
def layers():
    return layers_report()


@pytest.fixture
def written_texts(texts, tmp_path):
    path = tmp_path / "texts.h5"
    write_report(texts, path)
    return path


@pytest.fixture
def report():
    return hand_built()


@pytest.fixture
def written(report, tmp_path):
    path = tmp_path / "report.h5"
    write_report(report, path)
    return path
