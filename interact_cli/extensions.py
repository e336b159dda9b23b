"""Every extension point's registry: built-ins by name, plugins by entry point.

A plugin is an installed distribution with an entry point in one of the groups below; its name is what the user
types. Nothing is imported until a name is used, and whatever goes wrong then names the distribution.
"""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeVar

from interact_cli import __version__
from interact_cli.errors import InteractError, UsageError
from interact_cli.interfaces import (
    ArchBuilder,
    DatasetReader,
    Executor,
    Learner,
    Leaves,
    Measurable,
    Metric,
    Number,
    PlayerMaker,
)
from interact_cli.metrics.drawn_sets import ByEstimator
from interact_cli.registry import Registry
from interact_cli.safe_text import safe_text
from interact_cli.scores import SCORES, Score
from interact_cli.strict_yaml import load_strict
from interact_cli.types import BoolArray, FloatArray

T = TypeVar("T")

ORIGIN = f"interact-cli {__version__}"

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
"""What a plugin may register: a name that can stand before a colon on the command line and inside a report."""

BUILT_IN = Path(__file__).with_name("built_in.yaml")
BUNDLED = frozenset({"digits", "wine", "breast_cancer", "iris", "diabetes", "photographs"})
"""Data sets that need no files."""


@cache
def _built_in() -> dict[str, dict[str, tuple[str, str]]]:
    """Return kind -> name -> (where it stands, a line for ``interact list``)."""
    tree = load_strict(BUILT_IN.read_text(encoding="utf-8"), BUILT_IN.name)
    package = __name__.partition(".")[0]
    return {
        kind: {name: (f"{package}.{target}", summary) for name, (target, summary) in table.items()}
        for kind, table in tree.items()
    }


def adapters() -> Registry[ArchBuilder]:
    """Return the architecture builders, by the prefix of ``--arch``."""
    return _registry("architecture prefix", "interact list archs", "adapters", _built_in()["adapters"])


def datasets() -> Registry[DatasetReader]:
    """Return the data set readers, by name."""
    return _registry("dataset", "interact list datasets", "datasets", _built_in()["datasets"])


def players() -> Registry[PlayerMaker]:
    """Return the player makers, by name."""
    return _registry("players", "interact list players", "players", _built_in()["players"])


def metrics() -> Registry[Any]:
    """Return metrics and numbers, by name; what stands behind one, called without arguments, is a `Measurable`."""
    built_in = {**_built_in()["metrics"], **_built_in()["numbers"]}
    return _registry("metric", "interact list metrics", ("metrics", "numbers"), built_in)


def metrics_of_games() -> Registry[Any]:
    """Return the metrics alone, by name, without the numbers that are no game."""
    return _registry("metric", "interact list metrics", "metrics", _built_in()["metrics"])


def scores() -> Registry[Score]:
    """Return the score functions of outputs, by name."""
    built_in = {
        name: (partial(SCORES.__getitem__, name), f"{score.summary} (unit: {score.unit})")
        for name, score in SCORES.items()
    }
    return _registry("score", "interact list scores", "scores", built_in)


def scores_with(name: object) -> Mapping[str, Score]:
    """Return the score functions of this package, and that of a plugin where the name is one's.

    Raises:
        UsageError: the plugin's code fails, or gives no score of that name.
    """
    registry = scores()
    if not isinstance(name, str) or name in SCORES or name not in registry:
        return SCORES
    score = registry.get(name)
    if not isinstance(score, Score) or score.name != name:
        raise UsageError(f"Expected what a plugin offers as '{name}' to be a Score of that name. Have it corrected.")
    return {**SCORES, name: score}


def executors() -> Registry[Any]:
    """Return the executors, by name; what stands behind one is called without arguments and returns an `Executor`."""
    return _registry("executor", "interact list executors", "executors", _built_in()["executors"])


def surrogates() -> Registry[Any]:
    """Return the second surrogates, by name; what stands behind one is the `Learner.learn` of it."""
    return _registry("surrogate", "interact list surrogates", "surrogates", {})


def equipped(metric: T) -> T:
    """Give a metric that names a second surrogate what stands behind the name; others stay as they are.

    Raises:
        UnknownNameError: no such surrogate; the message suggests the nearest.
        UsageError: its code fails.
    """
    if not isinstance(metric, ByEstimator) or metric.second_surrogate is None:
        return metric
    name = metric.second_surrogate
    learn, origin = surrogates().get(name), _origin(surrogates(), name)

    def blaming(coalitions: BoolArray, values: FloatArray) -> Leaves:
        with blamed(f"surrogate '{name}' of {origin}"):
            leaves = learn(coalitions, values)
            if not isinstance(leaves, Leaves):
                raise TypeError(f"it returned {type(leaves).__name__}, not interact_cli.interfaces.Leaves")
            return leaves

    return replace(metric, learner=Learner(name, blaming))


def metric(name: str) -> Measurable:
    """Return the metric, or the number that is no game, of that name.

    Raises:
        UnknownNameError: no such metric; the message suggests the nearest.
        UsageError: its code fails, or it calls itself otherwise.
    """
    made: Measurable = _made(metrics(), name, Metric, Number)
    if made.name != name:
        raise UsageError(
            f"Expected metric '{name}' of {_origin(metrics(), name)} to carry the name of its entry point, got "
            f"'{safe_text(made.name)}'. Have it corrected."
        )
    return made


def metric_of_game(name: str) -> Metric:
    """Return the metric of that name.

    Raises:
        UnknownNameError: no such metric; the message suggests the nearest.
        UsageError: its code fails, or it is a number of a network, which no game has.
    """
    measurable = metric(name)
    if isinstance(measurable, Metric):
        return measurable
    raise UsageError(f"'{name}' is a number of a network, and a game has none. Ask for it by ic.audit or -m {name}.")


def executor(name: str) -> Executor:
    """Return the executor of that name.

    Raises:
        UnknownNameError: no such executor; the message suggests the nearest.
        UsageError: its code fails, or it is no executor.
    """
    made: Executor = _made(executors(), name, Executor)
    return made


def _made(registry: Registry[Any], name: str, *interfaces: type) -> Any:
    """Call what stands behind a name, and see that it is what its door is for."""
    factory, kind, origin = registry.get(name), registry.kind, _origin(registry, name)
    with blamed(f"{kind} '{name}' of {origin}"):
        made = factory()
    if not isinstance(made, interfaces):
        expected = " or ".join(interface.__name__ for interface in interfaces)
        raise UsageError(
            f"Expected {kind} '{name}' of {origin} to be an interact_cli.interfaces.{expected}, got "
            f"{type(made).__name__}. Have it corrected, or uninstall it."
        )
    return made


def _origin(registry: Registry[Any], name: str) -> str:
    return next(entry.origin for entry in registry if entry.name == name)


def _registry(
    kind: str,
    listing: str,
    groups: str | tuple[str, ...],
    built_in: Mapping[str, tuple[str | Callable[[], Any], str]],
) -> Registry[Any]:
    registry: Registry[Any] = Registry(kind, listing)
    for name, (target, summary) in built_in.items():
        registry.add(name, target, summary=summary, origin=ORIGIN)
    of_groups = (groups,) if isinstance(groups, str) else groups
    for plugin in (plugin for group in of_groups for plugin in _plugins(f"interact_cli.{group}", tuple(sys.path))):
        point, origin = plugin.point, plugin.origin
        if not NAME.fullmatch(point.name):
            raise UsageError(
                f"Expected {origin} to name its {kind} with letters, digits, '.', '_' and '-', "
                f"got '{safe_text(point.name)}'. Uninstall it or have it renamed."
            )
        load = _loader(point, f"{kind} '{point.name}' of {origin}")
        registry.add(point.name, load, summary=plugin.summary, origin=origin)
    return registry


@dataclass(frozen=True)
class _Plugin:
    """An entry point, and what the distribution that it belongs to says of itself."""

    point: EntryPoint
    origin: str
    summary: str

    @classmethod
    def of(cls, point: EntryPoint) -> _Plugin:
        """Describe a plugin without importing it: by its distribution's own summary."""
        if point.dist is None:
            return cls(point, point.value, point.value)
        stated = point.dist.metadata.get_all("Summary")
        return cls(point, f"{point.dist.name} {point.dist.version}", stated[0] if stated else point.value)


@cache
def _plugins(group: str, path: tuple[str, ...]) -> tuple[_Plugin, ...]:
    """Return the entry points of all distributions on the path; to look opens two files of each."""
    del path  # another one holds other distributions
    return tuple(map(_Plugin.of, entry_points(group=group)))


def _loader(point: EntryPoint, what: str) -> Callable[[], Any]:
    def load() -> Any:
        with blamed(what):
            return point.load()

    return load


@contextmanager
def blamed(what: str) -> Iterator[None]:
    """Name the distribution whose code fails; foreign code may fail in any way.

    Raises:
        UsageError: it fails, in another way than with an error of this package.
    """
    try:
        yield
    except InteractError:
        raise
    except (Exception, SystemExit) as error:
        reason = f"{type(error).__name__}: {safe_text(error)}".rstrip(".")
        raise UsageError(f"Expected {what} to work, but its code fails: {reason}. Repair or uninstall it.") from error


def expected_layout(name: str) -> str:
    """Return the layout that a data set's reader says it expects: ``EXPECTED`` of its module, a text or one by name."""
    if name in BUNDLED:
        return ""
    reader = datasets().get(name)
    module = importlib.import_module(reader.__module__) if hasattr(reader, "__module__") else None
    expected = getattr(module, "EXPECTED", "")
    return str(expected.get(name, "") if isinstance(expected, dict) else expected)
