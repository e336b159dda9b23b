"""The report of a run: the same every time, readable by others, honest about what was done."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import xarray
from support.workbench import TABLE, done

import interact_cli as ic
from interact_cli.config.settings import deciding

RUN = ("measure", *TABLE, "-m", "shapley", "-m", "multi-order", "-m", "bottleneck", "-n", "20", "-b", "300")


def contents(path: str) -> dict[str, object]:
    """Every data set and attribute outside /provenance/run; references count as the names that they point to."""
    found: dict[str, object] = {}

    def told(value: object, file: h5py.File) -> object:
        if isinstance(value, np.ndarray) and value.dtype == object:
            return [told(entry, file) for entry in value]
        if isinstance(value, h5py.Reference):
            return file[value].name
        if isinstance(value, np.ndarray) and value.dtype.names:
            return [[told(entry, file) for entry in row] for row in value.tolist()]
        return value.tobytes() if isinstance(value, np.ndarray | np.generic) else value

    with h5py.File(path) as file:

        def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
            if name.startswith("provenance/run"):
                return
            found[name] = "group"
            if isinstance(item, h5py.Dataset):
                found[name] = (item.shape, str(item.dtype), np.asarray(item[()]).tobytes())
            found.update({f"{name}@{key}": told(value, file) for key, value in item.attrs.items()})

        file.visititems(visit)
        found.update({f"@{key}": told(value, file) for key, value in file.attrs.items()})
    return found


def test_two_identical_runs_give_identical_reports(desk: Path):
    done(*RUN, "-o", "a.h5")
    done(*RUN, "-o", "b.h5", "--force")
    one, other = contents("a.h5"), contents("b.h5")

    assert len(one) > 100
    assert one.keys() == other.keys()
    assert [name for name in one if one[name] != other[name]] == []
    assert ic.read_report("a.h5").run["argv"] != []


def test_xarray_opens_the_report(desk: Path):
    done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    tree = xarray.open_datatree("a.h5", engine="h5netcdf")

    summary = tree["metrics/bottleneck/summary"]
    quantity = report.measurement("bottleneck").quantity("J_mean_abs")
    assert summary["J_mean_abs"].dims == quantity.dims == ("order",)
    np.testing.assert_array_equal(summary["J_mean_abs"].values, quantity.values)
    values = tree["metrics/shapley/per_sample"]["values"]
    assert values.dims == ("sample", "player")
    assert values.shape == (20, 8)
    assert not any("phony" in str(dim) for node in tree.subtree for dim in node.dims)
    tree.close()


def test_provenance_says_what_decided_the_numbers(desk: Path):
    done(*RUN, "-o", "a.h5")
    report = ic.read_report("a.h5")
    held = report.provenance

    assert held["checkpoint"]["sha256"] == hashlib.sha256(Path("table.pt").read_bytes()).hexdigest()
    assert held["arch"] == "py:network.py:make"
    assert held["dtype"] == "float32, TF32 off"
    assert held["data"]["n_total"] == 30
    assert len(held["baseline"]["values"]) == 8
    assert {"torch", "numpy", "timm", "interact-cli", "python"} <= held["versions"].keys()
    assert report.config["plan"]["budget"] == 300
    assert report.config["score"] == "log-odds"


def names(tree: Mapping[str, Any], above: str = "") -> Iterator[str]:
    for name, value in tree.items():
        yield f"{above}{name}"
        if isinstance(value, Mapping):
            yield from names(value, f"{above}{name}.")


def test_places_are_told_beside_the_settings(desk: Path):
    """A report's settings can be asked again anywhere; where things lay is for readers alone."""
    Path("ids.txt").write_text("csv/table.csv/7\n")
    done("measure", *TABLE, "-m", "shapley", "--data-root", ".", "--samples", "ids.txt", "--force", "-o", "a.h5")
    report = ic.read_report("a.h5")

    assert not {*names(report.config)} & {*deciding("place"), "training"}
    assert report.config["data"]["name"] == "csv:table.csv"
    assert {*report.run["places"]} == {"data.name", *deciding("place")}
    assert report.run["places"]["data.samples"] == "~/desk/ids.txt"
    assert report.run["places"]["run.force"] is True


def test_options_stand_with_their_metrics_and_only_where_they_are_not_the_default(desk: Path):
    asked = ("-m", "multi-order", "-m", "shapley", "-m", "bottleneck:pairs=random:3", "--contexts", "4")
    done("measure", *TABLE, *asked, "-n", "2", "-o", "a.h5")
    report = ic.read_report("a.h5")

    options = {"multi-order": {"contexts": 4}, "bottleneck": {"pairs": "random:3", "contexts": 4}}
    assert report.config["metrics"] == [{"multi-order": options["multi-order"]}, "shapley",
                                        {"bottleneck": options["bottleneck"]}]  # fmt: skip
    assert report.config["plan"] == {"budget": 4000, "seed": 0, "instability": None, "protocol": None}
    done("measure", *TABLE, *asked[:-2], "--pairs", "auto", "-n", "2", "-o", "b.h5")
    assert ic.read_report("b.h5").config["metrics"] == ["multi-order", "shapley", {"bottleneck": {"pairs": "random:3"}}]


def test_the_identity_tells_records_their_rounding_and_the_question(desk: Path):
    done("measure", *TABLE, "-m", "multi-order:pairs=random:3", "-n", "2", "--batch-size", "16", "-o", "a.h5")
    held = ic.read_report("a.h5").provenance["identity"]

    assert set(held) == {"records", "rounding", "question"}
    assert {"checkpoint", "code", "data", "samples", "players", "span", "limit", "protocol"} <= set(held["records"])
    assert held["rounding"]["batch rows"] == 16
    assert {"device", "threads", "way", "torch"} <= set(held["rounding"])
    assert not set(held["rounding"]) & set(held["records"])
    assert set(deciding("question")) <= set(held["question"])
    assert held["question"]["metrics"] == [["multi-order", 2, {"pairs": "random:3"}]]
    assert (held["question"]["plan.budget"], held["question"]["data.only"]) == (4000, "all")
    done("measure", *TABLE, "-m", "multi-order:pairs=random:3", "-n", "2", "--batch-size", "32", "-o", "b.h5")
    other = ic.read_report("b.h5").provenance["identity"]
    assert other == {**held, "rounding": {**held["rounding"], "batch rows": 32}}


def test_home_is_redacted(desk: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(desk))
    done("measure", desk / "table.pt", *TABLE[1:], "-m", "shapley", "-n", "2", "-o", "a.h5")

    report = ic.read_report("a.h5")
    assert report.run["places"]["checkpoint"] == "~/table.pt"
    assert str(desk) not in repr(report.run) + repr(report.provenance)


def test_no_interval_below_twenty_samples(desk: Path):
    done("measure", *TABLE, "-m", "shapley", "-n", "19", "-o", "a.h5")
    done("measure", *TABLE, "-m", "shapley", "-n", "20", "-o", "b.h5")

    assert ic.read_report("a.h5").measurement("shapley").quantity("mean").low is None
    mean = ic.read_report("b.h5").measurement("shapley").quantity("mean")
    assert (mean.low < mean.values).all()
    assert (mean.values < mean.high).all()


def test_order_components_of_a_protocol_are_shown(desk: Path):
    """zhang2021-dropout: the strength of contexts in five ranges of the keep rate, each with its error."""
    told = done("measure", *TABLE, "--protocol", "zhang2021-dropout", "-m", "strength", "-n", "2", "-o", "a.h5")
    component = ic.read_report("a.h5").measurement("strength").quantity("component_mean_abs")
    assert component.dims == ("keep_rate",)
    assert np.isfinite(component.values).all()
    assert "By keep rate of the contexts" in told.out
    for rate in ("0.1", "0.3", "0.5", "0.7", "0.9"):
        assert f"\n    {rate}" in told.out or f" {rate} " in told.out
