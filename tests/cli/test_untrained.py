"""Fresh weights: the architecture of a checkpoint before training, alone and beside the trained one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from support.directories import save_tiny
from support.workbench import done, refused

import interact_cli as ic
from interact_cli.adapters.loading import load_model
from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.extensions import adapters
from interact_cli.pipeline.untrained import measure_untrained
from interact_cli.progress import Silent

ASKED = ("--dataset", "digits", "--players", "grid:2x2", "-b", "16", "-n", "24")


def states_of(path):
    names = ("auto", "fresh", "fresh")
    return [load_model(path, weights=name, builders=adapters()).module.state_dict() for name in names]


def differ(first, second):
    return sorted(name for name in first if not torch.equal(first[name], second[name]))


def test_a_file_keeps_its_architecture_and_loses_its_weights(desk: Path):
    trained, fresh, again = states_of(desk / "ckpt.pt")
    assert set(trained) == set(fresh)
    assert "head.fc.weight" in differ(trained, fresh)
    assert not differ(fresh, again)
    model = load_model(desk / "ckpt.pt", weights="fresh", builders=adapters())
    assert model.weights_key == "fresh"
    assert any("before training" in note for note in model.notes)
    assert model.arch == "timm:resnetv2_18"


@pytest.mark.parametrize("architecture", ["ViTModel", "BertModel", "GPT2LMHeadModel"])
def test_a_directory_of_transformers_too(architecture, tmp_path):
    save_tiny(architecture, tmp_path)
    trained, fresh, again = states_of(tmp_path)
    assert set(trained) == set(fresh)
    moved = differ(trained, fresh)
    assert any("embeddings" in name or "wte" in name for name in moved), moved
    assert not differ(fresh, again)


def test_weights_that_do_not_fit_are_refused_all_the_same(desk: Path):
    torch.save({"a": torch.zeros(2)}, desk / "odd.pt")
    asked = ("measure", "odd.pt", "--arch", "timm:resnetv2_18", "-m", "shapley", "--weights", "fresh")
    assert "fit timm:resnetv2_18" in refused(4, *asked, *ASKED)


def test_against_untrained_measures_both_on_the_same_samples_and_coalitions(desk: Path):
    ran = done("bottleneck", "ckpt.pt", "--against-untrained", *ASKED, "-o", "a.h5")
    trained, untrained = ic.read_report("a.h5"), ic.read_report("a-untrained.h5")
    assert untrained.config["weights"] == "fresh"
    assert trained.samples.ids == untrained.samples.ids
    assert trained.provenance["plan_hash"] == untrained.provenance["plan_hash"]
    head, _, below = ran.out.partition("Before training: the same architecture with fresh weights")
    assert "a.h5" in head
    assert "a-untrained.h5" in below
    told = untrained.measurement("bottleneck").findings[0].sentence
    assert " ".join(told.split())[:40] in " ".join(below.split())
    assert "chance" not in ran.err, "before training, chance is what is expected"
    values = [report.measurement("bottleneck").quantity("values").values for report in (trained, untrained)]
    assert (values[0] != values[1]).any()


def test_all_samples_that_count_are_measured_untrained(desk: Path):
    done("bottleneck", "ckpt.pt", "--against-untrained", *ASKED, "--only", "correct", "-o", "a.h5")
    trained, untrained = ic.read_report("a.h5"), ic.read_report("a-untrained.h5")
    assert 0 < trained.samples.included.sum() < len(trained.samples.ids)
    counted = [one for one, used in zip(trained.samples.ids, trained.samples.included, strict=True) if used]
    assert list(untrained.samples.ids) == counted
    assert untrained.samples.included.all()


def test_without_a_sample_that_counts_there_is_nothing_to_compare_on(desk: Path):
    done("measure", "ckpt.pt", "-m", "shapley", *ASKED, "-o", "a.h5")
    report = ic.read_report("a.h5")
    none = replace(report, samples=replace(report.samples, included=np.zeros(24, dtype=bool)))
    with pytest.raises(UsageError, match="See --only"):
        measure_untrained(Settings(checkpoint=desk / "ckpt.pt", metrics=("shapley",)), none, Silent())


def test_json_stays_one_document(desk: Path):
    ran = done("bottleneck", "ckpt.pt", "--against-untrained", *ASKED, "-o", "a.h5", "--json")
    assert json.loads(ran.out)["config"]["weights"] == "auto"
    assert "with fresh weights: a-untrained.h5" in ran.err
    assert (desk / "a-untrained.h5").exists()


def test_a_dry_run_measures_neither(desk: Path):
    ran = done("bottleneck", "ckpt.pt", "--against-untrained", *ASKED, "-o", "a.h5", "--dry-run")
    assert "as much again" in ran.err
    assert not list(desk.glob("a*.h5"))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("bottleneck", "--against-untrained", *ASKED), "Give the checkpoint"),
        (("bottleneck", "ckpt.pt", "--against-untrained", "--weights", "fresh", *ASKED), "Leave --weights out"),
        (("bottleneck", "--weights", "fresh", *ASKED), "give the checkpoint too"),
        (("measure", "ckpt.pt", "-m", "shapley", "--weights", "new", *ASKED), "fresh"),
    ],
)
def test_what_has_no_fresh_weights_is_refused(desk: Path, asked, said):
    assert said in refused(2, *asked)
