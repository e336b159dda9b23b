"""Reports of texts, whose samples have players of their own: Shapley values worked out here."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from interact_cli.results import Measurement, PlayerTable, Quantity, Report
from support.gate_reports import made, with_provenance


def text_report(texts: tuple[str, ...], *, scale: float = 1.0) -> Report:
    """One word is one player; its value is its length, times the scale."""
    words = tuple(tuple(text.split()) for text in texts)
    longest = max(map(len, words))
    values = np.full((len(texts), longest), np.nan)
    owner = np.full((len(texts), longest + 1), -1)
    for row, own in enumerate(words):
        values[row, : len(own)] = [scale * len(word) for word in own]
        owner[row, 1 : len(own) + 1] = range(len(own))
    magnitude = np.nanmean(np.abs(values), axis=1)
    errors = np.where(np.isnan(values), np.nan, 0.0)
    measurement = Measurement(
        "shapley",
        1,
        "source",
        "exact",
        (
            Quantity("values", ("sample", "player"), values, "log-odds", "values", errors),
            Quantity("magnitude", ("sample",), magnitude, "log-odds", "mean magnitude"),
        ),
        (
            Quantity(
                "strength", (), magnitude.mean(), "log-odds", "mean magnitude", statistic="mean", parts=("magnitude",)
            ),
        ),
        {},
    )
    report = made(n_samples=len(texts), metrics=("shapley",))
    players = PlayerTable(
        (), "words", owner, np.zeros((1, 4), np.float32), "mask", own_names=words, entry="word embeddings"
    )
    ids = tuple(f"text/{k}" for k in range(len(texts)))
    samples = replace(
        report.samples,
        ids=ids,
        texts=texts,
        labels=np.zeros(len(texts), np.int64),
        predicted=np.zeros(len(texts), np.int64),
        asked=np.array([2 ** len(own) for own in words]),
        unique=np.array([2 ** len(own) for own in words]),
    )
    entry = {"call": 0, "difference": 0.0, "module": "", "place": "embedding", "way": "whole network", "where": ""}
    report = with_provenance(report, entry=entry, plan_hash=str(len(texts)))
    return replace(report, samples=samples, players=players, measurements=(measurement,))
