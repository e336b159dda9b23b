from __future__ import annotations

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier
from support.tables import write_census

from interact_cli.datasets.tables import census
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest

FIRST = (
    "39, State-gov, 77516, Bachelors, 13, Never-married, Adm-clerical, Not-in-family, White, Male, 2174, 0, 40, "
    "United-States, <=50K"
)
UNKNOWN = (
    "54, ?, 180211, Some-college, 10, Married-civ-spouse, ?, Husband, Asian-Pac-Islander, Male, 0, 0, 60, South, >50K"
)


@pytest.fixture
def adult(tmp_path):
    def write(test: str, train: str = FIRST + "\n", place: str = "."):
        folder = tmp_path / place
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "adult.test").write_text(test)
        (folder / "adult.data").write_text(train)
        return tmp_path

    return write


def opened(path, **request):
    return census.read(DataRequest("census", path=path, **request))


def shown(dataset, index: int) -> dict[str, float]:
    """Return what of a row is not 0."""
    row = dataset.raw(index)
    return {dataset.column_names[at]: row[at] for at in np.flatnonzero(row)}


def test_the_first_line_the_full_stops_and_the_blanks_of_the_test_file(adult):
    dataset = opened(adult(f"|1x3 Cross validator\n{FIRST}.\n{UNKNOWN}.\n\n"))
    assert (dataset.name, dataset.split, dataset.kind, len(dataset)) == ("census", "test", "columns", 2)
    assert dataset.labels.tolist() == [0, 1]
    assert dataset.class_names == ("<=50K", ">50K")
    assert dataset.sample_id(1) == "census/test/1"
    assert shown(dataset, 0) == {
        "age": 39,
        "workclass=State-gov": 1,
        "education-num": 13,
        "marital-status=Never-married": 1,
        "occupation=Adm-clerical": 1,
        "relationship=Not-in-family": 1,
        "race=White": 1,
        "sex=Male": 1,
        "capital-gain": 2174,
        "hours-per-week": 40,
        "native-country=United-States": 1,
    }


def test_unknown_is_a_category_of_its_own(adult):
    row = shown(opened(adult(f"|1x3 Cross validator\n{UNKNOWN}.\n")), 0)
    assert row["workclass=?"] == row["occupation=?"] == row["native-country=South"] == 1


def test_the_training_part_loses_no_row(adult):
    dataset = opened(adult(f"{FIRST}.\n", train=f"{FIRST}\n{UNKNOWN}\n{FIRST}"), split="train")
    assert len(dataset) == 3
    assert dataset.labels.tolist() == [0, 1, 0]
    assert shown(dataset, 2) == shown(dataset, 0)


def test_columns_do_not_depend_on_the_file(adult, tmp_path):
    dataset = opened(adult(f"{FIRST}.\n"))
    assert dataset.column_names == census.COLUMNS
    assert len(set(census.COLUMNS)) == len(census.COLUMNS) == 5 + 9 + 7 + 15 + 6 + 5 + 2 + 42
    players = {next((g for g, members in dataset.groups.items() if c in members), c) for c in dataset.column_names}
    assert players == set(census.FIELDS[:-1]) - {"fnlwgt", "education"} and len(players) == 12
    rows = opened(write_census(tmp_path / "many", 500))
    for members in rows.groups.values():
        at = [rows.column_names.index(member) for member in members]
        assert {rows.raw(index)[at].sum() for index in range(len(rows))} == {1.0}


@pytest.mark.parametrize("place", [".", "adult", "data/census"])
def test_the_folder_or_its_parent(adult, place):
    top = adult(f"{FIRST}.\n", place=place)
    assert len(opened(top)) == 1
    assert len(census.read(DataRequest("census", roots=(top / "none", top)))) == 1


def test_a_file_asks_for_its_split(adult):
    top = adult(f"{FIRST}.\n", train=f"{UNKNOWN}\n{UNKNOWN}\n")
    assert len(opened(top / "adult.data")) == 2
    with pytest.raises(UsageError, match="is split 'train', but --split asks for 'test'"):
        opened(top / "adult.data", split="test")
    with pytest.raises(UnknownNameError, match="Available: test, train"):
        opened(top, split="dev")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("age,workclass,income", "15 fields.*line 1 .*got 3 that end with 'income'"),
        (FIRST.replace("<=50K", "poor"), "line 1 .*end with 'poor'"),
        (FIRST.replace("39, ", "39, 1, "), "got 16"),
        ("", "Expected rows"),
        ("|1x3 Cross validator", "Expected rows"),
        (FIRST + "\0", "NUL"),
    ],
)
def test_other_files(adult, line, message):
    with pytest.raises(DataRefused, match=message) as refused:
        opened(adult(line))
    assert "adult.test" in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("State-gov", "Astronaut", "Row 1 .*'workclass=Astronaut'.*no category"),
        ("Male", "?", "'sex=[?]'"),
        ("39, ", "old, ", "Column 'age'.*row 1 holds 'old'"),
        ("2174", "nan", "Row 1 .*no value in column 'capital-gain'"),
    ],
)
def test_a_bad_row_is_refused_by_itself(adult, old, new, message):
    dataset = opened(adult(f"{FIRST}.\n{FIRST.replace(old, new)}.\n"))
    assert dataset.raw(0)[0] == 39
    with pytest.raises(DataRefused, match=message):
        dataset.raw(1)


def test_not_there(tmp_path):
    with pytest.raises(DataRefused, match=r"Found no census.*an empty folder.*adult\.data") as refused:
        opened(tmp_path)
    assert census.EXPECTED in str(refused.value)
    (tmp_path / "adult.zip").write_bytes(b"PK")
    with pytest.raises(DataRefused, match="still packed"):
        opened(tmp_path)


def test_the_written_rule_can_be_learned(tmp_path):
    folder = write_census(tmp_path / "adult", 400)
    train, test = (opened(folder, split=split) for split in ("train", "test"))
    rows, unseen = (np.stack([part.raw(i) for i in range(len(part))]) for part in (train, test))
    tree = DecisionTreeClassifier(max_depth=8, random_state=0).fit(rows, train.labels)
    assert tree.score(unseen, test.labels) > 0.95
    chance = np.bincount(test.labels).max() / len(test)
    assert chance < 0.7
