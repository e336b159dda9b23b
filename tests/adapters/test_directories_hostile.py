"""Model directories that must not load: one clean line each, nothing runs, nothing is downloaded."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support.directories import reweigh, rewrite, save_tiny, write_json
from support.workbench import environment

from interact_cli.adapters.loading import load_model
from interact_cli.errors import CheckpointRefused, InteractError

EVIL = "raise SystemExit(open('{sentinel}', 'w').close())\n"


class Gadget:
    """Pickles as a call of os.system."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self):
        return os.system, (f"touch '{self.sentinel}'",)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def closed(*_args, **_options):
        pytest.fail("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", closed)
    monkeypatch.setattr(socket, "getaddrinfo", closed)


@pytest.fixture
def sentinel(tmp_path):
    yield tmp_path / "sentinel"
    assert not (tmp_path / "sentinel").exists()


@pytest.fixture(scope="module")
def original(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("original")
    save_tiny("BertForSequenceClassification", folder)
    return folder


@pytest.fixture
def bert(original, tmp_path) -> Path:
    folder = tmp_path / "bert"
    folder.mkdir()
    for file in original.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder


def refusal(path, builders) -> str:
    with pytest.raises(InteractError) as caught:
        load_model(path, builders=builders)
    assert type(caught.value) is CheckpointRefused
    assert caught.value.exit_code == 4
    message = str(caught.value)
    assert len(message.splitlines()) == 1
    assert message.startswith("Expected")
    assert "trust_remote_code=True" not in message
    assert "Traceback" not in message
    assert "\x1b" not in message
    return message


def test_the_original_loads(bert, builders):
    assert load_model(bert, builders=builders).output == "classes"


class TestCodeOfItsOwn:
    @pytest.mark.parametrize("model_type", ["bert", "evilformer"])
    def test_auto_map(self, bert, builders, sentinel, model_type):
        (bert / "evil.py").write_text(EVIL.format(sentinel=sentinel))
        rewrite(
            bert / "config.json",
            model_type=model_type,
            auto_map={"AutoConfig": "evil.EvilConfig", "AutoModelForSequenceClassification": "evil.Evil"},
        )
        assert "'auto_map'" in refusal(bert, builders)
        assert "evil" not in sys.modules

    def test_unknown_type_beside_a_module_of_its_name(self, bert, builders, sentinel):
        for name in ("modeling_evil.py", "configuration_evil.py", "evil.py"):
            (bert / name).write_text(EVIL.format(sentinel=sentinel))
        rewrite(bert / "config.json", model_type="evil", architectures=["Evil"])
        assert "model_type" in refusal(bert, builders)

    def test_tokenizer_with_code(self, bert, builders, sentinel):
        (bert / "tokenization_evil.py").write_text(EVIL.format(sentinel=sentinel))
        rewrite(bert / "tokenizer_config.json", auto_map={"AutoTokenizer": ["tokenization_evil.Evil", None]})
        refusal(bert, builders)

    @pytest.mark.parametrize("value", [True, "yes", 1])
    @pytest.mark.parametrize("nested", [False, True])
    def test_trust_remote_code(self, bert, builders, value, nested):
        entry = {"trust_remote_code": value}
        rewrite(bert / "config.json", **({"text_config": {"inner": [entry]}} if nested else entry))
        assert "trust_remote_code' asks for code" in refusal(bert, builders)

    def test_what_is_false_asks_for_nothing(self, bert, builders):
        rewrite(bert / "config.json", trust_remote_code=False, auto_map={}, quantization_config={})
        load_model(bert, builders=builders)

    def test_names_of_classes_are_only_names(self, bert, builders):
        rewrite(bert / "config.json", id2label={"0": "auto_map", "1": "n_layer", "2": "x"}, label2id={"auto_map": 1})
        assert load_model(bert, builders=builders).class_names[0] == "auto_map"


class TestKernels:
    @pytest.mark.parametrize(
        "key",
        [
            *("_attn_implementation", "attn_implementation", "_attn_implementation_internal"),
            *("_experts_implementation", "_attn_implementation_autoset"),
        ],
    )
    @pytest.mark.parametrize("value", ["evil/kernel", "flash|evil/kernel", "kernels:evil", {"": "evil/kernel"}])
    @pytest.mark.parametrize("nested", [False, True])
    def test_from_elsewhere(self, bert, builders, key, value, nested):
        rewrite(bert / "config.json", **({"text_config": {key: value}} if nested else {key: value}))
        assert "asks for the kernel" in refusal(bert, builders)

    def test_an_implementation_of_the_library_is_decided_here(self, bert, builders):
        rewrite(bert / "config.json", _attn_implementation="flash_attention_2", attn_implementation="eager")
        core = load_model(bert, builders=builders).module.core
        assert core.config._attn_implementation == "sdpa"

    @pytest.mark.parametrize("key", ["quantization_config", "compression_config"])
    def test_quantised(self, bert, builders, key):
        rewrite(bert / "config.json", **{key: {"quant_method": "gptq", "bits": 4}})
        assert "quantised" in refusal(bert, builders)


class TestShards:
    @pytest.fixture
    def index(self, bert):
        path = bert / "model.safetensors.index.json"
        names = load_file(bert / "model.safetensors")
        (bert / "model.safetensors").rename(bert / "shard.safetensors")
        write_json(path, {"metadata": {}, "weight_map": dict.fromkeys(names, "shard.safetensors")})
        return path

    def test_a_plain_one_loads(self, index, builders):
        load_model(index.parent, builders=builders)

    @pytest.mark.parametrize(
        "name",
        [
            *("../x.safetensors", "/etc/passwd", "..", ".", "", "a/b.safetensors", "a\\b.safetensors", "C:x"),
            *(".hidden.safetensors", "x\x00.safetensors", "x\n.safetensors", "~/x.safetensors"),
        ],
    )
    def test_names_that_lead_elsewhere(self, index, builders, name):
        index.parent.parent.joinpath("x.safetensors").write_bytes((index.parent / "shard.safetensors").read_bytes())
        names = json.loads(index.read_text())["weight_map"]
        rewrite(index, weight_map=dict.fromkeys(names, name))
        assert "plain file names" in refusal(index.parent, builders)

    @pytest.mark.parametrize("weight_map", [[], "x", {"a": 1}, {"a": None}, {}])
    def test_an_index_that_is_none(self, index, builders, weight_map):
        rewrite(index, weight_map=weight_map)
        refusal(index.parent, builders)

    def test_no_index_but_an_empty_object(self, index, builders):
        index.write_text("{}")
        assert "weight_map" in refusal(index.parent, builders)

    def test_thousands_of_shards(self, index, builders):
        rewrite(index, weight_map={f"t{i}": f"s{i}.safetensors" for i in range(5_000)})
        assert "1,000 shards" in refusal(index.parent, builders)

    def test_a_shard_in_a_pickle(self, index, builders, sentinel):
        torch.save({"x": Gadget(sentinel)}, index.parent / "shard.safetensors")
        assert "nothing was run" in refusal(index.parent, builders)


class TestLinks:
    @pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
    def test_out_of_the_folder(self, bert, builders, name):
        outside = bert.parent / f"outside-{name}"
        (bert / name).rename(outside)
        (bert / name).symlink_to(outside)
        assert "lie inside it" in refusal(bert, builders)

    def test_inside_the_folder(self, bert, builders):
        (bert / "model.safetensors").rename(bert / "weights.bin")
        (bert / "model.safetensors").symlink_to("weights.bin")
        load_model(bert, builders=builders)

    def test_the_layout_of_a_hub_cache(self, bert, builders):
        snapshot = bert.parent / "models--org--name" / "snapshots" / "0123abc"
        blobs = snapshot.parent.parent / "blobs"
        snapshot.mkdir(parents=True)
        blobs.mkdir()
        for number, file in enumerate(bert.iterdir()):
            file.rename(blobs / str(number))
            (snapshot / file.name).symlink_to(Path("../../blobs") / str(number))
        load_model(snapshot, builders=builders)
        assert safe_name(snapshot) in refusal(snapshot.parent.parent, builders)

    def test_dangling_and_looping(self, bert, builders):
        (bert / "model.safetensors").unlink()
        (bert / "model.safetensors").symlink_to("gone.safetensors")
        assert "gone" in refusal(bert, builders)
        (bert / "gone.safetensors").symlink_to("model.safetensors")
        refusal(bert, builders)

    def test_a_pipe(self, bert, builders):
        (bert / "model.safetensors").unlink()
        os.mkfifo(bert / "model.safetensors")
        assert "pipe" in refusal(bert, builders)


def safe_name(path: Path) -> str:
    return f"'{path}'"


class TestWeights:
    def test_a_hostile_pickle_alone(self, bert, builders, sentinel):
        (bert / "model.safetensors").unlink()
        torch.save({"classifier.weight": torch.zeros(1), "x": Gadget(sentinel)}, bert / "pytorch_model.bin")
        assert "nothing was run" in refusal(bert, builders)

    def test_an_honest_pickle_alone(self, bert, builders):
        safe = load_model(bert, builders=builders)
        torch.save(load_file(bert / "model.safetensors"), bert / "pytorch_model.bin")
        (bert / "model.safetensors").unlink()
        found = load_model(bert, builders=builders).module.state_dict()
        assert all(torch.equal(found[name], tensor) for name, tensor in safe.module.state_dict().items())

    def test_a_pickle_beside_safetensors_is_not_opened(self, bert, builders, sentinel):
        torch.save({"x": Gadget(sentinel)}, bert / "pytorch_model.bin")
        load_model(bert, builders=builders)

    def test_none(self, bert, builders):
        (bert / "model.safetensors").unlink()
        assert "has no such weights" in refusal(bert, builders)

    @pytest.mark.parametrize("size", [2**62, 2**40, 200])
    def test_a_header_that_lies(self, bert, builders, size):
        raw = (bert / "model.safetensors").read_bytes()
        (bert / "model.safetensors").write_bytes(size.to_bytes(8, "little") + raw[8:])
        refusal(bert, builders)

    def test_tensors_that_overlap(self, bert, builders):
        one = {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}
        header = json.dumps({"a": one, "b": one}).encode()
        raw = len(header).to_bytes(8, "little") + header + bytes(16)
        (bert / "model.safetensors").write_bytes(raw)
        refusal(bert, builders)

    def test_a_hundred_thousand_tensors(self, bert, builders):
        offsets = {f"t{i}": {"dtype": "F32", "shape": [1], "data_offsets": [4 * i, 4 * i + 4]} for i in range(100_000)}
        header = json.dumps(offsets).encode()
        raw = len(header).to_bytes(8, "little") + header + bytes(400_000)
        (bert / "model.safetensors").write_bytes(raw)
        start = time.monotonic()
        assert "100000 unexpected" in refusal(bert, builders)
        assert time.monotonic() - start < 60


class TestSizes:
    @pytest.mark.parametrize(
        "changes",
        [
            *({"num_hidden_layers": 3_000}, {"num_hidden_layers": 10**6}, {"num_hidden_layers": 10**400}),
            *({"hidden_size": 10**7}, {"hidden_size": 2**20}, {"vocab_size": 10**9}, {"intermediate_size": 2**20}),
            *({"max_position_embeddings": 2**24}, {"max_position_embeddings": 2**40}, {"type_vocab_size": 2**20}),
            *({"num_attention_heads": 2**20}, {"hidden_size": 2**20, "intermediate_size": 2**20, "vocab_size": 2**20}),
            *({"num_hidden_layers": -1}, {"hidden_size": 0}, {"num_hidden_layers": 1e300}),
        ],
        ids=str,
    )
    def test_absurd_ones_are_refused_fast(self, bert, builders, changes):
        rewrite(bert / "config.json", **changes)
        start = time.monotonic()
        refusal(bert, builders)
        assert time.monotonic() - start < 5

    def test_layers_for_which_there_cannot_be_weights(self, bert, builders):
        rewrite(bert / "config.json", num_hidden_layers=1_000)
        assert "1000 layers" in refusal(bert, builders)

    def test_many_small_layers(self, bert, builders):
        reweigh(bert / "model.safetensors", lambda s: s.update({f"t{i}": torch.zeros(1) for i in range(1_024)}))
        rewrite(bert / "config.json", num_hidden_layers=1_024, hidden_size=2**12, intermediate_size=2**12)
        start = time.monotonic()
        assert "numbers of BertForSequenceClassification" in refusal(bert, builders)
        assert time.monotonic() - start < 30


class TestJson:
    @pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json"])
    def test_huge(self, bert, builders, name):
        with (bert / name).open("wb") as file:
            file.truncate(10**12)
        start = time.monotonic()
        assert "bytes" in refusal(bert, builders)
        assert time.monotonic() - start < 5

    @pytest.mark.parametrize(
        ("raw", "word"),
        [
            ('{"a": ' * 40 + "1" + "}" * 40, "32 levels"),
            ("[" * 10**6, "32 levels"),
            ('{"model_type": "bert", "model_type": "gpt2"}', "'model_type' appears twice"),
            ('{"a": {"b": 1, "b": 2}}', "'b' appears twice"),
            ("[]", "type list"),
            ("3", "type int"),
            ("", "Expecting value"),
            ("{", "Expecting"),
            ('{"a": ' + "9" * 10_000 + "}", "digits"),
            (b"\xff\xfe{}", "utf-8"),
            ('{"architectures": null}', "names no network"),
            ('{"model_type": 3}', "names no network"),
            ('{"model_type": ["bert"]}', "names no network"),
        ],
    )
    def test_strictly_read(self, bert, builders, raw, word):
        (bert / "config.json").write_bytes(raw if isinstance(raw, bytes) else raw.encode())
        assert word in refusal(bert, builders)


class TestOtherFolders:
    def test_what_lies_there_is_listed(self, tmp_path, builders):
        for number in range(12):
            (tmp_path / f"file{number:02}\x1b.txt").write_text("")
        message = refusal(tmp_path, builders)
        assert "model.safetensors" in message
        assert "file00\\x1b.txt" in message
        assert "and 4 more" in message

    def test_an_empty_one(self, tmp_path, builders):
        assert "It holds: nothing" in refusal(tmp_path, builders)

    def test_an_adapter_alone(self, tmp_path, builders):
        write_json(tmp_path / "adapter_config.json", {"peft_type": "LORA"})
        assert "merge_and_unload" in refusal(tmp_path, builders)

    def test_the_folder_above(self, bert, builders):
        assert f"Did you mean '{bert}'" in refusal(bert.parent, builders)

    def test_a_name_that_reads_like_one_on_a_hub(self, tmp_path, builders, monkeypatch):
        monkeypatch.chdir(tmp_path)
        message = refusal("google-bert/bert-base-uncased", builders)
        assert "no such path" in message
        assert "Nothing is downloaded" in message
        assert "no file" in refusal("runs/model.pt", builders)
        assert "no file" in refusal("bert-base-uncased", builders)


MEMORY = """
import resource, sys
from interact_cli.adapters.loading import load_model
from interact_cli.errors import InteractError
from interact_cli.extensions import adapters
resource.setrlimit(resource.RLIMIT_AS, (6 * 2**30,) * 2)
try:
    load_model(sys.argv[1], builders=adapters())
except InteractError as error:
    print(error.exit_code)
"""


def test_a_wide_network_is_refused_where_there_is_no_memory_for_it(bert):
    rewrite(bert / "config.json", hidden_size=2**15, intermediate_size=2**17, num_attention_heads=4)
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, str(bert)],
        capture_output=True, text=True, env=environment(), timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "4\n"), done.stderr
