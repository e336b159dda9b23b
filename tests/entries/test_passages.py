from __future__ import annotations

import itertools

import pytest
import torch
from support.inner_networks import Functional, Shared, Stateful, Winding, halved, noise, randomised, timm_network
from torch import nn
from torch.nn import functional as F

from interact_cli.entries import passages, slicing
from interact_cli.entries.passages import open_passage
from interact_cli.entries.wrapped import TextNetwork, named_modules
from interact_cli.errors import NonFiniteError, UnknownNameError, UsageError
from interact_cli.types import EMBEDDING, INPUT, Entry

INSIDE = [
    ("resnet18", Entry("output", "layer3"), "slice: layer4, forward_head"),
    ("resnet18", Entry("output", "bn1"), "slice: act1, maxpool, layer1, layer2, layer3, layer4, forward_head"),
    ("resnet18", Entry("output", "layer3.0"), "slice: layer3.1, layer4, forward_head"),
    ("resnet18", Entry("output", "layer2.0.bn2"), "graph"),
    ("resnet18", Entry("into", "layer4.0.downsample"), "graph"),
    ("resnet18", Entry("output", "global_pool"), "slice: fc"),
    ("resnet18", Entry("into", "fc"), "slice: fc"),
    ("resnet18", Entry("output", "fc"), "slice: nothing"),
    ("vit_tiny_patch16_224", Entry("output", "patch_embed"), "graph"),
    ("vit_tiny_patch16_224", Entry("output", "blocks.0"), "slice: blocks[1:], norm, forward_head"),
    ("vit_tiny_patch16_224", Entry("output", "blocks.1.attn"), "graph"),
    ("vit_tiny_patch16_224", Entry("into", "blocks.1.norm1"), "graph"),
    ("vit_tiny_patch16_224", Entry("output", "blocks.1.attn.qkv"), "graph"),
    ("vit_tiny_patch16_224", Entry("into", "head_drop"), "slice: head_drop, head"),
    ("convnext_tiny", Entry("output", "stages.1"), "slice: stages[2:], norm_pre, forward_head"),
    ("convnext_tiny", Entry("output", "stages.2.blocks.1.mlp.fc1"), "graph"),
    ("convnext_tiny", Entry("into", "head.drop"), "slice: head.drop, head.fc"),
    ("densenet121", Entry("output", "features.denseblock3.denselayer1"), "graph"),
    ("densenet121", Entry("output", "features.norm5"), "slice: forward_head"),
    ("densenet121", Entry("into", "head_drop"), "slice: head_drop, classifier"),
    ("swin_tiny_patch4_window7_224", Entry("output", "layers.1"), "slice: layers[2:], norm, forward_head"),
    ("swin_tiny_patch4_window7_224", Entry("output", "layers.2.blocks.0.norm2"), "graph"),
    ("swin_tiny_patch4_window7_224", Entry("into", "layers.3"), "slice: layers.3, norm, forward_head"),
]  # fmt: skip


def one_by_one(network: nn.Module, entry: Entry, inputs: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
    """Run the whole network for each masked row by itself."""
    target, outputs = named_modules(network)[entry.module], []
    for row in masked.split(1):
        if entry.place == "output":
            hook = target.register_forward_hook(lambda _module, _args, _output, row=row: row.clone())
        else:
            hook = target.register_forward_pre_hook(lambda _module, args, row=row: (row.clone(), *args[1:]))
        with torch.no_grad():
            outputs.append(network(inputs))
        hook.remove()
    return torch.cat(outputs)


def ran_through(passage, inputs, **options):
    """Mask what stands at the entry and run the tail."""
    with torch.inference_mode():
        at, carried = passage.start(inputs)
        masked = halved(at, **options)
        return masked, passage.finish(masked.clone(), carried)


def assert_equal(got: torch.Tensor, expected: torch.Tensor) -> None:
    largest = expected.abs().max().item()
    assert expected[1:].sub(expected[:1]).abs().max() > 1e-3 * largest, "masking must change the outputs"
    assert (got - expected).abs().max().item() <= 2e-6 * largest


def hooks_of(network: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules())


@pytest.mark.parametrize(("name", "entry", "way"), INSIDE, ids=lambda value: str(value))
def test_the_tail_equals_the_full_network(name, entry, way):
    network, inputs = timm_network(name)
    opened = open_passage(network, entry, inputs)
    assert opened.way == way
    assert opened.difference <= 2e-6
    for seed in (5, 6):
        other = noise(*inputs.shape, seed=seed)
        masked, got = ran_through(opened.passage, other)
        if entry.module == "fc" and entry.place == "output":
            assert got.equal(masked)
        else:
            assert_equal(got, one_by_one(network, entry, other, masked))
    assert hooks_of(network) == 0


@pytest.mark.parametrize("name", ["resnet18", "vit_tiny_patch16_224"])
@pytest.mark.parametrize("rows", [1, 2, 7])
def test_any_number_of_rows(name, rows):
    network, inputs = timm_network(name)
    entry = Entry("output", {"resnet18": "layer3.1.bn1", "vit_tiny_patch16_224": "blocks.1.attn.proj"}[name])
    passage = open_passage(network, entry, inputs).passage
    assert passage.way == "graph"
    with torch.inference_mode():
        at, carried = passage.start(inputs)
        masked = halved(at, rows=8)
        expected = one_by_one(network, entry, inputs, masked)
        for start in range(0, 8, rows):
            got = passage.finish(masked[start : start + rows], carried)
            torch.testing.assert_close(got, expected[start : start + rows], rtol=0, atol=2e-6 * expected.abs().max())


@pytest.mark.parametrize(
    ("entry", "way"),
    [
        (Entry("output", "layer3"), "slice"), (Entry("output", "layer3.1.bn2"), "graph"),
    ],
)  # fmt: skip
def test_the_stem_runs_once_per_sample(entry, way):
    network, inputs = timm_network("resnet18")
    passage = open_passage(network, entry, inputs).passage
    assert passage.way.startswith(way)
    runs = []
    hook = network.conv1.register_forward_hook(lambda _module, _args, output: runs.append(len(output)))
    with torch.inference_mode():
        at, carried = passage.start(inputs)
        for _ in range(3):
            passage.finish(halved(at), carried)
    hook.remove()
    assert runs == [1]


def functional_by_hand(network: Functional, call: int, x: torch.Tensor, masked: torch.Tensor | None) -> torch.Tensor:
    x = network.first(x).relu()
    x = x if call or masked is None else masked
    y = x + network.second(x).tanh()
    if masked is None:
        return y if call else x
    return network.out(masked if call else y)


@pytest.mark.parametrize("call", [0, 1])
def test_the_input_of_a_functional_dropout(call):
    network, inputs = randomised(Functional()), noise(1, 6)
    opened = open_passage(network, Entry("dropout", "", call), inputs)
    assert opened.way == ("slice: out" if call else "graph")
    masked, got = ran_through(opened.passage, inputs)
    with torch.no_grad():
        assert masked[:1].equal(functional_by_hand(network, call, inputs, None))
        assert_equal(got, functional_by_hand(network, call, inputs.expand(5, -1), masked))


def test_control_flow_that_no_graph_follows_is_replayed():
    network, inputs = randomised(Winding()), noise(1, 6)
    entry = Entry("output", "middle")
    opened = open_passage(network, entry, inputs)
    assert opened.way == "replay"
    assert [reason.partition(":")[0] for reason in opened.rejected] == ["slice", "graph"]
    runs = []
    hook = network.stem.register_forward_pre_hook(lambda _module, args: runs.append(len(args[0])))
    original, network.stem.forward = network.stem.forward, lambda x: runs.append("computed") or original(x)
    masked, got = ran_through(opened.passage, inputs)
    hook.remove()
    del network.stem.forward
    assert runs.count("computed") == 1, "the stem's layer is computed once and answers from memory afterwards"
    assert_equal(got, one_by_one(network, entry, inputs, masked))


def test_the_last_resort_is_the_full_network_with_a_hook():
    network, inputs = randomised(Stateful()), noise(1, 6)
    entry = Entry("output", "middle")
    opened = open_passage(network, entry, inputs)
    assert opened.way == "hook"
    assert len(opened.rejected) == 5
    masked, got = ran_through(opened.passage, inputs)
    assert_equal(got, one_by_one(network, entry, inputs, masked))


def test_what_the_tail_writes_into_is_copied():
    class InPlace(Winding):
        def forward(self, x):
            stem = self.stem(x)
            y = self.middle(stem.relu())
            return self.out(stem.add_(y))

    network, inputs = randomised(InPlace()), noise(1, 6)
    entry = Entry("output", "middle")
    opened = open_passage(network, entry, inputs)
    assert opened.way == "graph"
    tried = [reason.partition(":")[0] for reason in opened.rejected]
    assert tried == ["slice", "graph", "replay"], "views cannot be written into"
    for rows in (5, 2):
        masked, got = ran_through(opened.passage, inputs, rows=rows)
        assert_equal(got, one_by_one(network, entry, inputs, masked))
    with torch.inference_mode():
        at, carried = opened.passage.start(inputs)
        first, again = (opened.passage.finish(at.clone(), carried) for _ in range(2))
        assert first.equal(again), "one row must not write into what is carried"


def test_in_place_activations_do_not_reach_what_stands_at_the_entry():
    network = randomised(nn.Sequential(nn.Linear(6, 8), nn.ReLU(inplace=True), nn.Linear(8, 4)))
    inputs = noise(1, 6)
    opened = open_passage(network, Entry("output", "0"), inputs)
    with torch.inference_mode():
        at, _ = opened.passage.start(inputs)
        assert at.equal(network[0](inputs))
        assert (at < 0).any()


class TwoPaths(nn.Module):
    """What stands at the entry goes two ways that a module joins."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.middle, self.join = nn.Linear(6, 8), nn.Linear(8, 8), nn.Bilinear(8, 8, 4)

    def forward(self, x):
        stem = self.stem(x)
        return self.join(self.middle(stem), stem)


@pytest.mark.parametrize(
    ("entry", "way", "reason"),
    [
        (Entry("output", "stem"), "graph", "slice: 'join' takes two tensors that may depend on the entry"),
        (Entry("output", "middle"), "slice: join", ""),
        (Entry("into", "middle"), "slice: middle, join", ""),
    ],
)
def test_what_a_step_takes_besides_comes_from_the_stem(entry, way, reason):
    network, inputs = randomised(TwoPaths()), noise(1, 6)
    opened = open_passage(network, entry, inputs)
    assert opened.way == way
    assert ", ".join(opened.rejected) == reason
    for seed in (5, 6):
        masked, got = ran_through(opened.passage, noise(1, 6, seed=seed))
        assert_equal(got, one_by_one(network, entry, noise(1, 6, seed=seed), masked))


class SelfAttention(nn.Module):
    """One tensor in three places; what is masked on the way in is the first."""

    def __init__(self) -> None:
        super().__init__()
        self.words, self.attention, self.out = nn.Linear(1, 8), nn.MultiheadAttention(8, 2, batch_first=True), Mean()

    def forward(self, x):
        x = self.words(x[..., None])
        return self.out(self.attention(x, x, x)[0])


class Mean(nn.Module):
    def forward(self, x):
        return x.mean(1)


@pytest.mark.parametrize("place", ["output", "into"])
def test_one_tensor_in_three_places(place):
    network, inputs = randomised(SelfAttention()), noise(1, 6)
    entry = Entry(place, "words" if place == "output" else "attention")
    opened = open_passage(network, entry, inputs)
    assert opened.way == "graph", "attention gives two tensors"
    masked, got = ran_through(opened.passage, inputs)
    assert_equal(got, one_by_one(network, entry, inputs, masked))


def test_a_wrong_slice_is_not_taken(monkeypatch):
    network, inputs = timm_network("resnet18")
    true_chain = slicing.find_chain
    monkeypatch.setattr(slicing, "find_chain", lambda *given: true_chain(*given)[1:])
    entry = Entry("output", "layer3.0")
    opened = open_passage(network, entry, inputs)
    assert opened.way == "graph"
    assert opened.rejected[0].startswith("slice: ")
    masked, got = ran_through(opened.passage, inputs)
    assert_equal(got, one_by_one(network, entry, inputs, masked))


def test_a_tail_that_is_slightly_wrong_is_not_taken(monkeypatch):
    network, inputs = timm_network("vit_tiny_patch16_224")
    finish = slicing.Sliced.finish
    monkeypatch.setattr(slicing.Sliced, "finish", lambda *given: finish(*given) * (1 + 1e-5))
    opened = open_passage(network, Entry("output", "blocks.1"), inputs)
    assert opened.way == "graph"
    assert "differs by" in opened.rejected[0]


class Words(TextNetwork):
    """Embedding, two encoder layers that take a mask, a mean outside all modules."""

    def __init__(self) -> None:
        core = nn.ModuleDict(
            {"words": nn.Embedding(20, 8), "places": nn.Embedding(9, 8), "layers": nn.ModuleList([Layer(), Layer()])}
        )
        super().__init__(core)

    def embed(self, tokens):
        return self.core["words"](tokens[:, 0])

    def vector(self, token_id):
        return self.core["words"].weight[token_id]

    def finish(self, vectors, tokens):
        x = vectors + self.core["places"](torch.arange(vectors.shape[1])[None])
        mask = tokens[:, 1:2].expand(len(x), -1, -1) * -1e4
        for layer in self.core["layers"]:
            x = layer(x, mask=mask)
        return F.normalize(x.mean(1), dim=1)


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.qk, self.v = nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x, mask):
        q = self.qk(x)
        return x + (q @ q.transpose(1, 2) + mask).softmax(-1) @ self.v(x)


def tokens(length: int) -> torch.Tensor:
    ids = torch.arange(3, 3 + length)
    return torch.stack([ids, (ids == 5).long(), torch.zeros_like(ids)])[None]


def test_texts_of_any_length_go_one_passage():
    network = randomised(Words())
    entry = Entry("output", "layers.0")
    opened = open_passage(network, entry, tokens(4))
    assert opened.way in {"graph", "replay"}
    for length in (2, 4, 7):
        masked, got = ran_through(opened.passage, tokens(length))
        assert masked.shape == (5, length, 8)
        assert_equal(got, one_by_one(network, entry, tokens(length), masked))


def test_word_vectors():
    network = randomised(Words())
    opened = open_passage(network, EMBEDDING, tokens(4), taps=("layers.0", "layers.1"))
    with torch.inference_mode():
        at, carried = opened.passage.start(tokens(4))
        assert at.equal(network.core["words"].weight[None, 3:7])
        vectors = at.repeat(3, 1, 1)
        vectors[1, 2] = network.vector(11)
        other = tokens(4)
        other[0, 0, 2] = 11
        got = opened.passage.finish(vectors, carried)
        torch.testing.assert_close(got[:2], torch.cat([network(tokens(4)), network(other)]))
    with pytest.raises(UsageError, match="a network that reads text"):
        open_passage(randomised(Winding()), EMBEDDING, noise(1, 6))


def test_the_input_needs_no_tail():
    network, inputs = timm_network("resnet18")
    opened = open_passage(network, INPUT, inputs)
    assert (opened.way, opened.difference) == ("whole network", 0.0)
    at, carried = opened.passage.start(inputs)
    assert at is inputs
    with torch.inference_mode():
        assert opened.passage.finish(at, carried).equal(network(inputs))


@pytest.mark.parametrize("taps", [("layer4",), ("layer4.0", "layer4.1.bn2", "fc")])
def test_taps_run_once_in_the_tail(taps):
    network, inputs = timm_network("resnet18")
    assert open_passage(network, Entry("output", "layer3"), inputs, taps=taps).way.startswith("slice")


def test_a_way_that_passes_a_tap_by_is_not_taken():
    network, inputs = timm_network("resnet18")
    around = open_passage(network, Entry("output", "layer4.0"), inputs, taps=("layer4",))
    assert around.way == "replay", "the chain runs layer4.1 alone; the graph traces through layer4"
    before = open_passage(network, Entry("output", "layer3"), inputs, taps=("layer1",))
    assert before.way == "replay"
    seen = []
    hook = network.layer1.register_forward_hook(lambda _module, _args, output: seen.append(output))
    ran_through(before.passage, inputs)
    hook.remove()
    assert [len(output) for output in seen] == [1, 5]
    torch.testing.assert_close(seen[1], seen[0].expand(5, -1, -1, -1))


def test_taps_that_no_way_can_serve():
    network, inputs = randomised(Shared()), noise(1, 6)
    for entry in (INPUT, Entry("into", "out")):
        with pytest.raises(UsageError, match="'never' to run once in a forward pass, it ran 0 times"):
            open_passage(network, entry, inputs, taps=("never",))
        with pytest.raises(UsageError, match="it ran 2 times"):
            open_passage(network, entry, inputs, taps=("twice",))
    with pytest.raises(UnknownNameError, match="Did you mean 'twice'"):
        open_passage(network, INPUT, inputs, taps=("twise",))
    assert hooks_of(network) == 0


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (Entry("output", "twice"), "comes by the output of twice 2 times"),
        (Entry("output", "never"), "comes by the output of never 0 times"),
        (
            Entry("output", "pair"),
            "one floating tensor with the batch in front as the output of pair, got none, or sev",
        ),
        (Entry("dropout", "out", 0), "comes by the input of functional dropout 0 in out 0 times"),
    ],
)
def test_entries_that_no_mask_can_enter(entry, message):
    network = randomised(Shared())
    with pytest.raises(UsageError, match=message):
        open_passage(network, entry, noise(1, 6))
    assert hooks_of(network) == 0


def test_windows_in_front_are_no_batch():
    network, inputs = timm_network("swin_tiny_patch4_window7_224")
    with pytest.raises(UsageError, match=r"batch in front as the output of layers.1.blocks.0.attn, got shape \(8, 16,"):
        open_passage(network, Entry("output", "layers.1.blocks.0.attn"), inputs)


def test_a_network_that_is_random_in_eval_mode():
    network = randomised(nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 4)))
    network[0].register_forward_hook(lambda _module, _args, output: F.dropout(output, 0.5, training=True))
    with pytest.raises(UsageError, match="same output for the same input"):
        open_passage(network, Entry("output", "0"), noise(1, 6))


@pytest.mark.parametrize(("share", "random"), [(8e-6, False), (1e-4, True)])
def test_rounding_is_not_taken_for_chance(share, random):
    """Kernels that are chosen by the layout of a batch round otherwise behind a hook than in the plain network."""
    network = randomised(nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 4)))
    network.register_forward_hook(lambda _module, _args, output: output * (1 + share * (next(passes) >= 3)))
    passes = itertools.count()  # observed, one row, a batch; then the hook
    if random:
        with pytest.raises(UsageError, match="same output for the same input"):
            open_passage(network, Entry("output", "0"), noise(1, 6))
    else:
        assert open_passage(network, Entry("output", "0"), noise(1, 6)).difference <= 1e-6


def test_a_network_that_returns_nan():
    network = randomised(nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 4)))
    with torch.no_grad():
        network[1].weight[0, 0] = torch.nan
    with pytest.raises(NonFiniteError, match="unmasked input"):
        open_passage(network, Entry("output", "0"), noise(1, 6))


def test_a_network_that_raises_leaves_nothing_behind(monkeypatch):
    class Breaking(Winding):
        broken = False

        def forward(self, x):
            y = super().forward(x)
            if self.broken:
                raise ZeroDivisionError
            return y

    network, inputs = randomised(Breaking()), noise(1, 6)
    entry = Entry("output", "middle")
    passage = open_passage(network, entry, inputs).passage
    at, carried = passage.start(inputs)
    network.broken = True
    for call in (
        lambda: passage.start(inputs),
        lambda: passage.finish(at, carried),
        lambda: passages.Hooked(network, entry).finish(at, inputs),
        lambda: open_passage(network, entry, inputs, taps=("stem",)),
    ):
        with pytest.raises(ZeroDivisionError):
            call()
        assert hooks_of(network) == 0
        assert all("forward" not in vars(module) for module in network.modules())


def test_opening_changes_neither_weights_nor_numbers():
    network, inputs = timm_network("convnext_tiny")
    before = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    with torch.no_grad():
        expected = network(inputs)
    open_passage(network, Entry("output", "stages.1"), inputs)
    with torch.no_grad():
        assert network(inputs).equal(expected)
    assert all(tensor.equal(before[name]) for name, tensor in network.state_dict().items())
    assert all("forward_head" not in vars(module) for module in network.modules())
