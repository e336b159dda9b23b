"""A plugin's score in a whole run: its range Y, what --from makes of it, and the run that it is part of."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas
import pytest
import torch
from support.distributions import distribution
from support.workbench import TABLE, done, refused

import interact_cli as ic
from interact_cli.scores import LOGIT, OTHERS_LOGSUMEXP, PROBABILITIES, Score

ODDS = Score(
    "odds", "odds", "odds of the class", "a test",
    lambda record: np.exp(record[..., LOGIT] - record[..., OTHERS_LOGSUMEXP]), PROBABILITIES,
)  # fmt: skip
RUN = ("measure", *TABLE, "-m", "strength", "-n", "5", "-b", "300")


@pytest.fixture
def plugin(desk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(distribution(desk / "acme", "scores", f"odds = {__name__}:ODDS"))
    return desk


def odds_of_all_classes() -> tuple[np.ndarray, np.ndarray]:
    """``(row, class)`` p / (1 - p) of the network on every row of the table, and ``(row,)`` the true classes."""
    network = runpy.run_path("network.py")["make"]()
    network.load_state_dict(torch.load("table.pt"))
    table = pandas.read_csv("table.csv")
    rows = (table[[f"c{i}" for i in range(8)]].to_numpy(np.float32) - 1) / 2
    p = torch.softmax(network(torch.from_numpy(rows)).detach().double(), dim=1).numpy()
    return p / (1 - p), pandas.Categorical(table["kind"]).codes


def test_its_range_is_measured_like_that_of_a_built_in_score(plugin: Path):
    done(*RUN, "--score", "odds", "-o", "odds.h5")
    strength = ic.read_report("odds.h5").measurement("strength")
    odds, true = odds_of_all_classes()
    own = odds[np.arange(len(odds)), true]
    gaps = own - (odds.sum(axis=1) - own) / (odds.shape[1] - 1)
    for reading, y in (("paper", abs(gaps.mean())), ("code", np.abs(gaps).mean())):
        assert float(strength.quantity(f"Y_{reading}").values) == pytest.approx(y, rel=1e-4)
        ratio = float(strength.quantity("strength_mean_abs").values) / y
        assert float(strength.quantity(f"normalised_mean_abs_{reading}").values) == pytest.approx(ratio, rel=1e-4)


def test_a_report_without_its_range_asks_for_the_network(plugin: Path, forward_passes: list[int]):
    done(*RUN, "-o", "usual.h5")
    asked = ("--from", "usual.h5", "--score", "odds", "-o", "odds.h5")
    assert "does not hold all that is asked" in refused(2, "measure", *asked)
    done("measure", *TABLE[:5], *asked)
    done(*RUN, "--score", "odds", "-o", "fresh.h5")
    later, fresh = ic.read_report("odds.h5"), ic.read_report("fresh.h5")
    assert later.provenance["identity"] == fresh.provenance["identity"]
    assert later.provenance["ranges"]["scores"]["odds"] == pytest.approx(fresh.provenance["ranges"]["scores"]["odds"])


def test_another_version_of_its_formula_is_another_run(plugin: Path, monkeypatch: pytest.MonkeyPatch):
    run = ("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "300", "--score", "odds", "-o", "a.h5")
    done(*run)
    assert "Already measured" in done(*run).err
    question = ic.read_report("a.h5").provenance["identity"]["question"]
    assert question["score versions"] == {"odds": ["acme", 1]}
    monkeypatch.setitem(globals(), "ODDS", replace(ODDS, version=2))
    assert "another run" in refused(2, *run)


def test_a_score_of_this_package_has_the_version_of_the_tool(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "3", "-b", "300", "-o", "a.h5")
    assert "score versions" not in ic.read_report("a.h5").provenance["identity"]["question"]
