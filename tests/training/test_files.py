from __future__ import annotations

import argparse
import os

import pytest
import torch

from interact_cli.errors import CheckpointRefused, OutputError
from interact_cli.training.files import read_checkpoint, write_bytes, write_checkpoint

CONTENT = {"state_dict": {"weight": torch.arange(3.0)}, "args": argparse.Namespace(model="x", mean=[0.5])}


class Boom:
    def __reduce__(self):
        return os.mkdir, ("boom",)


def test_what_is_written_is_read(tmp_path):
    written = write_checkpoint(tmp_path / "a.pt", CONTENT)
    read = read_checkpoint(tmp_path / "a.pt")
    assert read.digest == written.digest
    assert torch.equal(read.content["state_dict"]["weight"], torch.arange(3.0))
    assert read.content["args"] == CONTENT["args"]


def test_equal_content_gives_equal_bytes_under_any_name(tmp_path):
    assert write_checkpoint(tmp_path / "a.pt", CONTENT).digest == write_checkpoint(tmp_path / "b.pt", CONTENT).digest


def test_a_failed_write_leaves_what_was_there(tmp_path):
    (tmp_path / "a.pt").mkdir()
    with pytest.raises(OutputError, match=r"Expected to write '.*a\.pt'"):
        write_bytes(tmp_path / "a.pt", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["a.pt"]


def test_code_in_a_file_is_refused_and_not_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": {}, "code": Boom()}, tmp_path / "a.pt")
    with pytest.raises(CheckpointRefused) as refused:
        read_checkpoint(tmp_path / "a.pt")
    assert not (tmp_path / "boom").exists()
    assert "weights_only" not in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("content", [{"weights": {}}, [1, 2]])
def test_a_file_without_weights_is_refused(tmp_path, content):
    torch.save(content, tmp_path / "a.pt")
    with pytest.raises(CheckpointRefused, match="without 'state_dict'"):
        read_checkpoint(tmp_path / "a.pt")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(CheckpointRefused, match="No such file"):
        read_checkpoint(tmp_path / "a.pt")
