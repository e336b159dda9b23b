"""What a checkpoint holds: one set of weights, and what the file says of itself."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from safetensors.torch import load as load_safetensors

from interact_cli.adapters.containers.files import REFUSALS, SAVE_WEIGHTS, CheckpointFile, opened
from interact_cli.adapters.containers.pickles import load_pickled
from interact_cli.errors import NonFiniteError, UsageError
from interact_cli.safe_text import safe_text

WeightsChoice = Literal["auto", "ema", "raw"]

WHOLE_FILE = "(whole file)"
MOST_SHARED = 64
"""Tensors may hold so many times the bytes of their file; tied weights share a few."""
HYPER_PARAMETERS = "hyper_parameters"
"""Where Lightning keeps what its module was made with; text to show, whatever it calls itself."""
RAW_KEYS = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "params", "module", "weights")
EMA_KEYS = ("state_dict_ema", "model_ema", "ema_state_dict", "params_ema", "ema", "ema_model")
PREFIXES = ("module.", "_orig_mod.", "model.", "net.", "network.", "backbone.")
"""What wrappers put before every name: data parallel, torch.compile, Lightning and its habits."""


@dataclass(frozen=True)
class Contents:
    """The weights of one checkpoint and its own words about them."""

    state: Mapping[str, torch.Tensor]
    weights_key: str
    """Where in the file: ``"state_dict"``, ``"state_dict_ema"``, ``"(whole file)"``."""
    arch: str | None
    """The architecture as the file names it; None when it does not, or names a class rather than an architecture."""
    arch_hint: str | None
    """A name that the file gives without saying whose it is: good for a proposal, never for a decision."""
    args: Mapping[str, Any]
    """Training arguments; empty when there are none."""
    digest: str
    path: str
    notes: tuple[str, ...] = field(default=())


def read_contents(path: str, weights: str = "auto") -> Contents:
    """Open a checkpoint and pick its weights.

    Args:
        path: The file.
        weights: ``"ema"`` or ``"raw"``; ``"auto"`` takes the moving average where the file has one.

    Raises:
        CheckpointRefused: the file cannot be opened safely, or holds no such weights.
        NonFiniteError: a weight is NaN or infinite; the message names the tensor.
        UsageError: ``weights`` is another word.
    """
    if weights not in {"auto", "ema", "raw"}:
        raise UsageError(f"Expected --weights auto, ema or raw, got '{safe_text(weights)}'.")
    with opened(path) as file:
        document, metadata = read_document(file)
        key, state, notes = _pick(file, document, weights)
        tensors = plain_tensors(file, state, key)
        for name, tensor in tensors.items():
            _check_finite(file, name, tensor)
    arch, hint, args, more = _own_words(document, metadata)
    return Contents(tensors, key, arch, hint, args, file.digest, str(path), (*notes, *more))


def read_document(file: CheckpointFile) -> tuple[Any, Mapping[str, str]]:
    """Return what a file holds, and the text metadata of a safetensors file.

    Raises:
        CheckpointRefused: it cannot be opened safely.
    """
    if file.kind in REFUSALS:
        raise file.refuse(REFUSALS[file.kind])
    if file.kind != "safetensors":
        return load_pickled(file), {}
    raw = file.handle.read()
    try:
        tensors = load_safetensors(raw)
    except Exception as error:  # the library checks the header; whatever it objects to is a refusal
        raise file.refuse(
            f"got safetensors that are truncated or damaged ({safe_text(error)}). Copy or download them again."
        ) from None
    # The library hands the tensors on and not their metadata: 8 bytes of length, then the header.
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    return tensors, header.get("__metadata__") or {}


def state_candidates(document: Any) -> tuple[str, ...]:
    """Return the keys of a document under which a dictionary of tensors lies; ``(whole file)`` for itself."""
    if not isinstance(document, Mapping):
        return ()
    if _is_state(document):
        return (WHOLE_FILE,)
    return tuple(key for key, value in document.items() if isinstance(key, str) and _is_state(value))


def _is_state(value: Any) -> bool:
    return isinstance(value, Mapping) and bool(value) and all(isinstance(v, torch.Tensor) for v in value.values())


def _pick(file: CheckpointFile, document: Any, weights: str) -> tuple[str, Mapping[Any, Any], tuple[str, ...]]:
    if not isinstance(document, Mapping):
        raise file.refuse(f"got a {type(document).__name__}, not a dictionary of tensors. Save it so: {SAVE_WEIGHTS}")
    if _is_state(document):
        if weights == "ema":
            raise file.refuse("got one set of weights, and --weights ema asks for a moving average. Leave it out.")
        return WHOLE_FILE, document, ()
    found_ema = [key for key in EMA_KEYS if isinstance(document.get(key), Mapping) and document[key]]
    found_raw = [key for key in RAW_KEYS if isinstance(document.get(key), Mapping) and document[key]]
    keys = {"ema": found_ema, "raw": found_raw, "auto": found_ema + found_raw}[weights]
    if not keys:
        raise file.refuse(_no_weights(document, weights, found_ema + found_raw))
    others = [key for key in found_ema + found_raw if key != keys[0]]
    notes = (f"weights taken from '{keys[0]}'; the file also has '{', '.join(others)}'",) if others else ()
    return keys[0], document[keys[0]], notes


def _no_weights(document: Mapping[Any, Any], weights: str, keys: list[str]) -> str:
    if keys:
        return f"got no weights for --weights {weights}; it has '{', '.join(keys)}'. Name auto, ema or raw to match."
    candidates = state_candidates(document)
    if candidates:
        names = ", ".join(f"'{safe_text(key, 60)}'" for key in candidates[:3])
        return (
            f"got tensors under {names}, and which are meant is not known. Save one: torch.save(d[KEY], 'weights.pt')"
        )
    tensors = sum(isinstance(value, torch.Tensor) for value in document.values())
    if tensors:
        odd = next(key for key, value in document.items() if not isinstance(value, torch.Tensor))
        return (
            f"got {tensors} tensors mixed with other things, such as '{safe_text(odd, 60)}' "
            f"({type(document[odd]).__name__}). Save the weights alone: {SAVE_WEIGHTS}"
        )
    names = ", ".join(f"'{safe_text(key, 60)}'" for key in list(document)[:5])
    return f"got a dictionary without weights (keys: {names or 'none'}). Save them so: {SAVE_WEIGHTS}"


def plain_tensors(file: CheckpointFile, state: Mapping[Any, Any], key: str) -> dict[str, torch.Tensor]:
    """Return the weights as plain tensors, whatever their numbers are.

    Raises:
        CheckpointRefused: a key is not text, or an entry is not a dense tensor with its own numbers.
    """
    where = "" if key == WHOLE_FILE else f" in '{key}'"
    tensors: dict[str, torch.Tensor] = {}
    for name, value in state.items():
        if not isinstance(name, str):
            raise file.refuse(
                f"got the key {safe_text(name, 60)}{where}, a {type(name).__name__}; names of tensors are text. "
                f"Save the weights so: {SAVE_WEIGHTS}"
            )
        problem = _tensor_problem(value)
        if problem:
            raise file.refuse(f"got '{safe_text(name, 80)}'{where}, {problem}. Save the weights so: {SAVE_WEIGHTS}")
        tensors[name] = value.detach()
    _check_sharing(file, tensors)
    return tensors


def _check_sharing(file: CheckpointFile, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors that claim the same stored numbers over and over: reading them all would take forever."""
    claimed = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    if claimed > MOST_SHARED * file.size:
        raise file.refuse(
            f"got {len(tensors)} tensors that share their numbers: {claimed} bytes out of a file of {file.size}. "
            f"Save the weights so: {SAVE_WEIGHTS}"
        )


def _tensor_problem(value: Any) -> str | None:
    if not isinstance(value, torch.Tensor):
        return f"a {type(value).__name__} instead of a tensor"
    if value.is_meta:
        return "a tensor without numbers (meta device)"
    if value.is_quantized or value.layout != torch.strided:
        return "a quantised or sparse tensor; dense ones are expected"
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        return f"a tensor of shape {tuple(value.shape)} over fewer stored numbers"
    return None


def _check_finite(file: CheckpointFile, name: str, tensor: torch.Tensor) -> None:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return
    # In float32, in which it will run: a float64 weight may overflow there.
    finite = torch.isfinite(tensor if tensor.is_complex() else tensor.float())
    bad = int(finite.numel() - finite.sum())
    if bad:
        raise NonFiniteError(
            f"Expected finite weights in '{file.name}', but {bad} of {tensor.numel()} numbers of "
            f"'{safe_text(name, 80)}' are NaN or infinite in float32. Take an earlier checkpoint of the training."
        )


def _own_words(
    document: Any, metadata: Mapping[str, str]
) -> tuple[str | None, str | None, Mapping[str, Any], tuple[str, ...]]:
    """Return (arch, hint, args, notes).

    timm's train script writes ``arch`` as a timm name only together with ``args``; without them it is the
    lower-case name of a class.
    """
    if metadata:
        named: Any = metadata.get("arch") or metadata.get("architecture")
        args = _json_object(metadata.get("args"))
    else:
        named = document.get("arch") if not _is_state(document) else None
        args = _arguments(document.get("args")) if not _is_state(document) else {}
    notes = ("Lightning hyper-parameters were read as text and not used",) if HYPER_PARAMETERS in document else ()
    if not isinstance(named, str) or not named:
        return None, None, args, notes
    if args or ":" in named:
        return named, None, args, notes
    return None, named, args, notes


def _arguments(value: Any) -> Mapping[str, Any]:
    if isinstance(value, argparse.Namespace):
        value = vars(value)
    if not isinstance(value, Mapping):
        return {}
    return {name: entry for name, entry in value.items() if isinstance(name, str)}


def _json_object(text: str | None) -> Mapping[str, Any]:
    try:
        value = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return _arguments(value)
