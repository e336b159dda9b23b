"""The phases of a run: each sample is planned once, in as many rounds as memory asks; the identity is computed once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.workbench import TABLE, arrays, assert_identical, done, interact

import interact_cli as ic
from interact_cli.metrics import fallback
from interact_cli.pipeline import planning, provenance

RUN = ("measure", *TABLE, "-m", "multi-order", "-m", "shapley", "-n", "5", "-b", "90")


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The samples that were planned."""
    samples: list[str] = []
    plan = planning.plan_sample

    def noted(metrics, question):
        samples.append(question.sample_id)
        return plan(metrics, question)

    monkeypatch.setattr(planning, "plan_sample", noted)
    return samples


def test_no_sample_is_planned_twice(desk: Path, planned: list[str]):
    done(*RUN, "-o", "a.h5")
    assert planned == list(ic.read_report("a.h5").samples.ids)
    planned.clear()
    done("measure", "--from", "a.h5", "-m", "shapley", "-o", "b.h5")
    assert planned == list(ic.read_report("b.h5").samples.ids)


def test_several_rounds_plan_no_sample_twice_and_give_the_same_bits(
    desk: Path, planned: list[str], monkeypatch: pytest.MonkeyPatch
):
    done(*RUN, "-o", "one.h5")
    rounds, made = [], planning.rounds

    def counted(*arguments):
        for plans in made(*arguments):
            rounds.append(len(plans))
            yield plans

    monkeypatch.setattr("interact_cli.pipeline.answers.rounds", counted)
    planned.clear()
    monkeypatch.setattr(planning, "MOST_PLANNED", 1)
    done(*RUN, "-o", "five.h5")
    assert rounds == [1] * 5
    assert planned == list(ic.read_report("five.h5").samples.ids)
    assert_identical(arrays(ic.read_report("one.h5")), arrays(ic.read_report("five.h5")))


def test_an_interrupted_round_goes_on_where_it_stopped(
    desk: Path, forward_passes: list[int], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(planning, "MOST_PLANNED", 1)
    done(*RUN, "-o", "whole.h5")
    every = sum(forward_passes)
    aggregate = planning.Plan.reduce
    left = [2]

    def stops(self, metrics, values):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return aggregate(self, metrics, values)

    with monkeypatch.context() as patch:
        patch.setattr(planning.Plan, "reduce", stops)
        assert interact(*RUN, "-o", "a.h5").code == 130
    forward_passes.clear()
    done(*RUN, "-o", "a.h5")
    assert 0 < sum(forward_passes) < every
    assert_identical(arrays(ic.read_report("a.h5")), arrays(ic.read_report("whole.h5")))


def test_a_plan_that_cannot_be_made_is_refused_before_any_evaluation(
    desk: Path, planned: list[str], forward_passes: list[int], monkeypatch: pytest.MonkeyPatch
):
    """Of the last sample alone: formerly all others had been evaluated by then."""
    plan = planning.plan_sample

    def fails(metrics, question):
        if len(planned) == 4:
            raise MemoryError("Unable to allocate 654. GiB")
        return plan(metrics, question)

    monkeypatch.setattr(planning, "plan_sample", fails)
    assert interact(*RUN, "-o", "a.h5").code == 5
    assert len(forward_passes) == 1  # the unmasked inputs
    assert not list(desk.glob("a.h5*"))


def test_the_identity_is_computed_once(desk: Path, monkeypatch: pytest.MonkeyPatch):
    computed, identity = [], provenance.record_identity

    def noted(subject):
        computed.append(subject)
        return identity(subject)

    monkeypatch.setattr(provenance, "record_identity", noted)
    done(*RUN, "-o", "a.h5")
    assert len(computed) == 1


def test_numbers_do_not_depend_on_how_many_samples_are_answered_at_a_time(desk: Path, monkeypatch: pytest.MonkeyPatch):
    for cores in (1, 4):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        done(*RUN, "-m", "shapley-interaction", "-o", f"{cores}.h5")
    one, four = (ic.read_report(f"{cores}.h5") for cores in (1, 4))
    assert "surrogate" in one.measurement("shapley").estimator
    assert_identical(arrays(one), arrays(four))


def test_a_surrogate_is_dropped_for_all_modules_or_for_none(desk: Path, monkeypatch: pytest.MonkeyPatch):
    asked = ("measure", "ckpt.pt", "-d", "digits", "-n", "2", "--players", "grid:3x3", "-m", "shapley", "-b", "100")
    modules = ("--score", "feature:stages.0,norm")
    done(*asked, *modules, "--estimator", "surrogate", "-o", "held.h5")
    held = ic.read_report("held.h5").measurements
    explained = [measurement.of_samples["explained"].values for measurement in held]
    medians = sorted(map(np.median, explained))
    assert len(medians) == 2
    assert medians[0] < medians[1]
    both = np.median(explained)
    for least, answered in ((both - 1e-6, "surrogate"), (both + 1e-6, "maximum sample reuse")):
        monkeypatch.setattr(fallback, "LEAST_EXPLAINED", least)
        assert medians[0] < least < medians[1]
        done(*asked, *modules, "-o", f"{answered}.h5")
        measurements = ic.read_report(f"{answered}.h5").measurements
        assert [measurement.estimator.startswith(answered) for measurement in measurements] == [True, True]
