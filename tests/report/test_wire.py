"""What travels from the reading process: every field of every record, and nothing that is not one."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import random
from typing import Any, get_type_hints

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from interact_cli.errors import ReportRefused
from interact_cli.report.hdf5 import rebuilding, wire
from interact_cli.report.hdf5.rebuilding import FIELDS, LEFT_OUT, WireError
from interact_cli.report.hdf5.schema import DTYPES
from interact_cli.report.hdf5.wire import receive, send, send_refusal
from interact_cli.results import Finding, Measurement, PlayerTable, Quantity, Report, SampleTable

N = 4
FLOATS = np.array([1.5, np.nan, -0.0, 1e-320])


def over_samples(name="values", values=FLOATS, **more):
    return Quantity(name, ("sample",), values, "logit", "φ of sample", **more)


def filled() -> Report:
    """A report in which every field that travels differs from its default."""
    full = over_samples(
        standard_errors=FLOATS[::-1].copy(),
        low=FLOATS - 1,
        high=FLOATS + 1,
        exact=np.array([True, False, True, True]),
        statistic="mean",
        parts=("absolute", "square"),
        label="mean |φ|",
        role="headline",
    )
    measurement = Measurement(
        "shapley", 3, "source", "exact", (full,), (dataclasses.replace(full, name="again"),),
        {"order": np.array([0, 7]), "cell": np.array(["a", "ä\u3000b", ""]), "x": np.array([0.5])},
        (Finding("deeper", "It is.", {"ratio": float("nan"), "high": float("inf")}, ("again",)),), ("note",),
        "encoder.0",
    )  # fmt: skip
    ints = np.arange(N)
    samples = SampleTable(
        tuple("abcd"), ints, ints + 1, ints > 1, FLOATS, FLOATS, ints, ints, ints,
        (rebuilding.Skipped("e", "why"),), 0.5, 0.25, np.zeros((1, 2, 2, 3), np.uint8), ("left out",),
    )  # fmt: skip
    players = PlayerTable(
        ("a", "b"), "grid", np.zeros((1, 2), int), np.ones((1, 1, 1), np.float32), "mean", (1, 2),
        (("a",), ("b", "c"), (), ("d",)), "embedding", np.zeros((N, 2), int),
    )  # fmt: skip
    config = {"a": [1, 2.5, None, True, {"ä": float("inf")}], "b": 10**30}
    return Report(config, {"seed": 0}, {"host": "h"}, samples, players, (measurement,), None, "limited", ("newer",))


def sent(report: Report) -> bytes:
    stream = io.BytesIO()
    send(report, stream)
    return stream.getvalue()


def received(raw: bytes) -> Report:
    return receive(io.BytesIO(raw))


def message(header: Any, data: bytes = b"") -> bytes:
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + data


def taken_apart(raw: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(raw[:8], "little")
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def plain(value: Any) -> Any:
    """Everything that a record holds, by another way than the wire's."""
    if dataclasses.is_dataclass(value):
        return {name: plain(entry) for name, entry in vars(value).items()}
    if isinstance(value, np.ndarray):
        return (str(value.dtype), value.shape, value.tobytes())
    if isinstance(value, dict):
        return [(key, plain(entry)) for key, entry in value.items()]
    if isinstance(value, tuple | list):
        return [type(value).__name__, *map(plain, value)]
    return repr(value)


def test_every_field_arrives_but_those_left_out():
    report = filled()
    expected = plain(report)
    expected["samples"] |= {"pictures": "None", "texts": ["tuple"]}
    assert plain(received(sent(report))) == expected


def test_the_filled_report_leaves_no_field_at_its_default():
    """So that a field that a record gains must be given a value here, and then travels or fails above."""

    def walk(value: Any) -> None:
        if type(value) in FIELDS:
            for field in dataclasses.fields(value):
                entry = getattr(value, field.name)
                if field.name in LEFT_OUT.get(type(value), ()):
                    continue
                default = field.default_factory() if callable(field.default_factory) else field.default
                assert isinstance(entry, np.ndarray) or entry != default, f"{type(value).__name__}.{field.name}"
                walk(entry)
        elif isinstance(value, tuple):
            for entry in value:
                walk(entry)

    walk(filled())


def test_what_is_left_out_is_named_and_has_a_default():
    expected = {Report: ("records", "path"), SampleTable: ("pictures", "texts")}
    assert expected == LEFT_OUT
    for kind, names in LEFT_OUT.items():
        held = {field.name: field for field in dataclasses.fields(kind)}
        assert [held[name].default for name in names] in ([None, None], [None, ()])


def test_every_field_of_every_record_travels_or_is_left_out():
    for kind, builders in FIELDS.items():
        names = {field.name for field in dataclasses.fields(kind)}
        assert {*builders, *LEFT_OUT.get(kind, ())} == names, kind.__name__
        assert not builders.keys() & set(LEFT_OUT.get(kind, ())), kind.__name__
    hints = [hint for kind in FIELDS for hint in map(str, get_type_hints(kind).values())]
    assert {kind for kind in FIELDS if any(kind.__name__ in hint for hint in hints)} == FIELDS.keys() - {Report}


def test_the_table_asks_no_annotation(monkeypatch):
    """Annotations look otherwise in other versions of Python and numpy."""
    raw = sent(filled())
    before = plain(received(raw))
    for kind in FIELDS:
        monkeypatch.setattr(kind, "__annotations__", {})
    assert plain(received(raw)) == before


@given(
    st.sampled_from(["float64", "int64", "bool"]).flatmap(
        lambda name: arrays.arrays(DTYPES[name], arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
    )
)
@settings(deadline=None)
def test_numbers_arrive_to_the_last_bit(values):
    dims = tuple(f"d{axis}" for axis in range(values.ndim))
    quantity = Quantity("q", dims, values, "1", "m")
    report = dataclasses.replace(
        filled(), measurements=(Measurement("m", 1, "", "", (), (quantity,), {}),), notes=("x",)
    )
    got = received(sent(report)).measurements[0].summary[0].values
    assert (got.dtype, got.shape, got.tobytes()) == (values.dtype, values.shape, values.tobytes())


def test_arrays_with_gaps_arrive():
    values = np.arange(24.0).reshape(4, 6)[:, ::2]
    quantity = Quantity("q", ("sample", "x"), values, "1", "m")
    report = dataclasses.replace(filled(), measurements=(Measurement("m", 1, "", "", (quantity,), (), {}),))
    np.testing.assert_array_equal(received(sent(report)).measurements[0].per_sample[0].values, values)


@pytest.mark.parametrize("values", [np.zeros(N, complex), np.array([object()] * N), np.zeros(N, np.int32)])
def test_other_arrays_do_not_leave(values):
    with pytest.raises(TypeError, match="cannot travel"):
        sent(
            dataclasses.replace(
                filled(), measurements=(Measurement("m", 1, "", "", (over_samples(values=values),), (), {}),)
            )
        )


def test_too_much_does_not_leave(monkeypatch):
    monkeypatch.setattr(wire, "MAX_ARRAY_BYTES", 200)
    with pytest.raises(WireError, match=r"its arrays hold [\d,]+ bytes; a comparison reads at most 200"):
        sent(filled())
    monkeypatch.undo()
    monkeypatch.setattr(wire, "MAX_HEADER_BYTES", 700)
    with pytest.raises(WireError, match=r"its texts take [\d,]+ bytes; a comparison reads at most 700"):
        sent(filled())


def test_a_refusal_arrives_in_its_words_on_one_line_and_capped():
    def refusal(line: str) -> str:
        stream = io.BytesIO()
        send_refusal(line, stream)
        with pytest.raises(ReportRefused) as caught:
            received(stream.getvalue())
        return str(caught.value)

    assert (
        refusal("'ä.h5' is empty [/red]; expected a report file.") == "'ä.h5' is empty [/red]; expected a report file."
    )
    assert refusal("a\x1b[31m\nb") == r"a\x1b[31m\nb"
    assert len(refusal("x" * 10_000)) < 2_100
    for odd in (None, 3, ["a"], {"a": "\x1b"}):
        with pytest.raises(ReportRefused) as caught:
            received(message({"refused": odd}))
        assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "it ends early"),
        (b"\1\0\0", "it ends early"),
        (message(b"{}")[:-1], "it ends early"),
        ((1 << 40).to_bytes(8, "little"), "the header would take"),
        (message(b"{"), "not JSON"),
        (message(b"\xff\xfe{"), "not JSON"),
        (message(b"[" * 100_000), "not JSON"),
        (message(b"9" * 5000), "not JSON"),
        (message([]), "other parts"),
        (message({}), "other parts"),
        (message({"refused": "a", "report": {}}), "other parts"),
        (message({"report": {}, "arrays": {}}), "not described"),
        (message({"report": {}, "arrays": [3]}), "not described"),
        (message({"report": {}, "arrays": []}), "Report has other fields"),
        (message({"report": [], "arrays": []}), "Report has other fields"),
        (message({"report": {}, "arrays": []}, b"x"), "goes on"),
    ],
)
def test_what_is_no_message(raw, said):
    with pytest.raises(WireError, match=said):
        received(raw)


ARRAYS = [
    ({"dtype": "object", "shape": []}, "another type"),
    ({"dtype": ["float64"], "shape": []}, "another type"),
    ({"dtype": "V8", "shape": []}, "another type"),
    ({"dtype": "float64"}, "another type"),
    ({"dtype": "float64", "shape": [1], "strides": [0]}, "another type"),
    ({"dtype": "float64", "shape": 3}, "no shape"),
    ({"dtype": "float64", "shape": [2.0]}, "no shape"),
    ({"dtype": "float64", "shape": [True]}, "no shape"),
    ({"dtype": "float64", "shape": [1] * 9}, "no shape"),
    ({"dtype": "float64", "shape": [-1]}, "would take more"),
    ({"dtype": "float64", "shape": [-1, -1]}, "would take more"),
    ({"dtype": "float64", "shape": [1 << 40]}, "would take more"),
    ({"dtype": "float64", "shape": [1 << 32, 1 << 32]}, "would take more"),
    ({"dtype": "float64", "shape": [0, 1 << 62]}, "would take more"),
    ({"dtype": "float64", "shape": [10**30, 0]}, "would take more"),
    ({"dtype": "float64", "shape": [2]}, "ends early"),
    ({"dtype": "bool", "shape": [8]}, "neither true nor false"),
    ({"dtype": "text", "texts": "ab"}, "another type"),
    ({"dtype": "float64", "texts": ["ab"]}, "another type"),
    ({"dtype": "text", "texts": [1]}, "not text"),
    ({"dtype": "text", "texts": ["a\x1b"]}, "invisible"),
    ({"dtype": "text", "texts": ["a" * (1 << 20)] + [""] * 300}, "would take more"),
]


@pytest.mark.parametrize(("described", "said"), ARRAYS)
def test_arrays_that_are_none(described, said):
    with pytest.raises(WireError, match=said):
        received(message({"report": {}, "arrays": [described]}, b"\7" * 8))


def test_arrays_share_one_limit(monkeypatch):
    monkeypatch.setattr(wire, "MAX_ARRAY_BYTES", 100)
    held = {"dtype": "float64", "shape": [6]}
    with pytest.raises(WireError, match="would take more than 100 bytes"):
        received(message({"report": {}, "arrays": [held, held, held]}, bytes(144)))


def place(tree: Any, path: str) -> tuple[Any, Any]:
    """The holder and the key of ``samples.ids.0``."""
    *way, last = (int(part) if part.isdigit() else part for part in path.split("."))
    for part in way:
        tree = tree[part]
    return tree, last


CHANGED = [
    ("status", "fine", "Report.status is not one of complete, limited"),
    ("status", ["complete"], "Report.status"),
    ("config", [], "Report.config is not a table"),
    ("config", {"a": "\x1b"}, "Report.config holds invisible"),
    ("config", {"a\x1b": 1}, "Report.config holds invisible"),
    ("config", {"a": ["\u202e"]}, "Report.config holds invisible"),
    ("notes", "abc", "Report.notes is not a list"),
    ("notes", [1], "Report.notes is not text"),
    ("samples", None, "SampleTable has other fields"),
    ("samples.ids.0", "\ud800", "invisible"),
    ("samples.ids", ["a"], "columns of other lengths"),
    ("samples.accuracy", "0.5", "SampleTable.accuracy is not float"),
    ("samples.accuracy", True, "SampleTable.accuracy is not float"),
    ("samples.labels", None, "SampleTable.labels is not the number of an array"),
    ("samples.labels", True, "SampleTable.labels is not the number of an array"),
    ("samples.labels", -1, "SampleTable.labels is not the number of an array"),
    ("samples.labels", 10**6, "SampleTable.labels is not the number of an array"),
    ("samples.full_value", 0, "SampleTable.full_value holds int64; expected float64"),
    ("samples.skipped.0.reason", 3, "Skipped.reason is not text"),
    ("players.grid", [1, 2, 3], "PlayerTable.grid has 3 entries"),
    ("players.grid", [1, 2.0], "PlayerTable.grid is not int"),
    ("players.own_names.0", "ab", "PlayerTable.own_names is not a list"),
    ("measurements.0.version", True, "Measurement.version is not int"),
    ("measurements.0.coordinates", {"order": [1, 2]}, "Measurement.coordinates is not the number of an array"),
    ("measurements.0.findings.0.facts", {"ratio": 1}, "Finding.facts is not float"),
    ("measurements.0.findings.0.says", "again", "Finding.says is not a list"),
    ("measurements.0.findings.0.says", [0], "Finding.says is not text"),
    ("measurements.0.findings.0.says", ["\x1b[31m"], "Finding.says holds invisible"),
    ("measurements.0.per_sample.0.role", "leading", "Quantity.role is not one of headline, by-order, by-pair, detail"),
    ("measurements.0.per_sample.0.role", ["headline"], "Quantity.role"),
    ("measurements.0.summary.0.label", None, "Quantity.label is not text"),
    ("measurements.0.summary.0.label", "\x1b[31m", "Quantity.label holds invisible"),
    ("measurements.0.per_sample.0.dims", ["sample", "order"], "values is of another shape"),
    ("measurements.0.per_sample.0.dims", ["order"], "values is of another shape"),
    ("measurements.0.per_sample.0.dims", ["place"], "does not run over the samples"),
    ("measurements.0.per_sample.0.exact", 0, "Quantity.exact holds"),
    ("measurements.0.per_sample.0.parts", None, "Quantity.parts is not a list"),
]


@pytest.mark.parametrize(("path", "value", "said"), CHANGED)
def test_records_that_are_none(path, value, said):
    header, data = taken_apart(sent(filled()))
    holder, key = place(header["report"], path)
    assert key in holder if isinstance(holder, dict) else 0 <= key < len(holder)
    holder[key] = value
    with pytest.raises(WireError, match=said):
        received(message(header, data))


@pytest.mark.parametrize("path", ["records", "samples.pictures", "samples.texts", "samples.__class__", "more"])
def test_fields_that_do_not_travel_are_refused(path):
    header, data = taken_apart(sent(filled()))
    holder, key = place(header["report"], path)
    holder[key] = None
    with pytest.raises(WireError, match="has other fields"):
        received(message(header, data))


def test_missing_fields_are_refused():
    whole, data = taken_apart(sent(filled()))
    for path in ("status", "samples.ids", "players.grid", "measurements.0.per_sample.0.parts"):
        header = json.loads(json.dumps(whole))
        holder, key = place(header["report"], path)
        del holder[key]
        with pytest.raises(WireError, match="has other fields"):
            received(message(header, data))


def test_deep_documents_are_refused():
    header, data = taken_apart(sent(filled()))
    deep: Any = 1
    for _ in range(300):
        deep = [deep]
    header["report"]["config"] = {"deep": deep}
    raw = message(json.dumps(header).encode(), data)
    assert received(raw).config["deep"]

    def nested(depth: int) -> bytes:
        text = json.dumps(header).replace("[" * 300 + "1" + "]" * 300, "[" * depth + "1" + "]" * depth)
        return message(text.encode(), data)

    for depth in (600, 900, 1_500, 5_000):  # JSON takes more levels than the records do, or fewer: no other error
        with contextlib.suppress(WireError):
            received(nested(depth))
    with pytest.raises(WireError, match=r"not JSON|nested too deep"):
        received(nested(60_000))


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every holder and key of a JSON value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [found for key, entry in pairs for found in ((value, key), *places(entry))]


ODD = (None, True, -1, 0, 3, 10**18, 1.5, float("nan"), "", "sample", "\x1b", [], [[]], {}, {"a": 1}, [0], ["sample"])


def test_a_thousand_changed_messages_never_do_worse_than_a_refusal():
    raw = sent(filled())
    whole, data = taken_apart(raw)
    outcomes = {"report": 0, "refused": 0}
    for seed in range(1000):
        draw = random.Random(seed)
        if seed % 2:
            changed = bytearray(raw)
            for _ in range(draw.randrange(1, 9)):
                changed[draw.randrange(len(raw))] = draw.randrange(256)
            hostile = bytes(changed[: draw.choice((len(raw), len(raw), draw.randrange(len(raw))))])
        else:
            header = json.loads(json.dumps(whole))
            holder, key = draw.choice(places(header))
            holder[key] = draw.choice(ODD)
            hostile = message(header, data)
        try:
            got = received(hostile)
        except (WireError, ReportRefused) as error:
            outcomes["refused"] += 1
            assert str(error).isprintable()
        else:
            outcomes["report"] += 1
            assert isinstance(got, Report)
    assert min(outcomes.values()) > 20, outcomes
