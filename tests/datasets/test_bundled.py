from __future__ import annotations

import numpy as np
import pytest
from sklearn import datasets as sk

from interact_cli.datasets import bundled
from interact_cli.datasets.images import folder
from interact_cli.datasets.tables import table
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest

TABLES = {"wine": sk.load_wine, "breast_cancer": sk.load_breast_cancer, "iris": sk.load_iris}
CLASSIFIED = {"digits": sk.load_digits, **TABLES}


def positions(dataset) -> list[int]:
    return [int(dataset.sample_id(i).rsplit("/", 1)[1]) for i in range(len(dataset))]


@pytest.mark.parametrize("name", CLASSIFIED)
def test_the_two_parts_are_disjoint_complete_and_stratified(name):
    bunch = CLASSIFIED[name]()
    train, test = bundled.read(DataRequest(name, split="train")), bundled.read(DataRequest(name))
    assert (train.split, test.split) == ("train", "test")
    assert sorted(positions(train) + positions(test)) == list(range(len(bunch.target)))
    for part in (train, test):
        assert part.labels.tolist() == bunch.target[positions(part)].tolist()
    counts = np.bincount(bunch.target)
    assert np.abs(np.bincount(test.labels) - 0.2 * counts).max() <= 0.5
    assert len(test.class_names) == len(counts)
    assert test.sample_id(0).startswith(f"{name}/test/")


def test_the_split_is_not_the_order_of_the_file():
    test = positions(bundled.read(DataRequest("iris")))
    assert test != sorted(range(0, 150, 5)) and test[:10] != list(range(10))


def test_digits_are_grey_images_over_the_whole_range():
    dataset = bundled.read(DataRequest("digits"))
    images = sk.load_digits().images
    for i in (0, 100, len(dataset) - 1):
        raw = dataset.raw(i)
        assert (raw.mode, raw.size) == ("L", (8, 8))
        expected = images[positions(dataset)[i]] / 16 * 255
        assert np.abs(np.asarray(raw, float) - expected).max() <= 0.5
    assert max(np.asarray(dataset.raw(i)).max() for i in range(20)) == 255


@pytest.mark.parametrize("name", TABLES)
def test_rows_and_names_are_those_of_scikit_learn(name):
    dataset, bunch = bundled.read(DataRequest(name)), TABLES[name]()
    assert dataset.kind == "columns"
    assert list(dataset.column_names) == list(bunch.feature_names)
    assert list(dataset.class_names) == list(bunch.target_names)
    row = dataset.raw(3)
    assert row.dtype == np.float64
    assert row.tolist() == bunch.data[positions(dataset)[3]].tolist()


def test_diabetes_has_no_labels():
    dataset = bundled.read(DataRequest("diabetes"))
    assert dataset.labels is None and len(dataset) == 88 and dataset.raw(0).shape == (10,)
    assert "unlabelled" in dataset.notes[0]


def test_photographs():
    dataset = bundled.photographs(DataRequest("photographs"))
    assert [dataset.sample_id(i) for i in range(len(dataset))] == ["photographs/china.jpg", "photographs/flower.jpg"]
    assert dataset.labels is None
    assert all(dataset.raw(i).mode == "RGB" and dataset.raw(i).size == (640, 427) for i in range(2))
    assert dataset.raw(0).tobytes() != dataset.raw(1).tobytes()


def test_what_cannot_be_given_is_an_error(tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'test'"):
        bundled.read(DataRequest("digits", split="tests"))
    with pytest.raises(UsageError, match="takes no path"):
        bundled.read(DataRequest("digits", path=tmp_path))
    with pytest.raises(UsageError, match="--label-column"):
        bundled.read(DataRequest("wine", label_column="y"))
    readers = ((bundled.read, None), (bundled.photographs, None), (folder.read, tmp_path), (table.read, tmp_path))
    for read, path in readers:
        with pytest.raises(UsageError, match="--allow-download"):
            read(DataRequest("named", path=path, allow_download=True))
