"""Checkpoints made to deceive, through the real command: exit code, one clean line, nothing run, nothing written."""

from __future__ import annotations

import argparse
import os
import pickle
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from support.workbench import TABLE, Ran, interact, refused, subprocess_ran

from interact_cli.adapters.containers import pickles
from interact_cli.api import read_report

SHAPLEY = ("-m", "shapley", "-n", "2")
CHECKPOINT = Path("table.pt")


class Sentinel:
    """Unpickling it would make a folder."""

    def __reduce__(self):
        return os.mkdir, ("sentinel",)


def weights() -> dict[str, torch.Tensor]:
    return torch.load(CHECKPOINT, weights_only=True)


def rezip(change: Callable[[dict[str, bytes]], dict[str, bytes]]) -> None:
    with zipfile.ZipFile(CHECKPOINT) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(CHECKPOINT, "w", zipfile.ZIP_STORED) as archive:
        for name, content in change(members).items():
            archive.writestr(name, content)


def member(name: str, content: bytes) -> Callable[[], None]:
    def spoil() -> None:
        rezip(lambda members: {**members, f"{next(iter(members)).partition('/')[0]}/{name}": content})

    return spoil


def patched(signature: bytes, offset: int, content: bytes) -> Callable[[], None]:
    def spoil() -> None:
        data = bytearray(CHECKPOINT.read_bytes())
        at = data.rindex(signature) + offset
        data[at : at + len(content)] = content
        CHECKPOINT.write_bytes(data)

    return spoil


def saved(make: Callable[[], object], **options: bool) -> Callable[[], None]:
    return lambda: torch.save(make(), CHECKPOINT, **options)


def content(raw: bytes) -> Callable[[], None]:
    def spoil() -> None:
        CHECKPOINT.write_bytes(raw)

    return spoil


def torchscript() -> None:
    torch.jit.save(torch.jit.trace(torch.nn.Linear(8, 3), torch.zeros(1, 8)), str(CHECKPOINT))


def exported() -> None:
    program = torch.export.export(torch.nn.Linear(8, 3), (torch.zeros(1, 8),))
    torch.export.save(program, "program.pt2")
    Path("program.pt2").replace(CHECKPOINT)
    member("data/constants/custom_obj_0", pickle.dumps(Sentinel()))()


def keras() -> None:
    with zipfile.ZipFile(CHECKPOINT, "w") as archive:
        archive.writestr("config.json", "{}")
        archive.writestr("model.weights.h5", b"\x89HDF\r\n\x1a\n")


def saved_model() -> None:
    CHECKPOINT.unlink()
    CHECKPOINT.mkdir()
    (CHECKPOINT / "saved_model.pb").write_bytes(b"\x08\x01")


def overlapping_safetensors() -> None:
    header = (
        b'{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},"b":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}'
    )
    CHECKPOINT.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))


def lying_safetensors() -> None:
    save_file(weights(), CHECKPOINT)
    CHECKPOINT.write_bytes(CHECKPOINT.read_bytes().replace(b'"shape":[16,8]', b'"shape":[99,8]'))


def pipe() -> None:
    CHECKPOINT.unlink()
    os.mkfifo(CHECKPOINT)


def device() -> None:
    CHECKPOINT.unlink()
    CHECKPOINT.symlink_to("/dev/zero")


def dangling() -> None:
    CHECKPOINT.unlink()
    CHECKPOINT.symlink_to("gone.pt")


def bound_socket() -> None:
    CHECKPOINT.unlink()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(CHECKPOINT))


ESCAPES = "a\x1b[31m\n\u202e"

CASES: dict[str, tuple[Callable[[], None], str]] = {
    "code in a zip": (saved(lambda: {"state_dict": weights(), "x": Sentinel()}), "nothing was run"),
    "code in a legacy file": (
        saved(lambda: {"x": Sentinel()}, _use_new_zipfile_serialization=False),
        "nothing was run",
    ),
    "code in a plain pickle": (lambda: CHECKPOINT.write_bytes(pickle.dumps(Sentinel())), "nothing was run"),
    "code in a second pickle": (member("extra.pkl", pickle.dumps(Sentinel())), "extra.pkl"),
    "a zip in the zip": (member("inner.zip", b"PK\x03\x04"), "inner.zip"),
    "a member that leaves": (member("../../evil", b""), "leaves the archive"),
    "encrypted": (patched(b"PK\x01\x02", 8, b"\x01\x00"), "encrypted"),
    "a size that lies": (patched(b"PK\x01\x02", 20, struct.pack("<II", 2**31, 2**31)), "claims 2147483648 bytes"),
    "a terabyte of one number": (saved(lambda: {"w": torch.zeros(1).expand(2**40)}), "fewer stored numbers"),
    "one tensor under many names": (
        saved(lambda: dict.fromkeys(map(str, range(3_000)), torch.zeros(2**18))),
        "share their numbers",
    ),
    "a class among the arguments": (
        saved(lambda: {"state_dict": weights(), "args": argparse.Namespace(kind=Sentinel)}),
        "Sentinel",
    ),
    "a path among the hyper-parameters": (
        saved(lambda: {"state_dict": weights(), "hyper_parameters": {"root": Path("x")}}),
        "pathlib",
    ),
    "a whole network": (saved(lambda: torch.nn.Linear(8, 3)), "torch.save(state, 'weights.pt')"),
    "TorchScript": (torchscript, "torch.jit.load"),
    "an exported program": (exported, "torch.export.load"),
    "ONNX": (content(b"\x08\x07\x12\x07pytorch" + bytes(60)), "onnx.load"),
    "GGUF": (content(b"GGUF\x03\x00\x00\x00" + bytes(60)), "gguf_file="),
    "HDF5": (content(b"\x89HDF\r\n\x1a\n" + bytes(60)), "keras.saving.load_model"),
    "Keras": (keras, "keras.saving.load_model"),
    "SavedModel": (saved_model, "tensorflow.saved_model.load"),
    "numbers for names": (saved(lambda: {0: torch.zeros(1), "b": torch.zeros(1)}), "the key 0"),
    "no numbers": (saved(lambda: {"a": torch.empty(3, device="meta")}), "meta"),
    "escapes in a name": (saved(lambda: {**weights(), ESCAPES: torch.zeros(1)}), "a\\x1b[31m\\n\\u202e"),
    "overlapping safetensors": (overlapping_safetensors, "truncated or damaged"),
    "lying safetensors": (lying_safetensors, "truncated or damaged"),
    "a pipe": (pipe, "pipe"),
    "a device": (device, "device"),
    "a link to nothing": (dangling, "gone"),
    "a socket": (bound_socket, "socket"),
}

LOADS_BUT_FITS_NOTHING = {"escapes in a name"}
"""`inspect` describes it; only a network refuses it."""


@pytest.mark.filterwarnings("ignore:.*jit.*deprecated")
@pytest.mark.parametrize("case", CASES)
def test_refused_by_every_command_that_reads_it(desk: Path, case: str):
    spoil, words = CASES[case]
    spoil()
    before = sorted(path.name for path in desk.iterdir())

    line = refused(4, "measure", *TABLE, *SHAPLEY, "-o", "a.h5")

    assert words in line
    assert "table.pt" in line
    seen: Ran = interact("inspect", "table.pt")
    assert seen.code == (0 if case in LOADS_BUT_FITS_NOTHING else 4)
    assert "Traceback" not in seen.err
    assert not any(character in seen.out + seen.err for character in "\x1b\u202e")
    assert sorted(path.name for path in desk.iterdir()) == before
    assert not Path("sentinel").exists()


def test_a_gadget_in_a_process_of_its_own(desk: Path):
    CASES["code in a zip"][0]()

    ran = subprocess_ran("measure", *TABLE, *SHAPLEY, "-o", "a.h5", cwd=desk)

    assert ran.code == 4
    assert ran.out == ""
    assert [line for line in ran.err.splitlines() if line.startswith("error: ")] == ran.err.splitlines()[-1:]
    assert not Path("sentinel").exists()
    assert not list(desk.glob("a.h5*"))


def test_the_sentinel_is_a_live_one(desk: Path):
    pickle.loads(pickle.dumps(Sentinel()))

    assert Path("sentinel").exists()


def test_an_old_torch_opens_safetensors_only(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pickles.torch, "__version__", "2.9.1")

    assert "torch 2.10" in refused(4, "measure", *TABLE, *SHAPLEY)
    save_file(torch.load(CHECKPOINT, weights_only=True), "table.safetensors")
    assert interact("inspect", "table.safetensors").code == 0


def test_a_name_that_would_paint_the_terminal(desk: Path):
    name = f"{ESCAPES}[red].pt"
    CHECKPOINT.rename(name)

    ran = interact("inspect", name)

    assert ran.code == 0
    assert "a\\x1b[31m\\n\\u202e[red].pt" in ran.out


def test_lightning_hyper_parameters_are_text(desk: Path):
    document = {
        "pytorch-lightning_version": "2.5.0",
        "state_dict": {f"model.{name}": tensor for name, tensor in weights().items()},
        "hyper_parameters": {"_instantiator": "os.mkdir", "_class_path": "evil.Evil"},
    }
    torch.save(document, "last.ckpt")

    ran = interact("measure", "last.ckpt", *TABLE[1:], *SHAPLEY, "-o", "a.h5")

    assert ran.code == 0, ran.err
    notes = " ".join(read_report("a.h5").provenance["notes"])
    assert "prefix 'model.' stripped" in notes
    assert "Lightning hyper-parameters were read as text" in notes
    assert "_instantiator = os.mkdir" in interact("inspect", "last.ckpt").out


def test_a_missing_head_must_be_allowed_and_is_recorded(desk: Path):
    torch.save({name: tensor for name, tensor in weights().items() if not name.startswith("body.4.")}, CHECKPOINT)

    assert "--allow-missing 'body.4.*'" in refused(4, "measure", *TABLE, *SHAPLEY, "-o", "a.h5")
    assert "matches none" in refused(2, "measure", *TABLE, *SHAPLEY, "-o", "a.h5", "--allow-missing", "heed.*")
    ran = interact("measure", *TABLE, *SHAPLEY, "-o", "a.h5", "--allow-missing", "body.4.*")
    assert ran.code == 0, ran.err
    notes = " ".join(read_report("a.h5").provenance["notes"])
    assert "2 of 6 tensors are not in the file" in notes


@pytest.mark.parametrize("arch", ["torchvision:resnet18", "paper:resnet20"])
def test_architectures_are_named_and_listed(desk: Path, arch: str):
    assert f"fit {arch} (named by --arch)" in refused(4, "measure", "table.pt", "--arch", arch, *SHAPLEY)
    listed = interact("list", "archs")
    assert arch.partition(":")[0] in listed.out
