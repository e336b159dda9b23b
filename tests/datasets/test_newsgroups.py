from __future__ import annotations

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from interact_cli.datasets.tables import newsgroups_tfidf
from interact_cli.datasets.texts import newsgroups
from interact_cli.errors import DataRefused
from interact_cli.interfaces import DataRequest
from interact_cli.types import Text

POST = "From: mathew <mathew@mantis.co.uk>\nSubject: caf\xe9\n\nIt is {}.\n"


@pytest.fixture
def posts(tmp_path):
    """Three groups, the numbers of different lengths."""
    for split in ("train", "test"):
        for group, words in {"alt.atheism": "no god", "rec.autos": "a fast car", "sci.space": "an orbit"}.items():
            folder = tmp_path / "20news-bydate" / f"20news-bydate-{split}" / group
            folder.mkdir(parents=True)
            for number in (9, 10, 101):
                (folder / str(number)).write_bytes(POST.format(f"{words} {split} {number}").encode("latin-1"))
    return tmp_path


def opened(path, reader=newsgroups, **request):
    return reader.read(DataRequest("newsgroups", path=path, **request))


def test_posts_are_texts_as_stored(posts):
    dataset = opened(posts)
    assert (dataset.kind, dataset.split, len(dataset)) == ("text", "test", 9)
    assert [dataset.sample_id(i) for i in (0, 1, 2, 3)] == [
        "newsgroups/test/alt.atheism/9",
        "newsgroups/test/alt.atheism/10",
        "newsgroups/test/alt.atheism/101",
        "newsgroups/test/rec.autos/9",
    ]
    assert dataset.raw(1) == Text(POST.format("no god test 10"))
    assert any("17 of the 20 groups" in note for note in dataset.notes)


def test_class_indices_do_not_depend_on_which_groups_are_there(posts):
    dataset = opened(posts, split="train")
    assert len(dataset.class_names) == 20 and list(dataset.class_names) == sorted(dataset.class_names)
    assert [dataset.class_names[label] for label in dataset.labels[::3]] == ["alt.atheism", "rec.autos", "sci.space"]
    assert dataset.labels[::3].tolist() == [0, 7, 14]


@pytest.mark.parametrize("place", [".", "20news-bydate", "20news-bydate/20news-bydate-train"])
def test_the_folder_its_parent_or_a_split(posts, place):
    dataset = opened(posts / place)
    assert dataset.split == ("train" if place.endswith("train") else "test")
    assert len(newsgroups.read(DataRequest("newsgroups", roots=(posts,)))) == 9


def test_other_things_in_the_folders(posts):
    top = posts / "20news-bydate" / "20news-bydate-test"
    (top / "alt.atheism" / "notes.txt").write_text("mine")
    (top / "alt.atheism" / ".DS_Store").write_text("mine")
    assert len(opened(posts)) == 9
    (top / "alt.cats").mkdir()
    with pytest.raises(DataRefused, match=r"'alt.cats'.*none of the 20 newsgroups"):
        opened(posts)


def test_a_bad_post_is_refused_by_itself(posts):
    dataset = opened(posts)
    folder = posts / "20news-bydate" / "20news-bydate-test" / "alt.atheism"
    (folder / "9").write_bytes(b"a\0b")
    (folder / "10").unlink()
    for index, message in ((0, "NUL"), (1, "Cannot read")):
        with pytest.raises(DataRefused, match=message):
            dataset.raw(index)


def test_not_there(tmp_path):
    for reader in (newsgroups, newsgroups_tfidf):
        with pytest.raises(DataRefused, match="Found no newsgroups") as refused:
            opened(tmp_path, reader)
        assert reader.EXPECTED in str(refused.value)
    (tmp_path / "20news-bydate-test").mkdir()
    with pytest.raises(DataRefused, match="Expected posts"):
        opened(tmp_path)


def test_tfidf_rows_are_those_of_scikit_learn_fitted_on_the_training_part(posts):
    train = opened(posts, newsgroups_tfidf, split="train")
    test = opened(posts, newsgroups_tfidf)
    texts = [opened(posts, split="train").raw(i).text for i in range(9)]
    reference = TfidfVectorizer().fit(texts)
    assert list(test.column_names) == reference.get_feature_names_out().tolist()
    assert np.allclose(test.raw(4), reference.transform([opened(posts).raw(4).text]).toarray()[0], atol=1e-12)
    assert [train.sample_id(i).split("/", 2)[2] for i in range(4)] == [
        "alt.atheism/9",
        "rec.autos/9",
        "sci.space/9",
        "alt.atheism/10",
    ]
    assert [train.class_names[label] for label in train.labels[:3]] == ["alt.atheism", "rec.autos", "sci.space"]
    assert (test.kind, len(train), len(test)) == ("columns", 9, 9)


def test_tfidf_keeps_the_most_frequent_terms_and_the_first_posts(posts, monkeypatch):
    monkeypatch.setattr(newsgroups_tfidf, "N_COLUMNS", 8)
    monkeypatch.setattr(newsgroups_tfidf, "N_POSTS", 6)
    dataset = opened(posts, newsgroups_tfidf, split="train")
    assert len(dataset) == 6
    # "mathew" stands twice in each header; the other seven once in every post, before all others in the alphabet.
    assert list(dataset.column_names) == ["café", "co", "from", "is", "it", "mantis", "mathew", "subject"]


def test_tfidf_without_words(posts):
    for post in (posts / "20news-bydate" / "20news-bydate-train").glob("*/*"):
        post.write_text("? !")
    with pytest.raises(DataRefused, match="posts with words"):
        opened(posts, newsgroups_tfidf)
