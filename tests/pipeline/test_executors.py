"""A second executor, in this process, brought by a plugin: one class here, and nothing in the package knows of it."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from support.distributions import distribution
from support.workbench import TABLE, arrays, assert_identical, done, interact, refused

import interact_cli as ic
from interact_cli.pipeline import forecast


class Backwards:
    """Does the last unit first."""

    units: ClassVar[list[int]] = []
    rounds: ClassVar[list[int]] = []

    def fill(self, subject, journal, missing):
        self.rounds.append(len(missing))
        for unit in reversed(missing):
            for key, array in unit.carry_out(subject).items():
                journal.write(key, array)
            self.units.append(unit.sample)


class Idle:
    def fill(self, subject, journal, missing):
        """Do nothing."""


class Short:
    """Writes fewer records than it was asked for."""

    def fill(self, subject, journal, missing):
        for unit in missing:
            for key, array in unit.carry_out(subject).items():
                journal.write(key, array[:-1])


class Broken:
    def fill(self, subject, journal, missing):
        raise ZeroDivisionError("no workers")


class Slow:
    """Moves the clock of a test instead of working, and writes nothing that counts."""

    now: ClassVar[float] = 0.0

    def fill(self, subject, journal, missing):
        Slow.now += 10 + len(missing)
        for unit in missing:
            journal.write(unit.key, np.zeros((1, 1, 4)))


class Careless:
    """No executor: it cannot fill."""


@pytest.fixture
def plugin(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    names = ("Backwards", "Slow", "Idle", "Short", "Broken", "Careless")
    points = (f"{name.lower()} = {__name__}:{name}" for name in names)
    monkeypatch.syspath_prepend(distribution(desk / "acme", "executors", *points))
    Backwards.units.clear()
    Backwards.rounds.clear()
    return desk


def test_it_gives_the_same_bits(plugin: Path):
    run = ("measure", "ckpt.pt", "--players", "grid:4x4", "-m", "multi-order", "-m", "shapley", "-n", "3", "-b", "200")
    done(*run, "-o", "here.h5")
    done(*run, "--executor", "backwards", "-o", "there.h5")
    here, there = ic.read_report("here.h5"), ic.read_report("there.h5")
    assert_identical(arrays(here), arrays(there))
    assert Backwards.units == [2, 1, 0]
    assert Backwards.rounds == [3]


def test_the_run_is_another_one_than_the_local(plugin: Path):
    """Another machine may round otherwise: records of the two are never mixed."""
    run = ("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "300", "-o", "a.h5")
    done(*run)
    assert "another run" in refused(2, *run, "--executor", "backwards")
    done(*run, "--executor", "backwards", "--force")
    assert ic.read_report("a.h5").provenance["identity"]["rounding"]["executor"] == "backwards"


def test_learned_baselines_are_a_round_of_their_own(plugin: Path):
    run = ("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "300", "--baseline", "learned")
    done(*run, "-o", "here.h5")
    done(*run, "--executor", "backwards", "-o", "there.h5")
    assert_identical(arrays(ic.read_report("here.h5")), arrays(ic.read_report("there.h5")))
    assert Backwards.rounds == [2, 2]


def test_from_asks_for_what_is_missing_and_no_more(plugin: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "60", "--executor", "backwards", "-o", "a.h5")
    Backwards.units.clear()
    done("measure", *TABLE[:5], "--from", "a.h5", "-m", "shapley", "-b", "60", "-o", "b.h5")
    assert Backwards.units == []
    done("measure", *TABLE[:5], "--from", "a.h5", "-m", "shapley", "-b", "300", "-o", "c.h5")
    assert Backwards.units == [1, 0]
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "300", "-o", "fresh.h5")
    assert_identical(arrays(ic.read_report("c.h5")), arrays(ic.read_report("fresh.h5")))


def test_a_dry_run_is_timed_by_it(plugin: Path):
    told = interact("measure", *TABLE, "-m", "shapley", "-n", "2", "--executor", "backwards", "--dry-run")
    assert told.code == 0
    assert len(Backwards.rounds) > 1
    assert not list(plugin.glob("**/*.partial"))


def test_what_it_takes_before_the_first_unit_is_counted_once(plugin: Path, monkeypatch: pytest.MonkeyPatch):
    """Ten seconds to start and one for each unit, by a clock of the test."""
    Slow.now = 0.0
    monkeypatch.setattr(forecast, "time", SimpleNamespace(perf_counter=lambda: Slow.now))
    run = ("measure", *TABLE, "-m", "shapley", "-n", "2", "-b", "300", "--batch-size", "64", "--executor", "slow")
    told = json.loads(done(*run, "--dry-run", "--json").out)
    assert told["total"] == 2 * 256
    assert told["seconds"] == 10 + 2 * 256 / 64


@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("idle", 5, "left 2 of 2 units undone"),
        ("short", 5, "Expected finite float64 records of shape"),
        ("broken", 2, "Expected executor 'broken' to work, but its code fails: ZeroDivisionError: no workers"),
        ("careless", 2, "Expected executor 'careless' of acme 1.0 to be an interact_cli.interfaces.Executor"),
        ("bakwards", 2, "Did you mean 'backwards'?"),
    ],
)
def test_one_that_does_not_do_its_work_is_named(plugin: Path, name: str, code: int, words: str):
    line = refused(code, "measure", *TABLE, "-m", "shapley", "-n", "2", "--executor", name, "-o", "a.h5")
    assert words in line
    assert not Path("a.h5").exists()


def test_it_is_listed(plugin: Path):
    told = interact("list", "executors").out
    assert "backwards" in told
    assert "[acme 1.0]" in told
    assert "local" in told
