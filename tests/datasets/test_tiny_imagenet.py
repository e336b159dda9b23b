from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from PIL import Image

from interact_cli.datasets.drawing import identity
from interact_cli.datasets.images import folder, tiny_imagenet
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest

WNIDS = ["n02124075", "n01443537", "n04540053", "n03126707"]
"""Unsorted, as the original file is."""
WORDS = {
    "n01443537": "goldfish, Carassius auratus",
    "n02124075": "Egyptian cat",
    "n03126707": "crane",
    "n04540053": "crane",
    "n00000001": "entity",
}
VALIDATION = {
    "val_0.JPEG": "n04540053",
    "val_1.JPEG": "n01443537",
    "val_2.JPEG": "n02124075",
    "val_10.JPEG": "n01443537",
}
SHADES = {wnid: 60 * place for place, wnid in enumerate(sorted(WNIDS))}


def picture(path: Path, wnid: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (64, 64), (SHADES[wnid],) * 3).save(path)


def write(top: Path) -> Path:
    root = top / "tiny-imagenet-200"
    for wnid in WNIDS:
        for number in range(2):
            picture(root / "train" / wnid / "images" / f"{wnid}_{number}.JPEG", wnid)
        (root / "train" / wnid / f"{wnid}_boxes.txt").write_text("x\t0\t0\t1\t1\n")
    for name, wnid in VALIDATION.items():
        picture(root / "val" / "images" / name, wnid)
    annotations = [f"{name}\t{wnid}\t0\t32\t44\t62\n" for name, wnid in reversed(VALIDATION.items())]
    (root / "val" / "val_annotations.txt").write_text("".join(annotations))
    picture(root / "test" / "images" / "test_0.JPEG", WNIDS[0])
    (root / "wnids.txt").write_text("\n".join(WNIDS))
    (root / "words.txt").write_text("".join(f"{wnid}\t{words}\n" for wnid, words in WORDS.items()))
    return root


def read(path: Path, **options):
    return tiny_imagenet.read(DataRequest("tiny_imagenet", path=path, **options))


def check_validation(dataset) -> None:
    names = sorted(VALIDATION)
    assert [dataset.sample_id(i) for i in range(4)] == [f"tiny_imagenet/val/{name}" for name in names]
    assert dataset.labels.tolist() == [sorted(WNIDS).index(VALIDATION[name]) for name in names]
    for index, name in enumerate(names):
        assert abs(dataset.raw(index).getpixel((9, 9))[0] - SHADES[VALIDATION[name]]) < 5
    assert (dataset.name, dataset.split, dataset.kind) == ("tiny_imagenet", "val", "image")


def test_validation_labels_are_sorted_wordnet_ids(tmp_path):
    dataset = read(write(tmp_path))
    check_validation(dataset)
    assert dataset.class_names == ("goldfish", "Egyptian cat", "crane (n03126707)", "crane (n04540053)")
    assert "sorted WordNet id" in dataset.notes[0]


def test_class_order_is_that_of_torchvision(tmp_path):
    torchvision = pytest.importorskip("torchvision")
    root = write(tmp_path)
    theirs = torchvision.datasets.ImageFolder(str(root / "train"))
    ours = read(root, split="train")
    of_file = {Path(path).name: label for path, label in theirs.samples}
    assert len(ours) == len(of_file) == 8
    for index in range(8):
        assert ours.labels[index] == of_file[ours.sample_id(index).rpartition("/")[2]]
    assert ours.sample_id(0) == "tiny_imagenet/train/n01443537_0.JPEG"


def test_the_test_part_is_unlabelled(tmp_path):
    dataset = read(write(tmp_path), split="test")
    assert dataset.labels is None and dataset.sample_id(0) == "tiny_imagenet/test/test_0.JPEG"
    assert "not public" in dataset.notes[0]


def test_found_at_around_and_inside(tmp_path):
    root = write(tmp_path / "a")
    for request in [
        DataRequest("tiny_imagenet", path=root),
        DataRequest("tiny_imagenet", path=root.parent),
        DataRequest("tiny_imagenet", path=tmp_path),
        DataRequest("tiny_imagenet", path=root / "val"),
        DataRequest("tiny_imagenet", path=root / "val" / "images"),
        DataRequest("tiny_imagenet", path=root / "val" / "images" / "val_0.JPEG"),
        DataRequest("tiny_imagenet", path=root / "wnids.txt"),
        DataRequest("tiny_imagenet", roots=(tmp_path / "none", tmp_path / "a")),
        DataRequest("tiny_imagenet", roots=(tmp_path,)),
        DataRequest("folder", path=root / "val"),
        DataRequest("folder", path=root),
    ]:
        check_validation((folder if request.name == "folder" else tiny_imagenet).read(request))
    assert read(root / "train" / WNIDS[0]).split == "train"
    with pytest.raises(UsageError, match="lies in split 'val'"):
        read(root / "val", split="train")
    (root / "mine").mkdir()
    with pytest.raises(UsageError, match="in none of the splits val, train, test"):
        read(root / "mine")


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("keeps", ["nothing", "val_annotations.txt", "val_annotations.txt and images"])
def test_validation_sorted_into_class_folders(tmp_path, deep, keeps):
    root = write(tmp_path)
    known = identity(read(root))
    for name, wnid in VALIDATION.items():
        target = root / "val" / wnid / "images" if deep else root / "val" / wnid
        target.mkdir(parents=True, exist_ok=True)
        (root / "val" / "images" / name).rename(target / name)
    if "images" not in keeps:
        (root / "val" / "images").rmdir()
    if "annotations" not in keeps:
        (root / "val" / "val_annotations.txt").unlink()
    for dataset in (read(root), folder.read(DataRequest("folder", path=root / "val"))):
        check_validation(dataset)
        assert identity(dataset) == known
    assert any("sorted WordNet id" in note for note in dataset.notes)


def test_a_validation_folder_alone(tmp_path):
    write(tmp_path / "whole")
    alone = tmp_path / "my-val"
    shutil.copytree(tmp_path / "whole" / "tiny-imagenet-200" / "val", alone)
    dataset = read(alone)
    assert dataset.class_names == ("n01443537", "n02124075", "n04540053")
    assert dataset.labels.tolist() == [2, 0, 0, 1]
    with pytest.raises(UnknownNameError):
        read(alone, split="train")


def test_a_class_without_images_keeps_its_number(tmp_path):
    write(tmp_path)
    alone = tmp_path / "tiny-imagenet-200" / "val"
    shutil.move(alone, tmp_path / "my-val")
    (tmp_path / "my-val" / "images" / "val_2.JPEG").unlink()
    dataset = read(tmp_path / "my-val")
    assert dataset.class_names == ("n01443537", "n02124075", "n04540053")
    assert dataset.labels.tolist() == [2, 0, 0]


def test_a_subset_of_the_images_and_strangers_are_noted(tmp_path):
    root = write(tmp_path)
    (root / "val" / "images" / "val_2.JPEG").unlink()
    picture(root / "val" / "images" / "mine.JPEG", WNIDS[0])
    dataset = read(root)
    assert len(dataset) == 3
    assert "ignored 1 image(s) that val_annotations.txt does not name" in dataset.notes
    assert "3 of the 4 images of val_annotations.txt are there" in dataset.notes


def test_names_in_the_annotations_never_leave_the_folder(tmp_path):
    root = write(tmp_path)
    picture(tmp_path / "secret.JPEG", WNIDS[0])
    annotations = root / "val" / "val_annotations.txt"
    annotations.write_text(annotations.read_text() + f"../../../secret.JPEG\t{WNIDS[0]}\t0\t0\t1\t1\n")
    dataset = read(root)
    assert len(dataset) == 4 and not any("secret" in dataset.sample_id(i) for i in range(4))


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("val/val_annotations.txt", "val_0.JPEG n01443537\n", "in line 1"),
        (
            "val/val_annotations.txt",
            "val_0.JPEG\tn99999999\t0\n",
            r"4 classes of wnids.txt, got 1 images of .*n99999999",
        ),
        ("val/val_annotations.txt", "other.JPEG\tn01443537\t0\n", "no images of split 'val'"),
        ("wnids.txt", "\xff\xfe", "utf-8 text"),
    ],
)
def test_damaged_lists(tmp_path, file, content, message):
    root = write(tmp_path)
    (root / file).write_bytes(content.encode("latin-1"))
    with pytest.raises(DataRefused, match=message) as refused:
        read(root)
    assert "\n" not in str(refused.value)


def test_one_bad_image_is_refused_by_itself(tmp_path):
    root = write(tmp_path)
    (root / "val" / "images" / "val_1.JPEG").write_bytes(b"")
    dataset = read(root)
    with pytest.raises(DataRefused, match=r"val_1.JPEG.*empty"):
        dataset.raw(1)
    dataset.raw(0)


def test_absent_says_what_where_and_what_to_do(tmp_path):
    (tmp_path / "tiny-imagenet-200.zip").touch()
    with pytest.raises(DataRefused, match=r"holds: tiny-imagenet-200.zip.*Expected tiny-imagenet-200/.*unzip"):
        read(tmp_path)
    root = write(tmp_path / "other")
    shutil.rmtree(root / "train")
    with pytest.raises(DataRefused, match="split 'train'"):
        read(root, split="train")
    with pytest.raises(UnknownNameError, match="Did you mean 'val'"):
        read(root, split="vall")
