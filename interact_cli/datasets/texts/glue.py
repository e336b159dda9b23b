"""SST-2 and CoLA in GLUE's layout: no quoting, one file per split, the labels of the test part hidden.

SST-2 has sentences of film reviews, negative or positive; CoLA English sentences, unacceptable or acceptable.

Source: Wang et al. (2019), https://gluebenchmark.com; Socher et al. (2013), https://nlp.stanford.edu/sentiment/;
Warstadt, Singh & Bowman (2019), https://nyu-mll.github.io/CoLA/
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from interact_cli.datasets.layouts import Layout, split_place
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.datasets.texts.lines import Line, line_at, lines
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import IntArray, Text

_FILES = {"dev": "dev.tsv", "train": "train.tsv", "test": "test.tsv"}
_HIDDEN = "-1"
"""What stands for a label that is not told."""


EXPECTED = {
    "sst2": "SST-2/{dev.tsv, train.tsv, test.tsv}, alone or in glue_data/: a line 'sentence<TAB>label', no quoting",
    "cola": "CoLA/{dev.tsv, train.tsv, test.tsv}, alone or in glue_data/: 4 columns (source, label, mark, sentence) "
    "without a line of names, no quoting",
}


@dataclass(frozen=True)
class _Part:
    """The columns of one file."""

    columns: tuple[str, ...]
    has_names: bool = True
    """Whether its first line names them."""


_TEST = _Part(("index", "sentence"))


@dataclass(frozen=True)
class _Task:
    """One task: a sentence and its class."""

    folder: str
    labelled: _Part
    """Its train and dev files; the test file is `_TEST`."""
    class_names: tuple[str, ...]


_TASKS = {
    "sst2": _Task("SST-2", _Part(("sentence", "label")), ("negative", "positive")),
    "cola": _Task(
        "CoLA", _Part(("source", "label", "mark", "sentence"), has_names=False), ("unacceptable", "acceptable")
    ),
}


def read(request: DataRequest) -> Samples:
    """Open SST-2 or CoLA, whichever the request names, its dev part unless asked otherwise.

    The test part is unlabelled. Rows are numbered from 0 below the line of names, if there is one.

    A quote is a character like any other, and a line ends a row, always: reading these files with a CSV reader's usual
    quoting joins rows.

    Raises:
        DataRefused: not found, another table, or a label that is no class.
        UsageError: an unknown split.
    """
    name, task = request.name, _TASKS[request.name]
    layout = Layout(name, EXPECTED[name], (task.folder, f"glue_data/{task.folder}"), (f"{task.folder}.zip",))
    split, path = split_place(request, layout, _FILES)
    part = _TEST if split == "test" else task.labelled
    all_lines = list(lines(path))
    rows = all_lines[1:] if part.has_names else all_lines
    _check(path, part, all_lines, EXPECTED[name])
    sentence = part.columns.index("sentence")
    labels, notes = _labels(path, part, rows, name)
    return Samples(
        name=name,
        split=split,
        kind="text",
        ids=Numbered(f"{name}/{split}", len(rows)),
        read=partial(_text, path, np.array([row.start for row in rows], np.int64), sentence),
        labels=labels,
        class_names=task.class_names,
        notes=notes,
    )


def _check(path: Path, part: _Part, all_lines: list[Line], expected: str) -> None:
    shown = "<TAB>".join(part.columns)
    if part.has_names and (not all_lines or tuple(all_lines[0].text.split("\t")) != part.columns):
        got = f"'{safe_text(all_lines[0].text, 60)}'" if all_lines else "an empty file"
        raise DataRefused(f"Expected the first line '{shown}' in '{path}', got {got}. Expected {expected}.")
    if len(all_lines) <= part.has_names:
        raise DataRefused(f"Expected rows in '{path}', got none. Expected {expected}.")
    for line in all_lines:
        n_fields = line.text.count("\t") + 1
        if n_fields != len(part.columns):
            raise DataRefused(
                f"Expected {len(part.columns)} fields ({shown}) in line {line.number} of '{path}', got {n_fields}: a "
                f"tab in the sentence, or a file of another task? Expected {expected}."
            )


def _labels(path: Path, part: _Part, rows: list[Line], name: str) -> tuple[IntArray | None, tuple[str, ...]]:
    if "label" not in part.columns:
        return None, ("the labels of the test part are hidden: samples are unlabelled",)
    place = part.columns.index("label")
    texts = [row.text.split("\t")[place] for row in rows]
    if set(texts) == {_HIDDEN}:
        return None, (f"all labels are {_HIDDEN}, which stands for hidden: samples are unlabelled",)
    index_of = {str(index): index for index in range(len(_TASKS[name].class_names))}
    for row, text in zip(rows, texts, strict=True):
        if text not in index_of:
            raise DataRefused(
                f"Expected label {' or '.join(index_of)} in line {row.number} of '{path}', got "
                f"'{safe_text(text, 40)}'. Expected {EXPECTED[name]}."
            )
    return np.array([index_of[text] for text in texts], np.int64), ()


def _text(path: Path, starts: IntArray, sentence: int, index: int) -> Text:
    fields = line_at(path, starts[index]).split("\t")
    if len(fields) <= sentence:
        raise DataRefused(f"Cannot read row {index} of '{path}': the file has changed since it was opened.")
    return Text(fields[sentence])
