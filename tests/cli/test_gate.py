"""`interact gate` and `interact compare` on real checkpoints: numbers against enumeration, and every exit code."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import h5py
import numpy as np
import pytest
import torch
from scipy import stats
from support.versions import LIKE, save_version
from support.workbench import (
    Ran,
    as_input,
    command,
    done,
    environment,
    interact,
    refused,
    table_rows,
)

import interact_cli as ic

pytestmark = pytest.mark.usefixtures("reads_here")
N = 8
GATE = ("gate", "reference.h5")
POLICY = ("--policy", "policy.yaml")
DATA = ("-d", "csv:table.csv")
NAMED = (*DATA, "--arch", "py:network.py:make")
"""Where the data lies and which code builds the network: the user says so, a report does not."""
FORBIDDEN = ("torch", "torchvision", "timm", "transformers", "scipy.stats", "sklearn", "pandas", "matplotlib", "h5py")


def policy(text: str) -> None:
    Path("policy.yaml").write_text(text)


def rule(margin: str, must_not: str = "rise", **more: Any) -> str:
    lines = {"metric": "multi-order", "quantity": "mean_abs", "must_not": must_not, "margin": margin} | more
    return "rules:\n  - " + "\n    ".join(f"{name}: {value}" for name, value in lines.items()) + "\n"


def verdict_of(ran: Ran) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(ran.out)
    return document


def naive_strength(name: str) -> np.ndarray:
    """Mean |I^(m)| over the pairs of every sample, from all coalitions: (sample, order)."""
    namespace: dict[str, Any] = {}
    exec(Path("network.py").read_text(), namespace)
    network = namespace["make"]()
    network.load_state_dict(torch.load(f"{name}.pt", weights_only=True))
    network = network.double().eval()
    inputs = as_input(table_rows()).double()
    means = inputs.mean(dim=0)
    report = ic.read_report(f"{name}.h5")
    strength = []
    for sample_id, label in zip(report.samples.ids, report.samples.labels.tolist(), strict=True):
        row = int(sample_id.rpartition("/")[2])
        value = {}
        for size in range(N + 1):
            for present in combinations(range(N), size):
                x = means.clone()
                x[list(present)] = inputs[row, list(present)]
                value[frozenset(present)] = x
        with torch.inference_mode():
            p = torch.softmax(network(torch.stack(list(value.values()))), dim=1)[:, label].numpy()
        v = dict(zip(value, np.log(p / (1 - p)).tolist(), strict=True))
        by_order = []
        for order in range(N - 1):
            sizes = []
            for i, j in combinations(range(N), 2):
                rest = [player for player in range(N) if player not in (i, j)]
                contexts = [frozenset(s) for s in combinations(rest, order)]
                sizes.append(abs(np.mean([v[s | {i, j}] - v[s | {i}] - v[s | {j}] + v[s] for s in contexts])))
            by_order.append(np.mean(sizes))
        strength.append(by_order)
    return np.array(strength)


def both_correct(*names: str) -> np.ndarray:
    tables = [ic.read_report(f"{name}.h5").samples for name in names]
    return np.logical_and.reduce([table.labels == table.predicted for table in tables])


def test_differences_equal_the_naive_enumeration(versions: Path):
    kept = both_correct("reference", "shaken")
    before, after = naive_strength("reference")[kept], naive_strength("shaken")[kept]
    document = verdict_of(done("compare", "reference.h5", "shaken.h5", "--json"))
    found = [d for d in document["differences"] if (d["metric"], d["quantity"]) == ("multi-order", "mean_abs")]

    assert [d["at"] for d in found] == [[order] for order in range(N - 1)]
    change = after - before
    student = stats.t.interval(0.95, len(change) - 1, change.mean(axis=0), stats.sem(change, axis=0))
    for m, difference in enumerate(found):
        assert difference["reference"] == pytest.approx(before[:, m].mean(), abs=1e-5)
        assert difference["candidate"] == pytest.approx(after[:, m].mean(), abs=1e-5)
        assert difference["difference"] == pytest.approx(change[:, m].mean(), abs=1e-5)
        width = student[1][m] - student[0][m]
        assert -1e-5 <= student[0][m] - difference["low"] < 0.8 * width
        assert -1e-5 <= difference["high"] - student[1][m] < 0.8 * width
    assert document["pairing"]["n_samples"] == kept.sum()


def test_counts_of_what_each_version_got_wrong(versions: Path):
    first, second = (ic.read_report(f"{name}.h5").samples for name in ("reference", "shaken"))
    right, right_too = first.labels == first.predicted, second.labels == second.predicted
    pairing = verdict_of(done("compare", "reference.h5", "shaken.h5", "--json"))["pairing"]

    assert pairing["rule"] == "both-correct"
    assert pairing["lost_by_reference"] == int((~right & right_too).sum())
    assert pairing["lost_by_candidate"] == int((right & ~right_too).sum())
    assert pairing["lost_by_both"] == int((~right & ~right_too).sum())
    everything = verdict_of(done("compare", "reference.h5", "shaken.h5", "--samples", "all", "--json"))
    assert everything["pairing"]["n_samples"] == len(right)


def test_the_same_weights_pass_as_identical(versions: Path):
    ran = interact(*GATE, "same.h5", *POLICY)

    assert ran.code == 0, ran
    assert "PASS" in ran.out
    assert "identical" in ran.out
    assert "nan" not in ran.out.lower()


def test_stronger_interactions_fail_with_1(versions: Path):
    ran = interact(*GATE, "louder.h5", *POLICY)

    assert ran.code == 1, ran
    assert "FAIL" in ran.out.splitlines()[0]
    assert "louder.h5" in ran.out


def test_weaker_interactions_pass_a_rule_against_rising(versions: Path):
    assert interact(*GATE, "quieter.h5", *POLICY).code == 0
    policy(rule("10%", "fall"))
    assert interact(*GATE, "quieter.h5", *POLICY).code == 1
    policy(rule("10%", "change"))
    assert interact(*GATE, "quieter.h5", *POLICY).code == 1
    assert interact(*GATE, "same.h5", *POLICY).code == 0


def test_old_and_new_swapped_is_said_and_turns_the_direction(versions: Path):
    forward = verdict_of(interact(*GATE, "louder.h5", *POLICY, "--json"))
    ran = interact("gate", "louder.h5", "reference.h5", *POLICY, "--json")
    backward = verdict_of(ran)

    assert (forward["exit_code"], backward["exit_code"]) == (1, 0)
    assert any("swapped" in remark for remark in backward["comparison"]["remarks"])
    assert not any("swapped" in remark for remark in forward["comparison"]["remarks"])
    same = verdict_of(interact("gate", "reference.h5", "reference.h5", *POLICY, "--json"))
    assert same["exit_code"] == 0
    assert any("same" in remark for remark in same["comparison"]["remarks"])


def test_undecided_is_3_and_says_how_many_samples_it_would_take(versions: Path):
    found = verdict_of(done("compare", "reference.h5", "shaken.h5", "--json"))["differences"]
    change = next(d["difference"] for d in found if d["quantity"] == "mean_abs" and d["at"] == [2])
    policy(rule(f"{abs(change) * 1.05:.9f}", "rise" if change > 0 else "fall", at="[2]"))
    ran = interact(*GATE, "shaken.h5", *POLICY, "--json")
    undecided = verdict_of(ran)

    assert ran.code == 3
    assert undecided["word"] == "INCONCLUSIVE"
    (decision,) = undecided["rules"][0]["decisions"]
    error, away = decision["difference"]["standard_error"], abs(change) * 0.05
    expected = (
        undecided["comparison"]["pairing"]["n_samples"]
        * ((stats.norm.isf(0.05) + stats.norm.isf(0.2)) * error / away) ** 2
    )
    assert expected * 0.98 < decision["needed"] < 3 * expected, "more where a law of the strengths knows of a tail"
    assert str(decision["needed"]) in interact(*GATE, "shaken.h5", *POLICY).out.replace(",", "")
    assert interact(*GATE, "shaken.h5", *POLICY, "--on-inconclusive", "warn").code == 0
    assert interact(*GATE, "shaken.h5", *POLICY, "--on-inconclusive", "pass").code == 0


def test_margin_and_alpha_of_the_command_line_win(versions: Path):
    assert interact(*GATE, "louder.h5", *POLICY).code == 1
    ran = interact(*GATE, "louder.h5", *POLICY, "--margin", "300%", "--alpha", "0.01", "--json")

    assert ran.code == 0
    (judged,) = verdict_of(ran)["rules"]
    assert (judged["margin"], judged["alpha"]) == ("300%", 0.01)


@pytest.mark.parametrize("level", ["warn", "off"])
def test_levels_below_error_do_not_fail_the_build(versions: Path, level: str):
    policy(rule("10%", level=level) + "  - {metric: shapley, quantity: mean_abs, must_not: change, margin: 1e6}\n")
    ran = interact(*GATE, "louder.h5", *POLICY)

    assert ran.code == 0, ran
    assert ("FAIL" in ran.out) == (level == "warn")


def test_46_margins_and_alphas_that_disarm_a_gate(versions: Path):
    for margin in ("nan", "inf", "-1", "0", "5 %%", "", "1e999"):
        assert "margin" in refused(2, *GATE, "louder.h5", *POLICY, "--margin", margin)
    for alpha in ("2", "0", "-0.1", "nan", "0.5"):
        assert "alpha" in refused(2, *GATE, "louder.h5", *POLICY, "--alpha", alpha)
    for margin in ("nan", ".nan", ".inf", "-1", "0", "abc"):
        policy(rule(margin))
        assert "margin" in refused(2, *GATE, "louder.h5", *POLICY)


def test_no_policy_is_2_with_the_line_that_writes_one(versions: Path):
    line = refused(2, *GATE, "louder.h5")

    assert "interact gate --init reference.h5" in line
    Path("interact-gate.yaml").write_text(Path("policy.yaml").read_text())
    assert "--init" in refused(2, *GATE, "louder.h5"), "a policy in the current folder is not taken unasked"


def test_a_first_policy_from_a_report_gates(versions: Path):
    written = done("gate", "--init", "reference.h5")

    assert written.out.strip() == "interact-gate.yaml"
    assert "exists" in refused(2, "gate", "--init", "reference.h5")
    assert interact(*GATE, "same.h5", "--policy", "interact-gate.yaml").code == 0
    assert interact(*GATE, "louder.h5", "--policy", "interact-gate.yaml").code == 1
    done("gate", "--init", "reference.h5", "--policy", "other.yaml")
    assert Path("other.yaml").read_text() == Path("interact-gate.yaml").read_text()


def test_unknown_names_in_a_policy(versions: Path):
    policy(rule("10%").replace("multi-order", "multi-ordre"))
    assert "multi-order" in refused(2, *GATE, "same.h5", *POLICY)
    policy(rule("10%").replace("mean_abs", "mean_ab"))
    assert "mean_abs" in refused(2, *GATE, "same.h5", *POLICY)
    policy(rule("10%").replace("multi-order", "bottleneck"))
    ran = interact(*GATE, "same.h5", *POLICY)
    assert ran.code == 3, "a metric that exists and was not measured is missing, not a typo"
    assert "bottleneck" in ran.out


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (rule("10%").replace("multi-order", "multi-ordre"), "multi-ordre"),
        (rule("10%").replace("mean_abs", "mean_ab"), "mean_ab"),
        (rule("2 noise"), "--noise"),
    ],
)
def test_a_policy_that_cannot_judge_is_told_before_anything_is_measured(versions: Path, wrong: str, said: str):
    """A measurement may take hours: what is wrong with the policy is known before."""
    policy(wrong)
    before = sorted(Path().rglob("*"))
    assert said in refused(2, "gate", "--reference", "reference.h5", "louder.pt", *POLICY)
    if "noise" not in wrong:
        assert said in refused(2, "gate", "--self-check", "same.pt", "--reference", "reference.h5", *POLICY)
    if "ordre" in wrong:
        assert said in refused(2, "gate", "--self-check", "same.pt", *POLICY, "-d", "csv:rows.csv")
    assert sorted(Path().rglob("*")) == before


def test_47_identical_copies_have_no_nan(versions: Path):
    Path("copy.h5").write_bytes(Path("reference.h5").read_bytes())
    document = verdict_of(interact(*GATE, "copy.h5", *POLICY, "--json"))

    assert document["exit_code"] == 0
    for judged in document["rules"]:
        for decision in judged["decisions"]:
            assert decision["difference"]["low"] == decision["difference"]["high"] == 0


def plant(name: str, path: str, value: float, where: Any = ...) -> None:
    with h5py.File(name, "r+") as file:
        values = file[path][()]
        values[where] = value
        file[path][...] = values


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", ["reference.h5", "same.h5"])
@pytest.mark.parametrize("path", ["summary/mean_abs", "per_sample/values", "per_sample/absolute"])
def test_43_what_is_not_finite_never_passes(versions: Path, value: float, side: str, path: str):
    plant(side, f"metrics/multi-order/{path}", value, (0, 2, 1) if path.endswith("values") else 1)
    ran = interact(*GATE, "same.h5", *POLICY, "--on-inconclusive", "pass", "--json")

    assert ran.code == 3, ran
    assert "multi-order" in ran.out
    assert "NaN" not in ran.out


@pytest.mark.parametrize("level", ["warn", "off"])
def test_43_nor_does_it_under_a_rule_that_only_warns(versions: Path, level: str):
    policy(rule("10%", level=level) + "  - {metric: shapley, quantity: mean_abs, must_not: change, margin: 1e6}\n")
    plant("same.h5", "metrics/multi-order/summary/mean_abs", np.nan, 1)
    ran = interact(*GATE, "same.h5", *POLICY)

    assert ran.code == (3 if level == "warn" else 0), ran
    assert ("multi-order: summary/mean_abs" in ran.out) == (level == "warn")


def test_43_a_negative_strength_never_passes(versions: Path):
    plant("same.h5", "metrics/multi-order/summary/mean_abs", -0.5)
    assert interact(*GATE, "same.h5", *POLICY).code == 3


def test_43_permuted_samples_are_paired_by_name(versions: Path):
    ids = ic.read_report("reference.h5").samples.ids
    Path("ids.txt").write_text("".join(f"{name}\n" for name in reversed(ids)))
    done("measure", "same.pt", *LIKE, "-m", "multi-order", "-m", "shapley", "--samples", "ids.txt", "-o", "turned.h5")
    assert ic.read_report("turned.h5").samples.ids == ids[::-1]
    ran = interact(*GATE, "turned.h5", *POLICY, "--json")

    assert ran.code == 0, ran
    assert verdict_of(ran)["comparison"]["pairing"]["n_samples"] == both_correct("reference").sum()


@pytest.mark.parametrize("count", [1, 19])
def test_43_too_few_samples_never_pass(versions: Path, count: int):
    for name in ("reference", "same"):
        done("measure", f"{name}.pt", *LIKE, "-m", "multi-order", "-n", count, "-o", f"few-{name}.h5")
    assert interact("gate", "few-reference.h5", "few-same.h5", *POLICY, "--json").code == 3


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("-b", "200"), "budget"),
        (("--seed", "1", "-b", "200"), "seed"),
        (("-s", "logit"), "score"),
        (("-n", "25"), "sample"),
        (("--baseline", "zero"), "baseline"),
        (("--pairs", "random:3"), "multi-order: pairs"),
        (("--contexts", "2"), "multi-order: contexts"),
    ],
)
def test_44_other_questions_are_not_comparable(versions: Path, flags: tuple[str, ...], said: str):
    done("measure", "same.pt", *LIKE, "-m", "multi-order", *flags, "-o", "other.h5")
    ran = interact(*GATE, "other.h5", *POLICY)
    line = refused(3, "compare", "reference.h5", "other.h5")

    assert ran.code == 3
    assert said in ran.out
    assert said in line


@pytest.mark.parametrize("estimator", ["reuse", "sampled"])
def test_other_estimators_are_compared_where_that_is_declared(versions: Path, estimator: str):
    asked = ("measure", "reference.pt", *LIKE, "-m", "shapley", "-b", "120", "--estimator")
    done(*asked, "surrogate", "-o", "a.h5")
    done(*asked, estimator, "-o", "b.h5")
    line = refused(3, "compare", "a.h5", "b.h5")
    assert "shapley: estimated (by a surrogate / by" in line
    assert line.endswith("may_differ: [estimator] in a policy, --may-differ estimator for compare.")
    shown = " ".join(done("compare", "a.h5", "b.h5", "--may-differ", "estimator").out.split())
    assert "Declared different: shapley: estimated (by a surrogate / by" in shown

    judged = rule("100", metric="shapley", quantity="mean_abs")
    policy(judged)
    assert "estimated" in interact("gate", "a.h5", "b.h5", *POLICY).out
    policy(f"may_differ: [estimator]\n{judged}")
    assert "Declared different: shapley: estimated" in done("gate", "a.h5", "b.h5", *POLICY).out


def test_49_a_quick_look_is_not_judged(versions: Path):
    for name in ("reference", "same"):
        done("measure", f"{name}.pt", *LIKE, "-m", "multi-order", "--limit", "25", "-o", f"quick-{name}.h5")
    quick = ("gate", "quick-reference.h5", "quick-same.h5", *POLICY)

    ran = interact(*quick)
    assert ran.code == 3
    assert "limit" in ran.out
    kept = both_correct("quick-reference", "quick-same").sum()
    assert interact(*quick, "--allow-partial").code == (0 if kept >= 20 else 3)


def test_missing_and_damaged_reports_are_4(versions: Path):
    Path("empty.h5").touch()
    Path("text.h5").write_text("hello")
    Path("cut.h5").write_bytes(Path("reference.h5").read_bytes()[:5000])
    for name in ("absent.h5", "empty.h5", "text.h5", "cut.h5", "."):
        assert "error: " in refused(4, *GATE, name, *POLICY)
        assert "error: " in refused(4, "compare", name, "reference.h5")


def test_outputs_agree_with_each_other(versions: Path):
    files = ("-o", "gate.md", "-o", "gate.xml", "-o", "gate.json", "-o", "gate.png")
    ran = interact(*GATE, "louder.h5", *POLICY, *files)

    assert ran.code == 1
    assert json.loads(Path("gate.json").read_text())["exit_code"] == 1
    suite = ElementTree.parse("gate.xml").getroot()
    (found,) = [suite] if suite.tag == "testsuite" else list(suite)
    assert (found.get("failures"), found.get("errors"), found.get("tests")) == ("1", "0", "1")
    assert "FAIL" in Path("gate.md").read_text()
    assert Path("gate.png").read_bytes().startswith(b"\x89PNG")
    assert interact(*GATE, "louder.h5", *POLICY, "--md").out == Path("gate.md").read_text()
    assert interact(*GATE, "louder.h5", *POLICY, "--json").out == Path("gate.json").read_text()


def test_outputs_never_replace_an_input(versions: Path):
    before = {name: Path(name).read_bytes() for name in ("reference.h5", "policy.yaml")}
    os.link("policy.yaml", "alias.md")
    refused(2, *GATE, "same.h5", *POLICY, "-o", "alias.md")
    refused(2, *GATE, "same.h5", *POLICY, "-o", "reference.h5")
    refused(2, *GATE, "same.h5", *POLICY, "-o", "absent/gate.json")
    refused(2, *GATE, "same.h5", *POLICY, "--json", "--md")
    refused(2, "compare", "reference.h5", "same.h5", "-o", "gate.xml")

    assert {name: Path(name).read_bytes() for name in before} == before


def test_a_checkpoint_is_measured_as_the_reference_was(versions: Path):
    ran = interact("gate", "--reference", "reference.h5", "louder.pt", *NAMED, *POLICY, "--measured", "new.h5")

    assert ran.code == 1, ran
    reference, candidate = ic.read_report("reference.h5"), ic.read_report("new.h5")
    assert candidate.samples.ids == reference.samples.ids
    assert candidate.provenance["plan_hash"] == reference.provenance["plan_hash"]
    assert [m.metric for m in candidate.measurements] == [m.metric for m in reference.measurements]
    assert interact("gate", "--reference", "reference.h5", "same.pt", *NAMED, *POLICY).code == 0


@pytest.mark.parametrize("call", [("same.pt", *POLICY), ("--self-check", "reference.pt")], ids=["gate", "self-check"])
def test_a_reference_chooses_neither_data_nor_code(versions: Path, call: tuple[str, ...]):
    """Whoever made the report made these choices; a folder is as good as the name of the data."""
    measuring = ("gate", "--reference", "reference.h5", *call)
    code, place = NAMED[2:], Path("elsewhere")
    before = sorted(Path().rglob("*"))
    assert "Pass --dataset csv:PATH, or its folder with --data-root DIR" in refused(2, *measuring, *code)
    assert "--arch py:network.py:make" in refused(2, *measuring, *DATA)
    assert "data set 'csv:table.csv', wherever it lies" in refused(2, *measuring, *code, "-d", "csv:other.csv")
    assert sorted(Path().rglob("*")) == before
    place.mkdir()
    shutil.move("table.csv", place / "table.csv")
    assert "nothing there" in refused(4, *measuring, *code, "--data-root", ".")
    assert interact(*measuring, *code, "--data-root", place).code == 0
    assert interact(*measuring, *code, "-d", f"csv:{place / 'table.csv'}").code == 0


def test_a_candidate_that_cannot_be_measured(versions: Path):
    Path("broken.pt").write_bytes(b"no checkpoint")

    refused(4, "gate", "--reference", "reference.h5", "broken.pt", *NAMED, *POLICY)
    refused(4, "gate", "--reference", "reference.h5", "absent.pt", *NAMED, *POLICY)
    refused(4, "gate", "--reference", "absent.h5", "same.pt", *NAMED, *POLICY)


def test_the_four_calls_are_told_apart(versions: Path):
    assert "--reference" in refused(2, "gate", "reference.h5", *POLICY)
    refused(2, "gate")
    refused(2, "gate", "--self-check", "--init", "reference.h5")
    refused(2, "gate", "--init", "reference.h5", "same.h5")
    refused(2, "gate", "--reference", "reference.h5", "same.pt", "louder.pt", *POLICY)
    assert "--device" in refused(2, *GATE, "same.h5", *POLICY, "--device", "cpu")
    assert "--set" in refused(2, "gate", "-r", "reference.h5", "same.pt", *POLICY, "--set", "plan.budget=9")


@pytest.mark.parametrize("flags", [(), ("--json",), ("--md",)])
def test_a_reader_that_leaves_changes_no_verdict(versions: Path, flags: tuple[str, ...]):
    """``interact gate ... | head -1`` under pipefail: a FAIL that nobody reads to its end is a FAIL."""
    policy(rule("0.1%"))
    reader, writer = os.pipe()
    os.close(reader)
    call = command(*GATE, "louder.h5", *POLICY, *flags)
    ran = subprocess.run(call, env=environment(), stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
def test_a_verdict_that_finds_no_space_is_5(versions: Path):
    policy(rule("0.1%"))
    with Path("/dev/full").open("w") as full:
        call = command(*GATE, "louder.h5", *POLICY)
        ran = subprocess.run(call, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert ran.returncode == 5
    assert ran.stderr.count("\n") == 1
    assert "No space left on device. Free some space" in ran.stderr


def test_a_network_whose_pipe_breaks_is_no_pass(versions: Path):
    """Only a reader of stdout that left ends a command well; any other broken pipe is a failure."""
    policy(rule("10%"))
    Path("broken.py").write_text(
        Path("network.py").read_text()
        + """

class Broken(Table):
    def forward(self, x):
        if x.any():  # not while its shapes are looked at
            raise BrokenPipeError(32, "Broken pipe")
        return super().forward(x)


def broken():
    return Broken(3)
"""
    )
    arch = ("--arch", "py:broken.py:broken")
    ran = interact("gate", "--reference", "reference.h5", "same.pt", *DATA, *arch, *POLICY)

    assert ran.code == 70, ran
    assert "internal error, BrokenPipeError" in ran.err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk that is always full")
@pytest.mark.parametrize(
    ("code", "call"),
    [
        (2, ("gate", "reference.h5", "same.h5")),
        (2, ("gate", "--no-such-flag")),
        (4, ("gate", "absent.h5", "same.h5", *POLICY)),
    ],
    ids=["refused", "not parsed", "no file"],
)
@pytest.mark.parametrize("how", ["full", "closed"])
def test_a_refusal_that_nobody_can_be_told_keeps_its_code(versions: Path, code: int, call: tuple[str, ...], how: str):
    policy(rule("10%"))
    shell = 'exec "$@" 2>/dev/full' if how == "full" else 'exec "$@" 2>&-'
    told = ["sh", "-c", shell, "sh", *command(*call)]
    ran = subprocess.run(told, env=environment(), stdout=subprocess.PIPE, text=True, check=False)

    assert (ran.returncode, ran.stdout) == (code, "")


@pytest.mark.parametrize(
    ("call", "unread"),
    [
        (("--init", "reference.h5", "-o", "other.yaml"), "--output"),
        (("--init", "reference.h5", "-p", "other.yaml", "--margin", "3%", "--json"), "--margin, --json"),
        (("--init", "reference.h5", "-p", "other.yaml", "--allow-partial"), "--allow-partial"),
        (("--self-check", "same.pt", "--margin", "3%", "--on-inconclusive", "pass"), "--margin, --on-inconclusive"),
        (("--self-check", "same.pt", *POLICY, "--noise", "same.h5"), "--noise"),
        (("reference.h5", "same.h5", *POLICY, "--force"), "--force"),
    ],
    ids=lambda given: given if isinstance(given, str) else None,
)
def test_a_flag_that_would_not_be_read_is_refused(versions: Path, call: tuple[str, ...], unread: str):
    policy(rule("10%"))
    before = sorted(Path().iterdir())
    assert f"{unread} would not be read" in refused(2, "gate", *call)
    assert sorted(Path().iterdir()) == before


def test_a_first_policy_goes_where_a_policy_can(versions: Path):
    assert "--policy FILE with one of .yaml, .yml" in refused(2, "gate", "--init", "reference.h5", "-p", "policy.txt")
    Path("folder.yaml").mkdir()
    assert "is a folder" in refused(2, "gate", "--init", "reference.h5", "-p", "folder.yaml")


def test_self_check_shows_the_noise_of_the_plan(versions: Path):
    sampled = ("-m", "multi-order", "-b", "200")
    done("measure", "reference.pt", *LIKE, *sampled, "-o", "sampled.h5")
    policy(rule("0.0001", "change"))
    check = ("gate", "--self-check", "reference.pt", "--reference", "sampled.h5", *NAMED, *POLICY, "--json")
    ran = interact(*check)
    checked = verdict_of(ran)

    words = [d["word"] for d in checked["rules"][0]["decisions"]]
    assert ran.code == (3 if "FAIL" in words else 0), "what noise leaves open is no mistake"
    assert checked["comparison"]["pairing"]["n_samples"] == both_correct("reference").sum()
    noise = [d["noise"] for d in checked["rules"][0]["decisions"]]
    ends = [max(abs(d["difference"]["low"]), abs(d["difference"]["high"])) for d in checked["rules"][0]["decisions"]]
    assert max(noise) > 0
    assert all(n >= end for n, end in zip(noise, ends, strict=True)), "95 % reaches at least as far as 90 %"
    assert any("noise" in remark for remark in checked["rules"][0]["remarks"])
    policy(rule("1000", "change"))
    wide = verdict_of(interact(*check))
    assert not any("noise" in remark for remark in wide["rules"][0]["remarks"])


def test_self_check_of_a_checkpoint_alone(versions: Path, monkeypatch: pytest.MonkeyPatch):
    """No report, no policy: the defaults of `measure` for the checkpoint, twice."""
    monkeypatch.setenv("INTERACT_PLAN__BUDGET", "200")
    monkeypatch.setenv("INTERACT_DATA__N_SAMPLES", "20")
    monkeypatch.setenv("INTERACT_PLAYERS", "grid:4x4")
    ran = interact("gate", "--self-check", "ckpt.pt", "--samples", "all", "--json")
    assert ran.code == 2, "a gate has no such flag"
    found = verdict_of(done("gate", "--self-check", "ckpt.pt", "--json"))
    first, second = (ic.read_report(found[side]["path"]) for side in ("reference", "candidate"))

    assert first.samples.ids == second.samples.ids
    assert [report.config["plan"]["seed"] for report in (first, second)] == [0, 1]
    assert first.provenance["plan_hash"] != second.provenance["plan_hash"]
    assert {row["metric"] for row in found["differences"]} == {"accuracy", "multi-order"}


def test_self_check_without_rules_says_the_noise_in_numbers(versions: Path):
    done("measure", "reference.pt", *LIKE, "-m", "multi-order", "-b", "200", "-o", "sampled.h5")
    found = verdict_of(done("gate", "--self-check", "reference.pt", "-r", "sampled.h5", *NAMED, "--json"))
    rows = [row for row in found["differences"] if (row["metric"], row["quantity"]) == ("multi-order", "mean_abs")]
    farthest = max(max(abs(row["low"]), abs(row["high"])) for row in rows)

    assert farthest > 0
    assert any(f"A/A noise of multi-order mean_abs: at most {farthest:.3g} log-odds" in one for one in found["remarks"])


def test_self_check_without_rules_is_a_comparison(versions: Path):
    check = ("gate", "--self-check", "reference.pt", "--reference", "reference.h5", *NAMED)
    assert "one of .json, .md, .png" in refused(2, *check, "-o", "noise.xml")
    ran = interact(*check, "-o", "noise.md", "-o", "noise.png", "--md")

    assert ran.code == 0, ran
    assert Path("noise.md").read_text() == ran.out
    assert Path("noise.png").read_bytes().startswith(b"\x89PNG")


def test_self_check_of_an_exact_plan_has_no_noise(versions: Path):
    ran = interact("gate", "--self-check", "reference.pt", "--reference", "reference.h5", *NAMED, *POLICY, "--json")

    assert ran.code == 0, ran
    assert all(d["noise"] == 0 for d in verdict_of(ran)["rules"][0]["decisions"])


def test_self_check_of_what_cannot_be_judged_is_3(versions: Path):
    check = ("gate", "--self-check", "reference.pt", "--reference", "reference.h5", *NAMED, *POLICY, "--json")
    policy(rule("10%").replace("multi-order", "bottleneck"))
    missing = interact(*check)
    policy(rule("10%", level="off"))

    assert missing.code == 3, "the metric was not measured"
    assert verdict_of(missing)["exit_code"] == 3
    assert interact(*check).code == 3, "nothing is asserted"


def test_the_noise_is_read_before_anything_is_measured_and_never_overwritten(versions: Path):
    policy("noise: same.h5\n" + rule("0.5 noise"))
    call = ("gate", "--reference", "reference.h5", "louder.pt", *NAMED, *POLICY)
    before = Path("same.h5").read_bytes()

    assert "absent.h5" in refused(4, *call, "--noise", "absent.h5", "--measured", "new.h5")
    assert not list(Path().glob("new.h5*"))
    assert "one of the inputs" in interact(*call, "--measured", "same.h5", "--force").err
    assert Path("same.h5").read_bytes() == before
    assert "one of the inputs" in refused(2, *call, "--measured", "new.json", "-o", "new.json")


def test_margins_in_noise_need_the_noise(versions: Path):
    done("measure", "reference.pt", *LIKE, "-m", "multi-order", "-b", "200", "-o", "sampled.h5")
    done("measure", "louder.pt", *LIKE, "-m", "multi-order", "-b", "200", "-o", "loud.h5")
    policy(rule("0.1 noise"))
    assert "noise" in refused(2, "gate", "sampled.h5", "loud.h5", *POLICY)
    check = ("gate", "--self-check", "reference.pt", "-r", "sampled.h5", *NAMED)
    checked = interact(*check, "--measured", "noise.h5", "--json")
    assert checked.code == 0, checked
    assert interact("gate", "sampled.h5", "loud.h5", *POLICY, "--noise", "noise.h5").code == 1
    policy("noise: noise.h5\n" + rule("0.1 noise"))
    assert interact("gate", "sampled.h5", "loud.h5", *POLICY).code == 1
    policy("noise: loud.h5\n" + rule("0.1 noise"))
    assert interact("gate", "sampled.h5", "loud.h5", *POLICY).code == 3, "noise of another checkpoint"
    Path("rules").mkdir()
    Path("policy.yaml").write_text(rule("5"))
    shutil.move("policy.yaml", "rules/policy.yaml")
    checked = interact(*check, "-p", "rules/policy.yaml")
    (line,) = [line for line in checked.err.splitlines() if "noise: " in line]
    Path("rules/policy.yaml").write_text(line[line.index("noise: ") :] + "\n" + rule("0.1 noise"))
    assert interact("gate", "sampled.h5", "loud.h5", "-p", "rules/policy.yaml").code == 1, line


WATCH = f"""
import sys
sys.argv[0] = "interact"
try:
    from interact_cli.cli.app import main
    main()
except SystemExit as end:
    code = end.code
print("loaded:", *[name for name in {FORBIDDEN!r} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize("call", [("compare", "reference.h5", "louder.h5"), (*GATE, "louder.h5", *POLICY)])
def test_two_reports_need_no_network_library(versions: Path, call: tuple[str, ...]):
    ran = subprocess.run(
        [sys.executable, "-c", WATCH, *call],
        cwd=versions,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode in (0, 1), ran.stderr
    assert ran.stderr.splitlines()[-1].strip() == "loaded:", ran.stderr


def test_an_internal_error_is_70_and_not_a_regression(versions: Path, monkeypatch: pytest.MonkeyPatch):
    from interact_cli.gates import judging

    def broken(*_arguments: Any, **_options: Any) -> None:
        token = os.environ["HF_TOKEN"]
        raise ZeroDivisionError(f"at {len(token)}")

    monkeypatch.setenv("HF_TOKEN", "hf_secret_of_the_environment")
    monkeypatch.setattr(judging, "judge", broken)
    ran = interact(*GATE, "same.h5", *POLICY)

    assert ran.code == 70
    assert "hf_secret" not in ran.err + ran.out
    assert "Traceback" not in ran.err


def test_62_no_token_reaches_the_reports(versions: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HF_TOKEN", "hf_secret_of_the_environment")
    outputs = ("--measured", "new.h5", "-o", "gate.json", "-o", "g.md")
    ran = interact("gate", "-r", "reference.h5", "louder.pt", *NAMED, *POLICY, *outputs)

    assert ran.code == 1
    for path in ("new.h5", "gate.json", "g.md"):
        assert b"hf_secret" not in Path(path).read_bytes()
    assert "hf_secret" not in ran.out + ran.err


def test_61_names_cannot_speak_to_the_runner(versions: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    name = "::error::%0Afake ##[error]x [red] .h5"
    Path(name).write_bytes(Path("louder.h5").read_bytes())
    policy(rule("10%", name="'a%0A::error::b ##[error]c, d: e'"))
    ran = interact(*GATE, name, *POLICY, "-o", "gate.md", "-o", "gate.json")

    assert ran.code == 1
    lines = [line for line in (ran.out + ran.err).splitlines() if line.lstrip().startswith("::") or "##[" in line]
    assert len(lines) == 1, lines
    assert lines[0].startswith("::error")
    assert "%250A" in lines[0]
    for form in ("--json", "--md"):
        out = interact(*GATE, name, *POLICY, form).out
        assert not [line for line in out.splitlines() if line.lstrip().startswith("::") or "##[" in line]
    bad = "::set-output name=a::b"
    assert not [line for line in interact(*GATE, bad, *POLICY).err.splitlines() if line.lstrip().startswith("::")]


@pytest.mark.parametrize("service", [("GITHUB_ACTIONS", "true"), ("TF_BUILD", "True")], ids=["GitHub", "Azure"])
def test_61_a_measuring_gate_speaks_no_command(versions: Path, monkeypatch: pytest.MonkeyPatch, service: Any):
    """Progress, the place of a file, an error, and a traceback name files."""
    monkeypatch.setenv(*service)
    name = "::error::x ##[group]y ##vso[task.complete]z"
    shutil.copy("louder.pt", f"{name}.pt")
    said = [
        interact("gate", "--reference", "reference.h5", f"{name}.pt", *NAMED, *POLICY, "--measured", f"{name}.h5"),
        interact("gate", "--init", "reference.h5", "-p", f"{name}.yaml"),
        interact("--debug", *GATE, f"{name}.absent", *POLICY),
    ]

    assert [ran.code for ran in said] == [1, 0, 4]
    assert "Traceback" in said[-1].err
    commands = [line for ran in said for line in (ran.out + ran.err).splitlines() if re.search(r"^\s*::|##\w*\[", line)]
    annotations = [line for line in commands if line.startswith("::error title=interact gate%3A FAIL::")]
    assert commands == annotations
    assert len(annotations) == (service[0] == "GITHUB_ACTIONS")
    assert all(name not in line for line in annotations)


def test_passing_annotates_nothing(versions: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    ran = interact(*GATE, "same.h5", *POLICY)

    assert ran.code == 0
    assert "::" not in ran.err


def test_an_interrupted_measurement_is_no_verdict(versions: Path):
    def hears_interrupts() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    call = ("gate", "--reference", "reference.h5", "louder.pt", *NAMED, *POLICY, "--measured", "new.h5")
    units = versions / "new.h5.partial" / "units"
    killed = subprocess.Popen(
        command(*call), cwd=versions, env=environment(PAUSE_PER_BATCH="0.02"), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True, preexec_fn=hears_interrupts,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while not list(units.glob("*.npy")) and time.monotonic() < deadline and killed.poll() is None:
        time.sleep(0.02)
    killed.send_signal(signal.SIGINT)
    out, err = killed.communicate(timeout=60)

    assert killed.returncode == 130, err
    assert out == ""
    assert list(units.glob("*.npy"))
    assert interact(*call).code == 1


def test_a_network_that_answers_nan_is_5(versions: Path):
    save_version(versions, "reference")
    state = torch.load("reference.pt", weights_only=True)
    state["body.0.weight"][:] = 1e30
    state["body.2.weight"][:] = 1e30
    torch.save(state, "overflow.pt")

    refused(5, "gate", "--reference", "reference.h5", "overflow.pt", *NAMED, *POLICY)
