from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from interact_cli.datasets import folder
from interact_cli.errors import DataRefused, UsageError
from interact_cli.interfaces import DataRequest


def picture(path: Path, colour=(10, 20, 30), mode="RGB") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (6, 4), colour).save(path)
    return path


def read(path: Path):
    return folder.read(DataRequest("folder", path=path))


def ids(dataset) -> list[str]:
    return [dataset.sample_id(i) for i in range(len(dataset))]


def test_sorted_class_folders_are_the_labels(tmp_path):
    picture(tmp_path / "dog" / "b.png", (1, 2, 3))
    picture(tmp_path / "cat" / "deep" / "z.JPG")
    picture(tmp_path / "cat" / "a.png")
    dataset = read(tmp_path)
    assert ids(dataset) == ["folder/cat/a.png", "folder/cat/deep/z.JPG", "folder/dog/b.png"]
    assert dataset.labels.tolist() == [0, 0, 1]
    assert dataset.class_names == ("cat", "dog")
    assert dataset.raw(2).getpixel((0, 0)) == (1, 2, 3)
    assert (dataset.kind, dataset.split, dataset.notes) == ("image", "all", ())


def test_modes_are_left_to_preprocessing(tmp_path):
    picture(tmp_path / "a.png", (1, 2, 3, 4), "RGBA")
    picture(tmp_path / "b.png", 7, "L")
    dataset = read(tmp_path)
    assert [dataset.raw(i).mode for i in range(2)] == ["RGBA", "L"]


def test_a_flat_folder_is_unlabelled(tmp_path):
    picture(tmp_path / "b.png")
    picture(tmp_path / "a.png")
    (tmp_path / "empty").mkdir()
    dataset = read(tmp_path)
    assert ids(dataset) == ["folder/a.png", "folder/b.png"]
    assert dataset.labels is None and "unlabelled" in dataset.notes[0]


def test_what_is_ignored_is_counted(tmp_path):
    picture(tmp_path / "cat" / "a.png")
    picture(tmp_path / "cat" / ".hidden.png")
    picture(tmp_path / "cat" / "new\nline.png")
    (tmp_path / "cat" / "notes.txt").touch()
    (tmp_path / "cat" / "program.eps").touch()
    picture(tmp_path / "loose.png")
    (tmp_path / "ant").mkdir()
    dataset = read(tmp_path)
    assert ids(dataset) == ["folder/cat/a.png"]
    assert dataset.labels.tolist() == [1]
    assert set(dataset.notes) == {
        "class folder(s) without images: ant",
        "ignored 1 file(s) outside of the class folders",
        "ignored 1 hidden file(s)",
        "ignored 1 name(s) that cannot be printed",
        "ignored 2 file(s) of another kind",
    }


def test_links_out_of_the_folder_are_fine_and_loops_end(tmp_path):
    picture(tmp_path / "store" / "a.png")
    data = tmp_path / "data"
    data.mkdir()
    (data / "cat").symlink_to(tmp_path / "store")
    (tmp_path / "store" / "up").symlink_to(tmp_path / "store")
    picture(data / "dog" / "b.png")
    (data / "dog" / "top").symlink_to(data)
    dataset = read(data)
    assert ids(dataset) == ["folder/cat/a.png", "folder/dog/b.png"]
    assert "ignored 2 link(s) back to a parent folder" in dataset.notes
    assert dataset.raw(0).size == (6, 4)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")
    )


def truncated(path: Path) -> bytes:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    return path.read_bytes()[:900]


@pytest.mark.parametrize(
    ("name", "content", "cause"),
    [
        ("zero.png", lambda path: b"", "empty"),
        ("cut.jpg", truncated, "truncated"),
        ("bomb.png", lambda path: png(60_000, 60_000), "decompression bomb"),
        ("half-bomb.png", lambda path: png(10_000, 10_000), "decompression bomb"),
        ("drawing.png", lambda path: b'<svg xmlns="http://www.w3.org/2000/svg"/>', "none of"),
        ("script.png", lambda path: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n", "none of"),
        ("cut.png", truncated, "truncated"),
    ],
)
def test_one_bad_image_is_refused_by_itself(tmp_path, name, content, cause):
    picture(tmp_path / "cat" / "a.png")
    bad = tmp_path / "cat" / name
    bad.write_bytes(content(bad))
    dataset = read(tmp_path)
    index = ids(dataset).index(f"folder/cat/{name}")
    with pytest.raises(DataRefused, match=cause) as refused:
        dataset.raw(index)
    assert str(bad) in str(refused.value) and "\n" not in str(refused.value)
    assert dataset.raw(ids(dataset).index("folder/cat/a.png")).size == (6, 4)


def test_a_broken_link_is_refused_by_itself(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    dataset = read(tmp_path)
    with pytest.raises(DataRefused, match="broken link"):
        dataset.raw(0)


def test_tiny_imagenet_validation(tmp_path):
    picture(tmp_path / "images" / "val_0.JPEG")
    (tmp_path / "val_annotations.txt").write_text("val_0.JPEG\tn01443537\t0\t0\t9\t9\n")
    with pytest.raises(DataRefused, match=r"Tiny-ImageNet.*val_annotations"):
        read(tmp_path)


def test_splits_are_not_classes(tmp_path):
    picture(tmp_path / "train" / "cat" / "a.png")
    picture(tmp_path / "val" / "cat" / "a.png")
    with pytest.raises(DataRefused, match=r"splits, not classes.*folder:.*val"):
        read(tmp_path)
    assert read(tmp_path / "val").class_names == ("cat",)


def test_nothing_to_read(tmp_path):
    for path, message in [(tmp_path, "No image"), (tmp_path / "none", "nothing")]:
        with pytest.raises(DataRefused, match=message) as refused:
            read(path)
        assert folder.EXPECTED in str(refused.value)
    with pytest.raises(DataRefused, match="got a file"):
        read(picture(tmp_path / "a.png"))
    with pytest.raises(UsageError, match="folder:PATH"):
        folder.read(DataRequest("folder"))
