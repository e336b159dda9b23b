from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_svmlight_file

from interact_cli.datasets.tables import tv_news
from interact_cli.errors import DataRefused, UnknownNameError
from interact_cli.interfaces import DataRequest

BBC = "1  1:123 2:1.316440 17:0.5 4125:0.25 \n-1  1:47 123:2\n1  \n"
NDTV = "-1  1:9\n"


@pytest.fixture
def channels(tmp_path):
    def write(place: str = ".", **files: str):
        folder = tmp_path / place
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            (folder / f"{name}.txt").write_text(content)
        return tmp_path

    return write


def opened(path, **request):
    return tv_news.read(DataRequest("tv_news", path=path, **request))


def test_rows_are_those_that_scikit_learn_reads(channels):
    top = channels(BBC=BBC, NDTV=NDTV)
    dataset = opened(top)
    expected, labels = load_svmlight_file(str(top / "BBC.txt"), n_features=4125)
    assert np.array_equal(np.stack([dataset.raw(i) for i in range(3)]), expected.toarray())
    assert [tv_news.CLASSES[label] for label in dataset.labels[:3]] == [
        "commercial" if label == 1 else "no commercial" for label in labels
    ]
    assert [dataset.sample_id(i) for i in range(4)] == [
        f"tv_news/{name}" for name in ("BBC/0", "BBC/1", "BBC/2", "NDTV/0")
    ]
    assert dataset.raw(3)[0] == 9
    assert any("CNN, CNNIBN, TIMESNOW" in note for note in dataset.notes)


def test_ten_groups_hold_every_feature_once():
    assert len(tv_news.GROUPS) == 10
    features = sorted(int(column.split()[-1]) for members in tv_news.GROUPS.values() for column in members)
    assert features == list(range(1, 4126))
    assert [int(column.split()[-1]) for column in tv_news.COLUMNS] == features
    # The documentation's ends: spectral features 10-15, histograms of motion 18-58 and of audio words 123-4123.
    assert [
        tv_news.COLUMNS[at - 1].rpartition(" ")[0] for at in (1, 3, 9, 10, 15, 16, 58, 59, 122, 123, 4123, 4124)
    ] == [
        "shot length",
        "motion",
        "zero crossings",
        "spectrum",
        "spectrum",
        "fundamental frequency",
        "motion",
        "frame difference",
        "text area",
        "audio words",
        "audio words",
        "edge change",
    ]


@pytest.mark.parametrize("place", [".", "tv_news", "data/TV_News_Channel_Commercial_Detection_Dataset"])
def test_the_folder_or_its_parent(channels, place):
    top = channels(place, BBC=BBC, NDTV=NDTV)
    assert len(opened(top)) == 4
    assert len(tv_news.read(DataRequest("tv_news", roots=(top,)))) == 4


def test_one_channel(channels):
    top = channels(BBC=BBC, NDTV=NDTV)
    assert len(opened(top, split="NDTV")) == 1
    assert (len(opened(top / "NDTV.txt")), opened(top / "NDTV.txt").split) == (1, "NDTV")
    with pytest.raises(DataRefused, match="Found no tv_news"):
        opened(top, split="CNN")
    with pytest.raises(UnknownNameError, match="BBC"):
        opened(top, split="FOX")


@pytest.mark.parametrize("content", ["0 1:2\n", "sentence\tlabel\n", "1:2 3:4\n"])
def test_another_file(channels, content):
    with pytest.raises(DataRefused, match=r"1 or -1.*line 2 of .*BBC.txt"):
        opened(channels(BBC="1 1:2\n" + content))


@pytest.mark.parametrize("entry", ["0:1", "4126:1", "a:1", "3", "3:x", "3:nan", "-1:2"])
def test_a_bad_row_is_refused_by_itself(channels, entry):
    dataset = opened(channels(BBC=f"1 1:2\n1 1:2 {entry}\n"))
    assert dataset.raw(0)[0] == 2
    with pytest.raises(DataRefused, match=f"feature from 1 to 4125.*'{entry}'"):
        dataset.raw(1)


def test_not_there(tmp_path):
    with pytest.raises(DataRefused, match="Found no tv_news") as refused:
        opened(tmp_path)
    assert tv_news.EXPECTED in str(refused.value)
    (tmp_path / "BBC.txt").write_text("\n")
    with pytest.raises(DataRefused, match="Expected rows"):
        opened(tmp_path)
