"""A network that no file holds is audited from Python; the numbers are held against an enumeration written here."""

from __future__ import annotations

import runpy
import warnings
from itertools import combinations
from math import factorial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas
import pytest
import torch
from support.distributions import distribution
from support.workbench import TABLE, arrays, assert_identical, done, refused
from torch import nn

import interact_cli as ic
from interact_cli.config.settings import decisions
from interact_cli.errors import InteractError, OutputError, UnknownNameError, UsageError
from interact_cli.pipeline.in_memory import handed_over, settings_from

N, SIDE, CLASSES = 12, 4, 3


def network() -> nn.Module:
    module = nn.Sequential(nn.Conv2d(1, 4, 3), nn.GELU(), nn.Dropout(0.5), nn.Flatten(), nn.Linear(16, CLASSES))
    generator = torch.Generator().manual_seed(3)
    for part in module.parameters():
        nn.init.normal_(part, std=0.5, generator=generator)
    return module


def images() -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.rand(N, 1, SIDE, SIDE, generator=generator), torch.arange(N) % CLASSES


def log_odds(module: nn.Module, image: torch.Tensor, label: int, present: set[int], shown: float) -> float:
    masked = image.clone()
    for player in set(range(4)) - present:
        row, column = divmod(player, 2)
        masked[:, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2] = shown
    p = torch.softmax(module(masked[None])[0].double(), dim=0)[label].item()
    return float(np.log(p / (1 - p)))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_shapley_values_of_a_network_in_memory_are_those_of_an_enumeration(folder: Path):
    module, (x, y) = network(), images()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the network is untrained: its accuracy is at chance
        report = ic.audit(module, (x, y), "shapley", players="grid:2x2", baseline="value:0.3", n_samples=3)
    values = report.measurement("shapley").of_samples["values"].values
    module.eval()
    for i, sample_id in enumerate(report.samples.ids):
        position = int(sample_id.rpartition("/")[2])
        label = int(y[position])
        assert report.samples.labels[i] == label
        for player in range(4):
            others = [other for other in range(4) if other != player]
            expected = sum(
                factorial(k) * factorial(3 - k) / factorial(4)
                * (log_odds(module, x[position], label, {*context, player}, 0.3)
                   - log_odds(module, x[position], label, set(context), 0.3))
                for k in range(4) for context in combinations(others, k)
            )  # fmt: skip
            assert values[i, player] == pytest.approx(expected, abs=1e-5)
    assert (folder / "interact-runs").is_dir()


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_the_users_network_stays_as_it_is():
    module, (x, y) = network().half(), images()
    module.train()
    before = {name: part.clone() for name, part in module.state_dict().items()}
    report = ic.audit(module, (x, y), "shapley", players="grid:2x2", n_samples=2)
    assert module.training
    assert all(part.requires_grad for part in module.parameters())
    assert all(torch.equal(part, before[name]) for name, part in module.state_dict().items())
    assert "weights converted to float32 from float16" in report.provenance["notes"]


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_in_memory_and_from_a_checkpoint_give_the_same_numbers(desk: Path):
    """The very same network and rows, by the command with its files and from Python without."""
    table = pandas.read_csv("table.csv")
    names = [f"c{i}" for i in range(8)]
    rows = ((table[names].to_numpy() - 1) / 2).astype(np.float32)  # the scaling of the network's preprocessing
    labels = pandas.Categorical(table["kind"]).codes
    done("measure", *TABLE, "-m", "shapley", "-n", "5", "-b", "300", "--baseline", "zero", "-o", "command.h5")
    command = ic.read_report("command.h5")
    chosen = [int(sample_id.rpartition("/")[2]) for sample_id in command.samples.ids]
    module = runpy.run_path("network.py")["make"]()
    module.load_state_dict(torch.load("table.pt"))
    given = pandas.DataFrame(rows, columns=names).iloc[chosen]
    report = ic.audit(module, (given, labels[chosen]), "shapley", baseline="zero", budget=300)
    order = [chosen[int(sample_id.rpartition("/")[2])] for sample_id in report.samples.ids]
    mine, theirs = (r.measurement("shapley").of_samples["values"].values for r in (report, command))
    assert report.players.names == tuple(names)
    assert_identical({"values": mine}, {"values": theirs[[chosen.index(position) for position in order]]})


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_columns_of_a_frame_are_found_by_their_names():
    class Named(nn.Module):
        input_shape = (2,)
        preprocessing: ClassVar = {"columns": {"names": ["age", "height"]}}

        def forward(self, x):
            return torch.stack([x[:, 0], torch.zeros(len(x))], dim=1)  # the first column, age, is the logit

    rows = pandas.DataFrame({"height": [5.0, 5.0], "age": [1.0, 2.0]})
    report = ic.audit(Named(), rows, "shapley", baseline="zero", score="logit", target="predicted")
    order = [int(sample_id.rpartition("/")[2]) for sample_id in report.samples.ids]
    values = report.measurement("shapley").of_samples["values"].values
    assert report.players.names == ("age", "height")
    assert values[np.argsort(order)].tolist() == [[1.0, 0.0], [2.0, 0.0]]


def test_targets_of_a_regression_are_no_classes():
    module = nn.Sequential(nn.Linear(2, 1, bias=False))
    nn.init.ones_(module[0].weight)
    report = ic.audit(module, (np.eye(2), [0.5, 1.5]), "shapley", baseline="zero")
    assert report.provenance["output"] == "scalar"
    assert sorted(report.measurement("shapley").of_samples["values"].values.tolist()) == [[0.0, 1.0], [1.0, 0.0]]


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_two_channels_are_no_obstacle_in_memory():
    module = nn.Sequential(nn.Flatten(), nn.Linear(8, 2))
    report = ic.audit(module, (torch.rand(3, 2, 2, 2), [0, 1, 0]), "shapley", players="grid:2x2")
    assert len(report.players.names) == 4


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_a_checkpoint_takes_inputs_in_memory(desk: Path):
    rows = np.random.default_rng(0).normal(size=(4, 8)).astype(np.float32)
    report = ic.audit("table.pt", rows, "shapley", arch="py:network.py:make", budget=256)
    assert report.players.names == tuple(f"c{i}" for i in range(8))
    assert report.provenance["checkpoint"]["path"] == "table.pt"


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_it_is_measured_anew_each_time(folder: Path):
    """Equal weights in another class's hands may compute something else."""
    module, (x, y) = network(), images()
    run = {"players": "grid:2x2", "n_samples": 2}
    first = ic.audit(module, (x, y), "shapley", **run)
    module[1].approximate = "tanh"  # neither a weight nor a line of code
    second = ic.audit(module, (x, y), "shapley", **run)
    assert not np.array_equal(
        first.measurement("shapley").of_samples["values"].values,
        second.measurement("shapley").of_samples["values"].values,
    )
    ic.audit(module, (x, y), "shapley", output="a.h5", **run)
    with pytest.raises(OutputError, match="force=True"):
        ic.audit(module, (x, y), "shapley", output="a.h5", **run)
    again = ic.audit(module, (x, y), "shapley", output="a.h5", force=True, **run)
    assert_identical(arrays(again), arrays(second))


class Elsewhere:
    """An executor that says nothing of memory."""

    def fill(self, subject, journal, missing):
        raise AssertionError("it was asked all the same")


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_an_executor_that_cannot_carry_it_refuses_it(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(distribution(folder / "acme", "executors", f"elsewhere = {__name__}:Elsewhere"))
    module, (x, y) = network(), images()
    with pytest.raises(UsageError, match=r"only in memory\. Save the network as a checkpoint, or use --executor local"):
        ic.audit(module, (x, y), "shapley", players="grid:2x2", executor="elsewhere")
    assert not (folder / "interact-runs").exists()


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_records_answer_from_a_report_of_memory_and_no_more(folder: Path):
    module, (x, y) = network(), images()
    ic.audit(module, (x, y), "shapley", players="grid:2x2", n_samples=2, output="a.h5")
    done("measure", "--from", "a.h5", "-m", "banzhaf", "-o", "b.h5")
    line = refused(2, "measure", "--from", "a.h5", "-m", "strength", "-o", "c.h5")
    assert "were only in memory" in line


@pytest.mark.parametrize(
    ("network_", "data", "metrics", "settings", "words"),
    [
        (3, "digits", "shapley", {}, "Expected a torch.nn.Module or the path of a checkpoint, got int"),
        (network(), torch.zeros(8, 8), "shapley", {}, r"to take inputs of shape \(8,\)"),
        (network(), torch.zeros(2, 1, 4, 4), (), {}, "Expected at least one metric"),
        (network(), torch.zeros(3, 4, 4), "shapley", {}, r"got inputs of shape \(3, 4, 4\)"),
        (network(), torch.zeros(0, 1, 4, 4), "shapley", {}, "got inputs of shape"),
        (network(), (torch.zeros(3, 1, 4, 4), [1]), "shapley", {}, "Expected one label for each of 3 inputs"),
        (network(), torch.full((2, 1, 4, 4), torch.nan), "shapley", {}, "NaN or infinity"),
        (network(), ["a", "b"], "shapley", {}, "that are no numbers: list"),
        (network(), torch.zeros(2, 1, 9, 9), "shapley", {}, "to take inputs of shape"),
        (network(), "digits", "shapley", {}, "Expected to know the input shape"),
        (network(), torch.zeros(2, 1, 4, 4), "shaply", {}, "Did you mean 'shapley'"),
        (network(), torch.zeros(2, 1, 4, 4), "shapley", {"n_sample": 3}, "Did you mean 'n_samples'"),
        (network(), torch.zeros(2, 1, 4, 4), "shapley", {"budget": "many"}, "plan.budget"),
        (network(), (torch.zeros(2, 1, 4, 4), [0, 7]), "shapley", {}, "Expected labels in 0..2"),
        ("nothing.pt", None, "shapley", {}, "there is no file 'nothing.pt'"),
    ],
)
def test_mistakes_are_told(network_, data, metrics, settings, words):
    with pytest.raises(InteractError, match=words):
        ic.audit(network_, data, metrics, **settings)


def test_every_setting_has_a_keyword():
    for name in decisions():
        if name in {"metrics", "checkpoint", "data.name"}:
            continue  # arguments of their own
        with pytest.raises(UsageError) as told:
            settings_from(None, None, "shapley", {name.replace(".", "_"): object()})
        assert name.partition(".")[0] in str(told.value), name
    assert settings_from(None, None, "shapley", {"seed": 3, "data_seed": 4, "pairs": "all"}).plan.seed == 3
    with pytest.raises(UnknownNameError):
        settings_from(None, None, "shapley", {"sed": 3})
    assert handed_over(None, "digits") == (None, None, None)


class Affine(nn.Module):
    """A network whose weights say nothing of what it does with them."""

    def __init__(self, layer, shape):
        super().__init__()
        self.layer, self.shape = layer, shape

    def forward(self, x):
        return self.shape(self.layer(x))


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_a_run_that_failed_is_not_continued_by_another_network():
    """Equal weights, another forward: what the failed run had finished is not taken over."""
    calls = []

    def breaks(outputs):
        calls.append(len(outputs))
        return outputs * (torch.nan if len(calls) > 6 else 5.0)

    layer, rows = nn.Linear(4, 3), torch.eye(4).repeat(2, 1)
    run = {"baseline": "zero", "n_samples": 8, "target": "predicted"}
    with pytest.raises(InteractError, match="NaN or infinity"):
        ic.audit(Affine(layer, breaks), rows, "shapley", **run)
    mended = ic.audit(Affine(layer, lambda outputs: outputs), rows, "shapley", **run)
    fresh = ic.audit(Affine(layer, lambda outputs: outputs), rows, "shapley", output="fresh.h5", **run)
    assert_identical(arrays(mended), arrays(fresh))
    assert (mended.samples.evaluated == mended.samples.unique).all()


def test_a_forward_that_was_replaced_on_the_object_is_refused():
    """A copy of it would run the user's own network, in train mode."""
    module = nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    own = module.forward
    module.forward = lambda x: own(x)
    with pytest.raises(UsageError, match="was replaced on the object itself"):
        ic.audit(module, torch.eye(4), "shapley")
    assert module[1].num_batches_tracked == 0

    class Same(nn.Linear):
        def __deepcopy__(self, memo):
            return self

    with pytest.raises(UsageError, match="very same weights"):
        ic.audit(Same(4, 3), torch.eye(4), "shapley")


def test_whole_numbers_that_are_no_two_classes_are_targets_where_there_is_one_output():
    module = nn.Linear(2, 1)
    report = ic.audit(module, (torch.eye(2), [18, 79]), "shapley", baseline="zero")
    assert report.provenance["output"] == "scalar"
    with pytest.raises(InteractError, match="class numbers, 0 to 2"):
        ic.audit(nn.Linear(2, 3), (torch.eye(2), [0.0, torch.nan]), "shapley")
    with pytest.warns(UserWarning, match="taken as a logit"):
        ic.audit(module, torch.eye(2), "shapley", baseline="zero", force=True)


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_what_the_caller_has_set_for_torch_does_not_reach_the_engine():
    module, (x, y) = network(), images()
    run = {"players": "grid:2x2", "n_samples": 2, "baseline": "zero"}
    plain = ic.audit(module, (x, y), "shapley", output="plain.h5", **run)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = ic.audit(module, (x, y), "shapley", output="inside.h5", **run)
    assert_identical(arrays(plain), arrays(inside))
    torch.set_default_dtype(torch.float64)
    try:
        other = ic.audit(module, (x, y), "shapley", output="other.h5", **run)
    finally:
        torch.set_default_dtype(torch.float32)
    assert_identical(arrays(plain), arrays(other))


@pytest.mark.filterwarnings("ignore:Accuracy")
@pytest.mark.parametrize(
    "rows",
    [
        torch.eye(4).bfloat16(),
        [row.clone().requires_grad_() for row in torch.eye(4)],
        np.eye(4, dtype=np.uint8),
        pandas.DataFrame(np.eye(4)).convert_dtypes(),
    ],
    ids=["bfloat16", "list of tensors", "bytes", "nullable columns"],
)
def test_every_kind_of_numbers_is_taken(rows):
    report = ic.audit(nn.Linear(4, 3), rows, "shapley", baseline="zero", n_samples=np.int64(4))
    assert len(report.samples.ids) == 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"arch": "timm:resnet18"}, "'arch' changes nothing here"),
        ({"epochs": 3}, "'epochs' changes nothing here"),
        ({"split": "train"}, "'split' changes nothing here"),
        ({"data_name": "digits"}, "'name' changes nothing here"),
        ({"checkpoint": "x.pt"}, "'checkpoint' changes nothing here"),
    ],
)
def test_settings_that_the_arguments_make_void_are_refused(settings, words):
    with pytest.raises(UsageError, match=words):
        ic.audit(network(), images(), "shapley", **settings)


@pytest.mark.filterwarnings("ignore:Accuracy")
def test_attributes_of_common_names_are_layers_too():
    module = nn.Linear(4, 3)
    module.preprocessing = nn.LayerNorm(4)
    assert ic.audit(module, torch.eye(4), "shapley", baseline="zero").players.names[0] == "column 0"


@pytest.mark.filterwarnings("ignore:Lazy")
def test_what_cannot_be_copied_is_told():
    with pytest.raises(InteractError, match="to be copied"):
        ic.audit(nn.Sequential(nn.LazyLinear(3)), torch.eye(4), "shapley")
