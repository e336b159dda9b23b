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

    inspection = inspect_file(checkpoint)
    if json:
        screen.data(asdict(inspection))
    else:
        lines = [
            f"{'Folder' if inspection.files else 'File'}".ljust(14) + inspection.path,
            f"Container     {inspection.kind}, {inspection.size:,} bytes",
            f"SHA-256       {inspection.digest}",
            f"Architecture  {inspection.arch or 'not named in the file'}",
        ]
        lines += [f"Setting       {name} = {value}" for name, value in inspection.config]
        lines += [
            "Member        " + ", ".join(filter(None, (row.name, f"{row.size:,} bytes", row.digest)))
            for row in inspection.files
        ]
        if inspection.tokenizer:
            lines.append(f"Tokenizer     {inspection.tokenizer}")
        if inspection.sidecar:
            lines.append(f"Sidecar       {inspection.sidecar}")
        if inspection.suggestions:
            lines.append(f"Looks like    {', '.join(inspection.suggestions)} (a suggestion, never a decision)")
        lines += [f"Key           {name}: {kind}" for name, kind in inspection.keys]
        lines += [f"Argument      {name} = {value}" for name, value in inspection.args]
        lines += [f"Global        {name}" for name in inspection.globals]
        if inspection.candidates:
            size = f"{inspection.n_tensors:,} tensors, {inspection.n_parameters:,} numbers"
            lines.append(f"Weights       {', '.join(inspection.candidates)}; the first holds {size}")
        shown = inspection.tensors if all_ else inspection.tensors[:SHOWN]
        lines += [f"  {row.name}  {'x'.join(map(str, row.shape)) or 'scalar'}  {row.dtype}" for row in shown]
        if len(inspection.tensors) > len(shown):
            lines.append(f"  ... {inspection.n_tensors - len(shown):,} more (--all)")
        screen.document("\n".join(lines))
    if inspection.refusal:
        raise CheckpointRefused(inspection.refusal)
