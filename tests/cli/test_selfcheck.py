"""`interact selfcheck`: what it prints, and that a broken index is not missed."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from functools import partial

import pytest
from rich.console import Console
from support.workbench import done, interact

from interact_cli.cli.selfcheck import checked
from interact_cli.interactions import indices
from interact_cli.report.terminal.pen import Page
from interact_cli.selfcheck import closed_forms, identity, run
from interact_cli.selfcheck.checks import Accuracy, Agreement


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "QUICK", (20, 5))
    monkeypatch.setattr(run, "IDENTITIES", run.IDENTITIES[:8])
    monkeypatch.setattr(identity, "SIZES", (6,))
    monkeypatch.setattr(closed_forms, "N_PLAYERS", (6,))


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    good = indices.INDICES["shapley"]
    assert good.exact is not None
    exact = good.exact
    monkeypatch.setitem(indices.INDICES, "shapley", replace(good, exact=lambda table: exact(table) * 1.001))


def test_table(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "120")
    ran = done("selfcheck", "--quick")

    for words in ("addition-multiplication", "and-or", "exponential", "published", "95 % interval", "0.846", "parity"):
        assert words in ran.out
    last = ran.out.rstrip().splitlines()[-1]
    assert last.startswith("All ")
    assert "checks passed in" in last
    assert "FAILED" not in ran.out
    assert "models" in ran.err


def test_json():
    document = json.loads(done("selfcheck", "--quick", "--json").out)

    assert document["failed"] == 0
    assert document["passed"] == len(document["checks"])
    assert {check["section"] for check in document["checks"]} == {"accuracy", "identities", "closed forms"}
    enumerated = next(check for check in document["checks"] if check["name"] == "and-or, B_max, enumerated")
    assert enumerated["accuracy"] == 1.0
    assert enumerated["interval"][1] == 1.0
    assert enumerated["published"] == 0.999
    assert enumerated["models"] == 20


def test_a_broken_index_fails_with_3(broken: None):
    ran = interact("selfcheck", "--quick")

    assert ran.code == 3
    assert "FAILED efficiency: sum_i phi(i) = v(N) - v(0)" in ran.out
    assert "checks failed" in ran.out.rstrip().splitlines()[-1]


def test_a_broken_index_fails_in_json_too(broken: None):
    ran = interact("selfcheck", "--quick", "--json")

    assert ran.code == 3
    document = json.loads(ran.out)
    failed = {check["name"] for check in document["checks"] if not check["passed"]}
    assert {"efficiency", "Shapley weights", "unanimity, shapley"} <= failed
    assert document["failed"] == len(failed)


def rendered(width: int, encoding: str) -> str:
    checks = [
        Accuracy("and-or, m", "a", "s", "and-or", "method", 20, 50, 49, 1.0, (1.0, 1.0), 0.999, "a note – here"),
        Agreement("name", "left = right", "paper", "identities", 3e-15),
        Agreement("unanimity, shapley", "as derived", "paper", "closed forms", float("nan")),
        Agreement("unanimity, banzhaf", "as derived", "paper", "closed forms", 0.0),
    ]
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    Console(file=stream, width=width).print(Page(partial(checked, checks, 1.0)))
    stream.seek(0)
    return stream.read()


@pytest.mark.parametrize("width", [30, 50, 80, 200])
@pytest.mark.parametrize("encoding", ["ascii", "utf-8"])
def test_it_reads_at_any_width_and_in_any_encoding(width: int, encoding: str):
    out = rendered(width, encoding)

    assert max(map(len, out.splitlines())) <= width
    words = " ".join(out.split())
    for text in ("method", "0.9800", "a note", "left = right", "3e-15", "2 of 4 checks failed, 2 passed, in 1 s."):
        assert text in words
    assert out.count("FAILED") >= 4


def test_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "40")
    ran = done("--quiet", "selfcheck", "--quick")

    assert max(map(len, ran.out.splitlines())) <= 40
    assert "exponential" in ran.out
    assert "linearity" in ran.out
    assert ran.err == ""
