"""What a metric is: a frozen dataclass with three steps; built-in ones and those of plugins alike."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, dataclass

import numpy as np
import pytest
from support.runs import cohort, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.interactions.designs.full_table import FullTable
from interact_cli.interfaces import Metric, Reduced
from interact_cli.metrics.player_values import shapley
from interact_cli.options import changed, configured, option
from interact_cli.results import Quantity

BUILT_IN = [entry.name for entry in extensions.metrics() if isinstance(extensions.metric(entry.name), Metric)]


@dataclass(frozen=True, kw_only=True)
class Share(Metric):
    """As a plugin writes one: how much the players are worth together, a share of it."""

    name: str = "share"
    source: str = "a test"
    version: int = 3
    share: float = option(0.5, "Share of the worth.", above=0, below=1)

    def design(self, question):
        return shapley().design(question)

    def reduce(self, design, values, question):
        return Reduced(design.estimate(values), estimator="exact")

    def aggregate(self, results, cohort):
        worth = np.array([self.share * result.estimate.values.sum() for result in results])
        own = Quantity("worth", ("sample",), worth, cohort.unit, "share of the worth of all players")
        return self.measurement(results[0].estimator, per_sample=[own], summary=[], notes=["a note"])


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_built_in_metric_is_one_and_cannot_change(name):
    metric = extensions.metric(name)
    assert isinstance(metric, Metric)
    assert metric == extensions.metric(name)
    assert (metric.name, metric.version >= 1, bool(metric.source)) == (name, True, True)
    with pytest.raises(FrozenInstanceError):
        metric.name = "another"


@pytest.mark.parametrize("step", ["design", "reduce", "aggregate"])
def test_a_metric_without_one_of_its_steps_cannot_be_made(step):
    steps = {name: getattr(Share, name) for name in ("design", "reduce", "aggregate") if name != step}
    lacking = dataclass(frozen=True, kw_only=True)(type("Lacking", (Metric,), steps))
    with pytest.raises(TypeError, match=step):
        lacking(name="lacking", source="nobody")


def test_what_a_metric_does_not_say_is_as_for_most():
    metric = Share()
    assert (metric.needs, metric.of_vectors, metric.of_predicted) == (frozenset(), False, False)
    assert (metric.kept_per_coalition, metric.least_players) == (0, 0)


def test_a_measurement_bears_its_metrics_name_version_and_source():
    tables = np.random.default_rng(0).normal(size=(2, 8))
    metric = configured(Share(), {"share": "0.25"})
    assert changed(metric) == {"share": 0.25}
    results = reduced(metric, of_tables(tables), questions(3, 2, 8))
    assert isinstance(metric.design(questions(3, 1, 8)[0]), FullTable)
    measurement = metric.aggregate(results, cohort(3, 2))
    assert (measurement.metric, measurement.version, measurement.source) == ("share", 3, "a test")
    assert (measurement.estimator, measurement.notes, measurement.findings) == ("exact", ("a note",), ())
    assert (dict(measurement.coordinates), measurement.summary) == ({}, ())
    np.testing.assert_allclose(measurement.quantity("worth").values, 0.25 * (tables[:, -1] - tables[:, 0]))
