"""A metric that nothing in the package knows is told, tabled, drawn, compared and judged like a built-in one."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image
from support.distributions import distribution
from support.gate_reports import N_PLAYERS, pair_of_reports, written

from interact_cli import extensions
from interact_cli.config.policies import load_policy
from interact_cli.gates.compare import compare
from interact_cli.gates.first_policy import policy_text
from interact_cli.gates.judging import judge
from interact_cli.gates.policy import Margin
from interact_cli.interfaces import Metric, Reduced
from interact_cli.metrics.player_values import shapley
from interact_cli.metrics.summaries.statistics import Resampler
from interact_cli.report.export import to_json
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.plots import page as page_module
from interact_cli.report.plots import plot_report
from interact_cli.report.terminal.summary import summary_text
from interact_cli.results import Finding, Quantity
from interact_cli.words import described

NAME = "reach"
DISTANCES = range(1, N_PLAYERS)


@dataclass(frozen=True, kw_only=True)
class Reach(Metric):
    """How much two players alone change each other's effect, by how far apart they stand in the row."""

    name: str = NAME
    source: str = "a test"

    def design(self, question):
        return shapley().design(question)

    def reduce(self, design, values, question):
        worths = values - values[0]
        alone, n = [worths[2**i] for i in range(question.n_players)], question.n_players
        by_distance = [
            np.mean([abs(worths[2**i + 2 ** (i + d)] - alone[i] - alone[i + d]) for i in range(n - d)])
            for d in range(1, n)
        ]
        return Reduced(design.estimate(values), {"by_distance": np.array(by_distance)}, "exact, all coalitions")

    def aggregate(self, results, cohort):
        held = np.stack([result.extras["by_distance"] for result in results])
        own = Quantity("own_reach", ("sample", "distance"), held, cohort.unit, "mean |v(ij) - v(i) - v(j)|")
        nearest = Quantity("own_nearest", ("sample",), held[:, 0], cohort.unit, "the same of neighbours")
        resampler = Resampler.over(cohort, self.name)
        reach = resampler.summarise("mean", own).quantity(
            "reach", "mean over samples of |v(ij) - v(i) - v(j)|", "mean reach", "headline"
        )
        near = resampler.summarise("mean", nearest).quantity("near", "of neighbours", "near reach")
        unsaid = resampler.summarise("mean", nearest).quantity("unsaid", "once more", "left to a line")
        return self.measurement(
            results[0].estimator,
            per_sample=(own, nearest),
            summary=(reach, near, unsaid),
            coordinates={"distance": np.arange(1, held.shape[1] + 1)},
            findings=(Finding("", f"Neighbours reach each other by {described(near)}.", says=("near",)),),
        )


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """Two versions on disk, the second one with interactions half as strong again; the plugin is gone afterwards."""
    folder = distribution(tmp_path_factory.mktemp("site"), "metrics", f"{NAME} = {__name__}:Reach")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        assert next(one.origin for one in extensions.metrics() if one.name == NAME) == "acme 1.0"
        made = pair_of_reports(scale=1.5, n_samples=40, metrics=(NAME, "shapley"), budget=2**N_PLAYERS)
    assert NAME not in extensions.metrics()
    return [read_report(path) for path in written(tmp_path_factory.mktemp("reports"), *made)]


@pytest.fixture
def numbers(reports):
    return reports[0].measurement(NAME)


def flat(text):
    return " ".join(text.split())


def section(report, width=100):
    lines = summary_text(report, width=width).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith(f"{NAME} ─"))
    end = next(i for i, line in enumerate(lines[start + 1 :], start + 1) if line.endswith("──") and line[0] != " ")
    return "\n".join(lines[start:end])


def test_the_terminal_tells_its_sentence_and_tables_its_axis(reports, numbers):
    text = flat(section(reports[0]))
    (told,) = numbers.findings
    assert text.count(told.sentence) == 1
    assert "near reach" not in text, "said already"
    assert text.count("left to a line: ") == 1
    assert "By distance, in log-odds:" in text
    assert "distance mean reach 95 %" in text
    reach = numbers.quantity("reach")
    for place, distance in enumerate(DISTANCES):
        value, low, high = (f"{end[place]:.3g}" for end in (reach.values, reach.low, reach.high))
        assert f" {distance} {float(value):.2f} [{float(low):.2f}, {float(high):.2f}]" in text
    assert any("█" in line and "mean reach" in line for line in section(reports[0]).splitlines()), "a row of blocks"


def test_the_picture_is_a_profile_along_its_axis(reports, numbers, tmp_path, monkeypatch):
    drawn = plot_report(reports[0], tmp_path / "p.png", kind="profile")
    assert drawn == [f"profile of {NAME}"]
    with Image.open(tmp_path / "p.png") as picture:
        assert np.asarray(picture.convert("L"), dtype=float).std() > 5
    shown: list[Figure] = []
    monkeypatch.setattr(page_module, "_save", lambda figure, _: shown.append(figure))
    plot_report(reports[0], tmp_path / "q.png", kind="profile")
    (axes,) = (axes for part in shown[0].subfigs for inner in part.subfigs for axes in inner.axes)
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(line.get_xdata(), list(DISTANCES))
    np.testing.assert_array_equal(line.get_ydata(), numbers.quantity("reach").values)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("distance", "mean reach (log-odds)")
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mean reach, 95 % interval"]


def test_a_first_policy_judges_its_headline(reports, numbers, tmp_path):
    path = tmp_path / "interact-gate.yaml"
    path.write_text(policy_text(reports[0], reference_name="0.h5"))
    policy = load_policy(path)
    (rule,) = (rule for rule in policy.rules if rule.metric == NAME)
    assert (rule.quantity, rule.must_not, rule.margin) == ("reach", "change", Margin(0.2, "relative"))
    assert "# mean reach: mean over samples of |v(ij) - v(i) - v(j)|. Reference: " in path.read_text()
    assert "# at: [1, 4, 7]" in path.read_text()
    found = judge(*reports, policy, known_metrics=())
    judged = next(one for one in found.rules if one.metric == NAME)
    assert (judged.word, len(judged.decisions)) == ("FAIL", len(DISTANCES))
    same = judge(reports[0], reports[0], policy, known_metrics=())
    assert next(one for one in same.rules if one.metric == NAME).word == "PASS"


def test_a_comparison_begins_with_its_headline(reports, numbers):
    comparison = compare(*reports)
    assert (NAME, "reach") in comparison.headline
    assert not {(NAME, "near"), (NAME, "unsaid")} & set(comparison.headline)
    rows = [row for row in comparison.differences if (row.metric, row.quantity) == (NAME, "reach")]
    assert [row.at for row in rows] == [(distance,) for distance in DISTANCES]
    assert {row.label for row in rows} == {"mean reach"}
    np.testing.assert_allclose([row.difference for row in rows], 0.5 * numbers.quantity("reach").values, rtol=1e-9)


def test_the_document_holds_its_words(reports):
    held = json.loads(to_json(reports[0]))["metrics"][NAME]
    assert held["coordinates"] == {"distance": list(DISTANCES)}
    assert {name: (one["label"], one["role"]) for name, one in held["summary"].items()} == {
        "reach": ("mean reach", "headline"),
        "near": ("near reach", "detail"),
        "unsaid": ("left to a line", "detail"),
    }
    assert held["findings"][0]["says"] == ["near"]
