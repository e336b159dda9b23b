"""The README's output is what the demo prints, where the demo has trained the same networks to the bit."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
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


def test_six_lines_audit_a_network_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (block,) = (
        block for block in re.findall(r"^```python\n(.*?)^```$", README, re.MULTILINE | re.DOTALL) if "audit" in block
    )
    assert len([line for line in block.splitlines() if line]) == 6
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(block, names)
    report, network, inputs = names["report"], names["network"], names["inputs"]
    assert float(report.measurement("accuracy").quantity("accuracy").values) == 1.0
    ids = [int(sample.rpartition("/")[2]) for sample in report.samples.ids]
    log_p = torch.log_softmax(network(inputs[ids]).detach().double(), dim=1)
    p = log_p.gather(1, names["labels"][ids, None]).exp()[:, 0].numpy()
    np.testing.assert_allclose(report.samples.full_value, np.log(p / (1 - p)), atol=1e-4)
    sums = report.measurement("shapley").of_samples["values"].values.sum(axis=1)
    np.testing.assert_allclose(sums, report.samples.full_value - report.samples.empty_value, atol=1e-9)
    assert "accuracy" in report.summary()
    assert len(report.to_dataframe("shapley")) > len(ids)
    assert report.plot("shapley").axes


def test_it_can_be_read_in_a_sitting():
    assert len(README.splitlines()) <= 150
    prose = re.sub(r"^```.*?^```", "", README, flags=re.MULTILINE | re.DOTALL)
    prose = "\n".join(line for line in prose.splitlines() if not line.startswith(("|", "#")))
    sentences = [sentence.split() for sentence in re.split(r"(?<=[.?:])\s", prose) if len(sentence.split()) > 2]
    lengths = sorted(map(len, sentences))
    assert sum(lengths) / len(lengths) <= 14
    assert lengths[int(0.9 * len(lengths))] <= 25
