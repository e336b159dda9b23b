"""Records of vectors and baselines of each sample's own go out and come back."""

from __future__ import annotations

import dataclasses
import json

import h5py
import numpy as np
import pytest
import xarray

from interact_cli.errors import ReportRefused, ShapeError
from interact_cli.report.export import to_json
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import Records, SampleRecords


def with_vectors(report, width, *, vectors=True):
    """The hand-built report with records of ``width`` numbers, another number of coalitions in each sample."""
    rng = np.random.default_rng(width)
    held = [
        SampleRecords(i, (), rng.integers(0, 256, (3 + i, 2), dtype=np.uint8), rng.normal(size=(3 + i, 1, width)))
        for i in range(3)
    ]
    return dataclasses.replace(report, records=Records(12, 1, width, held.__getitem__, 3, vectors))


def with_baseline(report, values):
    players = dataclasses.replace(report.players, baseline=np.asarray(values, np.float32), baseline_name="learned")
    return dataclasses.replace(report, players=players)


@pytest.mark.parametrize("width", [1, 4, 7, 3000])
def test_vectors_of_any_length_come_back(report, tmp_path, width):
    """Four numbers of a vector are no four numbers of a class or of a continuation."""
    made = with_vectors(report, width)
    write_report(made, tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5").records
    assert (got.total, got.slots, got.components, got.vectors) == (12, 1, width, True)
    for record, expected in zip(got, made.records, strict=True):
        assert record.classes == ()
        np.testing.assert_array_equal(record.values, expected.values)
        np.testing.assert_array_equal(record.coalitions, expected.coalitions)
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["records/values"].attrs["unit"] == "feature"
    with xarray.open_datatree(tmp_path / "r.h5", engine="h5netcdf") as tree:
        assert tree["records/values"].dims == ("evaluation", "slot", "component")


@pytest.mark.parametrize(("width", "unit"), [(1, "output"), (4, "nat")])
def test_other_records_are_no_vectors(report, tmp_path, width, unit):
    write_report(with_vectors(report, width, vectors=False), tmp_path / "r.h5")
    assert not read_report(tmp_path / "r.h5").records.vectors
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["records/values"].attrs["unit"] == unit


@pytest.mark.parametrize("shape", [(), (6,), (2, 1, 1), (1, 5), (2, 1, 3, 2)])
def test_a_baseline_of_each_sample_comes_back(report, tmp_path, shape):
    values = np.random.default_rng(0).normal(size=(3, *shape))
    made = with_baseline(report, values)
    write_report(made, tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5")
    assert got.players.own_baselines
    assert got.players.baseline.dtype == np.float32
    np.testing.assert_array_equal(got.players.baseline, made.players.baseline)
    with xarray.open_datatree(tmp_path / "r.h5", engine="h5netcdf") as tree:
        assert tree["players/baseline"].dims[0] == "sample"
        assert tree["players/baseline"].shape == (3, *shape)
    assert json.loads(to_json(got))["players"]["baseline_name"] == "learned"


def test_a_learned_baseline_of_texts_comes_back(make_text_report, tmp_path):
    values = np.random.default_rng(1).normal(size=(3, 1, 8)).astype(np.float32)
    write_report(make_text_report(baseline=values, baseline_name="learned"), tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5")
    assert not got.players.shared
    np.testing.assert_array_equal(got.players.baseline, values)


def test_a_shared_baseline_has_no_axis_of_samples(report, tmp_path):
    write_report(report, tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5").players
    assert not got.own_baselines
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["players/baseline"].attrs["dims"] == "baseline_channel baseline_y baseline_x"


@pytest.mark.parametrize("n_samples", [2, 4])
def test_baselines_of_other_samples_are_not_written(report, tmp_path, n_samples):
    with pytest.raises(ShapeError, match="sample"):
        write_report(with_baseline(report, np.zeros((n_samples, 2, 1, 1))), tmp_path / "r.h5")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("learned", [True, False])
def test_a_name_that_contradicts_the_axes_is_refused(report, tmp_path, learned):
    made = with_baseline(report, np.zeros((3, 2, 1, 1))) if learned else report
    write_report(made, tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "r+") as file:
        file["players"].attrs["baseline_name"] = "mean" if learned else "learned"
    with pytest.raises(ReportRefused, match="/players/baseline has shape"):
        read_report(tmp_path / "r.h5")


def test_a_file_of_schema_1_1_is_read(report, tmp_path):
    write_report(report, tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "r+") as file:
        assert file.attrs["schema_version"] == "1.4"
        file.attrs["schema_version"] = "1.1"
    got = read_report(tmp_path / "r.h5")
    assert got.notes == ()
    np.testing.assert_array_equal(got.players.baseline, report.players.baseline)
    assert got.records.components == 4
