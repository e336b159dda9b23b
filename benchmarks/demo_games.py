"""Games of 64 players: images of digits on a grid of 8 x 8, as the two networks of the demo see them.

No table of them can be complete, so the truth is an estimate of its own, far more certain than those it judges, and
its variance is known. It takes minutes a game and is kept in the user's cache.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from platformdirs import user_cache_path

from benchmarks.estimator_games import Known, Value
from benchmarks.gate_networks import Images, correct
from interact_cli.engine.batch_rows import batch_rows
from interact_cli.engine.evaluator import Evaluator
from interact_cli.games.coalitions import pack
from interact_cli.interfaces import Baseline, PlayerOptions
from interact_cli.journal.whole import write_whole
from interact_cli.players.image_grid import image_grid
from interact_cli.progress import Silent
from interact_cli.scores import lookup
from interact_cli.seeding import generator
from interact_cli.training.demo import DIGITS_INPUT, NETWORKS, train_one
from interact_cli.types import BoolArray, FloatArray, IntArray, Model, PlayerSet, Sample

SIDE = 8
N_PLAYERS = SIDE * SIDE
N_BASES = 200
"""Random coalitions that the truth is averaged over, 2,081 evaluations each."""
DEMO = {"convnet": ("digits_convnet", "convnet"), "ViT": ("digits_vit", "transformer")}
"""By family of games: the network of the demo, and its family of the table of batch sizes."""


def demo_games(n_samples: int = 3) -> Iterator[Known]:
    """Yield the games of both networks, trained here as `make demo` trains them."""
    test = Images.of("test", DIGITS_INPUT)
    for family, (name, kind) in DEMO.items():
        model = trained_as_in_the_demo(name, kind)
        right = np.flatnonzero(correct(model, test))
        for number in range(n_samples):
            position = int(right[7 * number])
            yield _game(family, model, test.sample(position), int(test.labels[position]))


def trained_as_in_the_demo(name: str, kind: str) -> Model:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the demo does: the same weights, so the same truth, whatever the number of cores
    trained, _ = train_one(NETWORKS[name], seed=0, progress=Silent())
    torch.set_num_threads(threads)
    n_classes = NETWORKS[name].n_classes
    return Model(
        trained.module, f"benchmark:{name}", "benchmark", DIGITS_INPUT, "classes", n_classes, kind, "0" * 64, ""
    )


def game_of(model: Model, sample: Sample, label: int, grid: str) -> Value:
    """Return the log-odds of the label, of the cells of a grid that keep their pixels."""
    baseline = Baseline("mean", np.zeros((1, 1, 1), np.float32), "mean of the preprocessing")
    players = image_grid(grid, model, PlayerOptions()).of(sample, baseline)
    evaluator = Evaluator(model, torch.device("cpu"), batch_rows(model, "cpu"))
    return partial(_log_odds, evaluator, sample, players, label)


def _game(family: str, model: Model, sample: Sample, label: int) -> Known:
    value = game_of(model, sample, label, f"{SIDE}x{SIDE}")
    kept = _kept_at(model, sample)
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        content = io.BytesIO()
        np.save(content, from_bases(value, N_PLAYERS, N_BASES))
        write_whole(kept, content.getvalue())
    pairs, noise = np.load(kept)
    return Known(family, N_PLAYERS, value, partial(_pairs_alone, pairs), (SIDE, SIDE), noise)


def _pairs_alone(pairs: FloatArray, index: str, sets: IntArray) -> FloatArray:
    if index != "shapley-interaction" or len(sets) != len(pairs):
        raise ValueError(f"only the Shapley interactions of all pairs are known, not '{index}'")
    return pairs


def _log_odds(
    evaluator: Evaluator, sample: Sample, players: PlayerSet, label: int, coalitions: BoolArray
) -> FloatArray:
    records = evaluator.records(sample, players, pack(coalitions), (label,))
    return lookup("log-odds", "classes").of_record(records[:, 0])


def _kept_at(model: Model, sample: Sample) -> Path:
    """Name the file of a truth by everything that it depends on."""
    digest = hashlib.sha256(f"{N_BASES} bases, label {sample.label}".encode())
    for array in (sample.input, *(weights.numpy() for weights in model.module.state_dict().values())):
        digest.update(np.ascontiguousarray(array).tobytes())
    return user_cache_path("interact") / "benchmarks" / f"pairs-{digest.hexdigest()[:16]}.npy"


def from_bases(value: Value, n_players: int, n_bases: int) -> FloatArray:
    """Return the Shapley interactions of all pairs and the variances of these estimates: ``(2, pair)``.

    A base S keeps every player with one uniform probability. Its second difference in i and j, from the values at S
    and at S with i, j or both flipped, is one unbiased draw for every pair.
    """
    rng = generator(0, "bases", n_players)
    first, second = np.triu_indices(n_players, 1)
    one = np.eye(n_players, dtype=np.bool_)
    flips = np.concatenate([np.zeros((1, n_players), dtype=np.bool_), one, one[first] | one[second]])
    draws = np.empty((n_bases, len(first)))
    for draw in draws:
        base = rng.random(n_players) < rng.random()
        here, flipped, both = np.split(value(base ^ flips), [1, 1 + n_players])
        signs = np.where(base[first] == base[second], 1.0, -1.0)
        draw[:] = signs * (here - flipped[first] - flipped[second] + both)
    return np.stack([draws.mean(axis=0), draws.var(axis=0, ddof=1) / n_bases])
