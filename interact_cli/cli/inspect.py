"""``interact inspect``: what is inside a checkpoint, with nothing constructed."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from interact_cli.cli.console import screen
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Json
from interact_cli.errors import CheckpointRefused

SHOWN = 20


@guarded
def inspect(
    checkpoint: Annotated[Path, typer.Argument(help="Checkpoint file or model directory.", show_default=False)],
    json: Json = False,
    all_: Annotated[bool, typer.Option("--all", help="List every tensor.")] = False,
) -> None:
    """Show what is inside a checkpoint: container, keys, tensors, architecture, why it would be refused."""
    from interact_cli.adapters.inspection import inspect_file

    found = inspect_file(checkpoint)
    if json:
        screen.data(asdict(found))
    else:
        lines = [
            f"{'Folder' if found.files else 'File'}".ljust(14) + found.path,
            f"Container     {found.kind}, {found.size:,} bytes",
            f"SHA-256       {found.digest}",
            f"Architecture  {found.arch or 'not named in the file'}",
        ]
        lines += [f"Setting       {name} = {value}" for name, value in found.config]
        lines += [
            "Member        " + ", ".join(filter(None, (row.name, f"{row.size:,} bytes", row.digest)))
            for row in found.files
        ]
        if found.tokenizer:
            lines.append(f"Tokenizer     {found.tokenizer}")
        if found.sidecar:
            lines.append(f"Sidecar       {found.sidecar}")
        if found.suggestions:
            lines.append(f"Looks like    {', '.join(found.suggestions)} (a suggestion, never a decision)")
        lines += [f"Key           {name}: {kind}" for name, kind in found.keys]
        lines += [f"Argument      {name} = {value}" for name, value in found.args]
        lines += [f"Global        {name}" for name in found.globals]
        if found.candidates:
            held = f"{found.n_tensors:,} tensors, {found.n_parameters:,} numbers"
            lines.append(f"Weights       {', '.join(found.candidates)}; the first holds {held}")
        shown = found.tensors if all_ else found.tensors[:SHOWN]
        lines += [f"  {row.name}  {'x'.join(map(str, row.shape)) or 'scalar'}  {row.dtype}" for row in shown]
        if len(found.tensors) > len(shown):
            lines.append(f"  ... {found.n_tensors - len(shown):,} more (--all)")
        screen.document("\n".join(lines))
    if found.refusal:
        raise CheckpointRefused(found.refusal)
