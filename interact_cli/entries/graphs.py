"""The tail as a graph: the operations that depend on the entry, split off by torch.fx.

Only the modules around the entry are traced; every other module stays one call, so its control flow does not
matter. Modules are shared with the network, never copied.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx, nn

from interact_cli.entries.batching import PerRow
from interact_cli.entries.observing import FUNCTIONAL_DROPOUTS, is_dropout, twice
from interact_cli.entries.wrapped import named_modules
from interact_cli.types import Entry


class Untraceable(ValueError):
    """The network around the entry cannot be written as a graph."""


@dataclass(frozen=True)
class Graphed:
    """A `Passage` along a graph that was cut at the entry."""

    stem: fx.GraphModule
    tail: fx.GraphModule
    per_row: PerRow
    way: str = "graph"

    def start(self, inputs: torch.Tensor) -> tuple[torch.Tensor, Any]:
        """Run the stem."""
        at, crossing = self.stem(inputs)
        return at, crossing

    def finish(self, masked: torch.Tensor, carried: Any) -> Any:
        """Run the tail."""
        return self.tail(masked, self.per_row.repeated(carried, len(masked)))


def split_network(module: nn.Module, entry: Entry, inputs: torch.Tensor, *, copies: bool = False) -> Graphed:
    """Trace the modules around an entry and cut there.

    Args:
        module: The network, in eval mode, on its device.
        entry: Inside the network.
        inputs: ``(1, *input shape)``.
        copies: Copy what crosses the cut for every row, for a tail that writes into it.

    Raises:
        Untraceable: the entry is not one operation of the graph, or something crosses that cannot be repeated.
    """
    whole = _Whole(module)
    tracer = _Tracer(module, entry)
    graph = tracer.trace(whole)
    cut = tracer.cut()
    stem, tail = _halves(graph, cut, gives=entry.place == "output")
    graphed = (fx.GraphModule(whole, stem, "Stem").eval(), fx.GraphModule(whole, tail, "Tail").eval())
    one, two = (graphed[0](rows)[1] for rows in (inputs, twice(inputs)))
    return Graphed(*graphed, PerRow.learned(one, two, copies=copies))


class _Whole(nn.Module):
    """The network with its defaults filled in: one tensor in."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, inputs: torch.Tensor) -> Any:
        return self.network(inputs)


class _Tracer(fx.Tracer):
    """Traces through the modules that contain the entry and through no other."""

    def __init__(self, network: nn.Module, entry: Entry) -> None:
        super().__init__()
        modules = named_modules(network)
        self.entry = entry
        self.target = modules[entry.module]
        self.around = {id(module) for module in network.modules() if any(m is self.target for m in module.modules())}
        if entry.place != "dropout":
            self.around.discard(id(self.target))
        self.inside: list[nn.Module] = []
        self.met: list[fx.Node] = []

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Keep every module whole that does not contain the entry."""
        return id(m) not in self.around

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Remember which forward is running, and the call of the entry's module."""
        self.inside.append(m)
        try:
            result = super().call_module(m, forward, args, kwargs)
        finally:
            self.inside.pop()
        if m is self.target and self.entry.place != "dropout" and isinstance(result, fx.Proxy):
            self.met.append(result.node)
        return result

    def create_node(self, kind: str, target: Any, args: Any, kwargs: Any, *rest: Any, **named: Any) -> fx.Node:
        """Remember the functional dropouts of the entry's module."""
        node = super().create_node(kind, target, args, kwargs, *rest, **named)
        if self.entry.place == "dropout" and target in FUNCTIONAL_DROPOUTS and self.inside[-1:] == [self.target]:
            self.met.append(node)
        return node

    def cut(self) -> fx.Node:
        """Return the node of the entry."""
        one_of_several = self.entry.place == "dropout" or is_dropout(self.target)
        met = self.met[self.entry.call : self.entry.call + 1] if one_of_several else self.met
        if len(met) != 1:
            raise Untraceable(f"the {self.entry} is {len(met)} operations of the graph")
        return met[0]


def _halves(graph: fx.Graph, cut: fx.Node, *, gives: bool) -> tuple[fx.Graph, fx.Graph]:
    """Split a graph into what does not depend on the entry and what does.

    Args:
        graph: The network.
        cut: The entry's operation.
        gives: The entry is what the operation gives, so that it belongs to the stem; otherwise what it takes first.
    """
    later = _descendants(cut) | (set() if gives else {cut})
    if not any(node.op == "output" for node in later):
        raise Untraceable("the output does not depend on the entry")
    needed = [node for node in graph.nodes if node not in later and any(user in later for user in node.users)]
    # Weights do not cross: the tail looks up its own, and no row repeats them.
    crossing = [node for node in needed if node.op != "get_attr" and not (gives and node is cut)]

    at = cut if gives else cut.all_input_nodes[0]
    stem, before = fx.Graph(), dict[fx.Node, fx.Node]()
    for node in graph.nodes:
        if node not in later:
            before[node] = stem.node_copy(node, before.__getitem__)
    stem.output((before[at], tuple(before[node] for node in crossing)))

    tail, after = fx.Graph(), dict[fx.Node, fx.Node]()
    masked, carried = tail.placeholder("masked"), tail.placeholder("carried")
    for position, node in enumerate(crossing):
        after[node] = tail.call_function(operator.getitem, (carried, position))
    if gives:
        after[cut] = masked
    for node in graph.nodes:
        if node in later or (node in needed and node.op == "get_attr"):
            taken = _first_replaced(at, masked, after) if node is cut else after.__getitem__
            after[node] = tail.node_copy(node, taken)
    return stem, tail


def _first_replaced(at: fx.Node, masked: fx.Node, after: Mapping[fx.Node, fx.Node]) -> Callable[[fx.Node], fx.Node]:
    """Give an operation the masked rows where it first takes what stands at the entry; the rest stays."""
    waiting = [masked]

    def taken(node: fx.Node) -> fx.Node:
        return waiting.pop() if node is at and waiting else after[node]

    return taken


def _descendants(node: fx.Node) -> set[fx.Node]:
    descendants: set[fx.Node] = set()
    waiting = list(node.users)
    while waiting:
        user = waiting.pop()
        if user not in descendants:
            descendants.add(user)
            waiting.extend(user.users)
    return descendants
