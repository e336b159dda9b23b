from __future__ import annotations

import gzip

import numpy as np
import pytest

from interact_cli.datasets import table
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest


@pytest.fixture
def csv(tmp_path):
    def read(content: str | bytes, name: str = "x.csv", **request):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return table.read(DataRequest("csv", path=path, **request))

    return read


def test_columns_labels_and_ids(csv):
    dataset = csv("a, b,y\n0.1,2,0\n1e-3,-4.5,2\n+3, 7,1\n")
    assert dataset.column_names == ("a", "b")
    assert [dataset.raw(i).tolist() for i in range(3)] == [[0.1, 2.0], [0.001, -4.5], [3.0, 7.0]]
    assert dataset.raw(0).dtype == np.float64
    assert dataset.labels.tolist() == [0, 2, 1]
    assert dataset.class_names == ("0", "1", "2")
    assert dataset.sample_id(2) == "csv/x.csv/2"
    assert (dataset.split, dataset.kind) == ("all", "columns")


def test_named_classes_in_sorted_order_and_a_column_by_name(csv):
    dataset = csv("kind\ta b\tc\nwolf\t1\t2\nox\t3\t4\nwolf\t5\t6\n", "x.tsv", label_column="kind")
    assert dataset.class_names == ("ox", "wolf")
    assert dataset.labels.tolist() == [1, 0, 1]
    assert dataset.column_names == ("a b", "c")
    assert "classes by name: ox = 0, wolf = 1" in dataset.notes


def test_numbers_are_read_to_the_last_bit(csv):
    values = np.random.default_rng(0).standard_normal(200) * 10.0 ** np.arange(-100, 100)
    dataset = csv("a,y\n" + "".join(f"{value!r},0\n" for value in values.tolist()))
    assert [dataset.raw(i)[0] for i in range(200)] == values.tolist()


def test_labels_that_are_whole_floats_are_indices_and_a_start_at_1_is_said(csv):
    dataset = csv("a,label\n1,1.0\n2,2.0\n")
    assert dataset.labels.tolist() == [1, 2]
    assert any("start at 1" in note for note in dataset.notes)


def test_byte_order_mark_quotes_and_windows_lines(csv):
    dataset = csv(b'\xef\xbb\xbf"a, one",y\r\n1, "u"\r\n2,"v, w"\r\n')
    assert dataset.column_names == ("a, one",)
    assert dataset.class_names == ("u", "v, w")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b,y\n1,2,0\n3,red,1\n", "Column 'b'.*row 1 holds 'red'"),
        ("a,b,y\n1,True,0\n3,False,1\n", "Column 'b'.*row 0 holds 'True'"),
        ("a,b,y\n1,2023-01-02,0\n", "Column 'b'.*row 0 holds '2023-01-02'"),
        ("a,b,y\n1,2,0\n,,1\n?,3,NA\n", r"4 missing value\(s\) in 3 column\(s\), the first in column 'a', row 1"),
        ("a,b,y\n1,2,0\n1,inf,0\n", "Column 'b'.*not finite: row 1"),
        ("a,b,y\n", "got none"),
        ("", "empty file"),
        ("\n\n", "no table"),
        ("a,b,y\n1,2\n", r"1 missing value\(s\)"),
        ("a,b,y\n1,2,0\n1,2,0,9\n", "equally long"),
        ("a,b,y\n1,2,0,9\n", "equally long"),
        (b"a,y\n1\x00,0\n", "NUL"),
        ("a,y\n1,0\n".encode("utf-16"), "NUL"),
        (b"a,y\n1,\xff\n", "UTF-8"),
        (gzip.compress(b"a,y\n1,0\n", mtime=1), "NUL|UTF-8"),
        ("a,a,y\n1,2,0\n", "more than once"),
        ("a,,y\n1,2,0\n", "Column 2 of 3.*no name"),
        ("1,2,3\n4,5,6\n", "got numbers"),
        ("a;b;y\n1;2;0\n", "semicolons"),
        ("a,y\n1,-1\n2,1\n", "got -1 in row 0"),
        ("a,y\n1,0\n2,0.37\n", "got 0.37 in row 1"),
        ("a,y\n1,0\n2,1000000000\n", "got 1000000000"),
    ],
)
def test_bad_tables(csv, content, message):
    with pytest.raises(DataRefused, match=message) as refused:
        csv(content)
    assert "x.csv" in str(refused.value) and "\n" not in str(refused.value)


def test_a_million_columns(csv):
    with pytest.raises(DataRefused, match="at most 10,000 columns"):
        csv(",".join(f"c{i}" for i in range(10**6)) + ",y\n")


def test_which_column_is_the_label(csv):
    with pytest.raises(UsageError, match=r"--label-column.*a, b, c"):
        csv("a,b,c\n1,2,0\n")
    with pytest.raises(UsageError, match="Did you mean 'outcome'"):
        csv("outcome,b,c\n1,2,0\n", label_column="outcom")
    assert csv("a,Class\n1,0\n").column_names == ("a",)


def test_no_file(tmp_path):
    with pytest.raises(DataRefused, match="got nothing"):
        table.read(DataRequest("csv", path=tmp_path / "none.csv"))
    with pytest.raises(DataRefused, match="got a folder"):
        table.read(DataRequest("csv", path=tmp_path))
    with pytest.raises(UsageError, match="csv:FILE"):
        table.read(DataRequest("csv"))
