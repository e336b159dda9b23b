"""Files that must not open: one clean line each, and nothing runs."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import pickle
import resource
import socket
import stat
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from interact_cli.adapters.containers import pickles
from interact_cli.adapters.containers.contents import read_contents
from interact_cli.adapters.inspection import inspect_file
from interact_cli.errors import CheckpointRefused, NonFiniteError
from interact_cli.safe_text import safe_text

WEIGHTS = {"a.weight": torch.arange(12.0).reshape(3, 4), "a.bias": torch.zeros(3)}


class Gadget:
    """Pickles as a call of os.system."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self):
        return os.system, (f"touch '{self.sentinel}'",)


def members(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


def rezip(path: Path, content: list[tuple[str, bytes]], method: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, raw in content:
            archive.writestr(name, raw)
    return path


def pickled(thing: Any, protocol: int = 2) -> bytes:
    buffer = io.BytesIO()
    pickle.dump(thing, buffer, protocol=protocol)
    return buffer.getvalue()


def refusal(path, error=CheckpointRefused) -> str:
    """Read a file that must be refused; return the message without the path, after checking its manners."""
    with pytest.raises(error) as caught:
        read_contents(str(path))
    message = str(caught.value)
    assert caught.value.exit_code == (5 if error is NonFiniteError else 4)
    assert len(message.splitlines()) == 1
    assert message.startswith("Expected")
    assert "weights_only" not in message
    assert "add_safe_globals" not in message
    assert "Traceback" not in message
    assert "\x1b" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert safe_text(path) in message
    return message.replace(safe_text(path), "PATH")


@pytest.fixture
def sentinel(tmp_path):
    yield tmp_path / "sentinel"
    assert not (tmp_path / "sentinel").exists()


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_code_in_a_torch_file(save, sentinel, zipped):
    path = save({"state_dict": WEIGHTS, "x": Gadget(sentinel)}, _use_new_zipfile_serialization=zipped)
    assert f"{os.system.__module__}.system" in refusal(path)
    assert "nothing was run" in refusal(path)


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_code_in_a_raw_pickle(tmp_path, sentinel, protocol):
    path = tmp_path / "model.pth"
    path.write_bytes(pickled({"x": Gadget(sentinel)}, protocol))
    assert f"{os.system.__module__}.system" in refusal(path)


def test_the_gadget_would_work(tmp_path):
    """The sentinel of the tests above is a live one."""
    pickle.loads(pickled(Gadget(tmp_path / "fired")))
    assert (tmp_path / "fired").exists()


def test_code_in_a_second_pickle(save, sentinel):
    path = save(WEIGHTS)
    content = [*members(path).items(), ("ckpt/extra.pkl", pickled(Gadget(sentinel)))]
    assert "ckpt/extra.pkl" in refusal(rezip(path, content))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name(save, sentinel):
    path = save(WEIGHTS)
    content = list(members(path).items())
    name = next(name for name, _raw in content if name.endswith("data.pkl"))
    assert "two members" in refusal(rezip(path, [*content, (name, pickled(Gadget(sentinel)))]))


def test_a_compressed_bomb_is_refused_before_it_grows(save, monkeypatch):
    monkeypatch.setattr(pickles.torch, "load", lambda *_a, **_k: pytest.fail("the bomb was unpacked"))
    path = save({"w": torch.zeros(20_000_000)})
    rezip(path, list(members(path).items()), zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1_000_000
    assert "compressed" in refusal(path)


@pytest.mark.parametrize(
    "name", ["../evil", "/evil", "ckpt/../../evil", "ckpt\\evil", "ckpt/code.py", "ckpt/data/x", "ckpt/x.zip"]
)
def test_members_of_other_names(save, name):
    path = save(WEIGHTS)
    refusal(rezip(path, [*members(path).items(), (name, b"")]))


def test_two_roots(save):
    path = save(WEIGHTS)
    refusal(rezip(path, [*members(path).items(), ("other/version", b"3")]))


def _patched(path: Path, signature: bytes, offset: int, raw: bytes) -> Path:
    data = bytearray(path.read_bytes())
    at = data.rindex(signature)
    data[at + offset : at + offset + len(raw)] = raw
    path.write_bytes(data)
    return path


def test_encrypted_flag(save):
    assert "encrypted" in refusal(_patched(save(WEIGHTS), b"PK\x01\x02", 8, b"\x01\x00"))


def test_a_size_that_lies(save):
    huge = struct.pack("<II", 2**31, 2**31)
    assert "claims 2147483648 bytes" in refusal(_patched(save(WEIGHTS), b"PK\x01\x02", 20, huge))


def test_directory_and_member_that_disagree(save):
    path = save(WEIGHTS)
    rezip(path, list(members(path).items()))
    assert "disagree" in refusal(_patched(path, b"PK\x03\x04", 30, b"KCPT"))


def test_a_storage_that_claims_more_than_it_has(save):
    path = save({"w": torch.zeros(7)})
    content = {name: raw.replace(b"K\x07", b"J\x00\x00\x10\x00") for name, raw in members(path).items()}
    refusal(rezip(path, list(content.items())))


def test_data_before_the_zip(save):
    path = save(WEIGHTS)
    path.write_bytes(b"PK\x03\x04" + path.read_bytes())
    refusal(path)


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_truncated(save, keep):
    path = save(WEIGHTS)
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * keep)])
    assert "truncated" in refusal(path)


def test_truncated_legacy(save):
    path = save(WEIGHTS, _use_new_zipfile_serialization=False)
    raw = path.read_bytes()
    path.write_bytes(raw[: len(raw) - 20])
    assert "truncated or damaged" in refusal(path)


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "empty file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 3\n", "git lfs pull"),
        (b"<!DOCTYPE html><html><title>404</title></html>", "web page"),
        (b"\n  <html>", "web page"),
        (b'{"message": "not found"}', "JSON"),
        (b"GGUF\x03\x00\x00\x00" + b"\x00" * 60, "gguf_file="),
        (b"\x89HDF\r\n\x1a\n" + b"\x00" * 60, "keras.saving.load_model"),
        (b"\x1f\x8b\x08" + b"\x00" * 60, "compressed archive"),
        (b"\x08\x07\x12\x07pytorch" + b"\x00" * 60, "onnx.load"),
        (b"\x93NUMPY\x01\x00", "numpy"),
        (b"\x1c\x00\x00\x00TFL3" + b"\x00" * 60, "TensorFlow Lite"),
        (b"\x00" * 100, "no known kind"),
        (b"PK\x05\x06" + b"\x00" * 18, "data.pkl"),
    ],
)
def test_other_files(tmp_path, raw, words):
    path = tmp_path / "ckpt.pt"
    path.write_bytes(raw)
    assert words in refusal(path)


def test_not_a_regular_file(tmp_path):
    assert "folder" in refusal(tmp_path)
    assert "no file" in refusal(tmp_path / "missing.pt")
    (tmp_path / "link.pt").symlink_to(tmp_path / "gone.pt")
    assert "link" in refusal(tmp_path / "link.pt")
    os.mkfifo(tmp_path / "pipe.pt")
    assert "pipe" in refusal(tmp_path / "pipe.pt")
    assert "device" in refusal("/dev/zero")
    refusal("a\x00b.pt")
    refusal(tmp_path / ("x" * 300))


def test_a_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.pt")
        assert "socket" in refusal("socket.pt")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(save):
    path = save(WEIGHTS)
    path.chmod(0)
    assert "cannot" in refusal(path)
    path.chmod(stat.S_IRUSR)


def test_a_name_that_would_paint_the_terminal(tmp_path):
    path = tmp_path / "evil\x1b[31m\n[/red]\u202e.pt"
    path.parent.mkdir()
    path.write_bytes(b"")
    assert "empty file" in refusal(path)
    with pytest.raises(CheckpointRefused) as caught:
        read_contents(str(path))
    assert "evil\\x1b[31m\\n[/red]\\u202e.pt" in str(caught.value)
    assert inspect_file(path).path.endswith("evil\\x1b[31m\\n[/red]\\u202e.pt")


class Whole(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(2, 2)


def test_a_whole_module(save):
    message = refusal(save(torch.nn.Sequential(torch.nn.Linear(2, 2))))
    assert "torch.nn.modules" in message
    assert "torch.save(state" in message


@pytest.mark.filterwarnings("ignore:.*jit.*deprecated")
def test_torchscript(tmp_path):
    path = tmp_path / "scripted.pt"
    torch.jit.save(torch.jit.trace(torch.nn.Linear(2, 2), torch.zeros(1, 2)), str(path))
    message = refusal(path)
    assert "TorchScript" in message
    assert "torch.jit.load" in message


@pytest.mark.parametrize("constants", [False, True], ids=["plain", "pickled constants"])
@pytest.mark.parametrize("name", ["program.pt2", "program.pt"])
def test_exported_program(tmp_path, sentinel, monkeypatch, name, constants):
    path = tmp_path / name
    torch.export.save(torch.export.export(torch.nn.Linear(2, 2), (torch.zeros(1, 2),)), path)
    if constants:
        root = next(iter(members(path))).partition("/")[0]
        content = [*members(path).items(), (f"{root}/data/constants/custom_obj_0", pickled(Gadget(sentinel)))]
        rezip(path, content)
    monkeypatch.setattr(torch.export, "load", lambda *_a, **_k: pytest.fail("the program was opened"))
    message = refusal(path)
    assert ".pt2" in message
    assert "torch.save(state, 'weights.pt')" in message


def test_other_zips(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros(3))
    assert "npz" in refusal(tmp_path / "a.npz")
    assert "Keras" in refusal(rezip(tmp_path / "m.keras", [("config.json", b"{}"), ("model.weights.h5", b"")]))
    refusal(rezip(tmp_path / "word.docx", [("word/document.xml", b"")]))


def test_path_in_hyper_parameters(save):
    assert "pathlib" in refusal(save({"state_dict": WEIGHTS, "hyper_parameters": {"root": Path("x")}}))


def test_namespace_with_a_class(save):
    assert "Whole" in refusal(save({"state_dict": WEIGHTS, "args": argparse.Namespace(kind=Whole)}))


def test_arrays_are_not_scalars(save):
    refusal(save({"state_dict": WEIGHTS, "x": np.zeros(3)}))
    refusal(save({"state_dict": WEIGHTS, "x": np.datetime64("2020-01-01")}))
    assert np.dtype("f8").isnative


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({0: torch.zeros(1), "b": torch.zeros(1)}, "the key 0"),
        ({"a": torch.zeros(1), "b": [1]}, "mixed"),
        ({"a": torch.empty(3, device="meta")}, "meta"),
        ({"a": torch.eye(3).to_sparse()}, "sparse"),
        ({"a": torch.zeros(1).expand(2**40)}, "fewer stored numbers"),
        ({"epoch": 3}, "without weights"),
        ({"teacher": {"a": torch.zeros(1)}, "student": {"a": torch.zeros(1)}}, "'teacher', 'student'"),
        ([torch.zeros(1)], "a list"),
        ({"state_dict": {"a\x1b[31m": 3}}, "a\\x1b[31m"),
        ({}, "without weights"),
    ],
)
@pytest.mark.filterwarnings("ignore:Sparse")
def test_dictionaries_that_are_no_weights(save, state, words):
    assert words in refusal(save(state))


@pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor")
def test_quantised_weights(save):
    assert "quantised" in refusal(save({"a": torch.quantize_per_tensor(torch.zeros(3), 0.1, 0, torch.qint8)}))


def test_deep_and_aliased_pickles_stay_cheap(save, tmp_path):
    deep = b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b"."
    laughs = (
        b"\x80\x02]q\x00"
        + b"".join(b"]q" + bytes([i]) + (b"h" + bytes([i - 1]) + b"a") * 10 for i in range(1, 200))
        + b"."
    )
    for document in (deep, laughs):
        path = save(WEIGHTS)
        content = {n: document if n.endswith("data.pkl") else raw for n, raw in members(path).items()}
        assert "a list" in refusal(rezip(path, list(content.items())))
        assert inspect_file(path).refusal is None


def test_nesting_and_aliases_beside_the_weights_stay_cheap(save):
    """Deep and exponential values where training arguments should be: they are read, shown in brief and not used."""
    path = save({"args": {"deep": "XYZZY"}, "state_dict": WEIGHTS})
    plain = b"X\x05\x00\x00\x00XYZZY"
    deep = b"]" * 5_000 + b"a" * 4_999
    again = [(b"j" + struct.pack("<I", 4095 + i) + b"a") * 10 for i in range(200)]
    lists = [b"]r" + struct.pack("<I", 4096 + i) + (again[i] if i else b"") for i in range(200)]
    laughs = b"(" + b"".join(lists) + b"t"
    for nest in (deep, laughs):
        content = {n: raw.replace(plain, nest) for n, raw in members(path).items()}
        hostile = rezip(path.with_name("nest.pt"), list(content.items()))
        assert hostile.read_bytes() != path.read_bytes()
        assert set(read_contents(str(hostile)).state) == set(WEIGHTS)
        seen = inspect_file(hostile)
        assert seen.refusal is None
        assert all(len(text) < 1_000 for _name, text in seen.args)


def peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def test_many_names_of_one_tensor_stay_cheap(save):
    path = save(dict.fromkeys((f"k{i}" for i in range(50_000)), torch.zeros(3)))
    before = time.monotonic(), peak_megabytes()
    assert len(read_contents(str(path)).state) == 50_000
    assert time.monotonic() - before[0] < 30
    assert peak_megabytes() - before[1] < 500


def test_many_names_of_one_large_tensor_are_refused(save):
    path = save(dict.fromkeys((f"k{i}" for i in range(5_000)), torch.zeros(2**20)))
    before = time.monotonic(), peak_megabytes()
    assert "share their numbers" in refusal(path)
    assert time.monotonic() - before[0] < 30
    assert peak_megabytes() - before[1] < 500


def test_tied_weights_are_no_attack(save):
    table = torch.zeros(100, 10)
    assert set(read_contents(str(save({"embed.weight": table, "head.weight": table}))).state) == {
        "embed.weight",
        "head.weight",
    }


def test_a_shape_that_claims_a_terabyte_takes_no_memory(save):
    path = save({"a": torch.zeros(1).expand(2**40)})
    before = peak_megabytes()
    assert "fewer stored numbers" in refusal(path)
    assert peak_megabytes() - before < 200


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e300])
def test_non_finite_weights(save, bad):
    weight = torch.zeros(3, 4, dtype=torch.float64)
    weight[1, 2] = bad
    message = refusal(save({"state_dict": {"fc.weight": weight}}), NonFiniteError)
    assert "'fc.weight'" in message
    assert "1 of 12" in message


def test_safetensors_that_lie(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"a": torch.zeros(4)}, path)
    raw = path.read_bytes()
    path.write_bytes(raw[:-3])
    assert "truncated or damaged" in refusal(path)
    path.write_bytes(raw.replace(b"[4]", b"[9]"))
    refusal(path)
    path.write_bytes(struct.pack("<Q", 2**62) + raw[8:])
    refusal(path)


def test_safetensors_that_overlap(tmp_path):
    header = {name: {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]} for name in ("a", "b")}
    text = json.dumps(header).encode()
    path = tmp_path / "w.safetensors"
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(16))
    assert "truncated or damaged" in refusal(path)


def test_safetensors_of_very_many_tensors_stay_cheap(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({f"k{i}": torch.zeros(1) for i in range(20_000)}, path)
    before = time.monotonic()
    assert len(read_contents(str(path)).state) == 20_000
    assert time.monotonic() - before < 30


def test_old_torch_opens_no_pickle_but_safetensors(save, tmp_path, monkeypatch):
    monkeypatch.setattr(pickles.torch, "__version__", "2.9.1+cpu")
    assert "2.10" in refusal(save(WEIGHTS))
    save_file(WEIGHTS, tmp_path / "w.safetensors")
    assert set(read_contents(str(tmp_path / "w.safetensors")).state) == set(WEIGHTS)


def test_a_file_that_changes_while_it_is_read(save, monkeypatch):
    path = save(WEIGHTS)
    load = torch.load

    def meddle(*args, **options):
        os.utime(path, ns=(0, 0))
        return load(*args, **options)

    monkeypatch.setattr(pickles.torch, "load", meddle)
    assert "changed" in refusal(path)


def test_a_file_that_is_replaced_while_it_is_read(save, monkeypatch):
    """The digest is of the very bytes that were loaded, whatever lies at the path by then."""
    path = save(WEIGHTS)
    other = save({"a.weight": torch.ones(3, 4)}, "other.pt")
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    load = torch.load

    def meddle(*args, **options):
        other.replace(path)
        return load(*args, **options)

    monkeypatch.setattr(pickles.torch, "load", meddle)
    contents = read_contents(str(path))
    assert contents.digest == digest
    assert torch.equal(contents.state["a.weight"], WEIGHTS["a.weight"])


def test_a_tensorflow_saved_model(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "saved_model.pb").write_bytes(b"\x08\x01\x12\x04")
    for path in (folder, folder / "saved_model.pb"):
        message = refusal(path)
        assert "TensorFlow SavedModel" in message
        assert "torch.save(network.state_dict(), 'weights.pt')" in message


def test_the_allow_list_is_gone_afterwards(save):
    before = set(torch.serialization.get_safe_globals())
    read_contents(str(save({"state_dict": WEIGHTS, "args": argparse.Namespace(a=1)})))
    assert set(torch.serialization.get_safe_globals()) == before
