from __future__ import annotations

import decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interact_cli.datasets.tables import parquet
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest


@pytest.fixture
def opened(tmp_path):
    def read(columns: dict | pa.Table, rows_per_group: int = 2, **request):
        path = tmp_path / "x.parquet"
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        pq.write_table(table, path, row_group_size=rows_per_group)
        return parquet.read(DataRequest("parquet", path=path, **request))

    return read


def test_rows_of_all_groups_in_float64(opened):
    dataset = opened(
        {
            "a": pa.array([1, 2, 3, 4, 5], pa.int8()),
            "b": pa.array([0.1, 0.2, 0.3, 0.4, 0.5]),
            "c": pa.array([True, False, True, True, False]),
            "d": pa.array([decimal.Decimal("1.25")] * 5),
            "y": ["wolf", "ox", "ox", "wolf", "elk"],
        }
    )
    assert dataset.column_names == ("a", "b", "c", "d")
    assert [dataset.raw(i).tolist() for i in (4, 0, 3)] == [[5, 0.5, 0, 1.25], [1, 0.1, 1, 1.25], [4, 0.4, 1, 1.25]]
    assert dataset.raw(0).dtype == np.float64
    assert dataset.class_names == ("elk", "ox", "wolf")
    assert dataset.labels.tolist() == [2, 1, 1, 2, 0]
    assert dataset.sample_id(3) == "parquet/x.parquet/3"
    assert (dataset.kind, dataset.split, len(dataset)) == ("columns", "all", 5)


@pytest.mark.parametrize(
    "labels",
    [
        pa.array([2, 0, 1], pa.int64()),
        pa.array([2.0, 0.0, 1.0]),
        pa.array(["2", "0", "1"]),
        pa.array(["2", "0", "1"], pa.large_string()),
        pa.array(["2", "0", "1"]).dictionary_encode(),
    ],
    ids=str,
)
def test_whole_numbers_are_class_indices_whatever_their_type(opened, labels):
    dataset = opened({"target": labels, "a": [1.0, 2.0, 3.0]}, label_column="target")
    assert dataset.labels.tolist() == [2, 0, 1]
    assert dataset.class_names == ("0", "1", "2")


def test_what_is_wrong_with_one_row_is_said_when_it_is_asked_for(opened):
    dataset = opened({"a": [1.0, None, float("inf"), 4.0], "y": [0, 1, 0, 1]})
    assert dataset.raw(3).tolist() == [4]
    with pytest.raises(DataRefused, match=r"column 'a', row 1 .*got nothing"):
        dataset.raw(1)
    with pytest.raises(DataRefused, match=r"column 'a', row 2 .*got inf"):
        dataset.raw(2)


def test_only_the_row_group_of_a_row_is_read(opened, monkeypatch):
    dataset = opened({"a": np.arange(100.0), "y": np.zeros(100, int)}, rows_per_group=10)
    read = []
    original = pq.ParquetFile.read_row_group
    monkeypatch.setattr(pq.ParquetFile, "read_row_group", lambda self, i, **k: read.append(i) or original(self, i, **k))
    assert [dataset.raw(i)[0] for i in (57, 51, 99, 50)] == [57, 51, 99, 50]
    assert read == [5, 9]


class Secret(pa.ExtensionType):
    """Arrow asks a class like this to read what the file says."""

    def __init__(self) -> None:
        super().__init__(pa.float64(), "interact.secret")

    def __arrow_ext_serialize__(self) -> bytes:
        return b"hello"

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type, serialized):
        raise RuntimeError("code of an extension type ran")


@pytest.mark.parametrize("unknown", [True, False], ids=["unregistered", "canonical"])
def test_extension_types_are_refused(opened, unknown):
    kind = Secret() if unknown else pa.uuid()
    values = pa.ExtensionArray.from_storage(kind, pa.array([1.0] if unknown else [b"0" * 16], kind.storage_type))
    with pytest.raises(DataRefused, match=r"Column 's' .*extension type.*plain"):
        opened(pa.table({"a": [1.0], "s": values, "y": [0]}))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": ["red"], "y": [0]}, "Column 'a'.*not numeric: its type is string"),
        ({"a": [[1.0]], "y": [0]}, "Column 'a'.*not numeric: its type is list"),
        ({"a": pa.array([0], pa.timestamp("s")), "y": [0]}, "Column 'a'.*not numeric"),
        ({"a": [1.0, 2.0], "y": ["u", None]}, "1 missing in label column 'y'.*row 1"),
        ({"a": [1.0], "y": [-1]}, "got -1 in row 0"),
        ({"y": [0]}, "at least two columns"),
        ({"a": pa.array([], pa.float64()), "y": pa.array([], pa.int8())}, "Expected rows"),
        ({f"c{i}": [0.0] for i in range(10_001)}, "at most 10,000 columns"),
        ({"a": [1.0] * 10_001, "y": [f"n{i}" for i in range(10_001)]}, "at most 10,000 different values"),
    ],
)
def test_bad_tables(opened, columns, message):
    with pytest.raises(DataRefused, match=message) as refused:
        opened(columns)
    assert "x.parquet" in str(refused.value) and "\n" not in str(refused.value)


def test_two_columns_of_one_name(opened):
    with pytest.raises(DataRefused, match="'a' appears more than once"):
        opened(pa.Table.from_arrays([pa.array([1.0]), pa.array([1.0]), pa.array([0])], names=["a", "a", "y"]))


def test_which_column_is_the_label(opened):
    with pytest.raises(UsageError, match="--label-column"):
        opened({"a": [1.0], "b": [1.0]})
    with pytest.raises(UsageError, match="Did you mean 'kind'"):
        opened({"a": [1.0], "kind": [1]}, label_column="kid")


@pytest.mark.parametrize("content", [b"", b"PAR1", b"a,y\n1,0\n", b"PAR1" + b"\x00" * 64 + b"PAR1"])
def test_no_parquet(tmp_path, content):
    path = tmp_path / "x.parquet"
    path.write_bytes(content)
    with pytest.raises(DataRefused, match="as Parquet") as refused:
        parquet.read(DataRequest("parquet", path=path))
    assert "\n" not in str(refused.value)


def test_no_file(tmp_path):
    with pytest.raises(DataRefused, match="got nothing"):
        parquet.read(DataRequest("parquet", path=tmp_path / "none.parquet"))
    with pytest.raises(DataRefused, match="got a folder"):
        parquet.read(DataRequest("parquet", path=tmp_path))


def test_a_file_that_is_gone_fails_row_by_row(opened, tmp_path):
    dataset = opened({"a": [1.0], "y": [0]})
    (tmp_path / "x.parquet").unlink()
    with pytest.raises(DataRefused, match="Cannot read"):
        dataset.raw(0)
