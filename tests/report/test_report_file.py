"""Reports go out and come back: every number, every name, for xarray as well as for us."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import io
import json
import os
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from interact_cli.errors import OutputError, ReportRefused, RunFailed, ShapeError
from interact_cli.report.export import to_json
from interact_cli.report.hdf5 import writer
from interact_cli.report.hdf5.patient_file import PatientFile
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.results import Quantity, Records, SampleRecords
from interact_cli.scores import SCORES

PAGE = Path(__file__).parents[2] / "docs" / "report-format.md"


def assert_same(got, expected):
    """Compare records field by field, arrays by content and type."""
    if dataclasses.is_dataclass(expected):
        assert type(got) is type(expected)
        names = {field.name for field in dataclasses.fields(expected)} - {"read", "records", "path"}
        got, expected = ({name: getattr(one, name) for name in names} for one in (got, expected))
    if isinstance(expected, dict):
        assert got.keys() == expected.keys()
        got, expected = tuple(got[key] for key in expected), tuple(expected.values())
    if isinstance(expected, tuple):
        for one, other in zip(got, expected, strict=True):
            assert_same(one, other)
    else:
        assert getattr(got, "dtype", None) == getattr(expected, "dtype", None)
        np.testing.assert_array_equal(got, expected)


def content(path, *, run=True):
    """Everything that a file says, as bytes: data, attributes, order."""
    found = {}

    def visit(name, item):
        if name.startswith("provenance/run") and not run:
            return
        attributes = [(key, str(value)) for key, value in item.attrs.items() if not key.endswith("_LIST")]
        data = item[()].tobytes() if isinstance(item, h5py.Dataset) and item.shape else ""
        scalar = item[()] if isinstance(item, h5py.Dataset) and not item.shape else ""
        found[name] = (attributes, data, scalar)

    with h5py.File(path, "r") as file:
        file.visititems(visit)
        found["/"] = list(file.attrs.items())
    return found


def test_everything_comes_back(report, written):
    got = read_report(written)
    assert_same(got, report)
    assert got.records.total == 18
    for record, expected in zip(got.records, report.records, strict=True):
        assert_same(record, expected)


def test_without_records_pictures_or_skips(report, tmp_path):
    samples = dataclasses.replace(report.samples, pictures=None, skipped=())
    players = dataclasses.replace(report.players, grid=None)
    bare = dataclasses.replace(report, samples=samples, players=players, records=None, measurements=())
    write_report(bare, tmp_path / "bare.h5")
    got = read_report(tmp_path / "bare.h5")
    assert_same(got, bare)
    assert got.records is None


def test_scalar_outputs_have_one_slot_and_no_class(report, tmp_path):
    held = [SampleRecords(i, (), np.zeros((4, 2), np.uint8), np.full((4, 1, 1), float(i))) for i in range(3)]
    records = Records(total=12, slots=1, components=1, read=held.__getitem__, n_samples=3)
    write_report(dataclasses.replace(report, records=records), tmp_path / "scalar.h5")
    for got, expected in zip(read_report(tmp_path / "scalar.h5").records, held, strict=True):
        assert_same(got, expected)


def test_a_sample_without_records_comes_back_empty(report, tmp_path):
    lengths = [4, 0, 2]
    held = [SampleRecords(i, (1,), np.zeros((k, 2), np.uint8), np.ones((k, 1, 4))) for i, k in enumerate(lengths)]
    records = Records(total=6, slots=2, components=4, read=held.__getitem__, n_samples=3)
    write_report(dataclasses.replace(report, records=records), tmp_path / "gap.h5")
    got = read_report(tmp_path / "gap.h5")
    assert [len(record.coalitions) for record in got.records] == lengths


def test_long_documents_and_large_arrays(report, tmp_path):
    note = {"long": "x" * 50_000}
    big = Quantity("big", ("sample", "cell", "deep"), np.random.default_rng(0).normal(size=(3, 300, 200)), "1", "big")
    first, *others = report.measurements
    first = dataclasses.replace(first, per_sample=(*first.per_sample, big))
    large = dataclasses.replace(report, config=note, measurements=(first, *others))
    write_report(large, tmp_path / "large.h5")
    assert_same(read_report(tmp_path / "large.h5"), large)
    with h5py.File(tmp_path / "large.h5") as file:
        stored = file["metrics/multi-order/per_sample/big"]
        assert (stored.compression, stored.shuffle, stored.fletcher32) == ("gzip", True, True)


def test_constant_arrays_do_not_look_like_bombs(report, tmp_path):
    zeros = Quantity("zeros", ("cell", "wide"), np.zeros((300, 8_000)), "1", "exact everywhere")
    first, *others = report.measurements
    first = dataclasses.replace(first, summary=(zeros,))
    write_report(dataclasses.replace(report, measurements=(first, *others)), tmp_path / "zeros.h5")
    got = read_report(tmp_path / "zeros.h5").measurement("multi-order").quantity("zeros")
    np.testing.assert_array_equal(got.values, zeros.values)


def test_missing_numbers_are_nan_and_json_has_none(report, tmp_path):
    odd = dataclasses.replace(report, config={"a": float("nan"), "b": [float("inf")]})
    write_report(odd, tmp_path / "odd.h5")
    assert read_report(tmp_path / "odd.h5").config == {"a": None, "b": [None]}
    with h5py.File(tmp_path / "odd.h5") as file:
        assert b"NaN" not in file["config/json"][()]
        assert np.isnan(file["metrics/multi-order/per_sample/values"][0, 1, 2])


def test_xarray_sees_named_dimensions_everywhere(written):
    with xarray.open_datatree(written, engine="h5netcdf") as tree:
        for node in tree.subtree:
            assert not [dim for dim in node.dims if "phony" in dim], node.path
        metric = tree["metrics/multi-order"]
        assert metric["per_sample/values"].dims == ("sample", "order", "pair")
        assert metric["per_sample/values_standard_error"].dims == ("sample", "order", "pair")
        assert metric["per_sample/pairs"].dims == ("sample", "pair", "member")
        assert metric["summary/profile"].dims == ("player", "cell")
        assert metric["summary/n_prime"].dims == ()
        assert tree["records/values"].dims == ("evaluation", "slot", "component")
        assert tree["records/coalitions"].dims == ("evaluation", "byte")
        assert metric["per_sample/values"].coords["order"].values.tolist() == [0, 7]
        assert metric["per_sample/values"].coords["sample"].values.tolist()[0] == "digits/test/ä"
        assert metric["summary/profile"].sel(player="r1c1", cell="c7").ndim == 0


def test_xarray_reads_what_a_number_is_called_and_its_unit(written):
    """``long_name`` and ``units`` are the attributes of the CF conventions, by which xarray labels its plots."""
    told = {
        "per_sample/values": ("I of the sample", "log-odds", "detail"),
        "summary/mean": ("signed mean [Ω]", "log-odds", "headline"),
        "summary/n_prime": ("n'", "1", "by-order"),
        "summary/profile": ("more than tiny", "logit", "by-pair"),
    }
    with xarray.open_datatree(written, engine="h5netcdf") as tree:
        metric = tree["metrics/multi-order"]
        for name, said in told.items():
            attributes = metric[name].attrs
            assert tuple(attributes[key] for key in ("long_name", "units", "number_role")) == said, name
        assert metric["summary/mean_standard_error"].attrs["long_name"] == "signed mean [Ω], standard error"
        assert "number_role" not in metric["summary/mean_standard_error"].attrs
        assert xarray.plot.utils.label_from_attrs(metric["summary/mean"]) == "signed mean [Ω] [log-odds]"


def test_json_tells_what_a_number_is_called_and_what_it_is_for(report):
    metric = json.loads(to_json(report))["metrics"]["multi-order"]
    numbers = metric["summary"] | metric["per_sample"]
    assert {name: (one["label"], one["role"]) for name, one in numbers.items()} == {
        "values": ("I of the sample", "detail"),
        "pairs": ("pairs", "detail"),
        "mean": ("signed mean [Ω]", "headline"),
        "n_prime": ("n'", "by-order"),
        "profile": ("profile", "by-pair"),
    }
    assert [finding["says"] for finding in metric["findings"]] == [[], ["n_prime", "mean"]]


SUMMARY, REMARKS_OF = "/metrics/multi-order/summary/mean", "/metrics/multi-order/json"


@pytest.mark.parametrize(
    ("attribute", "value", "said"),
    [
        ("number_role", "leading", "'number_role'.* is 'leading'; expected one of headline, by-order, by-pair, detail"),
        ("number_role", "", "'number_role'.* is ''; expected one of headline, by-order, by-pair, detail"),
        ("number_role", "headline\x1b[31m", "'number_role'"),
        ("number_role", 3, "'number_role'.*is not one text"),
        ("number_role", ["headline", "detail"], "'number_role' of .* holds an unknown type"),
        ("long_name", 3, "'long_name'.*is not one text"),
        ("long_name", ["a", "b"], "'long_name' of .* holds an unknown type"),
    ],
)
def test_a_number_for_nothing_that_a_report_knows_is_refused(attribute, value, said, written):
    with h5py.File(written, "r+") as file:
        file[SUMMARY].attrs[attribute] = value
    with pytest.raises(ReportRefused, match=said) as caught:
        read_report(written)
    assert SUMMARY in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("says", ["mean", {"mean": 1}, None, 3, True])
def test_a_finding_that_says_no_list_of_numbers_is_refused(says, written):
    with h5py.File(written, "r+") as file:
        old = file[REMARKS_OF]
        document, attributes = json.loads(old[()]), dict(old.attrs)
        document["findings"][1]["says"] = says
        raw = json.dumps(document).encode()
        attributes |= {"sha256": hashlib.sha256(raw).hexdigest()} if "sha256" in attributes else {}
        del file[REMARKS_OF]
        file[REMARKS_OF] = np.array(raw, dtype=h5py.string_dtype("utf-8", len(raw)))
        file[REMARKS_OF].attrs.update(attributes)
    with pytest.raises(ReportRefused, match=f"{REMARKS_OF} holds a finding whose 'says' is no list"):
        read_report(written)


def test_what_a_report_does_not_say_of_a_number_is_as_for_most(written):
    """A report of this schema that another program wrote."""
    with h5py.File(written, "r+") as file:
        for name in ("long_name", "units", "number_role"):
            del file[SUMMARY].attrs[name]
    mean = read_report(written).measurement("multi-order").quantity("mean")
    assert (mean.label, mean.called, mean.role) == ("", "mean", "detail")


def test_xarray_opens_each_group_alone(written):
    groups = ["/"]
    with h5py.File(written) as file:
        file.visititems(lambda name, item: groups.append(name) if isinstance(item, h5py.Group) else None)
    for group in groups:
        with xarray.open_dataset(written, engine="h5netcdf", group=group) as opened:
            opened.load()
            assert not [dim for dim in opened.dims if "phony" in str(dim)]


def test_two_writes_are_equal_outside_the_run(report, tmp_path):
    write_report(report, tmp_path / "a.h5")
    write_report(dataclasses.replace(report, run={"host": "elsewhere, at another time"}), tmp_path / "b.h5")
    write_report(report, tmp_path / "c.h5")
    assert content(tmp_path / "a.h5", run=False) == content(tmp_path / "b.h5", run=False)
    assert content(tmp_path / "a.h5") != content(tmp_path / "b.h5")
    assert (tmp_path / "a.h5").read_bytes() == (tmp_path / "c.h5").read_bytes()


def test_a_report_can_be_written_again_from_itself(written):
    before = content(written)
    write_report(read_report(written), written, force=True)
    assert content(written) == before


@pytest.mark.parametrize("stage", ["_verify", "_sync"])
def test_a_failure_leaves_the_old_report_and_no_temporary(report, written, monkeypatch, stage):
    old = written.read_bytes()

    def broken(*_):
        raise OSError(errno.EIO, "broken disk")

    monkeypatch.setattr(writer, stage, broken)
    with pytest.raises(OutputError, match="broken disk"):
        write_report(report, written, force=True)
    assert written.read_bytes() == old
    assert list(written.parent.iterdir()) == [written]


def test_a_report_that_fails_its_own_check_is_discarded(report, tmp_path, monkeypatch):
    def refuse(_):
        raise ReportRefused("/samples/id is missing")

    monkeypatch.setattr(writer, "read_report", refuse)
    with pytest.raises(RunFailed, match="/samples/id is missing"):
        write_report(report, tmp_path / "new.h5")
    assert list(tmp_path.iterdir()) == []


def test_an_interrupted_record_stream_leaves_nothing(report, tmp_path):
    def read(sample):
        raise KeyboardInterrupt

    stopped = dataclasses.replace(report, records=dataclasses.replace(report.records, read=read))
    with pytest.raises(KeyboardInterrupt):
        write_report(stopped, tmp_path / "new.h5")
    assert list(tmp_path.iterdir()) == []


class SmallDisk(io.FileIO):
    """A file on a disk with room for ``limit`` bytes."""

    limit = 0

    def write(self, data):
        room = self.limit - self.tell()
        if room <= 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(memoryview(data)[:room])


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 0.6, 0.9, 0.999])
def test_a_full_disk_ends_the_run_in_one_line(report, written, monkeypatch, share):
    old = written.read_bytes()
    monkeypatch.setattr(SmallDisk, "limit", int(len(old) * share))
    monkeypatch.setattr(writer, "PatientFile", lambda raw: PatientFile(SmallDisk(raw.fileno(), "r+b", closefd=False)))
    with pytest.raises(RunFailed, match="No space left to write") as caught:
        write_report(report, written, force=True)
    assert caught.value.exit_code == 5
    assert "\n" not in str(caught.value)
    assert written.read_bytes() == old
    assert list(written.parent.iterdir()) == [written]


def test_a_patient_file_still_reads_what_the_disk_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(SmallDisk, "limit", 6)
    with SmallDisk(tmp_path / "x", "w+b") as disk:
        file = PatientFile(disk)
        file.write(memoryview(b"abcdefgh"))
        file.seek(2)
        file.write(memoryview(b"XY"))
        file.seek(0)
        assert file.read(10) == b"abXYefgh\0\0"
        with pytest.raises(OSError, match="No space"):
            file.check()


def test_outputs_that_are_refused(report, written, tmp_path):
    checkpoint = tmp_path / "ckpt.pt"
    checkpoint.write_bytes(b"PK\x03\x04 weights")
    link = tmp_path / "link.h5"
    link.symlink_to(checkpoint)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    cases = {
        written: ("exists already", False),
        checkpoint: ("not a report", True),
        link: ("symbolic link", True),
        fifo: ("not a file", True),
        tmp_path: ("not a file", True),
        tmp_path / "missing" / "r.h5": ("not an existing folder", True),
        checkpoint / "r.h5": ("not an existing folder", True),
    }
    for path, (said, force) in cases.items():
        with pytest.raises(OutputError, match=said) as caught:
            write_report(report, path, force=force)
        assert caught.value.exit_code == 2
    assert checkpoint.read_bytes() == b"PK\x03\x04 weights"


def test_a_folder_without_permission_is_refused(report, tmp_path, monkeypatch):
    def denied(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", denied)
    with pytest.raises(OutputError, match="Permission denied"):
        write_report(report, tmp_path / "r.h5")


def change(report, **changes):
    first, *others = report.measurements
    quantity = dataclasses.replace(first.summary[0], **changes)
    return dataclasses.replace(report, measurements=(dataclasses.replace(first, summary=(quantity,)), *others))


@pytest.mark.parametrize(
    "changes",
    [
        {"dims": ("order", "pair")},
        {"dims": ("sample",)},
        {"name": "order"},
        {"name": "a/b"},
        {"values": np.zeros(3), "standard_errors": None, "low": None, "high": None, "exact": None},
        {"standard_errors": np.zeros(3)},
        {"values": np.array([1j, 2j])},
    ],
)
def test_contradicting_quantities_are_named(report, tmp_path, changes):
    with pytest.raises(ShapeError):
        write_report(change(report, **changes), tmp_path / "r.h5")
    assert list(tmp_path.iterdir()) == []


def test_records_are_read_one_sample_at_a_time(written):
    records = read_report(written).records
    assert len(records.read(1).coalitions) == 6
    with written.open("ab") as file:
        file.write(b"x")
    with pytest.raises(ReportRefused, match="has changed"):
        records.read(1)


def test_json_is_strict_and_complete(report):
    def no_constant(name):
        raise AssertionError(name)

    document = json.loads(to_json(report), parse_constant=no_constant)
    assert document["samples"]["ids"] == list(report.samples.ids)
    assert document["samples"]["empty_value"] == [0.5, None, -0.25]
    mean = document["metrics"]["multi-order"]["summary"]["mean"]
    assert (mean["values"], mean["low"], mean["exact"]) == ([1.0, None], [0.8, None], [True, False])
    assert document["metrics"]["multi-order"]["per_sample"]["pairs"]["values"][2][3] == [-1, -1]
    assert document["config"] == report.config
    assert to_json(report) == to_json(report)


def test_json_says_what_it_leaves_out(report):
    big = change(report, dims=("player", "cell"), values=np.zeros((9, 20_000)), standard_errors=None, exact=None)
    entry = json.loads(to_json(big))["metrics"]["multi-order"]["summary"]["mean"]
    assert entry["values"] is None
    assert entry["shape"] == [9, 20_000]
    assert "180,000" in entry["left_out"]


@pytest.mark.parametrize("fixture", ["written", "written_texts"])
def test_the_page_describes_every_object_and_attribute(fixture, request):
    written = request.getfixturevalue(fixture)
    page = PAGE.read_text(encoding="utf-8")
    named = set(re.findall(r"`([^`\n]+)`", page))
    missing = set()

    def visit(name, item):
        parts = name.split("/")
        if parts[0] == "metrics" and len(parts) > 1:
            parts[1] = "NAME"
            if len(parts) == 4:
                parts[3] = "QUANTITY" + re.sub(r".*?(_standard_error|_low|_high|_exact|)$", r"\1", parts[3])
            if len(parts) == 3 and isinstance(item, h5py.Dataset) and parts[2] != "json":
                parts[2] = "DIMENSION"
        is_scale = isinstance(item, h5py.Dataset) and item.is_scale and len(parts) > 1
        path = "/" + "/".join([*parts[:-1], "DIMENSION"] if is_scale else parts)
        missing.update({path} - named)
        missing.update(set(item.attrs) - named)

    with h5py.File(written) as file:
        file.visititems(visit)
        missing.update(set(file.attrs) - named)
    assert not missing


def test_the_page_tells_every_score():
    page = PAGE.read_text(encoding="utf-8")
    for score in SCORES.values():
        assert re.search(rf"^\| `{score.name}` \| .+ \| {score.unit} \|$", page, re.MULTILINE), score.name


def test_the_score_formulas_of_the_page_hold():
    logits = np.array([1.5, -0.5, 0.25, 2.0])
    z, others = logits[0], logits[1:]
    L, M = np.log(np.exp(others).sum()), others.max()
    p = np.exp(z) / np.exp(logits).sum()
    page = {
        "logit": z,
        "log-odds": z - L,
        "log-prob": -np.log(1 + np.exp(L - z)),
        "prob": 1 / (1 + np.exp(L - z)),
        "cross-entropy": np.log(1 + np.exp(L - z)),
        "margin": M - z,
    }
    assert page["prob"] == pytest.approx(p)
    assert page["log-prob"] == pytest.approx(np.log(p))
    assert page["log-odds"] == pytest.approx(np.log(p / (1 - p)))
    record = np.array([z, L, M, others.mean()])
    for name, value in page.items():
        assert SCORES[name].of_record(record) == pytest.approx(value), name
