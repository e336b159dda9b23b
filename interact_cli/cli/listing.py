"""``interact list``: what exists, and which package it comes from."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from interact_cli.cli.console import screen
from interact_cli.cli.flags import pair
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Json
from interact_cli.errors import UsageError
from interact_cli.safe_text import safe_text
from interact_cli.strict_yaml import load_strict

if TYPE_CHECKING:
    from interact_cli.entries.modules import ModuleRow
    from interact_cli.options import Option

Kind = Literal[
    "metrics",
    "archs",
    "checkpoints",
    "datasets",
    "players",
    "scores",
    "protocols",
    "executors",
    "surrogates",
    "modules",
    "references",
]
WIDTH = 100
"""Characters of a line of a metric's page."""
REFERENCES = Path(__file__).parents[1] / "references.yaml"
"""What the sources of metrics, scores and protocols stand for."""
IN_MARKDOWN = str.maketrans({"|": r"\|", "*": r"\*", "<": "&lt;", "[": r"\["})
"""What a table in Markdown would read as its own marks."""
Markdown = Annotated[bool, typer.Option("--md", help="Print a Markdown table.")]


@guarded
def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.", show_default=False)],
    of: Annotated[
        str | None,
        typer.Argument(
            help="For metrics: the one to show whole. For archs: the names that contain this. For modules: the "
            "checkpoint.",
            show_default=False,
        ),
    ] = None,
    arch: Annotated[str | None, typer.Option("--arch", help="For modules.", metavar="PREFIX:NAME")] = None,
    arch_arg: Annotated[list[str] | None, typer.Option("--arch-arg", help="For modules.", metavar="NAME=VALUE")] = None,
    json: Json = False,
    md: Markdown = False,
) -> None:
    """List one kind of what can be asked for: metrics, data sets, players, scores, and so on.

    Example: interact list metrics bottleneck
    """
    _check(kind, of, named_arch=bool(arch or arch_arg))
    if kind == "metrics" and of:
        _show_metric(of, json=json, md=md)
        return
    if kind == "modules":
        rows = _modules(Path(of or ""), arch, dict(pair(text) for text in arch_arg or ()))
    else:
        rows = _arch_names(of) if kind == "archs" and of else _rows(kind)
    if json:
        screen.data({kind: rows})
        return
    if md:
        screen.document(_markdown(rows))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    if not rows and of is None:
        screen.document(f"No {kind} are installed; plugins bring them.")
    for row in rows:
        origin = f"  [{row['origin']}]" if row.get("origin") else ""
        screen.document(f"{row['name']:<{width}}  {row['summary']}{origin}".rstrip())
        if row.get("expected"):
            screen.document(f"{'':<{width}}  expects: {row['expected']}")


def _markdown(rows: list[dict[str, Any]]) -> str:
    """Return a table; the columns are those that any row fills."""
    columns = [name for name in ("name", "summary", "expected") if any(row.get(name) for row in rows)]
    lines = [columns, ["---"] * len(columns)]
    lines += [[str(row.get(name) or "").translate(IN_MARKDOWN) for name in columns] for row in rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _check(kind: str, of: str | None, *, named_arch: bool) -> None:
    """Refuse what does not belong to the kind.

    Raises:
        UsageError: something is given that this kind does not take, or missing that it needs.
    """
    if kind == "modules" and of is None:
        raise UsageError("Expected a checkpoint: interact list modules CHECKPOINT.")
    if of and kind not in {"metrics", "archs", "modules"}:
        raise UsageError(f"Only metrics, archs and modules take a second word; leave out '{safe_text(of)}'.")
    if named_arch and kind != "modules":
        raise UsageError(f"--arch is for 'interact list modules'; leave it out for {kind}.")


def _show_metric(name: str, *, json: bool, md: bool) -> None:
    """Show one metric whole, as a linter shows a rule."""
    from interact_cli.pipeline.metric_page import WORDS, metric_page

    page = metric_page(name)
    if json:
        screen.data({**asdict(page), "options": [_told(option) for option in page.options]})
        return
    parts = {
        "What": page.about,
        "Formula": page.formula,
        "Source": page.source,
        "Cost": page.cost,
        "Words": WORDS if page.game else "",
        "Options": f"-m {page.name}:NAME=VALUE, several with commas." if page.options else "none",
    }
    if md:
        lines = [f"## {page.name}", "", f"{page.summary}.", ""]
        lines += [line for head, text in parts.items() if text for line in (f"**{head}:** {text}", "")]
        lines += [f"- `{option.typed}`: {_option_line(option)}" for option in page.options]
        lines += ["", f"```\n{page.example}\n```"]
        lines += ["", f"{page.game}:", "", *(f"- {line}" for line in page.worked)] if page.game else []
        screen.document("\n".join(lines))
        return
    folded = partial(wrap, width=WIDTH, break_on_hyphens=False)  # a name with a hyphen stays whole
    lines = [f"{page.name}: {page.summary}  [{page.origin}]", ""]
    for head, text in parts.items():
        lines += folded(f"{head:<9}{text}", subsequent_indent=" " * 9) if text else []
    for option in page.options:
        head = f"{'':<9}{option.typed:<18}"
        lines += folded(f"{head}{_option_line(option)}", subsequent_indent=" " * 27)
    lines += [f"{'Example':<9}{page.example}", *(["", *folded(f"{page.game}:")] if page.game else [])]
    lines += [part for line in page.worked for part in folded(line, initial_indent="  ", subsequent_indent="    ")]
    screen.document("\n".join(lines))


def _option_line(option: Option) -> str:
    default = "" if option.default is None else f" Default: {option.default}."
    for_all = f" For all metrics at once: --{option.typed}." if option.flag else ""
    for_all = f" The same as --{option.typed}, for all metrics." if option.setting else for_all
    shape = "" if option.setting else f" ({option.shape or option.expected})"
    return f"{option.help}{shape}{default}{for_all}"


def _told(option: Option) -> dict[str, Any]:
    return {
        "name": option.typed, "default": option.default, "help": option.help, "expected": option.expected,
        "for_all": f"--{option.typed}" if option.flag or option.setting else None,
    }  # fmt: skip


def _modules(checkpoint: Path, arch: str | None, arch_arguments: dict[str, Any]) -> list[dict[str, Any]]:
    """Describe the modules at which players or feature scores can be asked for."""
    from interact_cli import extensions
    from interact_cli.adapters.loading import load_model
    from interact_cli.entries.modules import example_input, list_modules

    builders = extensions.adapters()
    model = load_model(checkpoint, arch=arch, arch_arguments=arch_arguments, builders=builders)
    rows = list_modules(model, example_input(model))
    return [{**asdict(row), "name": safe_text(row.name) or "(network)", "summary": _described(row)} for row in rows]


def _described(row: ModuleRow) -> str:
    """Say in a line what a module is: type, output shape, and what it has to do with dropout."""
    marks = {
        "a dropout: activations:pre-dropout:NAME": row.dropout,
        "feeds a dropout": row.feeds_dropout,
        f"{row.functional_dropouts} functional dropout{'s' if row.functional_dropouts > 1 else ''} inside": (
            row.functional_dropouts > 0
        ),
        "no dropout runs: its input is activations:pre-dropout": row.stands_in,
        f"runs {row.runs} times": row.runs != 1,
        "no entry": row.runs == 1 and not row.entry,
    }
    shape = "" if row.shape is None else " x ".join(map(str, row.shape)) or "scalar"
    shown = [text for text, holds in marks.items() if holds]
    return "  ".join(part for part in (row.type, shape, ", ".join(shown)) if part)


def _rows(kind: str) -> list[dict[str, Any]]:
    from interact_cli import extensions

    if kind == "scores":
        from interact_cli.scores import OF_ANY_MODULE

        listed = [(entry.name, entry.summary, entry.origin) for entry in extensions.scores()]
        listed += [(score.name, f"{score.summary} (unit: {score.unit})", extensions.ORIGIN) for score in OF_ANY_MODULE]
        return [{"name": name, "summary": summary, "origin": origin} for name, summary, origin in listed]
    if kind == "references":
        tree = load_strict(REFERENCES.read_text(encoding="utf-8"), REFERENCES.name)
        return [{"name": name, "summary": work} for name, work in tree.items()]
    if kind == "checkpoints":
        from interact_cli.adapters.containers.kinds import CONTAINERS

        return [{"name": name, "summary": summary, "origin": extensions.ORIGIN} for name, summary in CONTAINERS.items()]
    if kind == "protocols":
        from interact_cli.metrics.published import PROTOCOLS

        return [
            {"name": p.name, "summary": f"{p.summary} ({p.source})", "origin": extensions.ORIGIN}
            for p in PROTOCOLS.values()
        ]
    registry: Any = {
        "metrics": extensions.metrics,
        "archs": extensions.adapters,
        "datasets": extensions.datasets,
        "players": extensions.players,
        "executors": extensions.executors,
        "surrogates": extensions.surrogates,
    }[kind]()
    rows = [{"name": entry.name, "summary": entry.summary, "origin": entry.origin} for entry in registry]
    if kind == "datasets":
        for row in rows:
            row["expected"] = extensions.expected_layout(row["name"])
    return rows


def _arch_names(pattern: str) -> list[dict[str, Any]]:
    """Return the architectures of every library whose names contain the pattern."""
    from importlib.metadata import version

    import timm
    from torchvision import models

    from interact_cli import extensions
    from interact_cli.adapters.architectures.paper_networks import NAMES

    libraries = {
        "paper": (extensions.ORIGIN, sorted(NAMES)),
        "timm": (f"timm {version('timm')}", timm.list_models()),
        "torchvision": (f"torchvision {version('torchvision')}", models.list_models(module=models)),
    }
    return [
        {"name": f"{prefix}:{name}", "summary": "", "origin": origin}
        for prefix, (origin, names) in libraries.items()
        for name in names
        if pattern in name
    ]
