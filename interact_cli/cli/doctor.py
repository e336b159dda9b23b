"""``interact doctor``: versions, devices, and the mismatches that make other errors hard to read."""

from __future__ import annotations

import importlib
from typing import Any

import typer

from interact_cli.cli.console import screen
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Json

UNFIT = 5
"""Exit code when a run would fail here."""


@guarded
def doctor(json: Json = False) -> None:
    """Show versions and devices, and what is wrong with this installation."""
    from interact_cli.pipeline.provenance import versions

    devices, problems = _devices(), _problems()
    document: dict[str, Any] = {"versions": versions(), "devices": devices, "problems": problems}
    if json:
        screen.data(document)
    else:
        width = max(map(len, document["versions"]))
        screen.document("\n".join(f"{name:<{width}}  {text}" for name, text in document["versions"].items()))
        screen.document("\n".join(f"{'device':<{width}}  {text}" for text in devices))
        screen.document("\n".join(f"{'problem':<{width}}  {text}" for text in problems) or "No problem found.")
    if problems:
        raise typer.Exit(UNFIT)


def _devices() -> list[str]:
    import torch

    devices = [f"cpu, {torch.get_num_threads()} threads"]
    if torch.cuda.is_available():
        for index in range(torch.cuda.device_count()):
            properties = torch.cuda.get_device_properties(index)
            devices.append(f"cuda:{index}, {properties.name}, {properties.total_memory / 2**30:.0f} GiB")
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices


def _problems() -> list[str]:
    import torch

    problems = []
    release = tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2])
    if release < (2, 10):
        problems.append(
            f"torch {torch.__version__} cannot open pickled checkpoints safely; install torch 2.10 or newer"
        )
    mismatch = _torchvision_problem(torch.__version__)
    return [*problems, mismatch] if mismatch else problems


def _torchvision_problem(torch_version: str) -> str | None:
    """A torchvision built for another torch fails with 'operator torchvision::nms does not exist'."""
    try:
        torchvision = importlib.import_module("torchvision")
        importlib.import_module("torchvision.ops").nms  # noqa: B018  (the attribute is the test)
    except (ImportError, RuntimeError, OSError, AttributeError) as error:
        return f"torchvision does not fit torch {torch_version} ({error}); install the pair from one source"
    # Behind the plus stands what a build is for, as in 2.10.0+cu128; releases from an index may leave it out.
    built, runs = torchvision.__version__.partition("+")[2], torch_version.partition("+")[2]
    if built and runs and built != runs:
        return f"torchvision was built for '{built}', torch for '{runs}'; install the pair from one source"
    return None
