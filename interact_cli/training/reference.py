"""The reference network of a data set: trained here when first asked for, kept in the cache, reused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

from torch import nn

from interact_cli import networks, seeding
from interact_cli.adapters.architectures.source_code import code_digest
from interact_cli.datasets.drawing import fingerprint, raw_digest
from interact_cli.errors import CheckpointRefused, DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import Dataset
from interact_cli.progress import Progress
from interact_cli.training.files import Stored, read_checkpoint, writable_folder, write_checkpoint
from interact_cli.training.fit import Recipe
from interact_cli.training.job import Job
from interact_cli.types import InputSpec, Model
from interact_cli.words import count

RECIPE_VERSION = 1
"""Raised whenever the same recipe trains other weights; part of the cache key."""


@dataclass(frozen=True)
class Reference:
    """Which network stands for a data set, and how it is trained."""

    network: str
    """One of `interact_cli.networks`, made by ``(n_classes, in_channels)``."""
    input: InputSpec
    n_classes: int
    recipe: Recipe
    cpu_epochs: int
    """Default epochs without a GPU; with one, the recipe's own."""

    def job(self, recipe: Recipe, seed: int) -> Job:
        """Return what is to be trained."""
        make = partial(getattr(networks, self.network), self.n_classes, self.input.shape[0])
        return Job(f"py:{networks.__name__}:{self.network}", make, self.input, self.n_classes, recipe, seed)


REFERENCES: Mapping[str, Reference] = {
    "cifar10": Reference(
        network="resnet20",
        input=InputSpec(
            kind="image",
            shape=(3, 32, 32),
            mean=(0.4914, 0.4822, 0.4465),
            std=(0.2470, 0.2435, 0.2616),
            interpolation="bilinear",
            source="reference",
        ),
        n_classes=10,
        recipe=Recipe("sgd", learning_rate=0.1, weight_decay=1e-4, epochs=20, shift=4, flip=True),
        cpu_epochs=1,
    ),
    "digits": Reference(
        network="small_convnet",
        input=InputSpec(
            kind="image",
            shape=(1, 32, 32),
            mean=(0.306,),
            std=(0.324,),
            interpolation="bilinear",
            source="reference",
        ),
        n_classes=10,
        recipe=Recipe("sgd", learning_rate=0.1, weight_decay=1e-4, epochs=30, batch_size=32, shift=2),
        cpu_epochs=30,
    ),
}
"""Accurate digits take seconds even on a CPU, so their epochs are the same on every device."""


def reference_network(  # noqa: PLR0913  (two splits and five choices of the user's, each of them a plain value)
    dataset_name: str,
    *,
    train: Dataset,
    test: Dataset,
    epochs: int | None,
    device: str,
    seed: int,
    cache_dir: Path,
    progress: Progress,
) -> Model:
    """Return the reference network of a data set, trained now unless the cache has it.

    The cache key is the digest of both splits (ids, pixels and labels), architecture, preprocessing, recipe with its
    epochs, seed and `RECIPE_VERSION`; a damaged file in the cache is trained again, with a warning.

    Args:
        dataset_name: One of `REFERENCES`.
        train: The training split.
        test: The held-out split, on which the accuracy is measured.
        epochs: Passes over the training data; None for the default: CIFAR-10 20 on a GPU and 1 on a CPU, digits 30.
        device: Where to train, as torch names it.
        seed: Seed of weights, order and augmentation.
        cache_dir: Folder of the trained networks; made if missing.
        progress: Told the time estimate before the training, and every step of it.

    Raises:
        UnknownNameError: no reference network for this data set.
        DataRefused: no training split, no labels, or labels out of range.
        UsageError: less than one epoch.
        OutputError: the cache cannot be written.
        NonFiniteError: the training diverged.
    """
    reference = _reference(dataset_name)
    _check_splits(train, test)
    job = reference.job(replace(reference.recipe, epochs=_epochs(dataset_name, epochs, device)), seed)
    key = _key(reference, job, train, test)
    path = cache_dir / f"{dataset_name}-{reference.network}-{key[:16]}.pt"
    made = _cached(job, key, path, progress)
    if made is None:
        writable_folder(path.parent)
        progress.note(
            f"Training the reference network of '{train.name}', {reference.network}: "
            f"{count(job.recipe.epochs, 'epoch')} on {count(len(train), 'image')}, seed {seed}."
        )
        trained = job.trained(train, test, device, progress)
        about = {"key": key, "recipe": asdict(job.recipe), "accuracy": trained.accuracy, "held_out": len(test)}
        made = trained.module, write_checkpoint(path, trained.timm_layout() | about)
    module, stored = made
    return replace(
        _model(reference, module, _held_out(stored)),
        digest=stored.digest,
        weights_key="state_dict",
        code=code_digest(module),
        class_names=train.class_names,
        path=str(path),
    )


def _key(reference: Reference, job: Job, train: Dataset, test: Dataset) -> str:
    facts = {
        "train": _content(train),
        "test": _content(test),
        "network": reference.network,
        "n_classes": reference.n_classes,
        "input": asdict(reference.input),
        "recipe": asdict(job.recipe),
        "seed": job.seed,
        "recipe_version": RECIPE_VERSION,
    }
    return seeding.digest("reference network", json.dumps(facts, sort_keys=True))


def _content(dataset: Dataset) -> str:
    labels = [None] * len(dataset) if dataset.labels is None else dataset.labels.tolist()
    samples = ((dataset.sample_id(i), raw_digest(dataset.raw(i)), label) for i, label in enumerate(labels))
    return fingerprint(samples)


def default_epochs(dataset_name: str, device: str) -> int:
    """Passes over the training data when the user names no number.

    Raises:
        UnknownNameError: no reference network for this data set.

    Example:
        >>> default_epochs("cifar10", "cuda:0"), default_epochs("cifar10", "cpu"), default_epochs("digits", "cpu")
        (20, 1, 30)
    """
    reference = _reference(dataset_name)
    return reference.cpu_epochs if device.startswith("cpu") else reference.recipe.epochs


def _reference(dataset_name: str) -> Reference:
    if dataset_name not in REFERENCES:
        raise UnknownNameError("data set with a reference network", dataset_name, REFERENCES)
    return REFERENCES[dataset_name]


def _check_splits(train: Dataset, test: Dataset) -> None:
    if train.split != "train" or test.split == "train":
        raise DataRefused(
            f"Expected a training split and a held-out split of '{train.name}', got the splits '{train.split}' and "
            f"'{test.split}'. Name a data set that has both, or give a trained checkpoint."
        )


def _epochs(dataset_name: str, epochs: int | None, device: str) -> int:
    if epochs is None:
        return default_epochs(dataset_name, device)
    if epochs < 1:
        raise UsageError(f"Expected at least 1 epoch, got {epochs}. Leave --epochs out for the default.")
    return epochs


def _cached(job: Job, key: str, path: Path, progress: Progress) -> tuple[nn.Module, Stored] | None:
    if not path.exists():
        return None
    module = job.network()
    try:
        stored = read_checkpoint(path)
        if stored.content["key"] != key:
            raise CheckpointRefused(f"Expected the network of key {key} at '{path}'. Delete it.")
        module.load_state_dict(stored.content["state_dict"])
        _held_out(stored)
    except (CheckpointRefused, KeyError, TypeError, RuntimeError):  # an entry that is missing or of another kind
        progress.warn(f"The cached reference network '{path}' is damaged; it is trained again.")
        return None
    return module.eval(), stored


def _held_out(stored: Stored) -> str:
    epochs, images = int(stored.content["recipe"]["epochs"]), int(stored.content["held_out"])
    share = float(stored.content["accuracy"])
    return f"trained here: {count(epochs, 'epoch')}, held-out accuracy {share:.3f} on {count(images, 'image')}"


def untrained(dataset_name: str) -> Model:
    """Return the reference network before any training: enough to forecast what measuring it would cost.

    Raises:
        UnknownNameError: no reference network for this data set.
    """
    reference = _reference(dataset_name)
    module = reference.job(reference.recipe, 0).network().eval()
    return _model(reference, module, "not trained: a dry run only forecasts")


def _model(reference: Reference, module: nn.Module, note: str) -> Model:
    return Model(
        module=module,
        arch=f"reference:{reference.network}",
        arch_source="reference",
        input=reference.input,
        output="classes",
        n_classes=reference.n_classes,
        family="convnet",
        digest="",
        weights_key="",
        notes=(note,),
    )
