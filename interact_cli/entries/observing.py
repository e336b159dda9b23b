"""One forward pass, watched: which module takes and gives which tensor, and in what order."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.modules.dropout import _DropoutNd
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree

from interact_cli.entries.wrapped import named_modules
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.types import Entry

LISTING = "interact list modules CHECKPOINT"
"""The command that shows what can be named."""

FUNCTIONAL_DROPOUTS: frozenset[Callable[..., Any]] = frozenset(
    {
        F.dropout, F.dropout1d, F.dropout2d, F.dropout3d, F.alpha_dropout, F.feature_alpha_dropout,
        torch.dropout, torch.feature_dropout, torch.alpha_dropout, torch.feature_alpha_dropout,
    }
)  # fmt: skip

Kind = Literal["module", "forward_head", "dropout"]
Meet = Callable[[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any]
"""Told of a functional dropout: the module whose forward calls it, the function, its arguments; returns its result."""


@dataclass(frozen=True, eq=False)
class Seen:
    """A tensor at one moment; after an in-place operation it is another one."""

    tensor: torch.Tensor
    version: int

    @classmethod
    def now(cls, tensor: torch.Tensor) -> Seen:
        """Return the tensor as it is now."""
        return cls(tensor, 0 if tensor.is_inference() else tensor._version)

    def same(self, other: Seen | None) -> bool:
        """Whether the other is this very tensor, unchanged."""
        return other is not None and self.tensor is other.tensor and self.version == other.version


@dataclass(eq=False)
class Call:
    """One call: of a module, of a timm network's ``forward_head``, or of a functional dropout."""

    kind: Kind
    name: str
    """The module; for a functional dropout the one whose forward calls it."""
    index: int
    """Which of this module's calls of this kind, from 0."""
    start: int
    """Position in the order of events."""
    taken: tuple[Seen | None, ...]
    """The leaves of ``(args, kwargs)``, in torch's pytree order; None for what is no tensor."""
    given: tuple[Seen | None, ...] = ()
    """The leaves of the result."""
    end: int = -1

    @property
    def input(self) -> Seen | None:
        """The first tensor that the call takes."""
        return next((leaf for leaf in self.taken if leaf is not None), None)

    @property
    def output(self) -> Seen | None:
        """The tensor that the call gives, if it gives exactly one."""
        return sole(self.given)


@dataclass(frozen=True, eq=False)
class Met:
    """What stands at an entry, and between which events."""

    call: Call
    at: Seen
    start: int
    """Calls that end before this event belong to the stem."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What was seen in one forward pass."""

    calls: tuple[Call, ...]
    """In the order in which they began."""
    output: Seen | None
    """The network's output, if it is one tensor."""
    rows: int
    """Rows of the batch."""
    layers: frozenset[str]
    """Names of the dropout layers."""

    @property
    def dropouts(self) -> list[Call]:
        """The dropouts that ran, layers and functional ones alike, in order."""
        return [c for c in self.calls if c.kind == "dropout" or (c.kind == "module" and c.name in self.layers)]

    def of(self, name: str, kind: Kind = "module") -> list[Call]:
        """Return the calls of one module."""
        return [call for call in self.calls if call.kind == kind and call.name == name]

    def met(self, entry: Entry) -> Met:
        """Return what stands at an entry inside the network.

        Raises:
            UsageError: the module does not run exactly once, or what stands there is not one floating tensor with
                the batch in front.
        """
        calls = self.of(entry.module, "dropout" if entry.place == "dropout" else "module")
        if entry.place == "dropout" or (entry.place == "into" and entry.module in self.layers):
            calls = calls[entry.call : entry.call + 1]
        if len(calls) != 1:
            raise UsageError(
                f"Expected the mask to enter where one forward pass comes by once, but it comes by the {entry} "
                f"{len(calls)} times. Choose another ('{LISTING}')."
            )
        call = calls[0]
        at = call.output if entry.place == "output" else call.input
        if at is None or not self._batched(at.tensor):
            arrived = f"shape {tuple(at.tensor.shape)} and type {at.tensor.dtype}" if at else "none, or several"
            raise UsageError(
                f"Expected one floating tensor with the batch in front as the {entry}, got {arrived} for a batch of "
                f"{self.rows}. Choose another ('{LISTING}')."
            )
        return Met(call, at, call.end if entry.place == "output" else call.start)

    def _batched(self, tensor: torch.Tensor) -> bool:
        return tensor.is_floating_point() and tensor.ndim > 0 and len(tensor) == self.rows


def observe(module: nn.Module, inputs: torch.Tensor) -> Observation:
    """Run one forward pass and write down every call.

    All activations of the batch are kept while the observation lives, so give it a row or two.

    Args:
        module: The network, in eval mode; unchanged afterwards.
        inputs: ``(rows, *input shape)``, on any device.
    """
    modules = named_modules(module)
    watch = _Watch(modules)
    # Tensors of inference mode have no version, by which a write into them is seen.
    with torch.inference_mode(mode=False), torch.no_grad(), watch.on():
        output = module(inputs.to(device_of(module), copy=True))
        leaves = _seen(output)
    layers = frozenset(name for name, layer in modules.items() if is_dropout(layer))
    return Observation(tuple(watch.calls), sole(leaves), len(inputs), layers)


def device_of(module: nn.Module) -> torch.device:
    """Return where a network lives; the CPU for one without numbers."""
    tensor = next(itertools.chain(module.parameters(), module.buffers()), None)
    return torch.device("cpu") if tensor is None else tensor.device


def modules_named(module: nn.Module, names: Sequence[str]) -> dict[str, nn.Module]:
    """Return the modules of some names.

    Raises:
        UnknownNameError: the network has none of a name.
    """
    known = named_modules(module)
    for name in names:
        if name not in known:
            raise UnknownNameError("module", safe_text(name), known, listing=LISTING)
    return {name: known[name] for name in names}


def twice(inputs: torch.Tensor) -> torch.Tensor:
    """Return one sample as two equal rows: what doubles its first axis belongs to the batch."""
    return torch.cat([inputs, inputs])


def sole(leaves: Sequence[Seen | None]) -> Seen | None:
    """Return the only tensor among leaves, or None."""
    tensors = [leaf for leaf in leaves if leaf is not None]
    return tensors[0] if len(tensors) == 1 else None


@contextmanager
def override(module: nn.Module, method: str, function: Callable[..., Any]) -> Iterator[None]:
    """Let one module answer a method by a function, and give the method back afterwards."""
    own = vars(module).get(method)
    vars(module)[method] = function
    try:
        yield
    finally:
        if own is None:
            del vars(module)[method]
        else:
            vars(module)[method] = own


@contextmanager
def running(modules: Mapping[str, nn.Module]) -> Iterator[list[str]]:
    """Give the names of the modules whose forward is running, innermost last."""
    names: list[str] = []
    with ExitStack() as hooks:
        for name, module in modules.items():
            enter = module.register_forward_pre_hook(lambda _module, _args, name=name: names.append(name))
            hooks.callback(enter.remove)
            leave = module.register_forward_hook(lambda _module, _args, _output: _leave(names))
            hooks.callback(leave.remove)
        yield names


# A function, as what a hook returns takes the place of the output, and pop() returns the name.
def _leave(names: list[str]) -> None:
    names.pop()


class FunctionalDropouts(TorchFunctionMode):
    """Sees every functional dropout; those inside an ``nn.Dropout`` belong to the module and are passed by.

    Args:
        modules: All modules by name.
        names: The running ones, of `running`.
        meet: Called for each.
    """

    def __init__(self, modules: Mapping[str, nn.Module], names: list[str], meet: Meet) -> None:
        super().__init__()
        self.modules = modules
        self.names = names
        self.meet = meet

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Tell of a dropout, run everything else."""
        owner = self.names[-1] if self.names else ""
        if func in FUNCTIONAL_DROPOUTS and not is_dropout(self.modules[owner]):
            return self.meet(owner, func, args, kwargs or {})
        return func(*args, **(kwargs or {}))


def is_dropout(module: nn.Module) -> bool:
    """Whether a module is one of torch's dropouts."""
    return isinstance(module, _DropoutNd)


class _Watch:
    """Writes down the calls of some modules."""

    def __init__(self, modules: Mapping[str, nn.Module]) -> None:
        self.modules = modules
        self.calls: list[Call] = []
        self.events = itertools.count()
        self.counts: Counter[tuple[Kind, str]] = Counter()
        self.open: list[Call] = []

    @contextmanager
    def on(self) -> Iterator[None]:
        with ExitStack() as stack:
            for name, module in self.modules.items():
                enter = module.register_forward_pre_hook(self._enter(name), with_kwargs=True)
                stack.callback(enter.remove)
                stack.callback(module.register_forward_hook(self._leave).remove)
                if callable(getattr(module, "forward_head", None)):
                    stack.enter_context(override(module, "forward_head", self._head(name, module)))
            names = stack.enter_context(running(self.modules))
            stack.enter_context(FunctionalDropouts(self.modules, names, self._dropout))
            yield

    def _begin(self, kind: Kind, name: str, taken: Any) -> Call:
        call = Call(kind, name, self.counts[kind, name], next(self.events), _seen(taken))
        self.counts[kind, name] += 1
        self.calls.append(call)
        return call

    def _end(self, call: Call, given: Any) -> Any:
        call.given, call.end = _seen(given), next(self.events)
        return given

    def _enter(self, name: str) -> Callable[..., None]:
        def enter(_module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
            self.open.append(self._begin("module", name, (args, kwargs)))

        return enter

    def _leave(self, _module: nn.Module, _args: tuple[Any, ...], output: Any) -> None:
        self._end(self.open.pop(), output)

    def _head(self, name: str, module: nn.Module) -> Callable[..., Any]:
        inner = module.forward_head

        def forward_head(*args: Any, **kwargs: Any) -> Any:
            call = self._begin("forward_head", name, (args, kwargs))
            return self._end(call, inner(*args, **kwargs))  # type: ignore[operator]  # checked to be callable

        return forward_head

    def _dropout(self, owner: str, func: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        call = self._begin("dropout", owner, (args, kwargs))
        return self._end(call, func(*args, **kwargs))


def _seen(tree: Any) -> tuple[Seen | None, ...]:
    leaves = pytree.tree_leaves(tree)
    return tuple(Seen.now(leaf) if isinstance(leaf, torch.Tensor) else None for leaf in leaves)
