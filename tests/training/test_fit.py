from __future__ import annotations

import dataclasses
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from interact_cli.errors import DataRefused, NonFiniteError
from interact_cli.networks import mlp
from interact_cli.progress import Silent
from interact_cli.training.examples import Examples, load_examples
from interact_cli.training.fit import Recipe, accuracy, build, fit, learning_rate_share

RECIPE = Recipe("adamw", learning_rate=1e-2, weight_decay=0.0, epochs=6, batch_size=16)


def blobs(n=70):
    draws = torch.Generator().manual_seed(0)
    labels = torch.arange(n) % 2
    return Examples(torch.randn(n, 3, generator=draws) + 4 * labels[:, None], labels)


def trained(recipe=RECIPE, *, seed=0, examples=None, progress=None, device="cpu"):
    module = build(lambda: mlp(3, 2, hidden=8, layers=2), seed)
    fit(module, examples or blobs(), recipe, seed=seed, device=device, progress=progress or Silent())
    return module


def weights(module):
    return torch.cat([tensor.flatten() for tensor in module.state_dict().values()])


@pytest.mark.parametrize("optimiser", ["sgd", "adamw"])
def test_it_learns(optimiser):
    module = trained(dataclasses.replace(RECIPE, optimiser=optimiser, learning_rate=0.1))
    assert not module.training
    assert accuracy(module, blobs()) > 0.95


def test_a_device_may_carry_a_number():
    assert torch.equal(weights(trained(device="cpu:0")), weights(trained()))


def test_same_seed_same_bits_other_seed_other_bits():
    assert torch.equal(weights(trained(seed=1)), weights(trained(seed=1)))
    assert not torch.equal(weights(trained(seed=1)), weights(trained(seed=2)))


def test_the_callers_random_state_changes_nothing_and_is_not_changed():
    first = weights(trained())
    torch.rand(5)
    np_state = np.random.get_state()[1].copy()  # noqa: NPY002  (the global state is what must not change)
    before = torch.get_rng_state()
    assert torch.equal(weights(trained()), first)
    assert torch.equal(torch.get_rng_state(), before)
    assert (np.random.get_state()[1] == np_state).all()  # noqa: NPY002  (the global state is what must not change)


def test_the_trial_steps_leave_weights_and_running_statistics_alone():
    module = build(lambda: nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 2)), 0)
    fit(module, blobs(), RECIPE, seed=0, device="cpu", progress=Silent())
    assert module[0].num_batches_tracked == RECIPE.n_steps(70)


def test_estimate_first_then_every_step(progress):
    trained(progress=progress)
    assert progress.steps == progress.total == RECIPE.n_steps(70) == 6 * (70 // 16)
    assert progress.notes == [progress.notes[0]]
    assert "Training takes about" in progress.notes[0]
    assert "24 steps" in progress.notes[0]
    assert progress.open == 0


def test_a_handful_of_samples_is_one_step_per_epoch(progress):
    trained(examples=blobs(5), progress=progress)
    assert progress.steps == RECIPE.epochs


def test_one_step_of_sgd_is_the_gradient_step_by_hand():
    examples = blobs(8)
    module = nn.Linear(3, 2)
    copy = nn.Linear(3, 2)
    copy.load_state_dict(module.state_dict())
    fit(module, examples, Recipe("sgd", 0.5, 0.0, epochs=1, batch_size=8), seed=0, device="cpu", progress=Silent())
    probabilities = torch.softmax(copy(examples.inputs), dim=1).detach()
    error = probabilities - torch.eye(2)[examples.labels]
    expected = copy.weight.detach() - 0.5 * error.T @ examples.inputs / 8
    torch.testing.assert_close(module.weight.detach(), expected)


def test_the_learning_rate_rises_to_one_and_falls_towards_zero():
    shares = [learning_rate_share(step, 100, 0.1) for step in range(100)]
    assert shares[9] == shares[10] == 1.0
    assert all(a < b for a, b in pairwise(shares[:10]))
    assert all(a > b for a, b in pairwise(shares[10:]))
    assert 0 < shares[0] <= 0.1
    assert 0 < shares[-1] < 0.01


def test_augmentation_shows_the_darkest_value_in_the_gap():
    batches = []

    class Watch(nn.Module):
        def __init__(self):
            super().__init__()
            self.head = nn.Linear(16, 2)

        def forward(self, x):
            batches.append(x.detach().clone())
            return self.head(x.flatten(1))

    images = torch.full((64, 1, 4, 4), 5.0)
    images[0, 0, 0, 0] = -3.0
    recipe = Recipe("sgd", 0.0, 0.0, epochs=2, batch_size=64, shift=1, flip=True)
    fit(Watch(), Examples(images, torch.arange(64) % 2), recipe, seed=0, device="cpu", progress=Silent())
    first, second = batches[-2:]
    assert set(first.unique().tolist()) == {-3.0, 5.0}
    assert not torch.equal(first, second)
    edge = torch.zeros(4, 4, dtype=torch.bool)
    edge[0] = edge[-1] = edge[:, 0] = edge[:, -1] = True
    moved = (first == -3.0).any(dim=0)[0]
    assert torch.equal(moved & edge, edge)  # every side shows a gap in some image


def test_divergence_is_said_and_progress_is_closed(progress):
    bad = blobs(16)
    bad.inputs[0] = torch.nan
    with pytest.raises(NonFiniteError, match="epoch 1 of 6"):
        trained(examples=bad, progress=progress)
    assert progress.open == 0


def test_accuracy_counts_over_all_batches():
    n = 1300
    labels = torch.arange(n) % 3
    logits = torch.eye(3)[labels]
    logits[:13] = logits[:13].roll(1, dims=1)
    assert accuracy(nn.Identity(), Examples(logits, labels)) == (n - 13) / n


def test_load_examples_keeps_order_and_shape(tiny_cifar):
    train, _ = tiny_cifar
    examples = load_examples(train, lambda raw: np.asarray(raw, np.float32).transpose(2, 0, 1), 10)
    assert examples.inputs.shape == (40, 3, 32, 32)
    assert examples.labels.tolist() == [i % 10 for i in range(40)]
    assert examples.inputs[7, 2, 30, 31] == train.raw(7).getpixel((31, 30))[2]


@pytest.mark.parametrize(
    ("change", "message"), [({"labels": None}, "without labels"), ({"labels": np.full(40, 10)}, "labels 0 to 9")]
)
def test_data_that_cannot_be_learnt_is_refused(tiny_cifar, change, message):
    with pytest.raises(DataRefused, match=message):
        load_examples(dataclasses.replace(tiny_cifar[0], **change), np.asarray, 10)
