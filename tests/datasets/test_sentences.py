from __future__ import annotations

import pytest

from interact_cli.datasets.texts import glue as tasks
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.types import Text

SST2 = (
    "sentence\tlabel\n"
    "hide new secretions from the parental units \t0\n"
    '" a quote opens and never closes \t1\n'
    'it "s fine , says "nobody \t1\n'
)
SST2_TEST = "index\tsentence\n0\tuneasy mishmash of styles and genres .\n1\tthis film 's relationship\n"
COLA = (
    "gj04\t1\t\tOur friends won't buy this analysis, let alone the next one we propose.\n"
    'gj04\t0\t*\tThey drank the "pub.\n'
    "cj99\t1\t\tThe more we study verbs, the crazier they get.\n"
)


@pytest.fixture
def glue(tmp_path):
    def write(folder: str, **parts: str | bytes):
        place = tmp_path / folder
        place.mkdir(parents=True, exist_ok=True)
        for name, content in parts.items():
            (place / f"{name}.tsv").write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path

    return write


def opened(name, path, **request):
    return tasks.read(DataRequest(name, path=path, **request))


def test_sst2_quotes_are_characters_and_a_line_is_a_row(glue):
    dataset = opened("sst2", glue("SST-2", dev=SST2))
    assert (dataset.kind, dataset.split, len(dataset)) == ("text", "dev", 3)
    assert dataset.raw(0) == Text("hide new secretions from the parental units ")
    assert dataset.raw(1) == Text('" a quote opens and never closes ')
    assert dataset.raw(2) == Text('it "s fine , says "nobody ')
    assert dataset.labels.tolist() == [0, 1, 1]
    assert dataset.class_names == ("negative", "positive")
    assert dataset.sample_id(2) == "sst2/dev/2"


def test_cola_has_no_line_of_names_and_loses_no_row(glue):
    dataset = opened("cola", glue("CoLA", dev=COLA))
    assert len(dataset) == 3
    assert dataset.raw(0).text.startswith("Our friends")
    assert dataset.raw(1) == Text('They drank the "pub.')
    assert dataset.labels.tolist() == [1, 0, 1]
    assert dataset.class_names == ("unacceptable", "acceptable")


@pytest.mark.parametrize("name", ["sst2", "cola"])
def test_the_labels_of_the_test_part_are_hidden(glue, name):
    glue("SST-2", test=SST2_TEST)
    dataset = opened(name, glue("CoLA", test=SST2_TEST), split="test")
    assert dataset.labels is None
    assert dataset.raw(1) == Text("this film 's relationship")
    assert any("hidden" in note for note in dataset.notes)


def test_labels_that_are_all_minus_one_are_hidden_too(glue):
    dataset = opened("sst2", glue("SST-2", dev="sentence\tlabel\nfine\t-1\nbad\t-1\n"))
    assert dataset.labels is None and "-1" in dataset.notes[0]


def test_windows_lines_and_a_byte_order_mark(glue):
    dataset = opened("sst2", glue("SST-2", dev=b"\xef\xbb\xbf" + SST2.replace("\n", "\r\n").encode()))
    assert dataset.labels.tolist() == [0, 1, 1]
    assert dataset.raw(1) == Text('" a quote opens and never closes ')


@pytest.mark.parametrize("place", ["SST-2", "glue_data/SST-2", "data/glue_data/SST-2", "."])
def test_the_folder_or_what_lies_around_it(glue, place):
    top = glue(place, dev=SST2, train=SST2 + "more \t1\n")
    assert len(opened("sst2", top)) == 3
    assert len(tasks.read(DataRequest("sst2", roots=(top,), split="train"))) == 4
    assert opened("sst2", top / place / "train.tsv").split == "train"


def test_unknown_splits_and_flags(glue):
    top = glue("SST-2", dev=SST2)
    with pytest.raises(UnknownNameError, match="dev, test, train"):
        opened("sst2", top, split="validation")
    with pytest.raises(DataRefused, match=r"Found no sst2 split 'train' \(train.tsv\)"):
        opened("sst2", top, split="train")
    with pytest.raises(UsageError, match="own labels"):
        opened("sst2", top, label_column="label")
    with pytest.raises(UsageError, match="no text column"):
        opened("sst2", top, text_column="sentence")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("sst2", COLA, "first line 'sentence<TAB>label'.*got 'gj04"),
        ("sst2", SST2 + "a stray\ttab \t1\n", "Expected 2 fields .*line 5 .*got 3: a tab in the sentence"),
        ("sst2", SST2 + "no label\n", "line 5 .*got 1"),
        ("sst2", SST2 + "what \t2\n", "label 0 or 1 in line 5 .*got '2'"),
        ("sst2", SST2 + "what \t-1\n", "got '-1'"),
        ("sst2", "sentence\tlabel\n", "Expected rows"),
        ("sst2", "", "empty file"),
        ("sst2", SST2 + "a\0b\t1\n", "NUL bytes in line 5"),
        ("sst2", SST2.encode() + b"caf\xe9\t1\n", "line 5"),
        ("sst2", SST2 + "a" * (1 << 20) + "\t1\n", "lines of at most 1,048,576 bytes.*line 5"),
        ("cola", SST2, "Expected 4 fields .*line 1 .*got 2"),
        ("cola", "source\tlabel\tmark\tsentence\n" + COLA, "label 0 or 1 in line 1 .*got 'label'"),
    ],
)
def test_other_files(glue, name, content, message):
    top = glue("SST-2" if name == "sst2" else "CoLA", dev=content)
    with pytest.raises(DataRefused, match=message) as refused:
        opened(name, top)
    assert "dev.tsv" in str(refused.value) and "\n" not in str(refused.value)


def test_not_there(tmp_path):
    for name in ("sst2", "cola"):
        with pytest.raises(DataRefused, match="Found no") as refused:
            opened(name, tmp_path)
        assert tasks.EXPECTED[name] in str(refused.value)


def test_a_file_that_has_changed_fails_by_sample(glue):
    top = glue("CoLA", dev=COLA)
    dataset = opened("cola", top)
    (top / "CoLA" / "dev.tsv").write_text("gone\n" * 30)
    with pytest.raises(DataRefused, match="has changed"):
        dataset.raw(2)
