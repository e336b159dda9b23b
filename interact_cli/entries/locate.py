"""``activations:ARGUMENT`` -> where the mask enters."""

from __future__ import annotations

import torch

from interact_cli.entries.observing import LISTING, Call, Observation, observe, twice
from interact_cli.entries.wrapped import named_modules
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.safe_text import safe_text
from interact_cli.types import Entry, Model

PRE_DROPOUT = "pre-dropout"


def locate(model: Model, argument: str | None, example: torch.Tensor) -> Entry:
    """Return the entry that ``--players activations:ARGUMENT`` names.

    ``MODULE`` is what a module gives. ``pre-dropout`` is what feeds the last dropout that runs, ``pre-dropout:first``
    the first, ``pre-dropout:NAME`` the dropout layer NAME or the one functional dropout in the forward of module
    NAME, ``pre-dropout:NAME[K]`` run K of that layer or functional dropout K of that module, from 0. A network without
    any dropout has its mask before the classifier, where the adapter declares one.

    Args:
        model: The network.
        argument: None is ``pre-dropout``.
        example: ``(1, *input shape)``, of `interact_cli.entries.modules.example_input`.

    Raises:
        UnknownNameError: no such module or dropout.
        UsageError: no dropout and no classifier known, or no mask can enter there.
    """
    observation = observe(model.module.eval(), twice(example))
    word, _, which = (PRE_DROPOUT if argument is None else argument).partition(":")
    if word == PRE_DROPOUT:
        entry = _before_dropout(model, observation, which or "last")
    else:
        known = [name for name in named_modules(model.module) if name]
        if argument not in known:
            raise UnknownNameError("module", safe_text(argument), known, listing=LISTING)
        entry = Entry("output", str(argument))
    observation.met(entry)
    return entry


def argument_of(entry: Entry) -> str:
    """Return the argument that names an entry inside the network: the inverse of `locate`.

    Example:
        >>> [argument_of(entry) for entry in (Entry("output", "layer3"), Entry("into", "fc"), Entry("dropout", "", 1))]
        ['layer3', 'pre-dropout:fc', 'pre-dropout:[1]']
    """
    if entry.place == "output":
        return entry.module
    numbered = entry.place == "dropout" or entry.call
    return f"{PRE_DROPOUT}:{entry.module}" + (f"[{entry.call}]" if numbered else "")


def _before_dropout(model: Model, observation: Observation, which: str) -> Entry:
    entries = [_entry(call) for call in observation.dropouts]
    if not entries:
        return _before_classifier(model, observation, which)
    if which in {"first", "last"}:
        return entries[0 if which == "first" else -1]
    named = {argument_of(entry).removeprefix(f"{PRE_DROPOUT}:"): entry for entry in entries}
    own = [entry for entry in entries if entry.place == "dropout" and entry.module == which]
    if which not in named and len(own) == 1:
        return own[0]
    if which not in named:
        raise UnknownNameError("dropout", safe_text(which), [*named, "first", "last"], listing=LISTING)
    return named[which]


def _entry(call: Call) -> Entry:
    return Entry("dropout" if call.kind == "dropout" else "into", call.name, call.index)


def _before_classifier(model: Model, observation: Observation, which: str) -> Entry:
    modules = named_modules(model.module)
    if model.classifier in modules and model.classifier and which in {"first", "last", model.classifier}:
        return Entry("into", model.classifier)
    running = {call.name for call in observation.calls}
    nearest = ", ".join([name for name in modules if name in running and name and "." not in name][-5:])
    hint = f" 'pre-dropout' alone is the input of '{model.classifier}' here." if model.classifier else ""
    raise UsageError(
        f"Expected a dropout in the network, layer or functional, found none that runs.{hint} "
        f"Name a module, for example one of: {safe_text(nearest)}. ('{LISTING}' shows all.)"
    )
