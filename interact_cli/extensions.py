"""Every extension point's registry: built-ins by name, plugins by entry point.

A plugin is an installed distribution with an entry point in one of the groups below; its name is what the user
types. Nothing is imported until a name is used, and whatever goes wrong then names the distribution.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from interact_cli import __version__
from interact_cli.errors import InteractError, UsageError
from interact_cli.interfaces import ArchBuilder, DatasetReader, Metric, PlayerMaker
from interact_cli.registry import Registry
from interact_cli.safe_text import safe_text

ORIGIN = f"interact-cli {__version__}"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What a plugin may register: a name that can stand before a colon on the command line and inside a report."""

BUNDLED = frozenset({"digits", "wine", "breast_cancer", "iris", "diabetes", "photographs"})
"""Data sets that need no files."""

ADAPTERS = {
    "timm": ("interact_cli.adapters.architectures.timm_models:build", "any timm model: timm:resnet18"),
    "torchvision": (
        "interact_cli.adapters.architectures.torchvision_models:build",
        "any torchvision image classifier: torchvision:resnet18",
    ),
    "paper": (
        "interact_cli.adapters.architectures.paper_networks:build",
        "the papers' networks: paper:alexnet, vgg11|13|16|19, resnet18|20|34|44|56 (32 or 64 px), mlp5|8 (columns)",
    ),
    "py": (
        "interact_cli.adapters.architectures.factories:build",
        "your own factory: py:package.module:factory, py:FILE.py:factory",
    ),
}

DATASETS = {
    "digits": ("interact_cli.datasets.bundled:digits", "scikit-learn's 8x8 digits, 80/20 split (bundled)"),
    "wine": ("interact_cli.datasets.bundled:wine", "13 columns, 3 classes (bundled)"),
    "breast_cancer": ("interact_cli.datasets.bundled:breast_cancer", "30 columns, 2 classes (bundled)"),
    "iris": ("interact_cli.datasets.bundled:iris", "4 columns, 3 classes (bundled)"),
    "diabetes": ("interact_cli.datasets.bundled:diabetes", "10 columns, no classes (bundled)"),
    "photographs": (
        "interact_cli.datasets.bundled:photographs",
        "scikit-learn's two photographs, unlabelled (bundled)",
    ),
    "cifar10": ("interact_cli.datasets.images.cifar10:read", "32x32 photographs, 10 classes"),
    "cifar100": ("interact_cli.datasets.images.cifar10:read_cifar100", "32x32 photographs, 100 classes"),
    "mnist": ("interact_cli.datasets.images.mnist:read", "28x28 grey digits, 10 classes"),
    "fashion_mnist": ("interact_cli.datasets.images.mnist:read_fashion", "28x28 grey clothes, 10 classes"),
    "kmnist": ("interact_cli.datasets.images.mnist:read_kmnist", "28x28 grey Japanese characters, 10 classes"),
    "tiny_imagenet": ("interact_cli.datasets.images.tiny_imagenet:read", "64x64 photographs, 200 classes"),
    "celeba": ("interact_cli.datasets.images.celeba:read", "178x218 faces; --label-column names one of 40 attributes"),
    "folder": ("interact_cli.datasets.images.folder:read", "folder:PATH, one sub-folder of images per class"),
    "saved": (
        "interact_cli.datasets.saved.folder:read",
        "saved:PATH, written by save_to_disk of Hugging Face datasets",
    ),
    "csv": ("interact_cli.datasets.tables.table:read", "csv:FILE, numeric columns and a label column"),
    "parquet": ("interact_cli.datasets.tables.parquet:read", "parquet:FILE, numeric columns and a label column"),
    "census": ("interact_cli.datasets.tables.census:read", "income, 12 variables in 91 columns, 2 classes"),
    "tv_news": (
        "interact_cli.datasets.tables.tv_news:read",
        "commercials in TV news, ten groups of 4,125 columns, 2 classes",
    ),
    "bike_share": ("interact_cli.datasets.tables.bike_share:read", "hourly rentals, 12 columns, no classes"),
    "newsgroups": ("interact_cli.datasets.texts.newsgroups:read", "posts of 20 newsgroups, as texts"),
    "newsgroups-tfidf": (
        "interact_cli.datasets.tables.newsgroups_tfidf:read",
        "posts of 20 newsgroups, 1,000 TF-IDF columns",
    ),
    "sst2": ("interact_cli.datasets.texts.sst2:read", "sentences of film reviews, negative or positive"),
    "cola": ("interact_cli.datasets.texts.cola:read", "English sentences, unacceptable or acceptable"),
    "text": ("interact_cli.datasets.texts.text_files:read", "text:FILE, texts by line, JSON object or table row"),
    "texts": ("interact_cli.datasets.texts.command_line:read", "texts from the command line"),
}

PLAYERS = {
    "grid": ("interact_cli.players.image_grid:image_grid", "cells of an image: grid:8x8"),
    "columns": ("interact_cli.players.columns:columns", "columns of a table, one-hot groups kept together"),
    "words": ("interact_cli.players.words:words", "words of a text, all tokens of a word together"),
    "tokens": ("interact_cli.players.words:tokens", "tokens of a text"),
    "activations": (
        "interact_cli.players.activations:activations",
        "what a module computes: activations:MODULE, activations:pre-dropout[:first|last|NAME]; --unit cuts it",
    ),
}

METRICS = {
    "shapley": ("interact_cli.metrics.player_values:shapley", "Shapley value of every player"),
    "banzhaf": ("interact_cli.metrics.player_values:banzhaf", "Banzhaf value of every player"),
    "shapley-interaction": (
        "interact_cli.metrics.pair_interactions:shapley_interaction",
        "Shapley interaction index of pairs, or of sets of --interaction-size",
    ),
    "banzhaf-interaction": (
        "interact_cli.metrics.pair_interactions:banzhaf_interaction",
        "Banzhaf interaction index of pairs, or of sets of --interaction-size",
    ),
    "shapley-taylor": (
        "interact_cli.metrics.set_interactions:shapley_taylor",
        "Shapley-Taylor interactions of all sets up to --interaction-size",
    ),
    "k-shapley": (
        "interact_cli.metrics.set_interactions:k_shapley",
        "k-Shapley values of all sets up to --interaction-size; they sum to v(N)",
    ),
    "faithful-shapley": (
        "interact_cli.metrics.set_interactions:faithful_shapley",
        "faithful Shapley interactions of all sets up to --interaction-size",
    ),
    "faithful-banzhaf": (
        "interact_cli.metrics.set_interactions:faithful_banzhaf",
        "faithful Banzhaf interactions of all sets up to --interaction-size",
    ),
    "multi-order": ("interact_cli.metrics.multi_order:MultiOrder", "interaction I^(m)(i,j) of pairs at each order m"),
    "inference-patterns": (
        "interact_cli.metrics.inference_patterns:InferencePatterns",
        "J^(q)(i,j): mean inference pattern of a pair with q others",
    ),
    "dropout-suppression": (
        "interact_cli.metrics.dropout_suppression:DropoutSuppression",
        "what dropout leaves of the interactions, predicted from their inference patterns",
    ),
    "harsanyi": ("interact_cli.metrics.coalition_values:harsanyi", "Harsanyi dividend of every coalition: AND"),
    "or-interaction": ("interact_cli.metrics.coalition_values:or_interaction", "OR interaction of every coalition"),
    "and-or": (
        "interact_cli.metrics.coalition_values:AndOr",
        "AND and OR interactions of every coalition, the split learned to be sparse",
    ),
    "and-or-graph": (
        "interact_cli.metrics.and_or_graph:AndOrGraphs",
        "the few patterns that explain the score, as a graph of each sample",
    ),
    "concepts": (
        "interact_cli.metrics.coalition_values:Concepts",
        "prototypical concepts: vector dividends by length; needs --score vector:MODULE",
    ),
    "multivariate": (
        "interact_cli.metrics.multivariate:MultivariateInteraction",
        "interaction of several players and their best and worst partition; --span names them",
    ),
    "strength": (
        "interact_cli.metrics.pair_interactions:Strength",
        "strength of pair interactions, over the range Y too",
    ),
    "bottleneck": ("interact_cli.metrics.bottleneck:Bottleneck", "J^(m): strength by order against noise and theory"),
}


def adapters() -> Registry[ArchBuilder]:
    """Return the architecture builders, by the prefix of ``--arch``."""
    return _registry("architecture prefix", "interact list archs", "adapters", ADAPTERS)


def datasets() -> Registry[DatasetReader]:
    """Return the data set readers, by name."""
    return _registry("dataset", "interact list datasets", "datasets", DATASETS)


def players() -> Registry[PlayerMaker]:
    """Return the player makers, by name."""
    return _registry("players", "interact list players", "players", PLAYERS)


def metrics() -> Registry[Any]:
    """Return the metrics, by name; what stands behind one is called without arguments and returns a `Metric`."""
    return _registry("metric", "interact list metrics", "metrics", METRICS)


def metric(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        UnknownNameError: no such metric; the message suggests the nearest.
        UsageError: its code fails, or it calls itself otherwise.
    """
    registry = metrics()
    factory = registry.get(name)
    origin = next(entry.origin for entry in registry if entry.name == name)
    with _blamed(f"metric '{name}' of {origin}"):
        made: Metric = factory()
        own_name = made.name
    if own_name != name:
        raise UsageError(
            f"Expected metric '{name}' of {origin} to carry the name of its entry point, got '{safe_text(own_name)}'. "
            "Have it corrected."
        )
    return made


def _registry(kind: str, listing: str, group: str, built_in: dict[str, tuple[str, str]]) -> Registry[Any]:
    registry: Registry[Any] = Registry(kind, listing)
    for name, (target, summary) in built_in.items():
        registry.add(name, target, summary=summary, origin=ORIGIN)
    for point in entry_points(group=f"interact_cli.{group}"):
        origin = f"{point.dist.name} {point.dist.version}" if point.dist else point.value
        if not NAME.fullmatch(point.name):
            raise UsageError(
                f"Expected {origin} to name its {kind} with letters, digits, '.', '_' and '-', "
                f"got '{safe_text(point.name)}'. Uninstall it or have it renamed."
            )
        registry.add(
            point.name, _loader(point, f"{kind} '{point.name}' of {origin}"), summary=_summary(point), origin=origin
        )
    return registry


def _loader(point: EntryPoint, what: str) -> Callable[[], Any]:
    def load() -> Any:
        with _blamed(what):
            return point.load()

    return load


@contextmanager
def _blamed(what: str) -> Iterator[None]:
    """Name the distribution whose code fails; foreign code may fail in any way."""
    try:
        yield
    except InteractError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {safe_text(error)}".rstrip(".")
        raise UsageError(f"Expected to load {what}, but its code fails: {reason}. Repair or uninstall it.") from error


def _summary(point: EntryPoint) -> str:
    """Describe a plugin without importing it: by its distribution's own summary."""
    stated = point.dist.metadata.get_all("Summary") if point.dist else None
    return stated[0] if stated else point.value


def expected_layout(name: str) -> str:
    """Return the layout that a data set's reader says it expects: ``EXPECTED`` of its module, a text or one by name."""
    if name in BUNDLED:
        return ""
    reader = datasets().get(name)
    module = importlib.import_module(reader.__module__) if hasattr(reader, "__module__") else None
    expected = getattr(module, "EXPECTED", "")
    return str(expected.get(name, "") if isinstance(expected, dict) else expected)
