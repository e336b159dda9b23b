"""The report of a run: the same every time, readable by others, honest about what was done."""

from __future__ import annotations

import hashlib
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray
from support.workbench import TABLE, done

import interact_cli as ic

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
