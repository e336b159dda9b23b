"""The commands of the mission, literally as written, and what stands where in their output."""

from __future__ import annotations

import json
from pathlib import Path

import h5py
import pytest
import timm
from PIL import Image
from support.workbench import done, interact, refused, save_as_timm, subprocess_ran

import interact_cli as ic


def test_measure_multi_order_as_written(desk: Path):
    ran = subprocess_ran("measure", "ckpt.pt", "--metric", "multi-order", cwd=desk)

    assert ran.code == 0, ran.err
    first, second = ran.err.splitlines()[:2]
    assert "ckpt.pt" in first
    assert "timm:resnetv2_18, from checkpoint" in first
    assert "digits (test), 50 of 359 samples" in second
    (path,) = (desk / "interact-runs").iterdir()
    assert path.suffix == ".h5"
    assert str(path.relative_to(desk)) in ran.out
    report = ic.read_report(path)
    assert report.samples.accuracy > 0.3
    assert report.provenance["budget"] == 4000
    profile = report.measurement("multi-order").quantity("mean_abs")
    assert profile.low is not None
    assert f"{profile.values.max():.2e}"[:4] in ran.out or f"{profile.values.max():.3f}"[:4] in ran.out


def test_bottleneck_of_cifar10_as_written(desk: Path):
    (desk / "data").mkdir()
    (desk / "cifar-10-batches-py").rename(desk / "data" / "cifar-10-batches-py")
    ran = subprocess_ran(
        "bottleneck", "--dataset", "cifar10", "--epochs", "1", "-n", "2", "-b", "60", "--players", "grid:2x2", cwd=desk
    )

    assert ran.code == 0, ran.err
    assert "Training the reference network of 'cifar10', resnet20: 1 epoch on 100 images" in ran.err
    assert ran.out.splitlines()[0].startswith("Reference network reference:resnet20: trained here: 1 epoch, held-out")
    assert "accuracy" in ran.out.splitlines()[0] + ran.out.splitlines()[1]
    assert "bottleneck" in ran.out


def test_reference_network_is_kept_and_reused(desk: Path):
    small = ("--data-root", ".", "-n", "2", "-b", "60", "--players", "grid:2x2", "--epochs", "1")
    done("bottleneck", "--dataset", "cifar10", *small, "-o", "first.h5")
    again = done("bottleneck", "--dataset", "cifar10", *small, "-o", "second.h5")

    assert "Training" not in again.err
    first, second = ic.read_report("first.h5"), ic.read_report("second.h5")
    assert first.provenance["checkpoint"] == second.provenance["checkpoint"]


def test_absent_cifar10_says_which_layout_was_expected_where(desk: Path):
    line = refused(4, "bottleneck", "--dataset", "cifar10", "--data-root", "nowhere")

    assert "nowhere" in line
    assert "cifar-10-batches-py/{test_batch, data_batch_1 .. data_batch_5" in line
    assert "--allow-download" in line


def test_show_json_is_one_document(desk: Path):
    done("measure", "ckpt.pt", "-m", "shapley", "-n", "3", "-b", "200", "-o", "a.h5")
    ran = subprocess_ran("show", "a.h5", "--json", cwd=desk)

    assert ran.code == 0, ran.err
    assert ran.err == ""
    document, end = json.JSONDecoder().raw_decode(ran.out)
    assert ran.out[end:].strip() == ""
    held = ic.read_report("a.h5").measurement("shapley").quantity("mean").values
    assert document["metrics"]["shapley"]["summary"]["mean"]["values"] == held.tolist()


def test_measure_json_is_one_document(desk: Path):
    ran = done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200", "--json")

    assert json.loads(ran.out)["status"] == "complete"
    assert "Checkpoint:" in ran.err


def test_show_repeats_the_summary(desk: Path):
    measured = done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200", "-o", "a.h5")
    shown = done("show", "a.h5")

    assert shown.out == measured.out
    assert shown.err == ""


@pytest.mark.parametrize("metric", ["multi-order", "shapley", "bottleneck", "banzhaf-interaction"])
def test_plot_draws_a_picture(desk: Path, metric: str):
    done("measure", "ckpt.pt", "-m", metric, "-n", "2", "-b", "300", "--players", "grid:4x4", "-o", "a.h5")
    ran = done("plot", "a.h5", "-o", "picture.png")

    assert ran.out == "picture.png\n"
    with Image.open("picture.png") as picture:
        assert min(picture.size) > 200
        assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 5


def test_default_inputs_are_photographs_for_a_colour_network(desk: Path):
    network = timm.create_model("resnetv2_18", num_classes=10, in_chans=3, layers=[1], channels=[8], stem_chs=8)
    save_as_timm(desk / "colour.pt", network, "resnetv2_18", 32, layers=[1], channels=[8], stem_chs=8)
    ran = done("measure", "colour.pt", "--arch-arg", "in_chans=3", "-m", "shapley", "-b", "600", "-o", "a.h5")

    assert "illustration" in ran.err.splitlines()[1]
    assert ran.out.startswith("ILLUSTRATION")
    report = ic.read_report("a.h5")
    assert report.provenance["data"]["name"] == "photographs"
    assert report.provenance["target"] == "predicted"
    assert len(report.samples.ids) == 2
    assert report.measurement("shapley").quantity("mean").low is None


def test_column_model_without_data_is_a_usage_error(desk: Path):
    line = refused(2, "measure", "table.pt", "--arch", "py:network.py:make", "-m", "shapley")

    assert "--dataset csv:FILE" in line
    assert not (desk / "interact-runs").exists()


def test_two_metrics_share_coalitions(desk: Path):
    few = ("-n", "2", "-b", "300", "--players", "grid:4x4")
    together = done("measure", "ckpt.pt", "-m", "multi-order", "-m", "bottleneck", *few, "-o", "both.h5")
    done("measure", "ckpt.pt", "-m", "multi-order", *few, "-o", "one.h5")
    both, one = ic.read_report("both.h5").samples, ic.read_report("one.h5").samples

    assert (both.asked == 2 * one.asked).all()
    assert (both.unique == one.unique).all()
    assert (
        f"{both.asked.sum():,} asked, {both.unique.sum():,} unique, {both.evaluated.sum():,} evaluated" in together.out
    )


def test_dry_run_of_the_published_protocol_counts_every_forward_pass(desk: Path):
    ran = done("measure", "ckpt32.pt", "-m", "multi-order", "--protocol", "deng2022", "-n", "1", "--dry-run")

    # 200 pairs x 13 orders x 100 contexts x 4 terms
    assert 200 * 13 * 100 * 4 == 1_040_000
    assert "1,040,000 asked per sample" in ran.out
    assert "1 samples x 256 players" in ran.out or "1 sample x 256 players" in ran.out
    assert "of 0" not in ran.err
    assert not (desk / "interact-runs").exists()


def test_dry_run_as_json(desk: Path):
    ran = done("measure", "ckpt.pt", "-m", "shapley", "-b", "300", "--dry-run", "--json")

    cost = json.loads(ran.out)
    assert cost["n_samples"] == 50
    done("measure", "ckpt.pt", "-m", "shapley", "-b", "300", "-o", "a.h5")
    assert cost["total"] == ic.read_report("a.h5").samples.unique.sum(), "what the run then evaluates"


def test_protocol_fixes_the_budget(desk: Path):
    line = refused(2, "measure", "ckpt.pt", "-m", "multi-order", "--protocol", "deng2022", "-b", "100")

    assert "--budget" in line


def test_records_can_be_left_out(desk: Path):
    done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200", "--no-records", "-o", "a.h5")

    with h5py.File("a.h5") as file:
        assert "records" not in file
    assert interact("measure", "--from", "a.h5", "--score", "prob").code == 4
