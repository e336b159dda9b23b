from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from interact_cli.datasets.images import celeba
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest

ATTRIBUTES = ["5_o_Clock_Shadow", "Male", "Smiling", "Young"]
PARTS = [0, 0, 0, 1, 1, 2, 2, 2]
VALUES = [[1 if (i >> bit) % 2 else -1 for bit in range(4)] for i in range(8)]
NAMES = [f"{i + 1:06}.jpg" for i in range(8)]


def picture(path: Path, shade: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (178, 218), (shade,) * 3).save(path)


def attributes_txt() -> str:
    rows = [f"{name} {' '.join(f'{value:2}' for value in row)}\n" for name, row in zip(NAMES, VALUES, strict=True)]
    return "".join(["8\n", " ".join(ATTRIBUTES), " \n", *rows])


def partition_txt() -> str:
    return "".join(f"{name} {part}\n" for name, part in zip(NAMES, PARTS, strict=True))


def write(folder: Path, anno: str = "", evaluation: str = "", images: str = "img_align_celeba") -> Path:
    for place in (anno, evaluation):
        (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / anno / "list_attr_celeba.txt").write_text(attributes_txt())
    (folder / evaluation / "list_eval_partition.txt").write_text(partition_txt())
    for number, name in enumerate(NAMES):
        picture(folder / images / name, 20 * number)
    return folder


def read(path: Path, label="Smiling", **options):
    return celeba.read(DataRequest("celeba", path=path, label_column=label, **options))


def check(dataset) -> None:
    assert [dataset.sample_id(i) for i in range(3)] == [f"celeba/test/{name}" for name in NAMES[5:]]
    assert dataset.labels.tolist() == [1, 1, 1] and len(dataset) == 3
    assert dataset.class_names == ("not Smiling", "Smiling")
    assert (dataset.kind, dataset.split) == ("image", "test")
    assert dataset.notes == ("label: attribute Smiling",)


def test_the_chosen_attribute_is_the_label(tmp_path):
    folder = write(tmp_path)
    check(read(folder))
    assert read(folder, "5_o_Clock_Shadow").labels.tolist() == [1, 0, 1]
    young = read(folder, "Young", split="train")
    assert (young.labels.tolist(), young.class_names) == ([0, 0, 0], ("not Young", "Young"))
    assert read(folder, "Male", split="valid").labels.tolist() == [1, 0]
    assert read(folder).raw(2).size == (178, 218)
    assert abs(read(folder).raw(2).getpixel((50, 50))[0] - 140) < 3


def test_found_at_around_and_inside(tmp_path):
    folder = write(tmp_path / "celeba")
    for request in [
        DataRequest("celeba", path=folder, label_column="Smiling"),
        DataRequest("celeba", path=tmp_path, label_column="Smiling"),
        DataRequest("celeba", path=tmp_path.parent, label_column="Smiling"),
        DataRequest("celeba", path=folder / "img_align_celeba", label_column="Smiling"),
        DataRequest("celeba", path=folder / "list_attr_celeba.txt", label_column="Smiling"),
        DataRequest("celeba", roots=(tmp_path / "none", tmp_path), label_column="Smiling"),
    ]:
        check(celeba.read(request))


def test_as_it_is_handed_out_and_as_kaggle_packs_it(tmp_path):
    check(read(write(tmp_path / "a", "Anno", "Eval", "Img/img_align_celeba")))
    check(read(tmp_path / "a" / "Anno"))
    folder = write(tmp_path / "b", images="img_align_celeba/img_align_celeba")
    for stem, header in [
        ("list_attr_celeba", ["image_id", *ATTRIBUTES]),
        ("list_eval_partition", ["image_id", "part"]),
    ]:
        lines = (folder / f"{stem}.txt").read_text().splitlines()[2 if "attr" in stem else 0 :]
        rows = [",".join(header), *(",".join(line.split()) for line in lines)]
        (folder / f"{stem}.csv").write_text("\n".join(rows))
        (folder / f"{stem}.txt").unlink()
    check(read(folder))


def test_no_or_an_unknown_attribute(tmp_path):
    folder = write(tmp_path)
    with pytest.raises(UsageError, match=r"one of CelebA's 4, in --label-column: Smiling, Male, Young"):
        read(folder, None)
    with pytest.raises(UnknownNameError, match="Did you mean 'Smiling'"):
        read(folder, "smiling")
    with pytest.raises(UnknownNameError, match="Did you mean 'valid'"):
        read(folder, split="val")


def test_a_subset_of_the_images_is_noted_and_a_bad_one_is_refused_by_itself(tmp_path):
    folder = write(tmp_path)
    (folder / "img_align_celeba" / NAMES[5]).unlink()
    (folder / "img_align_celeba" / NAMES[6]).write_bytes(b"\xff\xd8\xff")
    dataset = read(folder)
    assert len(dataset) == 2 and "2 of the 3 images of split 'test' are there" in dataset.notes
    with pytest.raises(DataRefused, match=NAMES[6]):
        dataset.raw(0)
    assert dataset.raw(1)


def test_names_in_the_lists_never_leave_the_folder(tmp_path):
    folder = write(tmp_path / "celeba")
    picture(tmp_path / "secret.jpg")
    with (folder / "list_eval_partition.txt").open("a") as file:
        file.write("../../secret.jpg 2\n")
    assert len(read(folder)) == 3


@pytest.mark.parametrize(
    ("file", "change", "message"),
    [
        ("list_attr_celeba.txt", lambda text: text.replace("8\n", "9\n", 1), "Expected 9 images.*got 8"),
        ("list_attr_celeba.txt", lambda text: text.rpartition("000008")[0], "Expected 8 images.*got 7"),
        ("list_attr_celeba.txt", lambda text: text.partition("\n")[2], "number of images, then"),
        ("list_attr_celeba.txt", lambda text: "", "number of images, then"),
        ("list_attr_celeba.txt", lambda text: text.replace("000007.jpg", "000009.jpg"), "a line for '000007.jpg'"),
        ("list_attr_celeba.txt", lambda text: text.replace("000007.jpg -1", "000007.jpg  0"), None),
        ("list_attr_celeba.txt", lambda text: text.replace("000007.jpg -1  1  1", "000007.jpg -1  1  2"), "-1 or 1"),
        ("list_attr_celeba.txt", lambda text: text.replace("000007.jpg -1", "000007.jpg"), "4 values of -1 or 1"),
        ("list_eval_partition.txt", lambda text: text.replace("000002.jpg 0", "000002.jpg 3"), "in line 2"),
        ("list_eval_partition.txt", lambda text: "000001.jpg 0\n", "none of the 0"),
    ],
)
def test_damaged_lists(tmp_path, file, change, message):
    folder = write(tmp_path)
    text = (folder / file).read_text()
    changed = change(text)
    assert changed != text
    (folder / file).write_text(changed)
    if message is None:
        check(read(folder))
        return
    with pytest.raises(DataRefused, match=message) as refused:
        read(folder)
    assert file in str(refused.value) and "\n" not in str(refused.value)


def test_absent_says_what_where_and_what_to_do(tmp_path):
    (tmp_path / "img_align_celeba.zip").touch()
    with pytest.raises(DataRefused, match=r"Found no celeba.*holds: img_align.*Expected celeba/.*unzip"):
        read(tmp_path)
    folder = write(tmp_path / "a")
    (folder / "list_eval_partition.txt").unlink()
    with pytest.raises(DataRefused, match=r"Found no celeba list_eval_partition.txt.*Put it into"):
        read(folder)
    folder = write(tmp_path / "b")
    (folder / "img_align_celeba").rename(folder / "img")
    (folder / "img_align_celeba.zip").touch()
    with pytest.raises(DataRefused, match=r"Found no celeba img_align_celeba/.*unzip"):
        read(folder)
