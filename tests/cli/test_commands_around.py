"""Help, version, list, inspect, doctor: quick, light, and in the right stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.workbench import TABLE, Ran, command, done, environment, interact, refused

import interact_cli

HEAVY = ("torch", "torchvision", "timm", "transformers", "scipy", "h5py", "sklearn", "pandas", "matplotlib")
COMMANDS = (
    "measure",
    "bottleneck",
    "show",
    "plot",
    "inspect",
    "list",
    "validate",
    "doctor",
    "compare",
    "gate",
    "selfcheck",
)

WATCH = f"""
import sys
sys.argv[0] = "interact"
try:
    from interact_cli.cli.app import main
    main()
except SystemExit as end:
    code = end.code
print("loaded:", *[name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


def watched(*arguments: str, cwd: Path, **more: str) -> Ran:
    ran = subprocess.run(
        [sys.executable, "-c", WATCH, *arguments],
        cwd=cwd, env=environment(**more), capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Ran(ran.returncode, ran.stdout, ran.stderr)


@pytest.mark.parametrize(
    "arguments",
    [
        ("--help",),
        ("-h",),
        ("--version",),
        ("measure", "--help"),
        ("bottleneck", "-h"),
        ("show", "--help"),
        ("list", "metrics"),
        ("list", "archs"),
        ("validate", "absent.yaml"),
        ("measure", "--no-such-flag"),
    ],
    ids=" ".join,
)
def test_light_commands_import_nothing_heavy(tmp_path: Path, arguments: tuple[str, ...]):
    ran = watched(*arguments, cwd=tmp_path)

    assert ran.err.splitlines()[-1].strip() == "loaded:", ran.err


def test_completion_imports_nothing_heavy(tmp_path: Path):
    ran = watched(cwd=tmp_path, _INTERACT_COMPLETE="complete_bash", COMP_WORDS="interact me", COMP_CWORD="1")

    assert ran.out.split() == ["measure"]
    assert ran.err.splitlines()[-1].strip() == "loaded:", ran.err


def test_the_package_itself_imports_nothing_heavy(tmp_path: Path):
    code = f"import sys, interact_cli; print([n for n in {HEAVY!r} if n in sys.modules])"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"


def test_help_names_every_command_and_the_exit_codes(tmp_path: Path):
    ran = done("--help")

    for name in COMMANDS:
        assert f" {name} " in ran.out
    for code in ("0", "1", "2", "3", "4", "5", "70", "130", "143"):
        assert code in ran.out.partition("Exit codes")[2]
    assert ran.err == ""
    assert done("-h").out == ran.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str):
    ran = done(name, "--help")

    assert "Usage:" in ran.out
    assert done(name, "-h").out == ran.out


@pytest.mark.parametrize(("name", "known"), [("measure", True), ("bottleneck", True), ("gate", False), ("show", False)])
def test_options_of_metrics_are_flags_of_what_measures(name: str, known: bool, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "160")
    told = done(name, "--help").out

    for flag in ("--pairs", "--contexts", "--interaction-size", "--partitions", "--learned", "--drop-rate"):
        assert (f" {flag} " in told) == known, flag
    assert ("Sets of other players drawn for each pair (and order)" in told) == known
    assert (" --epochs " in told) == known


def test_version():
    assert done("--version").out == f"interact {interact_cli.__version__}\n"
    assert done("-V").err == ""


def test_no_arguments_shows_the_help():
    ran = interact()

    assert ran.code == 2
    assert "Usage:" in ran.out + ran.err


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("metrics", "multi-order"),
        ("archs", "timm"),
        ("datasets", "cifar10"),
        ("players", "grid"),
        ("scores", "log-odds"),
        ("protocols", "deng2022"),
    ],
)
def test_list(kind: str, name: str):
    ran = done("list", kind)
    rows = json.loads(done("list", kind, "--json").out)[kind]

    assert ran.err == ""
    assert any(line.split()[0] == name and "[interact-cli" in line for line in ran.out.splitlines() if line.split())
    assert name in [row["name"] for row in rows]
    assert all(row["origin"] and row["summary"] for row in rows)


def test_list_of_the_architectures_of_every_library():
    names = [row["name"] for row in json.loads(done("list", "archs", "resnet18", "--json").out)["archs"]]

    assert {"timm:resnet18", "torchvision:resnet18", "paper:resnet18"} <= set(names)
    assert all("resnet18" in name for name in names)


def test_list_of_something_else():
    ran = interact("list", "metric")

    assert ran.code == 2
    assert "metrics" in ran.err


def test_inspect(desk: Path):
    ran = done("inspect", "ckpt.pt")
    found = json.loads(done("inspect", "ckpt.pt", "--json").out)

    assert "resnetv2_18" in ran.out
    assert ran.err == ""
    assert found["digest"] in ran.out
    assert found["n_tensors"] == len(found["tensors"])


def test_inspect_of_a_table_network_names_no_architecture(desk: Path):
    assert "not named in the file" in done("inspect", "table.pt").out
    refused(4, "inspect", "absent.pt")


def test_doctor():
    ran = interact("doctor", "--json")
    found = json.loads(ran.out)

    assert found["versions"]["interact-cli"] == interact_cli.__version__
    assert found["devices"][0].startswith("cpu")
    assert ran.code == (5 if found["problems"] else 0)
    assert "torch" in interact("doctor").out


def test_quiet_leaves_only_the_result(desk: Path):
    few = ("measure", "ckpt.pt", "-m", "shapley", "-n", "20", "-b", "200")
    ran = done("--quiet", *few, "-o", "a.h5")

    assert ran.err == ""
    assert ran.out
    assert done("--no-color", *few, "--progress", "none", "-o", "b.h5").out == ran.out.replace("a.h5", "b.h5").replace(
        "a.png", "b.png"
    )


def test_no_colour_where_none_was_asked_for(desk: Path):
    done("measure", "ckpt.pt", "-m", "shapley", "-n", "2", "-b", "200", "-o", "a.h5")

    assert "\x1b" not in done("show", "a.h5").out


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_whoever_stops_reading_the_result_ends_the_command(desk: Path, flags: tuple[str, ...]):
    done("measure", *TABLE, "-m", "shapley", "-n", "2", "-o", "a.h5")
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        command("show", "a.h5", *flags), cwd=desk, env=environment(), stdout=writer, stderr=subprocess.PIPE, check=False
    )
    os.close(writer)

    assert ran.returncode == 0
    assert ran.stderr == b""


def test_a_network_of_your_own_waits_for_no_library_of_networks(desk: Path):
    """They take seconds to import."""
    ran = watched("measure", *TABLE, "-m", "shapley", "-n", "2", "-o", "a.h5", cwd=desk)
    loaded = ran.err.splitlines()[-1].split()
    assert loaded[0] == "loaded:", ran.err
    assert {"timm", "torchvision", "transformers"}.isdisjoint(loaded)
    assert (desk / "a.h5").is_file()


def test_work_goes_on_when_nobody_reads_the_progress(desk: Path):
    reader, writer = os.pipe()
    os.close(reader)
    run = ("measure", *TABLE, "-m", "shapley", "-n", "2", "-o", "a.h5")
    ran = subprocess.run(command(*run), cwd=desk, env=environment(), stdout=subprocess.PIPE, stderr=writer, check=False)
    os.close(writer)

    assert ran.returncode == 0
    assert b"shapley" in ran.stdout
    assert Path("a.h5").exists()


def test_internal_errors_are_code_70_with_one_line(desk: Path, monkeypatch: pytest.MonkeyPatch):
    import interact_cli.pipeline.run as module

    monkeypatch.setenv("HF_TOKEN", "secret-of-the-user")

    def fails(*_args):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(module, "of", fails)
    line = refused(70, "measure", "ckpt.pt", "-m", "shapley")

    assert "ZeroDivisionError" in line
    assert "--debug" in line
    told = interact("--debug", "measure", "ckpt.pt", "-m", "shapley")
    assert "Traceback" in told.err
    assert "secret-of-the-user" not in told.err


@pytest.mark.parametrize("arguments", [("--help",), ("measure", "--help"), ("--version",), ("list", "metrics")])
def test_a_reader_that_leaves_is_no_failure(tmp_path: Path, arguments: tuple[str, ...]):
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ran = subprocess.run(
            command(*arguments), cwd=tmp_path, env=environment(),
            stdout=writer, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    finally:
        os.close(writer)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_no_command_shows_the_help():
    ran = interact()

    assert ran.code == 2
    assert "measure" in ran.out
    assert "error" not in ran.err


def test_a_kind_that_only_plugins_bring_says_so():
    assert done("list", "surrogates").out == "No surrogates are installed; plugins bring them.\n"
    assert json.loads(done("list", "surrogates", "--json").out) == {"surrogates": []}
    line = refused(2, "measure", "ckpt.pt", "-m", "shapley", "--second-surrogate", "trees")
    assert line.startswith("error: Unknown surrogate 'trees'. None is installed; a plugin brings it.")
