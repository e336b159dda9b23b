"""Whatever a user brings by mistake or by malice: one line, the right exit code, no traceback, no file."""

from __future__ import annotations

import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from support.workbench import COLUMNS, TABLE, done, interact, refused, table_network, table_rows, write_table

NETWORK = ("--arch", "py:network.py:make", "-d", "csv:table.csv", "--label-column", "kind")
SHAPLEY = ("-m", "shapley", "-n", "3")


class Sentinel:
    """Unpickling it would make a file."""

    def __reduce__(self):
        return os.mkdir, ("sentinel",)


def rezipped(path: Path, change: Callable[[zipfile.ZipFile, str, bytes], None]) -> None:
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            change(archive, name, content)


def compressed(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(name, content, compress_type=zipfile.ZIP_DEFLATED)


def duplicated(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    archive.writestr(name, content)
    if name.endswith("data.pkl"):
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(name, content)


def missing(path: Path) -> None:
    path.unlink()


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def empty(path: Path) -> None:
    path.write_bytes(b"")


def lfs_pointer(path: Path) -> None:
    path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:" + 64 * "a" + "\nsize 12345\n")


def html_page(path: Path) -> None:
    path.write_text("<!DOCTYPE html><html><head><title>404</title></head><body>Not found</body></html>\n")


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def code_in_zip(path: Path) -> None:
    torch.save({"state_dict": {}, "hook": Sentinel()}, path)


def code_in_legacy(path: Path) -> None:
    torch.save({"hook": Sentinel()}, path, _use_new_zipfile_serialization=False)


def code_in_plain_pickle(path: Path) -> None:
    path.write_bytes(pickle.dumps(Sentinel()))


def whole_module(path: Path) -> None:
    torch.save(torch.nn.Linear(8, 3), path)


FILES = [
    (missing, ["no such file", "does not exist", "no file"]),
    (directory, ["directory", "folder"]),
    (empty, ["empty"]),
    (lfs_pointer, ["git lfs pull"]),
    (html_page, ["web page"]),
    (truncated, ["truncated", "damaged", "cut off", "incomplete"]),
    (lambda path: rezipped(path, compressed), ["compressed"]),
    (lambda path: rezipped(path, duplicated), ["two members"]),
    (code_in_zip, ["mkdir"]),
    (code_in_legacy, ["mkdir"]),
    (code_in_plain_pickle, ["mkdir", "pickle"]),
    (whole_module, ["state_dict"]),
]


@pytest.mark.parametrize(("spoil", "words"), FILES, ids=lambda value: getattr(value, "__name__", None))
def test_spoiled_checkpoints(desk: Path, spoil: Callable[[Path], None], words: list[str]):
    spoil(Path("table.pt"))
    before = sorted(path.name for path in desk.iterdir())
    line = refused(4, "measure", "table.pt", *NETWORK, *SHAPLEY, "-o", "a.h5")

    assert any(word.lower() in line.lower() for word in words), line
    assert "table.pt" in line
    assert sorted(path.name for path in desk.iterdir()) == before
    inspected = interact("inspect", "table.pt")
    assert inspected.code == 4
    assert "weights_only" not in inspected.out + inspected.err
    assert not Path("sentinel").exists()


def with_state(change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    state = torch.load("table.pt", weights_only=True)
    change(state)
    torch.save(state, "table.pt")


def test_missing_keys(desk: Path):
    with_state(lambda state: state.pop("body.0.bias"))

    assert "body.0.bias" in refused(4, "measure", "table.pt", *NETWORK, *SHAPLEY)


def test_extra_keys(desk: Path):
    with_state(lambda state: state.update({"head.weight": torch.zeros(3)}))

    assert "head.weight" in refused(4, "measure", "table.pt", *NETWORK, *SHAPLEY)


def test_wrong_number_of_classes(desk: Path):
    line = refused(4, "measure", "table.pt", *NETWORK, *SHAPLEY, "--arch-arg", "outputs=7")

    assert "(7," in line or "7" in line
    assert "3" in line


def test_wrong_architecture(desk: Path):
    line = refused(4, "measure", "ckpt.pt", "--arch", "timm:resnet10t", *SHAPLEY)

    assert "timm:resnet10t" in line


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers(desk: Path, bad: float):
    with_state(lambda state: state["body.0.weight"].fill_(bad))

    assert "body.0.weight" in refused(5, "measure", "table.pt", *NETWORK, *SHAPLEY)


def test_outputs_that_are_no_numbers(desk: Path):
    Path("ids.txt").write_text("csv/table.csv/0\n")
    line = refused(
        5, "measure", "table.pt", "--arch", "py:network.py:poisoned", *NETWORK[2:], *SHAPLEY[:2], "--baseline", "zero",
        "--samples", "ids.txt", "-o", "a.h5",
    )  # fmt: skip

    assert "masked" in line
    assert "csv/table.csv/" in line
    assert not Path("a.h5").exists()


def test_no_architecture(desk: Path):
    line = refused(2, "measure", "table.pt", "-d", "csv:table.csv", "--label-column", "kind", *SHAPLEY)

    assert "--arch" in line


@pytest.mark.parametrize(
    ("arguments", "suggestion"),
    [
        (("measure", *TABLE, "-m", "shaply"), "shapley"),
        (("measure", "ckpt.pt", "-m", "shapley", "-d", "digit"), "digits"),
        (("measure", "ckpt.pt", "-m", "shapley", "--score", "log-od"), "log-odds"),
        (("measure", "ckpt.pt", "-m", "shapley", "--players", "gird:4x4"), "grid"),
        (("measure", "ckpt.pt", "-m", "multi-order", "--protocol", "deng2021"), "deng2022"),
        (("measure", "ckpt.pt", "-m", "shapley", "--arch", "tim:resnet18"), "timm"),
        (("measure", "ckpt.pt", "-m", "shapley", "--arch", "timm:resnet18x"), "resnet18"),
        (("measure", *TABLE[:-1], "knd", "-m", "shapley"), "kind"),
        (("measure", "ckpt.pt", "-m", "shapley", "--set", "plan.budgt=3"), "budget"),
    ],
)
def test_unknown_names_get_a_suggestion(desk: Path, arguments: tuple[str, ...], suggestion: str):
    line = refused(2, *arguments)

    assert f"'{suggestion}'" in line
    assert "did you mean" in line.lower()


@pytest.mark.parametrize(
    "metric", ["shapley", "banzhaf", "multi-order", "bottleneck", "strength", "banzhaf-interaction"]
)
def test_budget_too_small(desk: Path, metric: str):
    line = refused(2, "measure", "ckpt.pt", "-m", metric, "-n", "2", "-b", "3", "-o", "a.h5")

    assert "--budget" in line
    assert not list(desk.glob("a.h5*"))


def test_one_player(desk: Path):
    line = refused(
        2, "measure", "ckpt.pt", "-m", "shapley-interaction", "--players", "grid:1x1", "-n", "2", "-o", "a.h5"
    )

    assert "at least 2 players, got 1" in line
    assert not list(desk.glob("a.h5*"))


@pytest.mark.parametrize("players", ["grid:17x17", "grid:0x4", "grid:4", "grid:axb", "columns"])
def test_grids_that_do_not_fit(desk: Path, players: str):
    refused(2, "measure", "ckpt.pt", "-m", "shapley", "--players", players, "-n", "2")


def test_labels_out_of_range(desk: Path):
    write_table(Path("table.csv"), table_rows(), [0] * 29 + [3])

    assert "0..3" in refused(4, "measure", *TABLE, *SHAPLEY)


def test_table_with_another_number_of_columns(desk: Path):
    Path("table.csv").write_text("a,b,kind\n1,2,0\n3,4,1\n")

    assert "c0" in refused(4, "measure", *TABLE, *SHAPLEY)


@pytest.mark.parametrize("cell", ["", "nan", "inf"])
def test_cells_that_are_no_numbers(desk: Path, cell: str):
    Path("table.csv").write_text(",".join([*COLUMNS, "kind"]) + "\n" + ",".join([cell, *"2345678", "0"]) + "\n")

    line = refused(5, "measure", *TABLE, *SHAPLEY)
    assert "c0" in line
    assert "--max-failures" in line


def test_a_column_of_words(desk: Path):
    Path("table.csv").write_text(",".join([*COLUMNS, "kind"]) + "\n" + ",".join(["abc", *"2345678", "0"]) + "\n")

    assert "c0" in refused(4, "measure", *TABLE, *SHAPLEY)


def test_images_for_a_table_network(desk: Path):
    assert "table rows" in refused(4, "measure", *TABLE[:3], "-d", "digits", *SHAPLEY)


@pytest.mark.parametrize(
    "flags",
    [
        ("-n", "0"),
        ("-b", "0"),
        ("-b", 24 * "9"),
        ("-n", 24 * "9"),
        ("--contexts", 24 * "9"),
        ("--batch-size", 24 * "9"),
        ("--seed", 24 * "9"),
        ("--limit", 24 * "9"),
        ("--limit", "0"),
        ("--batch-size", "0"),
        ("--batch-size", "many"),
        ("--device", "gpu"),
        ("--device", "cuda:99"),
        ("--baseline", "value:nan"),
        ("--baseline", "value:1e99"),
        ("--allow-download",),
        ("--samples", "ids.txt", "-n", "3"),
        ("--no-such-flag",),
        ("-n", "many"),
        ("-n",),
        ("--baseline", "median"),
        ("--pairs", "radius:0"),
        ("--pairs", "some"),
        ("--contexts", "1"),
        ("-m", "shapley:"),
        ("-m", "shapley:pairs"),
        ("-m", "shapley:pairs=all"),
        ("-m", "bottleneck:pears=all"),
        ("-m", "bottleneck:pairs="),
        ("-m", "bottleneck:pairs=some"),
        ("-m", "bottleneck:contexts=1"),
        ("-m", "bottleneck:contexts=two"),
        ("-m", f"bottleneck:contexts={24 * '9'}"),
        ("-m", "bottleneck:contexts=2,contexts=3"),
        ("-m", "multi-order:pairs=all"),
        ("--seed", "-1"),
        ("--only", "some"),
        ("--target", "best"),
        ("--weights", "best"),
        ("--split", "holdout"),
        ("--set", "plan"),
        ("--set", "plan.budget=many"),
        ("--arch-arg", "novalue"),
        ("--config", "absent.yaml"),
        ("--config", "/dev/zero"),
        ("--config", "."),
        ("--dataset", ""),
        ("--players", ""),
        ("--players", "grid:"),
        ("--score", ""),
        ("--baseline", ""),
        ("--device", ""),
    ],
    ids=" ".join,
)
def test_bad_flags(desk: Path, flags: tuple[str, ...]):
    refused(2, "measure", "ckpt.pt", "-m", "multi-order", *flags)
    assert not Path("interact-runs").exists()


def test_endless_file_of_ids(desk: Path):
    assert "at most" in refused(4, "measure", "ckpt.pt", "-m", "shapley", "--samples", "/dev/zero")


LONG = 300 * "a"


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, ("measure", *TABLE, *SHAPLEY, "-o", f"{LONG}.h5")),
        (2, ("measure", *TABLE, *SHAPLEY, "-o", f"{LONG}/a.h5")),
        (2, ("measure", *TABLE, *SHAPLEY, "-o", f"{240 * 'a'}.h5", "--dry-run")),  # it fits, but not its journal
        (2, ("measure", *TABLE, *SHAPLEY, "-o", "table.csv/a.h5")),
        (2, ("measure", "--from", "a.h5", "-s", "prob", "-o", f"{LONG}.h5")),
        (2, ("measure", *TABLE, *SHAPLEY, "-c", LONG)),
        (2, ("validate", LONG)),
        (4, ("measure", f"{LONG}.pt", *SHAPLEY)),
        (4, ("measure", *TABLE, "-m", "shapley", "--samples", LONG)),
        (4, ("measure", *TABLE[:4], f"csv:{LONG}", *SHAPLEY)),
        (4, ("measure", "ckpt.pt", "-d", f"folder:{LONG}", *SHAPLEY)),
        (4, ("measure", "ckpt.pt", "-d", "cifar10", "--data-root", LONG, *SHAPLEY)),
        (4, ("measure", "table.pt", "--arch", f"py:{LONG}.py:make", *NETWORK[2:], *SHAPLEY)),
        (4, ("measure", "--from", f"{LONG}.h5", "-s", "prob")),
        (4, ("show", LONG)),
        (4, ("inspect", LONG)),
        (4, ("plot", LONG, "-o", "a.png")),
        (2, ("plot", "a.h5", "-o", f"{LONG}.png")),
    ],
    ids=lambda value: " ".join(value)[:60] if isinstance(value, tuple) else str(value),
)
def test_names_that_no_file_can_have(desk: Path, code: int, arguments: tuple[str, ...]):
    before = sorted(path.name for path in desk.iterdir())
    refused(code, *arguments)
    assert sorted(path.name for path in desk.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nope",), "No such command 'nope'"),
        (("measure", "--no-such-flag"), "--no-such-flag"),
        (("plot", "a.h5"), "--output"),
        (("show",), "report"),
        (("list", "things"), "metrics"),
        (("plot", "a.h5", "-o", "a.png", "--sample", "-1"), "--sample"),
        (("measure", "a.pt", "b.pt"), "b.pt"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_the_parser_refuses_is_one_line(desk: Path, arguments: tuple[str, ...], words: str):
    line = refused(2, *arguments)

    assert words in line
    assert "--help" in line
    assert interact(*arguments).err == line + "\n"


@pytest.mark.parametrize(
    "text",
    ["metrics: [shapley]\nmetrics: [banzhaf]\n", "a: &x [1]\nb: *x\n", "x: !!python/object/apply:os.mkdir [sentinel]\n",
     "[" * 100, "metrics: shapley: x", "- 1\n", "\x00"],
)  # fmt: skip
def test_bad_config_files(desk: Path, text: str):
    Path("bad.yaml").write_text(text)

    assert "bad.yaml" in refused(2, "validate", "bad.yaml")
    refused(2, "measure", "ckpt.pt", "-c", "bad.yaml")
    assert not Path("sentinel").exists()


def test_no_metric(desk: Path):
    assert "--metric" in refused(2, "measure", "ckpt.pt")


def test_neither_checkpoint_nor_data(desk: Path):
    refused(2, "bottleneck")
    refused(2, "bottleneck", "--dataset", "iris")
    refused(2, "measure", "-m", "shapley", "--arch", "timm:resnet18")


def test_reports_that_are_none(desk: Path):
    Path("text.h5").write_text("hello")
    for path in ("absent.h5", "text.h5", ".", "ckpt.pt"):
        refused(4, "show", path)
        refused(4, "plot", path, "-o", "a.png")
        refused(4, "measure", "--from", path, "-m", "shapley")
    assert not Path("a.png").exists()


def test_picture_of_another_format_or_place(desk: Path):
    done("measure", *TABLE, *SHAPLEY, "-o", "a.h5")
    before = Path("a.h5").read_bytes()

    refused(2, "plot", "a.h5", "-o", "a.h5")
    refused(2, "plot", "a.h5", "-o", "picture.xyz")
    refused(2, "plot", "a.h5", "-o", "absent/picture.png")
    refused(2, "plot", "a.h5", "-o", "picture.png", "--kind", "curve")
    refused(2, "plot", "a.h5", "-o", "picture.png", "--kind", "cruve")
    assert Path("a.h5").read_bytes() == before
    assert not list(desk.glob("picture*"))


def test_tampered_cifar_batch(desk: Path):
    Path("cifar-10-batches-py/test_batch").write_bytes(pickle.dumps({b"data": Sentinel(), b"labels": [0]}))

    refused(4, "bottleneck", "--dataset", "cifar10", "--data-root", ".")
    assert not Path("sentinel").exists()


def test_factory_that_fails(desk: Path):
    Path("broken.py").write_text("def make():\n    raise ValueError('no\\nluck')\n\n\ndef number():\n    return 3\n")
    for factory, word in (("make", "no"), ("number", "int"), ("mak", "make")):
        line = refused(2, "measure", "table.pt", "--arch", f"py:broken.py:{factory}", *NETWORK[2:], *SHAPLEY)
        assert word in line


def test_network_of_another_output_shape(desk: Path):
    Path("odd.py").write_text(
        "import runpy\nfrom torch import nn\nTable = runpy.run_path('network.py')['Table']\n\n\n"
        "class Odd(Table):\n    def forward(self, x):\n        return self.body(x)[None]\n\n\n"
        "def make():\n    return Odd(3)\n"
    )
    torch.save(table_network(Path("network.py")).state_dict(), "table.pt")
    refused(4, "measure", "table.pt", "--arch", "py:odd.py:make", *NETWORK[2:], *SHAPLEY)


def test_epochs_with_a_checkpoint(desk: Path):
    assert "--epochs" in refused(2, "bottleneck", "ckpt.pt", "--epochs", "3")
    assert "--epochs" in refused(2, "measure", "ckpt.pt", "-m", "shapley", "--epochs", "3")


def test_pattern_for_what_takes_none():
    assert "'abc'" in refused(2, "list", "metrics", "abc")


def test_control_characters_do_not_reach_the_terminal(desk: Path):
    name = "\x1b[31mred\nnext\u202e"
    for arguments in (
        ("measure", name, "-m", "shapley"),
        ("measure", "ckpt.pt", "-m", name),
        ("measure", "ckpt.pt", "-m", "shapley", "-d", name),
        ("measure", "ckpt.pt", "-m", "shapley", "-d", f"folder:{name}"),
        ("measure", "ckpt.pt", "-m", "shapley", "--samples", name),
        ("measure", "ckpt.pt", "-m", "shapley", "--device", name),
        ("measure", "ckpt.pt", "-m", "shapley", "--arch-arg", name),
        ("show", name),
        ("validate", name),
    ):
        line = refused(interact(*arguments).code, *arguments)
        assert "\u202e" not in line
        assert len(line) < 5000


def test_plan_that_does_not_fit_the_memory(desk: Path, monkeypatch: pytest.MonkeyPatch):
    def fails(*_args):
        raise MemoryError("Unable to allocate 654. GiB")

    monkeypatch.setattr("interact_cli.pipeline.planning.plan_sample", fails)
    line = refused(5, "measure", *TABLE, *SHAPLEY, "-o", "a.h5")

    assert "654. GiB" in line
    assert "--budget" in line
    assert not list(desk.glob("a.h5*"))
