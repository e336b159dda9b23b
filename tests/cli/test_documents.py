"""What the documents promise exists: commands, flags, exit codes, pages."""

from __future__ import annotations

import itertools
import re
import shlex
from pathlib import Path
from typing import get_args, get_type_hints

import click
import pytest
import typer
from support.workbench import done

from interact_cli import errors
from interact_cli.cli import guard
from interact_cli.cli.app import EPILOG, app
from interact_cli.verdicts import Verdict

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    *sorted((ROOT / "plugins").glob("*/README.md")),
]


def written(page: Path) -> list[str]:
    """The `interact` commands of a page: after a prompt in a console block, or in backquotes."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    prompted = [line for block in blocks for line in re.findall(r"^\$ (interact .*)$", block, re.MULTILINE)]
    quoted = re.findall(r"(?<!`)`(interact [^`]+)`(?!`)", text.replace("\n", " "))
    return [command for command in [*prompted, *quoted] if "..." not in command]


def spelled_out(command: str) -> list[list[str]]:
    """Every command that the notation stands for: ``a|b`` is one of the two, ``[--flag]`` may be left out."""
    words = shlex.split(command, comments=True)[1:]
    return [list(choice) for choice in itertools.product(*(word.strip("[]").split("|") for word in words))]


COMMANDS = [
    pytest.param(words, id=f"{page.name}: {' '.join(words)}")
    for page in PAGES
    for command in written(page)
    for words in spelled_out(command)
]


def test_commands_are_found():
    assert len([words for command in written(ROOT / "README.md") for words in spelled_out(command)]) > 5
    assert len([words for command in written(ROOT / "docs" / "commands.md") for words in spelled_out(command)]) > 25


def parsed(words: list[str]) -> None:
    """Parse a command as it is called: with the flags that its metrics' options bring."""
    group = typer.main.get_command(app)
    name, command, rest = group.resolve_command(click.Context(group), words)
    command.make_context(name, rest)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_parses(words: list[str]):
    words = [word for word in words if word != "--debug"]
    assert words[0] in typer.main.get_command(app).commands

    if words[1:]:  # a command that is only named needs no arguments
        parsed(words)


@pytest.mark.parametrize("flag", [["--bugdet", "3"], ["--piars", "all"], ["--contexts", "many"]])
def test_parsing_would_find_a_mistake(flag: list[str]):
    with pytest.raises(typer.BadParameter.__base__):
        parsed(["measure", *flag])


def test_exit_codes_are_those_of_the_code():
    page = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    table = re.search(r"^## Exit codes\n\n(.*?)\n*\Z", page, re.MULTILINE | re.DOTALL)[1]
    first_cells = re.findall(r"^\| ([\d, ]+) \|", table, re.MULTILINE)
    raised = {value.exit_code for value in vars(errors).values() if hasattr(value, "exit_code")}
    of_gates = get_args(get_type_hints(Verdict)["exit_code"])
    known = {*of_gates, *raised, guard.CHECK_FAILED, guard.INTERNAL_ERROR, guard.INTERRUPTED, guard.TERMINATED}

    assert {int(code) for cell in first_cells for code in cell.split(", ")} == known
    assert {int(code) for code in re.findall(r"\b\d+\b", EPILOG)} == known


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path):
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    missing = [
        target
        for target in targets
        if not target.startswith(("http://", "https://", "#")) and not (page.parent / target.partition("#")[0]).exists()
    ]

    assert missing == []


def test_changelog_has_a_place_for_what_is_new():
    assert re.search(r"^## \[?Unreleased\]?$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)


TABLES = [
    table
    for page in PAGES
    for table in re.findall(
        r"^<!-- (interact list \w+ --md) -->\n(.*?)^<!-- end -->$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
]


def test_tables_are_found():
    assert {command.split()[2] for command, _ in TABLES} == {
        "metrics",
        "checkpoints",
        "archs",
        "datasets",
        "references",
    }


@pytest.mark.parametrize(("command", "table"), TABLES, ids=lambda text: text[:40])
def test_tables_of_the_documents_are_what_the_registries_hold(command: str, table: str):
    """`make tables` writes them anew."""
    assert done(*command.split()[1:]).out == table
