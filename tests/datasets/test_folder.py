from __future__ import annotations

import struct
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from interact_cli.adapters.preprocessing import preprocess
from interact_cli.datasets.drawing import draw, identity
from interact_cli.datasets.images import folder
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.types import InputSpec


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
    with warnings.catch_warnings(), pytest.raises(DataRefused, match=cause) as refused:
        warnings.simplefilter("ignore")
        dataset.raw(index)
    assert str(bad) in str(refused.value) and "\n" not in str(refused.value)
    assert dataset.raw(ids(dataset).index("folder/cat/a.png")).size == (6, 4)


def test_a_broken_link_is_refused_by_itself(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
    dataset = read(tmp_path)
    with pytest.raises(DataRefused, match="broken link"):
        dataset.raw(0)


def test_tiny_imagenet_is_read_with_its_annotations(tmp_path):
    validation = tmp_path / "val"
    picture(validation / "images" / "val_0.JPEG", (200, 0, 0))
    picture(validation / "images" / "val_1.JPEG", (0, 0, 200))
    (validation / "val_annotations.txt").write_text("val_0.JPEG\tn02\t0\t0\t9\t9\nval_1.JPEG\tn01\t0\t0\t9\t9\n")
    dataset = read(validation)
    assert (dataset.name, dataset.split, dataset.class_names) == ("tiny_imagenet", "val", ("n01", "n02"))
    assert dataset.labels.tolist() == [1, 0]
    assert dataset.raw(0).getpixel((0, 0))[0] > 150
    assert any("val_annotations.txt" in note for note in dataset.notes)
    (tmp_path / "wnids.txt").write_text("n02\nn00\nn01\n")
    for path in (validation, tmp_path):
        assert read(path).labels.tolist() == [2, 1]


def test_splits_are_not_classes(tmp_path):
    picture(tmp_path / "train" / "cat" / "a.png")
    picture(tmp_path / "train" / "dog" / "a.png")
    picture(tmp_path / "val" / "cat" / "a.png")
    picture(tmp_path / "val" / "dog" / "b.png")
    dataset = read(tmp_path)
    assert (dataset.split, dataset.class_names) == ("val", ("cat", "dog"))
    assert ids(dataset) == ["folder/val/cat/a.png", "folder/val/dog/b.png"]
    assert dataset.notes == ("split 'val' of: val, train",)
    trained = folder.read(DataRequest("folder", path=tmp_path, split="train"))
    assert (ids(trained), trained.notes) == (["folder/train/cat/a.png", "folder/train/dog/a.png"], ())
    with pytest.raises(UnknownNameError, match="Available: train, val"):
        folder.read(DataRequest("folder", path=tmp_path, split="tset"))


def test_a_split_folder_is_the_same_data_set_however_it_is_named(tmp_path):
    picture(tmp_path / "train" / "cat" / "a.png")
    picture(tmp_path / "val" / "cat" / "a.png")
    assert identity(read(tmp_path / "val")) == identity(read(tmp_path))
    with pytest.raises(UsageError, match="lies in split 'val'"):
        folder.read(DataRequest("folder", path=tmp_path / "val", split="train"))


def test_classes_are_numbered_as_in_training(tmp_path):
    for name in ("ant", "bee", "cat"):
        picture(tmp_path / "train" / name / "a.png")
    picture(tmp_path / "val" / "bee" / "a.png")
    picture(tmp_path / "val" / "cat" / "b.png")
    for path in (tmp_path, tmp_path / "val"):
        dataset = read(path)
        assert dataset.labels.tolist() == [1, 2]
        assert dataset.class_names == ("ant", "bee", "cat")
        assert any("2 of 3 classes" in note for note in dataset.notes)
    picture(tmp_path / "val" / "dog" / "b.png")
    with pytest.raises(DataRefused, match=r"among the 3 of .*1 others, such as 'dog'"):
        read(tmp_path)


def test_the_default_split_has_labels(tmp_path):
    picture(tmp_path / "train" / "cat" / "a.png")
    picture(tmp_path / "val" / "cat" / "a.png")
    picture(tmp_path / "test" / "0001.png")
    (tmp_path / "devkit").mkdir()
    assert read(tmp_path).split == "val"
    flat = folder.read(DataRequest("folder", path=tmp_path, split="test"))
    assert flat.labels is None and ids(flat) == ["folder/test/0001.png"]
    picture(tmp_path / "test" / "cat" / "b.png")
    assert read(tmp_path).split == "test"


@pytest.mark.parametrize("above", ["pets", "pets/Data/CLS-LOC"])
@pytest.mark.parametrize("splits", [("",), ("train/", "val/")])
def test_the_only_folder_of_a_folder_is_no_class(tmp_path, above, splits):
    top = tmp_path / above
    for split in splits:
        picture(top / split / "cat" / "a.png")
        picture(top / split / "dog" / "b.png")
    (tmp_path / "__MACOSX" / "cat").mkdir(parents=True)
    dataset = read(tmp_path)
    assert (dataset.class_names, dataset.labels.tolist()) == (("cat", "dog"), [0, 1])
    assert identity(dataset) == identity(read(top))
    assert dataset.notes[0] == f"read from the only folder in there, '{above}'"
    if len(splits) > 1:
        trained = folder.read(DataRequest("folder", path=tmp_path, split="train"))
        assert ids(trained) == ["folder/train/cat/a.png", "folder/train/dog/b.png"]


def test_tiny_imagenet_is_recognised_from_above_and_by_its_images(tmp_path):
    validation = tmp_path / "tiny-imagenet-200" / "val"
    picture(validation / "images" / "val_0.JPEG")
    (validation / "val_annotations.txt").write_text("val_0.JPEG\tn02\t0\t0\t9\t9\n")
    (tmp_path / "tiny-imagenet-200" / "wnids.txt").write_text("n02\nn01\n")
    (tmp_path / "tiny-imagenet-200" / "train" / "n01").mkdir(parents=True)
    for path in (tmp_path, validation / "images"):
        assert (read(path).name, read(path).labels.tolist()) == ("tiny_imagenet", [1])


def test_one_class_is_told(tmp_path):
    picture(tmp_path / "images" / "a.png")
    picture(tmp_path / "images" / "deep" / "b.png")
    dataset = read(tmp_path)
    assert dataset.labels.tolist() == [0, 0]
    assert "one class folder, 'images': every sample is of class 0" in dataset.notes


def test_the_folder_that_macos_adds_is_no_class(tmp_path):
    (tmp_path / "__MACOSX").mkdir()
    picture(tmp_path / "ant" / "a.png")
    picture(tmp_path / "bee" / "a.png")
    assert read(tmp_path).class_names == ("ant", "bee")


def test_a_class_may_be_called_like_a_split(tmp_path):
    for name in ("plane", "train", "truck"):
        picture(tmp_path / name / "a.png")
    assert read(tmp_path).class_names == ("plane", "train", "truck")
    assert read(tmp_path / "plane").labels is None


def test_imagenets_flat_validation_folder_is_explained(tmp_path):
    picture(tmp_path / "ILSVRC2012_val_00000001.JPEG")
    dataset = read(tmp_path)
    assert dataset.labels is None
    assert "ImageNet's validation images in one flat folder" in dataset.notes[0]


@pytest.mark.parametrize(
    ("mode", "colour"),
    [("CMYK", (0, 255, 255, 0)), ("RGBA", (255, 0, 0, 9)), ("P", 3), ("LA", (255, 9)), ("1", 1), ("L", 255)],
)
def test_every_mode_becomes_rgb(tmp_path, mode, colour):
    image = Image.new(mode, (6, 4), colour)
    if mode == "P":
        image.putpalette([0, 0, 0] * 3 + [255, 0, 0])
        image.info["transparency"] = b"\x00\x09"
    image.save(tmp_path / ("a.tif" if mode == "CMYK" else "a.png"))
    prepared = preprocess(InputSpec("image", (3, 4, 4)))(read(tmp_path).raw(0))
    is_grey = mode in {"LA", "1", "L"}
    assert np.allclose(prepared, np.array([1, is_grey, is_grey], np.float32).reshape(3, 1, 1))


OPENED: list[str] = []
LISTENING: list[bool] = []


def listen(event: str, arguments: tuple) -> None:
    if LISTENING and event == "open":
        OPENED.append(str(arguments[0]))


def test_only_the_drawn_images_are_opened(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        for number in range(500):
            (tmp_path / name / f"{number}.png").write_bytes(png(1, 1))
    OPENED.clear()
    sys.addaudithook(listen)
    LISTENING.append(True)
    try:
        dataset = read(tmp_path)
        drawn = draw(dataset, 50, 0)
        listed = len(OPENED)
        for index in drawn:
            dataset.raw(index)
    finally:
        LISTENING.clear()
    assert (len(dataset), len(drawn), listed) == (1000, 50, 0)
    assert sorted(OPENED) == sorted(str(tmp_path / dataset.sample_id(index)[7:]) for index in drawn)


def test_nothing_to_read(tmp_path):
    for path, message in [(tmp_path, "No image"), (tmp_path / "none", "nothing")]:
        with pytest.raises(DataRefused, match=message) as refused:
            read(path)
        assert folder.EXPECTED in str(refused.value)
    (tmp_path / "notes.txt").touch()
    with pytest.raises(DataRefused, match=r"No image.*holds: notes\.txt"):
        read(tmp_path)
    with pytest.raises(DataRefused, match="got a file"):
        read(picture(tmp_path / "a.png"))
    with pytest.raises(UsageError, match="folder:PATH"):
        folder.read(DataRequest("folder"))
