"""Files made to harm: each is refused with one line that names the object, and nothing leaks."""

from __future__ import annotations

import dataclasses
import os
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t

from interact_cli.errors import ReportRefused
from interact_cli.report.export import to_json
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report

SECRET = b"root:secret-of-another-file:0:0"


def refused(path, *said):
    with pytest.raises(ReportRefused) as caught:
        report = read_report(path)
        for _ in report.records or ():
            pass
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 4
    for part in said:
        assert part in message
    chain, error = "", caught.value
    while error is not None:
        chain, error = chain + str(error), error.__cause__
    assert SECRET.decode() not in chain
    return message


def replace(file, path, **options):
    """Put another data set in the place of one, keeping its attributes."""
    attributes = {key: value for key, value in file[path].attrs.items() if not key.endswith("_LIST")}
    del file[path]
    dataset = file.create_dataset(path, **options)
    dataset.attrs.update(attributes)
    return dataset


@pytest.fixture
def edited(written):
    with h5py.File(written, "r+") as file:
        yield file, written


def test_external_storage_shows_no_byte_of_the_other_file(written, tmp_path):
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    with h5py.File(written, "r+") as file:
        where = [(str(secret), 0, len(SECRET))]
        replace(file, "players/owner", shape=(31,), dtype="u1", external=where)
    refused(written, "/players/owner uses external storage")


def test_external_storage_anywhere_is_refused(written, tmp_path):
    (tmp_path / "secret").write_bytes(SECRET)
    with h5py.File(written, "r+") as file:
        where = [(str(tmp_path / "secret"), 0, len(SECRET))]
        file.create_dataset("extra/deep", shape=(31,), dtype="u1", external=where)
    refused(written, "/extra/deep uses external storage")


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (lambda tmp: h5py.ExternalLink(str(tmp / "other.h5"), "/x"), "is an external link"),
        (lambda tmp: h5py.SoftLink("/players/name"), "is a soft link"),
        (lambda tmp: h5py.SoftLink("/samples/id"), "is a soft link"),
        (lambda tmp: h5py.SoftLink("/nowhere"), "is a soft link"),
    ],
)
def test_links_are_refused(written, tmp_path, link, said):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.frombuffer(SECRET, "u1")
    with h5py.File(written, "r+") as file:
        del file["samples/id"]
        file["samples/id"] = link(tmp_path)
    refused(written, "/samples/id", said)


@pytest.mark.parametrize("where", ["metrics/loop", "samples/again"])
def test_hard_link_cycles_and_aliases_are_refused(written, where):
    with h5py.File(written, "r+") as file:
        file[where] = file["metrics" if "loop" in where else "samples/id"]
    refused(written, f"/{where}" if "loop" in where else "/samples/", "is a second hard link to /")


def test_the_root_linked_into_itself_is_refused(written):
    with h5py.File(written, "r+") as file:
        file["config/up"] = file["/"]
    refused(written, "/config/up", "second hard link to /")


def test_virtual_data_sets_are_refused(written, tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["x"] = np.arange(3)
    layout = h5py.VirtualLayout(shape=(3,), dtype="i8")
    layout[:] = h5py.VirtualSource(tmp_path / "other.h5", "x", shape=(3,))
    with h5py.File(written, "r+") as file:
        del file["samples/label"]
        file.create_virtual_dataset("samples/label", layout)
    refused(written, "/samples/label is a virtual data set")


@pytest.mark.parametrize("chunks", [None, (1 << 17,)])
def test_promised_terabytes_are_refused_before_they_are_allocated(written, chunks):
    with h5py.File(written, "r+") as file:
        replace(file, "samples/full_value", shape=(10**12,), dtype="f8", chunks=chunks)
    tracemalloc.start()
    refused(written, "/samples/full_value")
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(("chunks", "said"), [(None, "declares 24 bytes and stores 0"), ((3,), "needs 1 chunks")])
def test_arrays_that_were_never_stored_are_refused(written, chunks, said):
    with h5py.File(written, "r+") as file:
        replace(file, "samples/full_value", shape=(3,), dtype="f8", chunks=chunks)
    refused(written, "/samples/full_value", said)


def test_a_gzip_bomb_is_refused_before_it_is_unpacked(written):
    with h5py.File(written, "r+") as file:
        replace(
            file,
            "metrics/multi-order/summary/mean",
            data=np.zeros(8 << 20),
            compression="gzip",
            compression_opts=9,
            chunks=(1 << 20,),
        )
    tracemalloc.start()
    refused(written, "/metrics/multi-order/summary/mean declares 67,108,864 bytes")
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_many_small_bombs_are_refused_together(written):
    with h5py.File(written, "r+") as file:
        for number in range(20):
            file.create_dataset(
                f"extra/{number}", data=np.zeros(15 << 20, "u1"), compression="gzip", chunks=(15 << 20,)
            )
    refused(written, "/extra/", "never inflates so far")


def test_unknown_filters_are_refused_and_no_plugin_is_loaded(written):
    assert os.environ["HDF5_PLUGIN_PRELOAD"] == "::"
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_chunk((3,))
    properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    with h5py.File(written, "r+") as file:
        del file["samples/label"]
        h5d.create(file.id, b"samples/label", h5t.NATIVE_INT64, h5s.create_simple((3,)), dcpl=properties)
    refused(written, "/samples/label uses the unknown filter 32015")


def test_lzf_is_not_on_the_list(written):
    with h5py.File(written, "r+") as file:
        replace(file, "samples/label", data=np.arange(3), compression="lzf")
    refused(written, "/samples/label uses the unknown filter 32000")


@pytest.mark.parametrize("kept", [0.999, 0.5, 0.02])
def test_truncated_files_are_refused(written, kept):
    whole = written.read_bytes()
    written.write_bytes(whole[: int(len(whole) * kept)])
    refused(written)


def damage(path, position):
    raw = bytearray(path.read_bytes())
    raw[position] ^= 1
    path.write_bytes(raw)


def test_a_flipped_bit_in_a_chunk_is_refused(written):
    with h5py.File(written) as file:
        chunk = file["metrics/multi-order/summary/profile"].id.get_chunk_info(0)
    damage(written, chunk.byte_offset + chunk.size // 2)
    refused(written, "/metrics/multi-order/summary/profile is damaged")


@pytest.mark.parametrize("target", ["small array", "scalar", "document", "records"])
def test_a_flipped_bit_in_small_things_is_refused(report, written, target):
    raw = written.read_bytes()
    wanted = {
        "small array": report.samples.full_value.tobytes(),
        "scalar": np.float64(2.5).tobytes(),
        "document": b'"budget": 4000',
        "records": report.records.read(0).coalitions.tobytes(),
    }[target]
    assert raw.count(wanted) == 1
    damage(written, raw.index(wanted) + len(wanted) - 2)
    refused(written)


def test_a_flipped_bit_in_a_long_document_is_refused(report, tmp_path):
    path = tmp_path / "long.h5"
    write_report(dataclasses.replace(report, config={"long": "x" * 50_000}), path)
    damage(path, path.read_bytes().index(b"x" * 1000))
    refused(path, "/config/json does not match its sha256")


def test_a_file_that_is_being_written_is_refused(written):
    with h5py.File(written.with_name("swmr.h5"), "w", libver="latest") as file:
        file.attrs["format"] = "interact-report"
        file.swmr_mode = True
        file.flush()
        copy = written.with_name("killed.h5")
        copy.write_bytes(written.with_name("swmr.h5").read_bytes())
    refused(copy)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("format", "keras", "'format'"),
        ("format", 3, "'format'"),
        ("schema_version", "99.0", "99.0"),
        ("schema_version", "0.9", "0.9"),
        ("schema_version", "one", "MAJOR.MINOR"),
        ("schema_version", "1.٣", "MAJOR.MINOR"),
        ("status", "fine", "'status'"),
    ],
)
def test_wrong_root_attributes_are_named(written, name, value, said):
    with h5py.File(written, "r+") as file:
        file.attrs[name] = value
    refused(written, said)


def test_a_newer_minor_version_is_read_and_noted(report, written):
    with h5py.File(written, "r+") as file:
        file.attrs["schema_version"] = "1.7"
        file["new_group/new_numbers"] = np.arange(3)
        file["samples"].attrs["new"] = "text"
    got = read_report(written)
    assert "1.7" in got.notes[0]
    assert got.samples.ids == report.samples.ids


@pytest.mark.parametrize(
    "path",
    [
        "config/json",
        "provenance",
        "samples",
        "samples/label",
        "players",
        "metrics",
        "sample",
        "records/values",
        "metrics/multi-order/per_sample",
        "metrics/multi-order/json",
        "metrics/multi-order/order",
    ],
)
def test_missing_parts_are_named(written, path):
    with h5py.File(written, "r+") as file:
        del file[path]
    name = "order" if path.endswith("/order") else f"/{path}"
    refused(written, name)


@pytest.mark.parametrize("name", ["format", "schema_version", "status"])
def test_missing_root_attributes_are_named(written, name):
    with h5py.File(written, "r+") as file:
        del file.attrs[name]
    refused(written, f"'{name}' of / is missing")


WRONG = {
    "samples/label": [np.zeros(3, "i4"), np.zeros((3, 1), "i8"), np.zeros(4, "i8"), np.zeros(3, "f8")],
    "samples/included": [np.zeros(3, "u1")],
    "samples/full_value": [np.zeros(3, ">f8"), np.zeros(3, "c16"), np.zeros(3, "V8")],
    "samples/id": [np.zeros(3, "i8"), ["a", "b", "c"]],
    "players/owner": [np.full((1, 4, 4), 9, "i8"), np.zeros((1, 4), "i8")],
    "players/name": [np.array([b"x"] * 8, dtype=h5py.string_dtype("utf-8", 1))],
    "config/json": [np.zeros(3), 4.0],
    "records/coalitions": [np.zeros((18, 1), "u1")],
    "records/sample_start": [np.array([0, 9, 5]), np.array([1, 5, 11]), np.array([0, 5, 99])],
    "metrics/multi-order/summary/mean": [np.zeros(5), np.zeros((2, 2))],
    "metrics/multi-order/summary/mean_low": [np.zeros(5)],
}


@pytest.mark.parametrize(("path", "data"), [(path, data) for path, all_data in WRONG.items() for data in all_data])
def test_wrong_types_and_shapes_are_named(written, path, data):
    with h5py.File(written, "r+") as file:
        replace(file, path, data=data)
    refused(written, f"/{path}")


def owners(*rows):
    return np.array([[*row, *[-1] * (9 - len(row))] for row in rows], "i8")


def names(*counts):
    table = [[b"w" if player < count else b"" for player in range(7)] for count in counts]
    return np.array(table, dtype=h5py.string_dtype("utf-8", 1))


GOOD_OWNERS = owners([-1, *range(5)], [-1, *range(7)], [-1, *range(3)])
WRONG_WORDS = {
    "players/owner": [
        owners([-1, 5], [0], [0]),  # the sixth player of a sample with five
        np.where(GOOD_OWNERS < 0, -2, GOOD_OWNERS),
        np.zeros((3, 8), "i8"),
        np.zeros((2, 9), "i8"),
        GOOD_OWNERS.astype("f8"),
    ],
    "players/count": [np.array([5, 8, 3]), np.array([-1, 7, 3]), np.array([5, 7]), np.array([5.0, 7.0, 3.0])],
    "players/name": [
        np.zeros((3, 7), "i8"),
        names(5, 7),
        np.zeros((3, 7, 1), dtype="S1"),
    ],
    "players/span": [
        np.array([[0, 6], [0, 7], [0, 3]]),
        np.array([[3, 2], [0, 7], [0, 3]]),
        np.array([[-1, 2], [0, 7], [0, 3]]),
        np.zeros((3, 1), "i8"),
        np.zeros(3, "i8"),
    ],
    "players/baseline": [np.zeros((1, 8)), np.zeros(3, "f4")],
    "samples/text": [np.zeros(3, "i8"), np.array([b"a", b"b"], dtype=h5py.string_dtype("utf-8", 1))],
    "records/coalitions": [np.zeros((12, 2), "u1")],
}


@pytest.fixture
def written_spans(make_text_report, tmp_path):
    path = tmp_path / "spans.h5"
    write_report(make_text_report(spans=np.array([[0, 5], [2, 6], [0, 3]])), path)
    return path


@pytest.mark.parametrize(
    ("path", "data"), [(path, data) for path, all_data in WRONG_WORDS.items() for data in all_data]
)
def test_words_that_contradict_each_other_are_named(written_spans, path, data):
    assert read_report(written_spans).players.spans is not None
    with h5py.File(written_spans, "r+") as file:
        replace(file, path, data=data)
    refused(written_spans, f"/{path}" if path != "players/count" else "/players/")


def test_names_beyond_the_players_of_a_sample_are_refused(written_texts):
    with h5py.File(written_texts, "r+") as file:
        replace(file, "players/name", data=names(6, 7, 3))
    refused(written_texts, "/players/name names other players of sample 0 than its 5")


def test_shared_names_beside_counted_players_are_refused(written_texts):
    with h5py.File(written_texts, "r+") as file:
        replace(file, "players/name", data=np.array([b"w"] * 7, dtype=h5py.string_dtype("utf-8", 1)))
    refused(written_texts, "/player holds int64")


def test_own_players_need_their_number(written_texts):
    with h5py.File(written_texts, "r+") as file:
        del file["players/count"]
    refused(written_texts, "/players/count is missing")


def test_the_player_axis_only_counts_where_samples_have_their_own(written_texts):
    with h5py.File(written_texts, "r+") as file:
        file["player"][...] = np.arange(7)[::-1]
    refused(written_texts, "/player does not count")


@pytest.mark.parametrize(
    "name", ["shapley@", "shapley@a b", "shapley@a@b", "@a", "shapley@%2f", "shapley@" + "x" * 301]
)
def test_groups_of_games_have_plain_names(written_texts, name):
    with h5py.File(written_texts, "r+") as file:
        file.move("metrics/shapley", f"metrics/{name}")
    refused(written_texts, "is not the group of a metric")


@pytest.mark.parametrize(("name", "of"), [("shapley@fc", ""), ("shapley@fc", "fc2"), ("shapley", "fc"), ("shapley", 3)])
def test_a_group_and_its_game_agree(written_texts, name, of):
    with h5py.File(written_texts, "r+") as file:
        file["metrics/shapley"].attrs["of"] = of
        file.move("metrics/shapley", f"metrics/{name}") if name != "shapley" else None
    refused(written_texts, f"'of' of /metrics/{name}")


@pytest.mark.parametrize("name", ["spec", "entry", "baseline_name"])
def test_attributes_of_players_are_text(written_texts, name):
    with h5py.File(written_texts, "r+") as file:
        file["players"].attrs[name] = 1.0
    refused(written_texts, f"'{name}' of /players is not one text")


def test_references_are_refused_where_no_scale_needs_them(written):
    with h5py.File(written, "r+") as file:
        file.create_dataset("extra", data=[file["samples"].ref], dtype=h5py.ref_dtype)
    refused(written, "/extra holds references")


def test_references_in_attributes_are_refused(written):
    with h5py.File(written, "r+") as file:
        file["samples/id"].attrs["ref"] = file["samples"].ref
    refused(written, "'ref' of /samples/id holds references")


def test_region_references_are_refused_even_under_the_name_of_a_scale(written):
    with h5py.File(written, "r+") as file:
        label = file["samples/label"]
        region = label.regionref[0:1]
        del label.attrs["DIMENSION_LIST"]
        label.attrs.create("DIMENSION_LIST", region, dtype=h5py.regionref_dtype)
    refused(written, "'DIMENSION_LIST' of /samples/label")


def test_named_types_and_null_spaces_are_refused(written):
    with h5py.File(written, "r+") as file:
        file["extra"] = np.dtype("f8")
    refused(written, "/extra is a named type")
    with h5py.File(written, "r+") as file:
        del file["extra"]
        file["extra"] = h5py.Empty("f8")
    refused(written, "/extra has no shape")


def test_deep_nesting_and_resizable_arrays_are_refused(written):
    with h5py.File(written, "r+") as file:
        file.create_group("/".join("abcdefghijkl"))
    refused(written, "nested deeper")
    with h5py.File(written, "r+") as file:
        del file["a"]
        file.create_dataset("extra", data=np.zeros(3), maxshape=(None,))
    refused(written, "/extra can be resized")


@pytest.mark.parametrize(
    "document",
    [b"", b"[1]", b'{"a": NaN}', b"{" * 40, b'{"a":' * 5000 + b"1" + b"}" * 5000, b'{"a": ' + b"9" * 5000 + b"}"],
)
def test_documents_that_are_not_json_objects_are_refused(written, document):
    with h5py.File(written, "r+") as file:
        dtype = h5py.string_dtype("utf-8", max(1, len(document)))
        replace(file, "config/json", data=np.array(document, dtype=dtype))
    refused(written, "/config/json")


def test_bad_utf8_and_long_texts_are_escaped_and_capped(written):
    with h5py.File(written, "r+") as file:
        metric = file["metrics/shapley"]
        kind = h5py.string_dtype("utf-8", 6)
        metric.attrs.create("source", np.array(b"\xff\x1b[31m", dtype=kind))
        metric.attrs["estimator"] = "y" * (1 << 20)
        names = np.array([b"\xfe\x1b]0;x\x07", b"b\xe2\x80\xaeb", b"c"], dtype=h5py.string_dtype("utf-8", 8))
        replace(file, "samples/id", data=names)
        replace(file, "sample", data=names).make_scale("sample")
    got = read_report(written)
    texts = [got.measurement("shapley").source, got.measurement("shapley").estimator, *got.samples.ids]
    assert texts[0] == r"\xff\x1b[31m"
    assert len(texts[1]) < 5_000
    assert texts[2] == r"\xfe\x1b]0;x\x07"
    for text in [*texts, to_json(got)]:
        assert text.isprintable() or text.replace("\n", "").isprintable()
        text.encode("utf-8")


def test_control_characters_in_documents_come_back_escaped(report, tmp_path):
    write_report(dataclasses.replace(report, config={"k\x1b": ["v\x1b[2J\n"]}), tmp_path / "r.h5")
    assert read_report(tmp_path / "r.h5").config == {r"k\x1b": [r"v\x1b[2J\n"]}


def test_names_from_a_file_cannot_move_the_cursor(written):
    with h5py.File(written, "r+") as file:
        file["samples/\x1b[2Jx\n"] = h5py.SoftLink("/samples/id")
    message = refused(written, "is a soft link")
    assert message.isprintable()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("metrics/multi-order/summary/mean", r"/metrics/multi-order/summary/\x1b[2Jx\n has a name"),
        ("metrics/multi-order/order", r"/metrics/multi-order/\x1b[2Jx\n has a name"),
        ("metrics/shapley", r"/metrics/\x1b[2Jx\n is not the group of a metric"),
    ],
)
def test_names_of_numbers_cannot_move_the_cursor_either(written, path, said):
    with h5py.File(written, "r+") as file:
        folder = path.rpartition("/")[0]
        file.copy(path, f"{folder}/\x1b[2Jx\n")
    assert refused(written, said).isprintable()


@pytest.mark.skipif(sys.platform == "win32", reason="no FIFO")
def test_what_is_not_a_report_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "lfs").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    (tmp_path / "page").write_bytes(b"<!doctype html><title>404</title>")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with h5py.File(tmp_path / "other", "w") as file:
        file["x"] = 1
    refused(tmp_path / "fifo", "not a regular file")
    refused(tmp_path / "empty", "empty")
    refused(tmp_path / "lfs", "git lfs pull")
    refused(tmp_path / "page", "not an HDF5 file")
    refused(tmp_path / "dangling", "cannot be opened")
    refused(tmp_path / "missing", "cannot be opened")
    refused(tmp_path / "other", "'format' of / is missing")
    refused(tmp_path, "is a folder")
    refused(tmp_path / "na\x1bme\n", "na\\x1bme\\n")
