"""Reports whose samples have their own players, or whose run has several games, go out and come back."""

from __future__ import annotations

import dataclasses
import json

import h5py
import numpy as np
import pytest
import xarray

from interact_cli.errors import ShapeError
from interact_cli.report.export import to_json
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import Records, SampleRecords


def same(got, expected):
    """Compare records field by field; what makes text safe may have escaped it."""
    if dataclasses.is_dataclass(expected):
        names = {field.name for field in dataclasses.fields(expected)} - {"read", "records", "path"}
        got, expected = ({name: getattr(one, name) for name in names} for one in (got, expected))
    if isinstance(expected, dict):
        assert got.keys() == expected.keys()
        got, expected = tuple(got[key] for key in expected), tuple(expected.values())
    if isinstance(expected, tuple):
        for one, other in zip(got, expected, strict=True):
            same(one, other)
    else:
        expected = expected.replace("\x1b", "\\x1b") if isinstance(expected, str) else expected
        np.testing.assert_array_equal(got, expected)
        assert getattr(got, "dtype", None) == getattr(expected, "dtype", None)


@pytest.fixture(params=["texts", "layers"])
def either(request):
    return request.getfixturevalue(request.param)


def test_words_and_games_come_back(either, tmp_path):
    write_report(either, tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5")
    same(got, either)
    for record, expected in zip(got.records, either.records, strict=True):
        same(record, expected)
    write_report(got, tmp_path / "again.h5")
    write_report(read_report(tmp_path / "again.h5"), tmp_path / "once-more.h5")
    assert (tmp_path / "once-more.h5").read_bytes() == (tmp_path / "again.h5").read_bytes()


@pytest.mark.parametrize("rank", range(5))
def test_owners_and_baselines_of_any_rank_come_back(report, tmp_path, rank):
    shape = (2, 1, 3, 2)[:rank]
    players = dataclasses.replace(
        report.players,
        owner=np.arange(np.prod(shape, dtype=int)).reshape(shape) % 9,
        baseline=np.full(shape, 0.5, np.float32),
        entry="output of layer3",
        spans=np.array([[0, 9], [2, 4], [0, 0]]),
    )
    write_report(dataclasses.replace(report, players=players), tmp_path / "r.h5")
    same(read_report(tmp_path / "r.h5").players, players)
    with xarray.open_datatree(tmp_path / "r.h5", engine="h5netcdf") as tree:
        assert tree["players/baseline"].shape == shape


def test_an_empty_word_and_samples_of_nine_words_come_back(make_text_report, tmp_path):
    words = (("a", ""), tuple("ninewords"), ("", "b", ""))
    owner = np.array([[0, 1, *[-1] * 7], list(range(9)), [0, 1, 2, *[-1] * 6]])
    held = [SampleRecords(i, (), np.full((2, 1 + (i == 1)), 3, np.uint8), np.ones((2, 1, 1))) for i in range(3)]
    made = make_text_report([], own_names=words, owner=owner)
    made = dataclasses.replace(made, records=Records(6, 1, 1, held.__getitem__, 3))
    write_report(made, tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5")
    assert got.players.own_names == words
    assert got.players.largest == 9
    # A coalition of two words is one byte, of nine words two; the file pads, the reader cuts.
    assert [record.coalitions.shape[1] for record in got.records] == [1, 2, 1]
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["records/coalitions"].shape == (6, 2)


def test_every_module_has_a_slot_and_a_group(layers, tmp_path):
    write_report(layers, tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5")
    assert got.records.read(2).values.shape == (4, 3, 1)
    assert got.records.read(2).classes == ()
    assert got.measurement("shapley@pool/er").of == "pool/er"
    assert got.measurement("shapley").of == "encoder.layer.0"
    with h5py.File(tmp_path / "r.h5") as file:
        assert "shapley@encoder.layer.1" in file["metrics"]
        assert file["metrics/shapley@pool%2Fer"].attrs["of"] == "pool/er"
        assert file["records/values"].attrs["unit"] == "output"


def test_log_probabilities_of_continuations_are_in_nats(texts, tmp_path):
    held = [SampleRecords(i, (), np.full((2, 1), 3, np.uint8), np.full((2, 1, 4), float(i))) for i in range(3)]
    write_report(dataclasses.replace(texts, records=Records(6, 1, 4, held.__getitem__, 3)), tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5")
    np.testing.assert_array_equal(got.records.read(1).values, held[1].values)
    with h5py.File(tmp_path / "r.h5") as file:
        assert file["records/values"].attrs["unit"] == "nat"


def test_xarray_opens_every_group_and_names_every_axis(either, tmp_path):
    write_report(either, tmp_path / "r.h5")
    groups = ["/"]
    with h5py.File(tmp_path / "r.h5") as file:
        file.visititems(lambda name, item: groups.append(name) if isinstance(item, h5py.Group) else None)
    for group in groups:
        with xarray.open_dataset(tmp_path / "r.h5", engine="h5netcdf", group=group) as opened:
            opened.load()
            assert not [dim for dim in opened.dims if "phony" in str(dim)], group
    with xarray.open_datatree(tmp_path / "r.h5", engine="h5netcdf") as tree:
        assert tree["players/name"].dims == ("sample", "player")
        assert tree["players/owner"].dims == ("sample", "owner_position")
        assert tree["players/name"].sel(sample="sst2/dev/0").values.tolist()[:5] == [
            "the",
            "film",
            "was",
            "not",
            "good",
        ]
        key = either.measurements[0].key
        assert tree[f"metrics/{key}/per_sample/values"].dims == ("sample", "player")
        orders = tree[f"metrics/{either.measurements[2].key}"]
        assert orders["summary/mean_abs"].sel(ratio=0.5).item() == 0.25
        assert orders["per_sample/values"].dims == ("sample", "order", "pair")


def test_files_of_schema_1_0_are_still_read(report, written):
    with h5py.File(written, "r+") as file:
        file.attrs["schema_version"] = "1.0"
        del file["players"].attrs["entry"]
        for group in file["metrics"].values():
            del group.attrs["of"]
    got = read_report(written)
    assert got.notes == ()
    assert got.players.entry == "input"
    assert got.players.names == report.players.names
    assert {measurement.of for measurement in got.measurements} == {""}


def test_long_texts_are_cut(texts, tmp_path):
    samples = dataclasses.replace(texts.samples, texts=("x" * 70_000, "b", "c"))
    write_report(dataclasses.replace(texts, samples=samples), tmp_path / "r.h5")
    got = read_report(tmp_path / "r.h5").samples.texts
    assert got[0] == "x" * 7_999 + "…"
    assert got[1:] == ("b", "c")


@pytest.mark.parametrize("owner", [np.zeros((2, 9), np.int64), np.zeros(9, np.int64)])
def test_owners_of_other_samples_are_a_shape_error(make_text_report, tmp_path, owner):
    with pytest.raises(ShapeError, match="owners of 3 samples"):
        write_report(make_text_report(owner=owner), tmp_path / "r.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_a_game_that_no_reader_takes_is_a_shape_error(texts, tmp_path):
    first = dataclasses.replace(texts.measurements[0], of="x" * 301)
    with pytest.raises(ShapeError, match="too long a name"):
        write_report(dataclasses.replace(texts, measurements=(first,)), tmp_path / "r.h5")


def test_json_holds_words_texts_and_games(layers):
    document = json.loads(to_json(layers))
    assert document["players"]["own_names"][0] == ["the", "film", "was", "not", "good"]
    assert (document["players"]["names"], document["players"]["entry"]) == ([], "embedding")
    assert document["samples"]["texts"] == list(layers.samples.texts)
    assert list(document["metrics"]) == sorted(measurement.key for measurement in layers.measurements)
    entry = document["metrics"]["bottleneck@pool/er"]
    assert (entry["metric"], entry["of"], entry["coordinates"]["ratio"]) == ("bottleneck", "pool/er", [0.0, 0.5, 1.0])
    values = document["metrics"]["shapley@pool/er"]["per_sample"]["values"]["values"]
    assert values[2][:4] == [9.0, -18.0, 27.0, None]
