from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from interact_cli.datasets import bundled, drawing
from interact_cli.datasets.locations import default_roots
from interact_cli.datasets.samples import Samples
from interact_cli.errors import DataRefused, ShapeError, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.types import Text


def made(labels, name="made", split="test", prefix="s") -> Samples:
    n = labels if isinstance(labels, int) else len(labels)
    return Samples(
        name=name,
        split=split,
        kind="columns",
        ids=[f"{prefix}/{i}" for i in range(n)],
        read=lambda index: np.zeros(2),
        labels=None if isinstance(labels, int) else np.array(labels, np.int64),
    )


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=60),
    st.integers(1, 70),
    st.integers(0, 2**40),
)
def test_a_draw_is_as_even_as_the_classes_allow(labels, n_samples, seed):
    dataset = made(labels)
    drawn = drawing.draw(dataset, n_samples, seed)
    assert len(drawn) == len(set(drawn)) == min(n_samples, len(labels))
    assert set(drawn) <= set(range(len(labels)))
    have, got = Counter(labels), Counter(labels[i] for i in drawn)
    open_counts = [got[c] for c in have if got[c] < have[c]]
    if open_counts:
        assert max(open_counts) - min(open_counts) <= 1
        assert all(count <= min(open_counts) + 1 for count in got.values())
    assert drawing.draw(dataset, n_samples, seed) == drawn
    assert drawing.draw(dataset, max(1, n_samples // 2), seed) == drawn[: max(1, n_samples // 2)]


def test_digits_are_drawn_evenly():
    dataset = bundled.read(DataRequest("digits"))
    drawn = drawing.draw(dataset, 50, 0)
    assert set(Counter(dataset.labels[drawn].tolist()).values()) == {5}
    assert set(Counter(dataset.labels[drawing.draw(dataset, 57, 0)].tolist()).values()) == {5, 6}
    assert drawing.draw(dataset, 50, 1) != drawn
    assert sorted(drawing.draw(dataset, 10**6, 0)) == list(range(len(dataset)))


def test_a_draw_depends_on_identity_and_seed_alone():
    labels = [0, 1, 2] * 20
    drawn = drawing.draw(made(labels), 9, 3)
    other = made(labels)
    other.notes, other.class_names, other.column_names = ("x",), ("a",), ("b",)
    np.random.default_rng(0).random()
    assert drawing.draw(other, 9, 3) == drawn
    changed = [*labels[:-1], 0]
    for different in (made(labels, name="b"), made(labels, split="train"), made(labels, prefix="t"), made(changed)):
        assert drawing.identity(different) != drawing.identity(other)
        assert drawing.draw(different, 9, 3) != drawn
    assert drawing.identity(made(6)) != drawing.identity(made([0] * 6))


def test_every_unlabelled_sample_is_drawn_equally_often():
    counts = np.zeros(10)
    for seed in range(600):
        counts[drawing.draw(made(10), 3, seed)] += 1
    assert np.abs(counts - 180).max() < 5 * np.sqrt(600 * 0.3 * 0.7)


def test_the_remainder_favours_no_class():
    extra = Counter(drawing.draw(made([0, 1, 2] * 5), 1, seed)[0] % 3 for seed in range(600))
    assert all(abs(extra[c] - 200) < 5 * np.sqrt(600 * 2 / 9) for c in range(3))


def test_a_draw_costs_one_pass_over_the_ids():
    calls = Counter()

    class Counting(Samples):
        def sample_id(self, index: int) -> str:
            calls[index] += 1
            return super().sample_id(index)

    counting = Counting("made", "test", "columns", [f"s/{i}" for i in range(1000)], lambda index: np.zeros(2))
    drawing.draw(counting, 50, 0)
    assert len(calls) == 1000 and set(calls.values()) == {1}


def test_no_sample_is_a_usage_error():
    with pytest.raises(UsageError, match="at least 1"):
        drawing.draw(made(3), 0, 0)


def test_ids_from_a_file(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("made/7\n\n  made/2 \n")
    assert drawing.read_ids(path, made(9, prefix="made")) == [7, 2]


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"made/5\nmdae/7\n", UsageError, "Did you mean 'made/7'"),
        (b"zzz\n", UsageError, "look like 'made/0'"),
        (b"made/1\nmade/1\n", UsageError, "twice"),
        (b"\n", UsageError, "names no sample"),
        (b"\xff\xfe", DataRefused, "text file"),
        (None, DataRefused, "text file"),
    ],
)
def test_bad_id_files(tmp_path, content, error, message):
    path = tmp_path / "ids.txt"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=message):
        drawing.read_ids(path, made(9, prefix="made"))


def test_a_misspelt_id_of_many_costs_no_search_through_all(tmp_path, monkeypatch):
    path = tmp_path / "ids.txt"
    path.write_text("mdae/7\n")
    monkeypatch.setattr(drawing, "_COMPARED", 8)
    with pytest.raises(UsageError, match="Did you mean 'made/7'"):
        drawing.read_ids(path, made(9, prefix="made"))
    monkeypatch.setattr(drawing, "_COMPARED", 0)
    with pytest.raises(UsageError, match="look like 'made/0'"):
        drawing.read_ids(path, made(9, prefix="made"))


def test_a_file_of_ids_is_read_whole_or_refused(tmp_path, monkeypatch):
    path = tmp_path / "ids.txt"
    path.write_bytes(b"made/7\nmade/2\n")
    monkeypatch.setattr(drawing, "MAX_ID_BYTES", 14)
    assert drawing.read_ids(path, made(9, prefix="made")) == [7, 2]
    monkeypatch.setattr(drawing, "MAX_ID_BYTES", 13)
    with pytest.raises(DataRefused, match="at most 13 bytes"):
        drawing.read_ids(path, made(9, prefix="made"))


def test_a_fingerprint_sees_labels_and_bytes_and_not_the_order():
    row = np.array([1.0, 2.0])
    entries = [("a", drawing.raw_digest(row), 0), ("b", drawing.raw_digest(row + 1), None)]
    known = drawing.fingerprint(entries)
    assert drawing.fingerprint(iter(entries[::-1])) == known
    assert drawing.fingerprint([("a", entries[0][1], 1), entries[1]]) != known
    assert drawing.fingerprint([("c", entries[0][1], 0), entries[1]]) != known
    moved = np.nextafter(row, 9)
    assert drawing.fingerprint([("a", drawing.raw_digest(moved), 0), entries[1]]) != known
    assert drawing.fingerprint(entries[:1]) != known


def test_raw_digests():
    grey = Image.new("L", (4, 2), 7)
    other = grey.copy()
    other.putpixel((3, 1), 8)
    images = [grey, other, Image.new("L", (2, 4), 7), Image.new("RGB", (4, 2), (7, 7, 7))]
    palettes = [Image.new("P", (4, 2), 0), Image.new("P", (4, 2), 0)]
    palettes[0].putpalette([1, 2, 3])
    palettes[1].putpalette([3, 2, 1])
    rows = [np.array([7.0]), np.array([7.0, 7.0])]
    texts = [Text("a"), Text("a", ""), Text("a", "b"), Text("a", continuation="b"), Text("ab"), Text("\ud800")]
    assert len({drawing.raw_digest(raw) for raw in [*images, *palettes, *rows, *texts]}) == 14
    assert drawing.raw_digest(Text("a", "b")) == drawing.raw_digest(Text("a", "b"))
    assert drawing.raw_digest(grey) == drawing.raw_digest(Image.new("L", (4, 2), 7))
    assert drawing.raw_digest(np.array([7], ">f8")) == drawing.raw_digest(rows[0])
    with pytest.raises(ShapeError):
        drawing.raw_digest(np.zeros((2, 2)))
    with pytest.raises(ShapeError):
        drawing.raw_digest("text")


def test_roots_in_order_each_once(tmp_path):
    flag, variable = tmp_path / "flag", tmp_path / "variable"
    roots = default_roots(flag, {"INTERACT_DATA": str(variable)})
    assert [str(root) for root in roots[:3]] == [str(flag), str(variable), "data"]
    assert len(roots) == 4 and "interact" in roots[3].parts
    assert len(default_roots(None, {"INTERACT_DATA": ""})) == 2
    assert len(default_roots(flag, {"INTERACT_DATA": str(flag)})) == 3
    assert not str(default_roots(None, {"INTERACT_DATA": "~/x"})[0]).startswith("~")
