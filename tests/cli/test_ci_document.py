"""docs/ci.md as it would be pasted: the workflow runs in a shell, step by step; the other calls run as they stand."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

import pytest
import torch
import yaml
from support.workbench import done, environment, interact

DOCUMENT = (Path(__file__).parents[2] / "docs" / "ci.md").read_text()
QUICK = {"INTERACT_PLAN__BUDGET": "200", "INTERACT_PLAYERS": "grid:4x4"}
"""Settings from the environment that make the measuring of the reference quick."""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, flags=re.DOTALL)


def github() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(blocks("yaml")[0])
    return document


@pytest.fixture(scope="session")
def prepared(shelf: Path, cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `interact`, a `pip` that has nothing to do, and what the first block of the document leaves."""
    folder = tmp_path_factory.mktemp("pasted") / "prepared"
    tools = folder / "tools"
    tools.mkdir(parents=True)
    for name, line in (("interact", f'exec {sys.executable} -m interact_cli "$@"'), ("pip", 'test "$1" = install')):
        (tools / name).write_text(f"#!/bin/sh\n{line}\n")
        (tools / name).chmod((tools / name).stat().st_mode | stat.S_IXUSR)
    shutil.copy(shelf / "ckpt.pt", folder / "reference.pt")
    told = QUICK | {"HOME": str(folder), "INTERACT_CACHE": str(cache)}
    with contextlib.chdir(folder), mock.patch.dict(os.environ, told):
        for line in blocks("bash")[0].splitlines():
            done(*called(line))
    assert (folder / "interact-gate.yaml").is_file()
    return folder


@pytest.fixture
def runner(prepared: Path, desk: Path) -> Path:
    """The current folder: a checkout in which CI runs."""
    shutil.copytree(prepared, desk, dirs_exist_ok=True)
    return desk


def shell(desk: Path, script: str, **more: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(desk / "tools"), os.environ["PATH"]])
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        cwd=desk, env=environment(PATH=path, **more), capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip


def a_worse_one(desk: Path) -> None:
    """Multiply the logits of the reference: the same predictions, stronger interactions."""
    saved = torch.load(desk / "reference.pt", weights_only=False)
    head = [name for name in saved["state_dict"] if name.startswith("head.fc")]
    assert head
    for name in head:
        saved["state_dict"][name] *= 2.0
    torch.save(saved, desk / "candidate.pt")


def steps(workflow: dict[str, Any], *, failed: bool) -> Iterator[str]:
    """The scripts that the runner would start: after a failure only those that always run."""
    for step in workflow["jobs"]["gate"]["steps"]:
        if "run" in step and (not failed or step.get("if") == "always()"):
            yield step["run"]


def test_the_pasted_github_workflow_passes_and_fails(runner: Path):
    assert github()[True] == "pull_request"  # YAML 1.1 reads `on` as a truth value; GitHub does not
    shutil.copy(runner / "reference.pt", runner / "candidate.pt")
    summary = runner / "summary.md"
    more = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    for script in steps(github(), failed=False):
        ran = shell(runner, script, **more)
        assert ran.returncode == 0, (script, ran.stdout, ran.stderr)
        assert "::error" not in ran.stderr
    assert "PASS" in summary.read_text()

    a_worse_one(runner)
    summary.unlink()
    scripts = list(steps(github(), failed=False))
    codes = [shell(runner, script, **more).returncode for script in scripts[:2]]
    assert codes == [0, 1], "installed, then FAIL"
    for script in steps(github(), failed=True):
        assert shell(runner, script, **more).returncode == 0
    assert "FAIL" in summary.read_text()
    uploaded = github()["jobs"]["gate"]["steps"][-1]["with"]["path"]
    assert {path.suffix for path in runner.glob(uploaded)} == {".md", ".xml", ".json", ".png"}


def called(script: str) -> list[str]:
    """The one call of `interact` in a script: its words, up to what the shell makes of its code."""
    (call,) = (line for line in script.splitlines() if line.startswith("interact "))
    return shlex.split(call.partition(" && ")[0])[1:]


def test_the_pasted_gitlab_job(runner: Path):
    job = yaml.safe_load(blocks("yaml")[1])["gate"]
    a_worse_one(runner)
    *before, call = job["script"]
    assert shell(runner, "\n".join(before)).returncode == 0
    assert interact(*called(call)).code == 1
    suites = ElementTree.parse(runner / job["artifacts"]["reports"]["junit"]).getroot()
    suite = suites if suites.tag == "testsuite" else suites[0]
    assert int(suite.get("failures", "0")) > 0
    assert all((runner / name).is_file() for name in job["artifacts"]["paths"])


def test_the_pasted_shell_script(runner: Path):
    script = blocks("bash")[1]
    shutil.copy(runner / "reference.pt", runner / "candidate.pt")
    assert interact(*called(script)).code == 0
    (runner / "candidate.pt").write_bytes(b"no checkpoint")
    assert interact(*called(script), "--measured", "other.h5").code == 4
    for code, said in ((0, "ships"), (1, "worse: "), (3, "not decided: "), (4, "nothing was judged (exit code 4)")):
        (runner / "tools" / "interact").write_text(f"#!/bin/sh\nexit {code}\n")
        ran = shell(runner, script)
        assert (ran.returncode, ran.stdout[: len(said)]) == (code, said)
