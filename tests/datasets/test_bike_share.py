from __future__ import annotations

import pytest

from interact_cli.datasets.tables import bike_share
from interact_cli.errors import DataRefused, UnknownNameError
from interact_cli.interfaces import DataRequest

HEADER = (
    "instant,dteday,season,yr,mnth,hr,holiday,weekday,workingday,weathersit,temp,atemp,hum,windspeed,casual,registered,"
    "cnt\n"
)
ROWS = (
    "1,2011-01-01,1,0,1,0,0,6,0,1,0.24,0.2879,0.81,0,3,13,16\n"
    "13068,2012-06-30,3,1,6,23,0,6,0,1,0.7,0.6667,0.74,0.0896,110,231,341\n"
    "13069,2012-07-01,3,1,7,0,0,0,0,1,0.68,0.6364,0.79,0.1045,54,95,149\n"
)


@pytest.fixture
def hour(tmp_path):
    def write(content: str, place: str = "."):
        (tmp_path / place).mkdir(parents=True, exist_ok=True)
        (tmp_path / place / "hour.csv").write_text(content)
        return tmp_path

    return write


def opened(path, **request):
    return bike_share.read(DataRequest("bike_share", path=path, **request))


def test_the_split_lies_before_the_first_of_july_2012(hour):
    top = hour(HEADER + ROWS)
    test, train = opened(top), opened(top, split="train")
    assert [test.sample_id(i) for i in range(len(test))] == ["bike_share/test/2"]
    assert [train.sample_id(i) for i in range(len(train))] == ["bike_share/train/0", "bike_share/train/1"]


def test_columns_without_target_counts_number_and_day(hour):
    dataset = opened(hour(HEADER + ROWS))
    held = dict(zip(HEADER.strip().split(","), ROWS.splitlines()[2].split(","), strict=True))
    assert set(held) - set(dataset.column_names) == {"instant", "dteday", "casual", "registered", "cnt"}
    assert dict(zip(dataset.column_names, dataset.raw(0), strict=True)) == {
        name: float(held[name]) for name in dataset.column_names
    }
    assert dataset.labels is None and dataset.class_names == ()
    assert any("unlabelled" in note for note in dataset.notes)


@pytest.mark.parametrize("place", [".", "Bike-Sharing-Dataset", "data/bike_share"])
def test_the_folder_or_its_parent_or_the_file(hour, place):
    top = hour(HEADER + ROWS, place)
    assert len(opened(top)) == len(opened(top / place / "hour.csv")) == 1
    assert len(bike_share.read(DataRequest("bike_share", roots=(top,)))) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (HEADER.replace(",hr,", ",hour,") + ROWS, "Expected column 'hr'"),
        (HEADER + ROWS.replace("2011-01-01", "1/1/2011"), "dates like 2012-07-01.*'1/1/2011'"),
        ("", "empty file"),
    ],
)
def test_other_files(hour, content, message):
    with pytest.raises(DataRefused, match=message) as refused:
        opened(hour(content))
    assert "hour.csv" in str(refused.value)


def test_a_bad_row_is_refused_by_itself(hour):
    dataset = opened(hour(HEADER + ROWS.replace("0.7,0.6667", "NA,warm")), split="train")
    assert dataset.raw(0)[8] == 0.24
    with pytest.raises(DataRefused, match=r"Row 1 .*no value in column 'temp'"):
        dataset.raw(1)


def test_not_there(hour, tmp_path):
    with pytest.raises(DataRefused, match="Found no bike_share") as refused:
        opened(tmp_path)
    assert bike_share.EXPECTED in str(refused.value)
    with pytest.raises(UnknownNameError, match="test, train"):
        opened(hour(HEADER + ROWS), split="all")
