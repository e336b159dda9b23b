"""The README's output is what the demo prints, where the demo has trained the same networks to the bit."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from support.workbench import done

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DEMO = ROOT / "demo"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
SHOWN = [
    (weights, command, body.rstrip("\n").split("\n"))
    for weights, command, body in re.findall(
        r"^<!-- weights (\w+) -->\n```console\n\$ (interact [^\n]+)\n([^`]+)```", README, re.MULTILINE
    )
]


def report_of(command: str) -> str:
    """The report that `make demo` writes by this command, or by one that asks for more."""
    words = set(shlex.split(command)[1:])
    asked = [shlex.split(line.replace("$(DEMO)", "demo")) for line in re.findall(r"/interact (.+)", MAKEFILE)]
    fitting = [line for line in asked if words <= set(line) and "--output" in line]
    assert len(fitting) == 1, command
    return Path(fitting[0][fitting[0].index("--output") + 1]).name


def test_four_commands_show_their_output():
    assert len({report_of(command) for _, command, _ in SHOWN}) == len(SHOWN) == 4


@pytest.mark.parametrize(("weights", "command", "lines"), SHOWN, ids=[command[:50] for _, command, _ in SHOWN])
def test_the_output_is_what_the_command_prints(
    weights: str, command: str, lines: list[str], monkeypatch: pytest.MonkeyPatch
):
    report = DEMO / report_of(command)
    if not report.is_file():
        pytest.skip("no demo here: 'make demo' makes it")
    monkeypatch.setenv("COLUMNS", "80")
    printed = [line.rstrip() for line in done("show", report).out.splitlines()]
    if not any(line.endswith(weights) for line in printed):
        pytest.skip("the demo trained other weights on this machine")
    start = 0
    for line in lines:
        if line != "...":
            assert line in printed[start:], line
            start = printed.index(line, start) + 1


def test_it_can_be_read_in_a_sitting():
    assert len(README.splitlines()) <= 150
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    prose = "\n".join(line for line in prose.splitlines() if not line.startswith(("|", "#")))
    sentences = [sentence.split() for sentence in re.split(r"(?<=[.?:])\s", prose) if len(sentence.split()) > 2]
    lengths = sorted(map(len, sentences))
    assert sum(lengths) / len(lengths) <= 14
    assert lengths[int(0.9 * len(lengths))] <= 25
