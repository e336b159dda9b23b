from __future__ import annotations

import hashlib
import os
import zipfile

import pytest
import torch

from interact_cli.adapters.architectures import factories, timm_models
from interact_cli.adapters.inspection import inspect_file
from interact_cli.errors import CheckpointRefused


class Gadget:
    def __init__(self, sentinel):
        self.sentinel = sentinel

    def __reduce__(self):
        return os.system, (f"touch '{self.sentinel}'",)


@pytest.fixture(autouse=True)
def nothing_is_built(monkeypatch):
    monkeypatch.setattr(factories, "_call", lambda *_a: pytest.fail("a factory was called"))
    create = timm_models._create

    def outline(name, said):
        """Suggestions compare the shapes of common networks; what the file asks for is never built."""
        if said.saved or torch.empty(0).device.type != "meta":
            pytest.fail("a network was built")
        return create(name, said)

    monkeypatch.setattr(timm_models, "_create", outline)


def test_timm_file(save, timm_args, resnet, tmp_path):
    path = save({"arch": "resnet10t", "args": timm_args, "state_dict": resnet.state_dict(), "epoch": 3})
    (tmp_path / "ckpt.yaml").write_text("{}")
    seen = inspect_file(path)
    assert (seen.kind, seen.refusal, seen.size) == ("zip", None, path.stat().st_size)
    assert seen.digest == hashlib.sha256(path.read_bytes()).hexdigest()
    assert ("epoch", "int") in seen.keys
    assert seen.candidates == ("state_dict",)
    assert seen.arch == "resnet10t"
    assert ("num_classes", "10") in seen.args
    assert seen.n_tensors == len(resnet.state_dict())
    assert seen.n_parameters == sum(t.numel() for t in resnet.state_dict().values())
    fc = next(row for row in seen.tensors if row.name == "fc.weight")
    assert (fc.shape, fc.dtype) == ((10, 512), "float32")
    assert "argparse.Namespace" in seen.globals
    assert seen.unsafe_globals == ()
    assert seen.sidecar is not None
    assert "timm:resnet10t" in seen.suggestions
    assert any(name.endswith("data.pkl") for name, _size in seen.members)


@pytest.mark.parametrize("zipped", [True, False])
def test_hostile_file_is_described_and_not_run(save, tmp_path, zipped):
    path = save({"w": torch.zeros(1), "x": Gadget(tmp_path / "ran")}, _use_new_zipfile_serialization=zipped)
    seen = inspect_file(path)
    assert f"{os.system.__module__}.system" in seen.globals
    assert "nothing was run" in seen.refusal
    assert seen.tensors == ()
    assert not (tmp_path / "ran").exists()


def test_raw_pickle_of_every_protocol(tmp_path):
    import pickle

    for protocol in (2, 3, 4, 5):
        path = tmp_path / "raw.pkl"
        path.write_bytes(pickle.dumps({"a": Gadget("x"), "b": Gadget("y")}, protocol))
        assert inspect_file(path).globals == (f"{os.system.__module__}.system",)


def test_other_zip_lists_its_members(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("evil\x1b[31m.pkl", b"abc")
    seen = inspect_file(tmp_path / "a.pt")
    assert seen.members == (("evil\\x1b[31m.pkl", 3),)
    assert seen.refusal is not None


def test_plain_weights_and_odd_names(save):
    seen = inspect_file(save({"a\x1b[31m": torch.zeros(2, 3, dtype=torch.float16)}))
    assert seen.candidates == ("(whole file)",)
    assert seen.tensors[0].name == "a\\x1b[31m"
    assert seen.tensors[0].dtype == "float16"


def test_other_kinds(tmp_path):
    (tmp_path / "a.pt").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    assert inspect_file(tmp_path / "a.pt").kind == "git-lfs"
    with pytest.raises(CheckpointRefused):
        inspect_file(tmp_path)
