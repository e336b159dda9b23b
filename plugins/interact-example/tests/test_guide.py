"""``docs/write-a-plugin.md`` says what the example's files say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PLUGIN = Path(__file__).parents[1]
GUIDE = (PLUGIN.parents[1] / "docs" / "write-a-plugin.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.DOTALL | re.MULTILINE)


def sources(pattern):
    return [path.read_text(encoding="utf-8") for path in sorted(PLUGIN.rglob(pattern)) if path != Path(__file__)]


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.strip().splitlines()[0][:50])
def test_every_python_block_stands_in_a_file_of_the_example(block):
    assert any(block in source for source in sources("*.py"))


@pytest.mark.parametrize("block", blocks("toml"))
def test_every_toml_block_stands_in_the_project_file(block):
    assert block in (PLUGIN / "pyproject.toml").read_text(encoding="utf-8")


def test_the_guide_shows_every_kind_and_every_module():
    assert len(blocks("python")) > 8
    for module in PLUGIN.glob("interact_example/[a-z]*.py"):
        assert f"`{module.name}`" in GUIDE
        assert any(block in module.read_text(encoding="utf-8") for block in blocks("python"))
    for group in ("metrics", "numbers", "players", "datasets", "adapters", "scores", "executors"):
        assert f'[project.entry-points."interact_cli.{group}"]' in GUIDE


def test_what_list_prints_is_what_the_guide_shows(interact):
    printed = interact("list", "metrics").out.splitlines()
    (shown,) = (line for block in blocks("console") for line in block.splitlines() if line.startswith("mean-"))
    assert [line.split(maxsplit=1) for line in printed if line.startswith("mean-")] == [shown.split(maxsplit=1)]


def test_every_link_leads_somewhere():
    for document in (PLUGIN.parents[1] / "docs" / "write-a-plugin.md", PLUGIN / "README.md"):
        links = re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8"))
        assert links
        for link in links:
            assert (document.parent / link).exists(), link
