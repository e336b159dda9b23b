"""Networks at chance, with one output, and data that cannot all be read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from support.workbench import TABLE, as_input, done, refused, table_network, table_rows, write_table

import interact_cli as ic


def with_network(factory: str) -> torch.nn.Module:
    network = table_network(Path("network.py"), factory)
    torch.save(network.state_dict(), "table.pt")
    return network


def of(factory: str) -> tuple[str, ...]:
    return ("measure", "table.pt", "--arch", f"py:network.py:{factory}", *TABLE[3:], "-o", "a.h5")


def test_accuracy_at_chance_warns_loudly(desk: Path):
    labels = [label for label in range(3) for _ in range(10)]
    random = np.random.default_rng(0)
    write_table(Path("table.csv"), random.permutation(table_rows()), labels)
    ran = done("measure", *TABLE, "-m", "shapley", "-o", "a.h5")

    assert "warning: Accuracy" in ran.err
    assert "chance" in ran.err
    assert ran.out.startswith("WARNING: accuracy")


def test_a_good_network_does_not_warn(desk: Path):
    ran = done("measure", *TABLE, "-m", "shapley", "-o", "a.h5")

    report = ic.read_report("a.h5")
    assert report.samples.accuracy == pytest.approx(22 / 30)
    assert "warning" not in ran.err.lower()
    assert "WARNING" not in ran.out


def test_one_sample_does_not_say_what_chance_is(desk: Path):
    ran = done("measure", *TABLE, "-m", "shapley", "-n", "1", "-o", "a.h5")

    labels = [line.rpartition(",")[2] for line in Path("table.csv").read_text().splitlines()[1:]]
    assert "chance" not in ran.err
    assert "WARNING" not in ran.out
    assert ic.read_report("a.h5").samples.chance == max(map(labels.count, labels)) / 30


def test_regression(desk: Path):
    network = with_network("regression")
    rows = table_rows()
    write_table(Path("table.csv"), rows, [0] * 30)
    done(*of("regression"), "-m", "shapley", "-m", "multi-order", "--score", "scalar", "-n", "5")
    report = ic.read_report("a.h5")

    positions = [int(sample.rpartition("/")[2]) for sample in report.samples.ids]
    inputs = as_input(rows)
    with torch.inference_mode():
        full = network(inputs)[positions, 0].numpy()
        empty = network(inputs.mean(dim=0, keepdim=True)).item()
    np.testing.assert_allclose(report.samples.full_value, full, atol=1e-6)
    np.testing.assert_allclose(report.samples.empty_value, empty, atol=1e-6)
    shapley = report.measurement("shapley").quantity("values")
    np.testing.assert_allclose(shapley.values.sum(axis=1), full - empty, atol=1e-5)
    assert shapley.unit == "output"
    assert (report.samples.predicted == -1).all()


def test_scores_of_classes_do_not_fit_a_regression(desk: Path):
    with_network("regression")

    line = refused(2, *of("regression"), "-m", "shapley", "--score", "prob")
    assert "scalar" in line
    with_network("make")
    assert "scalar" in refused(2, *of("make"), "-m", "shapley", "--score", "scalar")


def test_single_logit(desk: Path):
    network = with_network("single_logit")
    rows = table_rows()
    with torch.inference_mode():
        logits = network(as_input(rows))[:, 0].double().numpy()
    labels = (logits > np.median(logits)).astype(int)
    write_table(Path("table.csv"), rows, labels.tolist())
    done(*of("single_logit"), "-m", "shapley", "-n", "8")
    log_odds = ic.read_report("a.h5")
    done("measure", "--from", "a.h5", "--score", "prob", "-o", "b.h5")

    positions = [int(sample.rpartition("/")[2]) for sample in log_odds.samples.ids]
    sign = np.where(labels[positions] == 1, 1, -1)
    np.testing.assert_allclose(log_odds.samples.full_value, sign * logits[positions], atol=1e-6)
    np.testing.assert_allclose(
        ic.read_report("b.h5").samples.full_value, 1 / (1 + np.exp(-sign * logits[positions])), atol=1e-6
    )


IMAGES = (
    "measure",
    "ckpt.pt",
    "-m",
    "shapley",
    "-d",
    "folder:images",
    "-n",
    "20",
    "--players",
    "grid:2x2",
    "-o",
    "a.h5",
)


def test_unreadable_image_stops_the_run_by_default(desk: Path):
    Path("images/3/0.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    line = refused(5, *IMAGES)

    assert "3/0.png" in line
    assert "--max-failures" in line
    assert not Path("a.h5").exists()


def test_unreadable_image_is_counted_where_tolerated(desk: Path):
    Path("images/3/0.png").write_bytes(b"")
    ran = done(*IMAGES, "--max-failures", "1")
    report = ic.read_report("a.h5")

    assert len(report.samples.ids) == 19
    (skipped,) = report.samples.skipped
    assert skipped.id == "folder/3/0.png"
    assert "3/0.png" in skipped.reason
    assert "1 skipped" in ran.out
    assert "skipped:" in ran.out
    Path("images/4/0.png").write_bytes(b"")
    refused(5, *IMAGES[:-1], "b.h5", "--max-failures", "1")


def test_only_correct_without_any(desk: Path):
    network = table_network(Path("network.py"))
    rows = table_rows()
    wrong = (network(as_input(rows)).argmax(dim=1) + 1) % 3
    write_table(Path("table.csv"), rows, wrong.tolist())

    assert "correct" in refused(5, "measure", *TABLE, "-m", "shapley", "--only", "correct")


def test_only_correct_without_labels(desk: Path):
    for image in Path("images").glob("*/*.png"):
        image.rename(f"images/{image.parent.name}-{image.name}")
    for folder in Path("images").iterdir():
        if folder.is_dir():
            folder.rmdir()
    assert "labels" in refused(2, *IMAGES, "--only", "correct")
    assert "labels" in refused(2, *IMAGES, "--target", "true")
    done(*IMAGES)
    assert ic.read_report("a.h5").provenance["target"] == "predicted"


def test_limit_marks_the_report(desk: Path):
    ran = done("measure", *TABLE, "-m", "shapley", "-n", "10", "--limit", "3", "-o", "a.h5")
    whole = done("measure", *TABLE, "-m", "shapley", "-n", "10", "-o", "b.h5")
    limited = ic.read_report("a.h5")

    assert "LIMITED" in ran.out
    assert "LIMITED" not in whole.out
    assert limited.status == "limited"
    assert limited.samples.ids == ic.read_report("b.h5").samples.ids[:3]
