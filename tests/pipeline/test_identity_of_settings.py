"""The identity of a run holds every setting that decides a number, and a report holds no place."""

from __future__ import annotations

from pathlib import Path

from support.workbench import TABLE, done

import interact_cli as ic
from interact_cli.config.settings import deciding, decisions


def test_every_setting_that_decides_stands_in_the_identity(desk: Path):
    done("measure", *TABLE, "-n", "3", "-m", "multi-order:pairs=random:3", "-b", "60", "-o", "a.h5")
    report = ic.read_report("a.h5")
    identity = report.provenance["identity"]
    for name, decides in decisions().items():
        if name == "run.executor":  # only another than local: a report from before executors stays the same run
            assert "executor" not in identity["rounding"]
        elif decides.what in {"records", "rounding"}:
            assert decides.through in identity[decides.what], name
        elif decides.what == "question":
            assert name in identity["question"], name
    assert identity["question"]["metrics"] == [["multi-order", 2, {"pairs": "random:3"}]]


def test_a_report_holds_no_place(desk: Path):
    done("measure", *TABLE, "-n", "3", "-m", "shapley", "-b", "60", "-o", "a.h5")
    config = ic.read_report("a.h5").config
    for name in deciding("place"):
        section, _, last = name.rpartition(".")
        assert last not in (config.get(section, {}) if section else config), name


def test_an_option_at_its_default_changes_no_identity(desk: Path):
    """So an option that a metric gains later makes no run of before another one."""
    run = ("measure", *TABLE, "-n", "3", "-b", "60")
    done(*run, "-m", "multi-order", "-o", "a.h5")
    done(*run, "-m", "multi-order:pairs=auto", "-o", "b.h5")
    done(*run, "-m", "multi-order:pairs=random:3", "-o", "c.h5")
    keys = [ic.read_report(f"{name}.h5").provenance["content_key"] for name in "abc"]
    assert keys[0] == keys[1] != keys[2]


def test_an_option_of_its_own_wins_over_the_flag_for_all(desk: Path):
    run = ("measure", *TABLE, "-n", "3", "-b", "256", "-m", "dropout-suppression:drop-rate=0.3", "-o", "a.h5")
    done(*run, "--drop-rate", "0.6")
    assert ic.read_report("a.h5").config["metrics"] == [{"dropout-suppression": {"drop_rate": 0.3}}]


def test_a_flag_for_all_is_the_option_of_each(desk: Path):
    run = ("measure", *TABLE, "-n", "3", "-b", "60")
    done(*run, "-m", "multi-order", "-m", "shapley", "--pairs", "random:3", "-o", "a.h5")
    done(*run, "-m", "multi-order:pairs=random:3", "-m", "shapley", "-o", "b.h5")
    one, other = ic.read_report("a.h5"), ic.read_report("b.h5")
    assert one.provenance == other.provenance
    assert one.config == other.config
    done(*run, "-m", "multi-order:pairs=random:3", "-m", "bottleneck", "--pairs", "all", "-o", "c.h5")
    assert ic.read_report("c.h5").config["metrics"] == [
        {"multi-order": {"pairs": "random:3"}},
        {"bottleneck": {"pairs": "all"}},
    ]
