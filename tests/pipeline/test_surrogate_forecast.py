"""What a dry run says of the time that surrogates take."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.workbench import TABLE, done

from interact_cli.interactions.designs.budgets import Sampling
from interact_cli.interactions.designs.within_budget import design_within
from interact_cli.interactions.indices import INDICES
from interact_cli.interactions.surrogate.design import Surrogate
from interact_cli.interactions.surrogate.effort import operations


def surrogate(index, n, budget):
    design = design_within(INDICES[index], n, Sampling(budget, 0, "sample", estimator="surrogate"))
    assert isinstance(design, Surrogate)
    return design


def test_indices_that_share_their_coalitions_share_the_process():
    players, pairs, others = (
        surrogate(*plan) for plan in (("shapley", 20, 300), ("shapley-interaction", 20, 300), ("shapley", 20, 302))
    )
    alone = operations([players]) + operations([pairs])
    # 15 steps and the start are 19 looks of 300^3 + 300^2 (800 + 3 x 20); then 300^3 / 3 + 300^2 (300 + 200 + 1.5 x 20)
    process = 19 * (300**3 + 300**2 * 860) + 300**3 / 3 + 300**2 * 530
    assert alone - operations([players, pairs]) == pytest.approx(process)
    players, pairs = surrogate("shapley", 20, 600), surrogate("shapley-interaction", 20, 600)
    alone = operations([players]) + operations([pairs])
    # 400 coalitions first, then 6 steps and the start, 8.2 looks, at all of them
    process = 19 * (400**3 + 400**2 * 860) + 8.2 * (600**3 + 600**2 * 860) + 600**3 / 3 + 600**2 * 830
    assert alone - operations([players, pairs]) == pytest.approx(process)
    assert operations([players, others]) == pytest.approx(operations([players]) + operations([others]))


def test_a_dry_run_counts_it_and_says_what_more_evaluations_would_give(desk: Path):
    cost = json.loads(done("measure", *TABLE, "-m", "shapley", "-b", "200", "--dry-run", "--json").out)
    assert cost["surrogate_seconds"] > 0
    told = done("measure", *TABLE, "-m", "shapley", "-b", "200", "--dry-run").out
    assert "Surrogate        about " in told
    if cost["instead"] >= 2**8:  # eight columns: a forward pass of them takes microseconds
        assert "--budget 256 makes all values exact, in less." in told


def test_where_nothing_is_read_off_a_surrogate_none_is_counted(desk: Path):
    for asked in (("-b", "256"), ("-b", "200", "--estimator", "sampled"), ("-b", "200", "--estimator", "reuse")):
        assert (
            json.loads(done("measure", *TABLE, "-m", "shapley", *asked, "--dry-run", "--json").out)["surrogate_seconds"]
            == 0
        )
        assert "Surrogate" not in done("measure", *TABLE, "-m", "shapley", *asked, "--dry-run").out
