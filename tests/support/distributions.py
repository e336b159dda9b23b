"""Distributions with entry points, laid out as pip leaves them."""

from __future__ import annotations

from pathlib import Path


def distribution(folder: Path, group: str, *points: str, name: str = "acme") -> Path:
    """Lay out ``NAME 1.0`` with entry points ``name = module:attribute``; the folder is to be put on the path."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nSummary: a plugin of a test\n")
    lines = "\n".join(points)
    (info / "entry_points.txt").write_text(f"[interact_cli.{group}]\n{lines}\n")
    return folder
