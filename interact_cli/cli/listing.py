"""``interact list``: what exists, and which package it comes from."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer

from interact_cli.cli.console import screen
from interact_cli.cli.guard import guarded
from interact_cli.cli.measuring import Json
from interact_cli.errors import UsageError
from interact_cli.safe_text import safe_text

Kind = Literal["metrics", "archs", "datasets", "players", "scores", "protocols"]


@guarded
def list_(
    kind: Annotated[Kind, typer.Argument(help="What to list.", show_default=False)],
    pattern: Annotated[
        str | None, typer.Argument(help="For archs: list the timm names that contain this.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """List metrics, architectures, data sets, players, scores or protocols."""
    if pattern and kind != "archs":
        raise UsageError(f"Only archs take a pattern; leave out '{safe_text(pattern)}'.")
    rows = _timm_names(pattern) if kind == "archs" and pattern else _rows(kind)
    if json:
        from interact_cli.report.documents import json_text

        screen.document(json_text({kind: rows}, indent=2))
        return
    width = max((len(row["name"]) for row in rows), default=0)
    for row in rows:
        screen.document(f"{row['name']:<{width}}  {row['summary']}  [{row['origin']}]")
        if row.get("expected"):
            screen.document(f"{'':<{width}}  expects: {row['expected']}")


def _rows(kind: str) -> list[dict[str, Any]]:
    from interact_cli import extensions

    if kind == "scores":
        from interact_cli.scores import SCORES

        return [
            {"name": score.name, "summary": f"{score.summary} (unit: {score.unit})", "origin": extensions.ORIGIN}
            for score in SCORES.values()
        ]
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
    }[kind]()
    rows = [{"name": entry.name, "summary": entry.summary, "origin": entry.origin} for entry in registry]
    if kind == "datasets":
        for row in rows:
            row["expected"] = extensions.expected_layout(row["name"])
    return rows


def _timm_names(pattern: str) -> list[dict[str, Any]]:
    from importlib.metadata import version

    import timm

    origin = f"timm {version('timm')}"
    return [{"name": f"timm:{name}", "summary": "", "origin": origin} for name in timm.list_models(f"*{pattern}*")]
