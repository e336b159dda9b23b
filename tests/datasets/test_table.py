from __future__ import annotations

import csv as reference
import gzip
import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from interact_cli.datasets.tables import records, table
from interact_cli.datasets.tables.delimited import open_table
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
        ("a,b,y\n1,True,0\n3,False,1\n", "Column 'b'.*row 0 holds 'True'"),
        ("a,b,y\n1,2023-01-02,0\n", "Column 'b'.*row 0 holds '2023-01-02'"),
        ("a,b,y\n1,2,0\n3,4,\n?,3,NA\n", "2 missing in label column 'y'.*the first in row 1"),
        ("a,b,y\n", "got none"),
        ("", "empty file"),
        ("\n\n", "only blank lines"),
        ("a,b,y\n1,2\n", "row 0 has 2 fields, the line of names 3"),
        ("a,b,y\n1,2,0\n\n1,2\n", "row 1 has 2 fields"),
        ('a,y\n1,u\n2,5" pipe\n3,v\n4,5" pipe\n', "Row 1 .*middle of a field"),
        ('a,y\n1,"u"\n2,"u" v\n', "Row 1 .*middle of a field"),
        ('a,y\n1,"u"\n2,"v\n3,w\n', "Row 1 .*never closed"),
        ("a,y\r1,0\r2,1\r", "CR alone"),
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


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("3,red,1", "Column 'b'.*row 1 holds 'red'"),
        ("3,,1", "Row 1 .*no value in column 'b'"),
        ("3,?,1", "Row 1 .*no value in column 'b'"),
        ("NaN,2,1", "Row 1 .*no value in column 'a'"),
        ("3,inf,1", "Column 'b'.*not finite: row 1 holds inf"),
        ('"\x1b[31m",2,1', r"row 1 holds '\\x1b\[31m'"),
        ("1" * 200_000 + ",2,1", "Cannot read row 1.*limit"),
    ],
)
def test_what_is_wrong_with_one_row_is_said_when_it_is_asked_for(csv, row, message):
    dataset = csv(f"a,b,y\n1,2,0\n{row}\n4,5,1\n")
    assert dataset.labels.tolist() == [0, 1, 1]
    assert dataset.raw(2).tolist() == [4, 5]
    with pytest.raises(DataRefused, match=message) as refused:
        dataset.raw(1)
    assert "x.csv" in str(refused.value) and "\n" not in str(refused.value)


def test_a_first_row_that_misses_a_value_does_not_refuse_the_file(csv):
    dataset = csv("a,b,y\n,2,0\n1,2,1\n")
    assert dataset.raw(1).tolist() == [1, 2]
    with pytest.raises(DataRefused, match="Row 0"):
        dataset.raw(0)


def test_a_file_that_has_changed_is_noticed(csv, tmp_path):
    dataset = csv("a,b,y\n1,2,0\n3,4,1\n")
    (tmp_path / "x.csv").write_text("a,b,y\n1\n")
    with pytest.raises(DataRefused, match="has changed"):
        dataset.raw(1)
    (tmp_path / "x.csv").unlink()
    with pytest.raises(DataRefused, match="Cannot read row 0"):
        dataset.raw(0)


_CELLS = st.text(st.sampled_from('ab ,\n"é\r1'), max_size=12)


@given(
    rows=st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=8),
    separator=st.sampled_from(",\t"),
    newline=st.sampled_from(["\n", "\r\n"]),
    block=st.integers(1, 40),
    last=st.booleans(),
)
def test_records_are_those_of_the_csv_module(tmp_path_factory, rows, separator, newline, block, last):
    path = tmp_path_factory.mktemp("records") / "x.csv"
    text = io.StringIO(newline="")
    writer = reference.writer(text, delimiter=separator, quoting=reference.QUOTE_ALL, lineterminator=newline)
    writer.writerow(["p", "q", "r"])
    for row in rows:
        writer.writerow(row)
        text.write(newline if len(row[0]) % 2 else "")
    content = text.getvalue()
    path.write_bytes((content if last else content.rstrip("\r\n")).encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_BLOCK_BYTES", block)
        found, columns = records.scan(open_table(path, separator, expected=""), ["q", "r"])
    assert [list(found.row(index).values()) for index in range(len(found))] == [list(row) for row in rows]
    for place, name in enumerate("qr", start=1):
        column = columns[name]
        assert [column.texts[at] for at in column.positions] == [row[place] for row in rows]


@given(
    st.lists(st.tuples(st.integers(0, 99), st.text("abc", max_size=11)), min_size=1, max_size=20), st.integers(1, 50)
)
def test_plain_columns_of_any_width_and_block(tmp_path_factory, rows, block):
    path = tmp_path_factory.mktemp("plain") / "x.csv"
    path.write_text("n,word,m\n" + "".join(f"{n},{word},{n}\n" for n, word in rows))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_BLOCK_BYTES", block)
        _, columns = records.scan(open_table(path, ",", expected=""), ["word", "n", "m"])
    for name, expected in (("word", [w for _, w in rows]), ("n", [str(n) for n, _ in rows])):
        column = columns[name]
        assert [column.texts[at] for at in column.positions] == expected
    assert len(columns["n"].texts) == len({n for n, _ in rows})


def test_a_large_table_is_not_held(csv):
    content = "a,b,y\n" + "0.123456789012345,0.987654321098765,1\n" * 200_000
    csv("a,y\n1,0\n")
    tracemalloc.start()
    dataset = csv(content.encode())
    dataset.raw(150_000)
    size, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(dataset) == 200_000
    # 16 bytes of offset and label per row; the file itself has 7.6 MB, its numbers 3.2 MB more as objects.
    assert size < 200_000 * 16 + 500_000
    assert peak < 25e6


def test_an_endless_quote_is_given_up(csv, monkeypatch):
    monkeypatch.setattr(records, "MAX_RECORD_BYTES", 1000)
    monkeypatch.setattr(records, "_BLOCK_BYTES", 100)
    with pytest.raises(DataRefused, match=r"Row 1 .*longer than 1,000 bytes.*quote"):
        csv("a,y\n1,0\n" + '"' + "1,0\n" * 10_000)


def test_a_label_column_of_ten_thousand_names_is_none(csv):
    with pytest.raises(DataRefused, match=r"at most 10,000 different values in column 'y'.*right column"):
        csv("a,y\n" + "".join(f"1,name-of-{row}\n" for row in range(10_001)))


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
