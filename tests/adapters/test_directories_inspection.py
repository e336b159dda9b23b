"""``interact inspect DIR``."""

from __future__ import annotations

import hashlib
import json

import pytest
from support.directories import rewrite, save_timm, save_tiny
from typer.testing import CliRunner

from interact_cli.adapters.inspection import inspect_file
from interact_cli.adapters.loading import load_model
from interact_cli.cli.app import app
from interact_cli.errors import CheckpointRefused


def test_a_directory_of_transformers(tmp_path, builders):
    network = save_tiny("BertForSequenceClassification", tmp_path)
    (tmp_path / "notes.txt").write_text("x")
    seen, model = inspect_file(tmp_path), load_model(tmp_path, builders=builders)
    assert (seen.kind, seen.refusal, seen.arch) == ("transformers directory", None, model.arch)
    assert seen.digest == model.digest
    files = {row.name: row for row in seen.files}
    assert files["config.json"].digest == hashlib.sha256((tmp_path / "config.json").read_bytes()).hexdigest()
    assert files["tokenizer.json"].size == (tmp_path / "tokenizer.json").stat().st_size
    assert files["tokenizer.json"].digest
    assert not files["notes.txt"].digest
    assert seen.n_tensors == len(network.state_dict())
    assert seen.n_parameters == sum(parameter.numel() for parameter in network.parameters())
    assert [row.name for row in seen.tensors] == sorted(network.state_dict())
    assert ("model_type", "bert") in seen.config
    assert ("num_hidden_layers", "2") in seen.config
    assert seen.tokenizer.startswith("WordPiece")


def test_a_directory_of_timm(tmp_path, builders):
    save_timm(tmp_path)
    seen = inspect_file(tmp_path)
    assert (seen.kind, seen.refusal, seen.arch) == ("timm directory", None, "timm:resnet10t")
    assert ("num_classes", "3") in seen.config
    assert seen.digest == load_model(tmp_path, builders=builders).digest


def test_one_that_would_not_load_is_described(tmp_path):
    save_tiny("BertModel", tmp_path)
    rewrite(tmp_path / "config.json", architectures=["BertForSequenceClassification"], problem="a\x1b")
    seen = inspect_file(tmp_path)
    assert "2 missing" in seen.refusal
    assert seen.n_tensors > 0
    (tmp_path / "model.safetensors").unlink()
    seen = inspect_file(tmp_path)
    assert "no such weights" in seen.refusal
    assert seen.tensors == ()


def test_a_configuration_that_asks_for_code_is_refused_outright(tmp_path):
    save_tiny("BertModel", tmp_path)
    rewrite(tmp_path / "config.json", auto_map={"AutoModel": "evil.Evil"})
    with pytest.raises(CheckpointRefused, match="auto_map"):
        inspect_file(tmp_path)


def test_the_command(tmp_path):
    save_tiny("BertForSequenceClassification", tmp_path)
    done = CliRunner().invoke(app, ["inspect", str(tmp_path)])
    assert done.exit_code == 0
    assert "hf:BertForSequenceClassification" in done.stdout
    assert "config.json" in done.stdout
    document = json.loads(CliRunner().invoke(app, ["inspect", "--json", str(tmp_path)]).stdout)
    assert document["tokenizer"].startswith("WordPiece")
    (tmp_path / "config.json").write_text("{}")
    done = CliRunner().invoke(app, ["inspect", str(tmp_path)])
    assert done.exit_code == 4
    assert len(done.stderr.splitlines()) == 1
