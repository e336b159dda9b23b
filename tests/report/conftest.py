"""A hand-built report with everything in it that a report can hold."""

from __future__ import annotations

import numpy as np
import pytest

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
        source="paper 000, eq. 2",
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
            ),
            Quantity("n_prime", (), np.asarray(2.5), "1", "one number", standard_errors=np.asarray(0.5)),
            Quantity("profile", ("player", "cell"), rng.normal(size=(PLAYERS, 300)), "logit", "more than tiny"),
        ),
        coordinates={"order": np.array([0, 7]), "cell": np.array([f"c{i}" for i in range(300)])},
        findings=(Finding("deeper", "It is deeper.", {"ratio": 1.5}),),
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


@pytest.fixture
def report():
    return hand_built()


@pytest.fixture
def written(report, tmp_path):
    path = tmp_path / "report.h5"
    write_report(report, path)
    return path
