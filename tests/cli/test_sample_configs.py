"""Every YAML below sample_configs/ is valid, and runs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_digits
from support.tables import save_census_network, write_census
from support.texts import sentences, tiny_causal, tiny_classifier
from support.workbench import done
from transformers import BertModel

import interact_cli as ic
from interact_cli.config.policies import load_policy
from interact_cli.config.settings import AskedMetric

ROOT = Path(__file__).parents[2] / "sample_configs"
POLICIES = {"interact-gate.yaml"}
"""Not of a run but of a gate; `tests/config/test_policies.py` knows what each line of it means."""
FILES = {path.relative_to(ROOT).as_posix() for path in [*ROOT.rglob("*.yaml"), *ROOT.rglob("*.yml")]}
CONFIGS = sorted(FILES - POLICIES)

SMALLER = {
    "activations.yaml": ("data.n_samples=2", "plan.budget=300"),
    "causal_model.yaml": (),
    "census.yaml": ("data.n_samples=2",),
    "encoder_layers.yaml": (),
    "text_sentences.yaml": (),
    "text_coalitions.yaml": (),
    "and_or_graph.yaml": ("data.n_samples=1", "players=grid:2x4", "plan.budget=256"),
    "concepts.yaml": ("data.n_samples=1", "players=grid:2x4", "plan.budget=256"),
    "dropout_suppression.yaml": ("data.n_samples=2",),
    "digits_multi_order.yaml": ("data.n_samples=2", "plan.budget=300"),
    "vit_bottleneck.yaml": ("data.n_samples=30", "plan.budget=150"),
    "table_exact.yaml": ("data.n_samples=2",),
    "image_folder.yaml": ("plan.budget=100",),
    "protocol_deng2022.yaml": ("data.n_samples=1",),
    "quick_look.yaml": (),
    "reference_network.yaml": ("data.n_samples=2", "plan.budget=300", "training.epochs=1"),
    "several_metrics.yaml": ("data.n_samples=2", "plan.budget=300"),
}
"""Settings that make a run small enough for a test; a new file needs an entry here."""

LINEAR = """
from torch import nn


def make():
    network = nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(64, 10))
    network.input_shape = (1, 16, 16)
    return network
"""


def linear_network() -> None:
    """A checkpoint that answers a million inputs in seconds: least squares on the digits, named by its sidecar."""
    data = load_digits()
    inputs = torch.tensor(data.data / 16, dtype=torch.float64)
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], dim=1)
    targets = torch.nn.functional.one_hot(torch.tensor(data.target)).double()
    solution = torch.linalg.lstsq(inputs, targets, driver="gelsd").solution.float().T
    torch.save({"2.weight": 8 * solution[:, :-1], "2.bias": 8 * solution[:, -1]}, "ckpt.pt")
    Path("linear.py").write_text(LINEAR)
    Path("ckpt.yaml").write_text("arch: py:linear.py:make\n")


def encoder() -> None:
    """The tiny classifier without its head: what a plain encoder's folder looks like."""
    tiny_classifier(Path("whole"))
    BertModel.from_pretrained("whole", add_pooling_layer=False).save_pretrained("encoder")
    for file in Path("whole").glob("tokenizer*"):
        file.rename(Path("encoder", file.name))
    Path("sentences.tsv").write_text("text\n" + "".join(f"{text}\n" for text, _ in sentences()[:30]))


PREPARED = {
    "protocol_deng2022.yaml": linear_network,
    "text_sentences.yaml": lambda: tiny_classifier(Path("sentiment")),
    "text_coalitions.yaml": lambda: tiny_classifier(Path("sentiment")),
    "causal_model.yaml": lambda: tiny_causal(Path("language-model")),
    "encoder_layers.yaml": encoder,
    "census.yaml": lambda: save_census_network(write_census(Path("adult").absolute(), 200)),
}
"""What a config needs beside what lies on the desk."""


def test_every_config_is_covered():
    assert CONFIGS
    assert set(CONFIGS) == set(SMALLER)


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_policy_loads(name: str):
    assert load_policy(ROOT / name).rules


@pytest.mark.parametrize("name", CONFIGS)
def test_config_is_valid(desk: Path, name: str):
    done("validate", ROOT / name)


@pytest.mark.parametrize("name", CONFIGS)
def test_config_runs(desk: Path, name: str):
    PREPARED.get(name, lambda: None)()
    changes = [flag for setting in SMALLER.get(name, ()) for flag in ("--set", setting)]
    command = "bottleneck" if "interact bottleneck" in (ROOT / name).read_text() else "measure"
    ran = done(command, "--config", ROOT / name, *changes, "--json", "--progress", "none")

    paths = [*Path().glob("*.h5"), *Path().glob("interact-runs/*.h5")]
    (report,) = map(ic.read_report, paths)
    asked = [AskedMetric.model_validate(metric).name for metric in report.config["metrics"]]
    assert list(dict.fromkeys(m.metric for m in report.measurements)) == asked
    assert ran.out.lstrip().startswith("{")
    if name == "protocol_deng2022.yaml":
        assert report.samples.asked.tolist() == [1_040_000]
    if name == "table_exact.yaml":
        assert all(m.quantity("values").exact.all() for m in report.measurements)
