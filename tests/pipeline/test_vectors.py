"""Vector scores end to end: `concepts` of a recorded module against hooks and sets, reuse, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from support.workbench import TABLE, arrays, as_input, assert_identical, done, refused, table_network, table_rows

import interact_cli as ic
from interact_cli import extensions
from interact_cli.games.coalitions import unpack
from interact_cli.interfaces import Cohort, Design, Metric, Question, Reduced
from interact_cli.journal.units import Journal
from interact_cli.pipeline import planning
from interact_cli.results import Measurement

N, D = 8, 16
RUN = ("measure", *TABLE, "-m", "concepts", "--score", "vector:body.3", "-n", "3")


def vector_of(row: int, coalition: tuple[int, ...]) -> np.ndarray:
    """What body.3 gives with the columns outside a coalition at their means, in float64."""
    network, inputs = table_network(Path("network.py")).double(), as_input(table_rows())
    masked = inputs.mean(dim=0).double().clone()
    masked[list(coalition)] = inputs[row].double()[list(coalition)]
    found: list[torch.Tensor] = []
    hook = network.body[3].register_forward_hook(lambda _module, _taken, given: found.append(given))
    with torch.no_grad():
        network(masked[None])
    hook.remove()
    return found[0][0].numpy()


def rows_of(report) -> list[int]:
    return [int(name.rpartition("/")[2]) for name in report.samples.ids]


def test_concepts_are_lengths_of_vector_dividends_by_sets(desk: Path):
    done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    values = report.measurement("concepts").quantity("values").values
    row = rows_of(report)[0]
    subsets = [S for size in range(N + 1) for S in combinations(range(N), size)]
    f = {S: vector_of(row, S) for S in subsets}
    for S in (s for s in subsets if len(s) <= 4):
        inside = [L for size in range(len(S) + 1) for L in combinations(S, size)]
        dividend = sum((-1) ** (len(S) - len(L)) * f[L] for L in inside)
        assert values[0, sum(2**i for i in S)] == pytest.approx(np.linalg.norm(dividend), abs=2e-5)


def test_records_and_ends_hold_the_vectors(desk: Path):
    done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    assert (report.records.slots, report.records.components, report.records.vectors) == (1, D, True)
    assert report.provenance["score_unit"] == "feature"
    assert report.provenance["target"] is None
    for record, row in zip(report.records, rows_of(report), strict=True):
        assert record.classes == ()
        assert record.values.shape == (2**N, 1, D)
        present = unpack(record.coalitions, N)
        for position in (0, 5, 100, 255):
            expected = vector_of(row, tuple(np.flatnonzero(present[position])))
            np.testing.assert_allclose(record.values[position, 0], expected, atol=1e-5)
        sample = record.sample
        for held, coalition in ((report.samples.empty_value, ()), (report.samples.full_value, tuple(range(N)))):
            assert held[sample] == pytest.approx(np.linalg.norm(vector_of(row, coalition)), rel=1e-5)


def test_the_report_answers_again_without_the_network(desk: Path):
    done(*RUN, "-o", "a.h5")
    Path("table.pt").unlink()
    told = done("measure", "--from", "a.h5", "-o", "b.h5")
    assert "0 of 768 coalitions were missing" in told.err
    assert_identical(arrays(ic.read_report("a.h5")), arrays(ic.read_report("b.h5")))


def test_a_stopped_run_goes_on_with_its_units(desk: Path, monkeypatch: pytest.MonkeyPatch):
    done(*RUN, "-o", "whole.h5")
    write, written = Journal.write, []

    def stops(self: Journal, key: str, array: np.ndarray) -> None:
        if len(written) == 2:
            raise KeyboardInterrupt
        written.append(key)
        write(self, key, array)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", stops)
        with pytest.raises(AssertionError):
            done(*RUN, "-o", "a.h5")
    done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    assert 0 < report.samples.evaluated.sum() < report.samples.unique.sum()
    assert_identical(arrays(report), arrays(ic.read_report("whole.h5")))


def test_the_forecast_counts_the_numbers_of_a_vector(desk: Path):
    told = done(*RUN, "--dry-run", "--json").out
    assert '"unique": 256' in told
    assert f'"plan_bytes": {256 + 258 * 8 + 256 * D * 8}' in told


def test_vectors_that_would_not_fit_are_refused_before_a_forward_pass(
    desk: Path, monkeypatch: pytest.MonkeyPatch, forward_passes: list[int]
):
    monkeypatch.setattr(planning, "MOST_NUMBERS", 4000)
    line = refused(2, *RUN, "-o", "a.h5")
    assert "got 256 coalitions x 16 of the vector score" in line
    assert "fewer players" in line
    assert forward_passes == []
    assert not list(Path().glob("a.h5*"))
    monkeypatch.setattr(planning, "MOST_NUMBERS", 4096)
    done(*RUN, "-o", "a.h5")
    monkeypatch.setattr(planning, "MOST_NUMBERS", 4000)
    assert "of the vector score" in refused(2, "measure", "--from", "a.h5", "-o", "b.h5")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("-m", "shapley", "--score", "vector:body.3"), ("'shapley'", "'vector:body.3'", "concepts", "feature:MODULE")),
        (("-m", "concepts", "--score", "log-odds"), ("'concepts'", "'log-odds'", "--score vector:MODULE")),
        (("-m", "concepts"), ("'concepts'", "the default score", "--score vector:MODULE")),
        (("-m", "concepts", "-m", "shapley", "--score", "vector:body.3"), ("'shapley'",)),
        (("-m", "concepts", "--score", "vector:body.*"), ("one module", "got 5", "vector:body.4")),
        (("-m", "concepts", "--score", "vector:body.3,body.1"), ("one module", "got 2")),
        (("-m", "concepts", "--score", "vector:tail"), ("Unknown module 'tail'",)),
        (("-m", "concepts", "--score", "vector:body.3", "--target", "true"), ("--target", "vector:body.3")),
        (("-m", "shapley", "--interaction-size", "3"), ("--interaction-size", "shapley-taylor", "(shapley)")),
        (("-m", "shapley", "-m", "harsanyi", "--drop-rate", "0.3"), ("--drop-rate", "dropout-suppression")),
        (("-m", "shapley", "--partitions", "all"), ("--partitions", "multivariate")),
        (("-m", "shapley", "--learned", "paper"), ("--learned", "multivariate")),
        (("-m", "concepts:pairs=all", "--score", "vector:body.3"), ("'concepts'", "pairs")),
    ],
)
def test_what_does_not_fit_is_refused(desk: Path, arguments: tuple[str, ...], says: tuple[str, ...]):
    line = refused(2, "measure", *TABLE, *arguments, "-n", "2", "-o", "a.h5")
    for words in says:
        assert words in line
    assert not list(Path().glob("a.h5*"))


@pytest.mark.parametrize("score", ["feature:body.3", "vector:body.1", "log-odds"])
def test_records_of_a_vector_answer_no_other_score(desk: Path, score: str):
    done(*RUN, "-o", "a.h5")
    line = refused(2, "measure", "--from", "a.h5", "--score", score, "-m", "shapley", "-o", "b.h5")
    assert "the report's records hold" in line or "takes one number per coalition" in line


def test_records_of_a_feature_are_no_vector(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "--score", "feature:body.3", "-n", "2", "-o", "a.h5")
    line = refused(2, "measure", "--from", "a.h5", "--score", "vector:body.3", "-m", "concepts", "-o", "b.h5")
    assert "the features of body.3" in line


def test_an_option_of_the_earlier_metric_does_not_stop_another(desk: Path):
    """The size of the sets of one question is nothing that the next one is refused for; asked for anew it is."""
    done("measure", *TABLE, "-m", "shapley-taylor", "--interaction-size", "3", "-n", "2", "-o", "a.h5")
    assert ic.read_report("a.h5").config["metrics"] == [{"shapley-taylor": {"interaction_size": 3}}]
    done("measure", "--from", "a.h5", "-m", "shapley", "-o", "b.h5")
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-o", "c.h5")
    again, fresh = ic.read_report("b.h5"), ic.read_report("c.h5")
    assert again.provenance["content_key"] == fresh.provenance["content_key"]
    assert_identical(arrays(again), arrays(fresh))
    line = refused(2, "measure", "--from", "a.h5", "-m", "shapley", "--interaction-size", "2", "-o", "d.h5")
    assert "--interaction-size" in line


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """``predicted`` and ``bare``: the Shapley value under other names; ``bare`` says no more than it must."""
    real = extensions.metric
    inner = real("shapley")

    class Plugin(Metric):
        def design(self, question: Question) -> Design:
            return inner.design(question)

        def reduce(self, design: Design, values: np.ndarray, question: Question) -> Reduced:
            return inner.reduce(design, values, question)

        def aggregate(self, results: Sequence[Reduced], cohort: Cohort) -> Measurement:
            return inner.aggregate(results, cohort)

    own = {
        "bare": Plugin(name="bare", source="tests"),
        "predicted": Plugin(name="predicted", source="tests", of_predicted=True),
    }
    monkeypatch.setattr(extensions, "metric", lambda name: own.get(name) or real(name))


def test_a_metric_that_lacks_a_part_of_the_interface_is_none():
    class Partial(Metric):
        def design(self, question: Question) -> Design:
            raise NotImplementedError

    with pytest.raises(TypeError, match="abstract"):
        Partial(name="partial", source="tests")


@pytest.mark.parametrize(
    ("arguments", "target"),
    [
        (("-m", "predicted"), "predicted"),
        (("-m", "predicted", "--target", "true"), "true"),
        (("-m", "predicted", "-m", "banzhaf"), "true"),
        (("-m", "bare"), "true"),
        (("-m", "bare", "--target", "predicted"), "predicted"),
    ],
)
def test_erratum_38_the_predicted_class_is_scored_where_every_metric_is_of_it(
    desk: Path, plugins: None, arguments: tuple[str, ...], target: str
):
    done("measure", *TABLE, *arguments, "-n", "8", "-o", "a.h5")
    report = ic.read_report("a.h5")
    assert report.provenance["target"] == target
    assert (report.samples.labels != report.samples.predicted).any()
    logits = table_network(Path("network.py"))(as_input(table_rows()))[rows_of(report)].detach().double().numpy()
    wanted = report.samples.labels if target == "true" else report.samples.predicted
    for row, label, full in zip(logits, wanted, report.samples.full_value, strict=True):
        others = np.delete(row, label)
        assert full == pytest.approx(row[label] - np.log(np.exp(others).sum()), abs=1e-5)
