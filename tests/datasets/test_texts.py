from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from interact_cli.datasets.texts import command_line as texts
from interact_cli.datasets.texts import text_files
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.types import Text


@pytest.fixture
def file(tmp_path):
    def read(name: str, content: str | bytes, **request):
        path = tmp_path / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return text_files.read(DataRequest("text", path=path, **request))

    return read


def raws(dataset) -> list[Text]:
    return [dataset.raw(index) for index in range(len(dataset))]


def test_one_text_per_line(file):
    dataset = file("x.txt", b"\xef\xbb\xbfA fine film.\r\n\r\n  two blanks \n\xe2\x80\x9chello\xe2\x80\x9d")
    assert raws(dataset) == [Text("A fine film."), Text("  two blanks "), Text("“hello”")]
    assert [dataset.sample_id(i) for i in range(3)] == ["text/x.txt/0", "text/x.txt/1", "text/x.txt/2"]
    assert (dataset.kind, dataset.labels, dataset.class_names) == ("text", None, ())


def test_json_lines(file):
    rows = [
        {"text": "Paris is", "continuation": " in France", "id": "p1", "label": "yes", "other": {"deep": [1]}},
        {"text": 'a "quoted"\nline', "second": "b", "id": 7, "label": "no"},
    ]
    dataset = file("x.jsonl", "\n\n".join(json.dumps(row) for row in rows) + "\n")
    assert raws(dataset) == [Text("Paris is", None, " in France"), Text('a "quoted"\nline', "b")]
    assert dataset.sample_id(0) == "text/x.jsonl/p1" and dataset.sample_id(1) == "text/x.jsonl/7"
    assert dataset.class_names == ("no", "yes")
    assert dataset.labels.tolist() == [1, 0]


def test_a_key_may_come_late(file):
    dataset = file("x.jsonl", '{"text": "a"}\n{"text": "b", "second": "c"}\n{"text": "d", "continuation": "e"}\n')
    assert raws(dataset) == [Text("a"), Text("b", "c"), Text("d", None, "e")]
    with pytest.raises(DataRefused, match="'y' in row 0"):
        file("x.jsonl", '{"text": "a"}\n{"text": "b", "y": 1}\n')


@pytest.mark.parametrize("key", ["text", "sentence", "prompt", "Sentence"])
def test_usual_names(file, key):
    assert file("x.jsonl", json.dumps({key: "a", "y": 1})).labels.tolist() == [1]
    assert raws(file("x.csv", f"id,{key},label\n1,a,0\n")) == [Text("a")]


def test_columns_by_name(file):
    dataset = file("x.csv", "kind,review,text\nbad,dull,x\ngood,bright,y\n", text_column="review", label_column="kind")
    assert raws(dataset) == [Text("dull"), Text("bright")]
    assert dataset.class_names == ("bad", "good")
    assert "text column: review" in dataset.notes and "label column: kind" in dataset.notes


def test_a_csv_may_hold_newlines_and_quotes_inside_quotes(file):
    dataset = file("x.csv", 'text,label\r\n"one, ""two""\r\nthree",0\r\nfour,1\r\n')
    assert raws(dataset) == [Text('one, "two"\r\nthree'), Text("four")]
    assert dataset.labels.tolist() == [0, 1]


def test_quotes_in_a_tsv_are_characters(file):
    dataset = file("x.tsv", 'prompt\tcontinuation\n"never closed\t word\n5" pipe\t more"\n')
    assert raws(dataset) == [Text('"never closed', None, " word"), Text('5" pipe', None, ' more"')]


def test_parquet(tmp_path):
    path = tmp_path / "x.parquet"
    columns = {"sentence1": ["a", None, "c"], "sentence2": ["d", "e", ""], "label": [1, 0, 1], "n": [1.0, 2.0, 3.0]}
    pq.write_table(pa.table(columns), path, row_group_size=2)
    dataset = text_files.read(DataRequest("text", path=path))
    assert dataset.labels.tolist() == [1, 0, 1]
    assert (dataset.raw(2), dataset.raw(0)) == (Text("c"), Text("a", "d"))
    with pytest.raises(DataRefused, match=r"'sentence1' in row 1 .*got nothing"):
        dataset.raw(1)
    dataset = text_files.read(DataRequest("text", path=path, text_column="n", label_column="label"))
    with pytest.raises(DataRefused, match=r"text as 'n' in row 0 .*got '1.0'"):
        dataset.raw(0)


def test_a_long_text_in_many_rows_is_held_once(tmp_path):
    path = tmp_path / "x.parquet"
    texts_column = pa.DictionaryArray.from_arrays(pa.array([0] * 20_000), pa.array(["x" * 1_000_000]))
    pq.write_table(pa.table({"text": texts_column}), path, store_schema=False)
    assert pq.read_schema(path).field("text").type == pa.string()
    assert path.stat().st_size < 3_000_000
    before = pa.total_allocated_bytes()
    dataset = text_files.read(DataRequest("text", path=path))
    assert len(dataset.raw(19_999).text) == 1_000_000
    assert pa.total_allocated_bytes() - before < 50e6


def test_labels_that_are_all_minus_one_are_hidden(file):
    dataset = file("x.csv", "text,label\na,-1\nb,-1\n")
    assert dataset.labels is None and any("hidden" in note for note in dataset.notes)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.txt", "", "got none"),
        ("x.txt", "a\nb\0c\n", "NUL bytes in line 2"),
        ("x.txt", "a\n".encode("utf-16"), "NUL|other bytes"),
        ("x.txt", b"a\ncaf\xe9\n", "line 2"),
        ("x.txt", "a" * (1 << 20) + "b\n", "at most 1,048,576 bytes.*line 1"),
        ("x.jsonl", "", "empty file"),
        ("x.jsonl", '{"text": "a"}\n{"text": \n', "Row 1 .*no JSON"),
        ("x.jsonl", '["a"]\n', "object in row 0"),
        ("x.jsonl", '[{"text": "a"}, {"text": "b"}]', "object in row 0"),
        ("x.jsonl", '{"text": "a", "text": "b"}\n', "names a key twice"),
        ("x.jsonl", '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested too deeply"),
        ("x.jsonl", '{"text": "a", "n": ' + "9" * 5000 + "}", "no JSON"),
        ("x.jsonl", '{"text": "a", "label": 1}\n{"text": "b"}\n', "'label' in row 1 .*every object one, or none"),
        ("x.jsonl", '{"text": "a", "label": true}\n', "'label' in row 0"),
        ("x.jsonl", '{"text": "a", "label": [1]}\n', "'label' in row 0"),
        ("x.jsonl", '{"text": "a", "id": "k"}\n{"text": "b", "id": "k"}\n', "each once.*'k' twice"),
        ("x.jsonl", '{"text": "a", "id": "\\u001b[31m"}\n', r"printable.*\\x1b"),
        ("x.csv", "text,label\na,0\nb\n", "row 1 has 1 fields"),
        ("x.csv", "text,label\na,0\nb,\n", "1 missing in label column"),
        ("x.csv", "text,label\n", "got none"),
        ("x.tsv", "text\tlabel\na\tb\t0\n", "row 0 has 3 fields"),
        ("x.md", "# a", "Expected a file of texts"),
        ("x.parquet", "text", "as Parquet"),
    ],
)
def test_bad_files(file, name, content, message):
    with pytest.raises(DataRefused, match=message) as refused:
        file(name, content)
    assert name in str(refused.value) and "\n" not in str(refused.value) and "\x1b" not in str(refused.value)


@pytest.mark.parametrize("line", ['{"text": null}', '{"text": 3}', '{"other": "b"}', '{"text": ["b"]}'])
def test_a_text_that_is_missing_is_refused_by_itself(file, line):
    dataset = file("x.jsonl", '{"text": "a"}\n' + line + "\n")
    assert dataset.raw(0) == Text("a")
    with pytest.raises(DataRefused, match="'text' in row 1"):
        dataset.raw(1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.jsonl", '{"text": ""}\n{"text": "a"}\n'),
        ("x.tsv", "text\tlabel\n\t0\na\t1\n"),
        ("x.csv", 'text,n\n"",1\na,2\n'),
    ],
)
def test_a_text_without_words_is_an_empty_text(file, name, content):
    """The tokenizer finds no words in it, and its sample is skipped: it is not unreadable."""
    assert raws(file(name, content)) == [Text(""), Text("a")]


def test_which_column_is_the_text(file, tmp_path):
    with pytest.raises(UsageError, match=r"--text-column. Columns: review, stars"):
        file("x.csv", "review,stars\na,1\n")
    with pytest.raises(UsageError, match="Did you mean 'review'"):
        file("x.csv", "review,stars\na,1\n", text_column="reviews")
    with pytest.raises(UsageError, match=r"--text-column 'a'.*no columns"):
        file("x.txt", "a\n", text_column="a")
    with pytest.raises(UsageError, match="no column 'kind'"):
        file("x.jsonl", '{"text": "a"}', label_column="kind")
    with pytest.raises(UsageError, match="text:FILE"):
        text_files.read(DataRequest("text"))
    for name in ("none.txt", "none.csv", "none.jsonl", "none.parquet"):
        with pytest.raises(DataRefused, match="got nothing"):
            text_files.read(DataRequest("text", path=tmp_path / name))


def test_texts_from_the_command_line():
    dataset = texts.read(DataRequest("texts", texts=("A fine film.", " so it is")))
    assert raws(dataset) == [Text("A fine film."), Text(" so it is")]
    assert [dataset.sample_id(i) for i in range(len(dataset))] == ["text/0", "text/1"]
    assert (dataset.kind, dataset.split, dataset.labels) == ("text", "all", None)


def test_no_texts_on_the_command_line(tmp_path):
    with pytest.raises(UsageError, match="--text 'some words'"):
        texts.read(DataRequest("texts"))
    with pytest.raises(UsageError, match="as text 1"):
        texts.read(DataRequest("texts", texts=("a", " ")))
    with pytest.raises(UsageError, match="no path"):
        texts.read(DataRequest("texts", path=tmp_path, texts=("a",)))
    with pytest.raises(UsageError, match="no text column"):
        texts.read(DataRequest("texts", text_column="a", texts=("a",)))
