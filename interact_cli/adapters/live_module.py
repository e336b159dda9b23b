"""A network that is in memory, as a `Model`: its weights are copied, so the user's own is neither moved nor changed."""

from __future__ import annotations

import copy

import torch
from torch import nn

from interact_cli.adapters.architectures.factories import network_of
from interact_cli.errors import UsageError
from interact_cli.safe_text import named_error, safe_text
from interact_cli.seeding import digest
from interact_cli.types import MEMORY, Model


def model_in_memory(module: nn.Module, shape: tuple[int, ...] = ()) -> Model:
    """Describe a network in memory as a checkpoint of the same network would be.

    Args:
        module: The network; what it says of itself counts, as on a factory's network (``.input_shape``,
            ``.preprocessing``, ``.output``, ``.class_names``, ``.classifier``).
        shape: Of one input, where the inputs are in memory too: ``(C, H, W)`` or ``(F,)``.

    Raises:
        UsageError: it cannot be copied, or its input shape is not known.
        CheckpointRefused: it does not take such inputs, or returns something else than one row of numbers for each.
    """
    name = type(module).__qualname__
    where = f"the network in memory ({safe_text(name)})"
    patched = [name for name, part in module.named_modules() if "forward" in vars(part)]
    if patched:
        raise UsageError(
            f"Expected {where} to be copied, so that yours stays as it is, but the forward of "
            f"'{safe_text(patched[0] or name)}' was replaced on the object itself, and a copy would run yours. Write "
            f"it as a class, or save a checkpoint and audit that."
        )
    try:
        own = copy.deepcopy(module).cpu().float().eval()
        own.requires_grad_(requires_grad=False)
        shared = {part.data_ptr() for part in module.parameters()} & {part.data_ptr() for part in own.parameters()}
        if own is module or shared - {0}:
            raise UsageError("its copy holds the very same weights")
    except Exception as error:  # the network's own code may fail in any way
        raise UsageError(
            f"Expected {where} to be copied, so that yours stays as it is, but that fails: {named_error(error)}. Save "
            f"it as a checkpoint and audit that."
        ) from None
    network = network_of(own, where, shape=shape)
    kinds = sorted({str(part.dtype).removeprefix("torch.") for part in module.parameters() if part.is_floating_point()})
    others = ", ".join(kind for kind in kinds if kind != "float32")
    return Model(
        module=network.module,
        arch=f"{MEMORY}:{name}",
        arch_source=MEMORY,
        input=network.input,
        output=network.output,
        n_classes=network.n_classes,
        family=network.family,
        digest=_state_digest(own),
        weights_key="(in memory)",
        code=network.code,
        class_names=network.class_names,
        classifier=network.classifier,
        notes=(f"weights converted to float32 from {others}",) if others else (),
    )


def _state_digest(module: nn.Module) -> str:
    """Return the SHA-256 of all weights and buffers, by their names."""
    parts: list[str | bytes] = []
    for name, tensor in sorted(module.state_dict().items()):
        if isinstance(tensor, torch.Tensor):
            raw = tensor.detach().contiguous().flatten().view(torch.uint8).numpy().tobytes()
            parts += [name, str(tensor.dtype), str(tuple(tensor.shape)), raw]
    return digest(*parts)
