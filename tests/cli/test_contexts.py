"""Salient contexts, readings of Color(g) and instability from the command line, on records of an earlier run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.workbench import TABLE, done, refused

import interact_cli as ic


def test_contexts_of_a_pair_are_drawn_without_the_network(desk: Path, forward_passes: list[int]):
    done("measure", *TABLE, "-n", "2", "-m", "shapley", "-o", "a.h5")
    passes = len(forward_passes)
    ran = done("plot", "a.h5", "--kind", "contexts", "--pair", "c1,4", "--sample", "1", "-o", "a.png")
    assert "contexts of c1 × c4" in ran.err
    assert len(forward_passes) == passes
    with Image.open("a.png") as picture:
        assert np.asarray(picture.convert("L"), dtype=float).std() > 5


def test_what_was_not_recorded_can_be_asked_for_as_the_message_says(desk: Path):
    done("measure", *TABLE, "-n", "1", "-m", "shapley-interaction", "--span", "0:2", "-b", "8", "-o", "a.h5")
    plot = ("plot", "--kind", "contexts", "--pair", "5,7", "-o", "a.png")
    line = refused(2, *plot, "a.h5")
    asked = line.partition("--metric shapley-interaction ")[2].rstrip(".").split()
    assert asked == ["--pairs", "all", "--budget", "224"]
    assert refused(2, "plot", "a.h5", "--kind", "contexts", "-o", "a.png").count("--pair I,J") == 1
    done("measure", *TABLE, "-n", "1", "-m", "shapley-interaction", *asked, "-o", "b.h5")
    done(*plot, "b.h5")


def test_both_readings_of_color_are_drawn(desk: Path):
    done(
        "measure",
        "ckpt.pt",
        "-d",
        "digits",
        "-n",
        "1",
        "-m",
        "shapley-interaction",
        "--players",
        "grid:2x2",
        "-o",
        "a.h5",
    )
    for reading in ("mean-abs", "abs-mean"):
        done("plot", "a.h5", "--kind", "map", "--reading", reading, "-o", f"{reading}.png")
    assert Path("mean-abs.png").read_bytes() != Path("abs-mean.png").read_bytes()


@pytest.mark.parametrize("metric", ["shapley", "multi-order"])
def test_instability_can_be_asked_of_an_earlier_report(desk: Path, metric: str):
    few = ("-n", "2", "-b", "220")
    done("measure", *TABLE, *few, "-m", metric, "-o", "plain.h5")
    done("measure", *TABLE, *few, "-m", metric, "--instability", "2", "-o", "asked.h5")
    # Shares of orders have contexts of their own: those are evaluated.
    done("measure", "--from", "plain.h5", *TABLE[:5], "--instability", "2", "-o", "later.h5")
    found = [
        float(ic.read_report(name).measurement(metric).quantity("instability").values)
        for name in ("asked.h5", "later.h5")
    ]
    assert found[0] == found[1] > 0
