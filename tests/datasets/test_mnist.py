from __future__ import annotations

import gzip
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from interact_cli.datasets.images import mnist
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest


def pixels(n: int) -> np.ndarray:
    return np.random.default_rng(n).integers(0, 256, (n, 28, 28), dtype=np.uint8)


def images(n: int, *, stated: int | None = None, magic: int = 2051) -> bytes:
    return struct.pack(">IIII", magic, n if stated is None else stated, 28, 28) + pixels(n).tobytes()


def labels(values: list[int], *, stated: int | None = None, magic: int = 2049) -> bytes:
    return struct.pack(">II", magic, len(values) if stated is None else stated) + bytes(values)


def write(folder: Path, *, packed: bool = False, prefix: str = "t10k", n: int = 4, **content: bytes) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    files = {"images-idx3": images(n), "labels-idx1": labels([i % 10 for i in range(n)])}
    files.update({name.replace("_", "-"): value for name, value in content.items()})
    for name, value in files.items():
        if packed:
            (folder / f"{prefix}-{name}-ubyte.gz").write_bytes(gzip.compress(value))
        else:
            (folder / f"{prefix}-{name}-ubyte").write_bytes(value)
    return folder


def read(path: Path, **options):
    return mnist.read(DataRequest("mnist", path=path, **options))


@pytest.mark.parametrize("packed", [False, True])
def test_images_and_labels(tmp_path, packed):
    dataset = read(write(tmp_path, packed=packed, n=12))
    assert (len(dataset), dataset.split, dataset.kind) == (12, "test", "image")
    assert dataset.labels.tolist() == [*range(10), 0, 1]
    assert dataset.class_names == tuple("0123456789")
    assert dataset.sample_id(11) == "mnist/test/11"
    assert dataset.notes == ()
    for index in (0, 5, 11):
        image = dataset.raw(index)
        assert (image.mode, image.size) == ("L", (28, 28))
        assert np.array_equal(np.asarray(image), pixels(12)[index])


def test_the_reference_reader_agrees(tmp_path):
    torchvision = pytest.importorskip("torchvision")
    for prefix in ("t10k", "train"):
        write(tmp_path / "MNIST" / "raw", prefix=prefix)
    theirs = torchvision.datasets.MNIST(str(tmp_path), train=False)
    ours = read(tmp_path)
    assert len(theirs) == len(ours)
    for index in range(4):
        image, label = theirs[index]
        assert np.array_equal(np.asarray(image), np.asarray(ours.raw(index))) and label == ours.labels[index]


def test_found_at_around_and_inside(tmp_path):
    raw = write(tmp_path / "torch" / "MNIST" / "raw")
    requests = [
        DataRequest("mnist", path=raw),
        DataRequest("mnist", path=raw.parent),
        DataRequest("mnist", path=tmp_path / "torch"),
        DataRequest("mnist", path=tmp_path),
        DataRequest("mnist", path=raw / "t10k-labels-idx1-ubyte"),
        DataRequest("mnist", roots=(tmp_path / "none", tmp_path / "torch")),
        DataRequest("mnist", roots=(tmp_path,)),
    ]
    for request in requests:
        assert len(mnist.read(request)) == 4


def test_files_with_a_dot_or_in_folders_of_their_name(tmp_path):
    (tmp_path / "t10k-images-idx3-ubyte").mkdir()
    (tmp_path / "t10k-images-idx3-ubyte" / "t10k-images-idx3-ubyte").write_bytes(images(2))
    (tmp_path / "t10k-labels.idx1-ubyte").write_bytes(labels([3, 4]))
    assert read(tmp_path).labels.tolist() == [3, 4]


def test_plain_files_are_read_image_by_image(tmp_path):
    n = 20_000
    folder = write(tmp_path, labels_idx1=labels([1] * n))
    with (folder / "t10k-images-idx3-ubyte").open("wb") as file:
        file.write(struct.pack(">IIII", 2051, n, 28, 28))
        file.truncate(16 + n * 784)
    tracemalloc.start()
    try:
        dataset = read(folder)
        dataset.raw(n - 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < n * 784 / 4
    (folder / "t10k-images-idx3-ubyte").write_bytes(images(3))
    assert np.array_equal(np.asarray(dataset.raw(2)), pixels(3)[2])
    with pytest.raises(DataRefused, match="become shorter"):
        dataset.raw(3)


def test_the_three_families_are_not_mixed_up(tmp_path):
    write(tmp_path / "FashionMNIST" / "raw")
    fashion = mnist.read(DataRequest("fashion_mnist", roots=(tmp_path,)))
    assert (fashion.name, fashion.class_names[0], fashion.sample_id(1)) == (
        "fashion_mnist",
        "T-shirt/top",
        "fashion_mnist/test/1",
    )
    for request in [
        DataRequest("mnist", roots=(tmp_path,)),
        DataRequest("mnist", path=tmp_path),
        DataRequest("mnist", path=tmp_path / "FashionMNIST" / "raw"),
    ]:
        with pytest.raises(DataRefused, match=r"--dataset fashion_mnist"):
            mnist.read(request)
    write(tmp_path / "MNIST" / "raw", n=9)
    assert len(mnist.read(DataRequest("mnist", roots=(tmp_path,)))) == 9
    assert len(mnist.read(DataRequest("fashion_mnist", roots=(tmp_path,)))) == 4
    assert mnist.read(DataRequest("kmnist", path=write(tmp_path / "mine"))).class_names[9] == "wo"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"images_idx3": images(4)[:-1]}, r"Expected 3,152 bytes.*says 4 entries, got 3,151"),
        ({"images_idx3": images(4) + b"\0"}, r"says 4 entries, got (3,153|more than 3,152)"),
        ({"images_idx3": images(4, stated=2**32 - 1)}, "4,294,967,295"),
        ({"images_idx3": images(4, magic=2049)}, r"begin with 00 00 08 03 .*got the bytes 00 00 08 01"),
        ({"images_idx3": b""}, r"\(none\)"),
        ({"images_idx3": images(4)[:9]}, "got 9 bytes"),
        ({"images_idx3": struct.pack(">IIII", 2051, 1, 14, 56) + bytes(784)}, "got 14x56"),
        ({"images_idx3": b"<!DOCTYPE html><html>"}, "got the bytes 3c 21 44 4f"),
        ({"labels_idx1": labels([0, 1, 10, 3])}, r"0\.\.9.*got 10"),
        ({"labels_idx1": labels([0, 1, 3])}, "got 4 images, 3 labels"),
        ({"labels_idx1": labels([0, 1, 2, 3], stated=3)}, "says 3 entries"),
        ({"labels_idx1": labels([0, 1, 2, 3], magic=2051)}, "00 00 08 01"),
        ({"images_idx3": images(0), "labels_idx1": labels([])}, "got 0 images"),
    ],
)
def test_what_no_idx_file_says(tmp_path, content, message, packed):
    with pytest.raises(DataRefused, match=message) as refused:
        read(write(tmp_path, packed=packed, **content))
    assert str(tmp_path) in str(refused.value) and "\n" not in str(refused.value)


def test_a_gzip_bomb_stays_small(tmp_path):
    folder = write(tmp_path, packed=True)
    bomb = struct.pack(">IIII", 2051, 4, 28, 28) + bytes(100_000_000)
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(bomb, 1))
    del bomb
    tracemalloc.start()
    try:
        with pytest.raises(DataRefused, match="more than 3,152"):
            read(folder)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
    (folder / "t10k-images-idx3-ubyte.gz").write_bytes(gzip.compress(images(4, stated=200_001)))
    with pytest.raises(DataRefused, match=r"at most 200,000.*gunzip"):
        read(folder)


@pytest.mark.parametrize("cut", [3, 40, 900])
def test_a_cut_or_spoilt_gzip_file(tmp_path, cut):
    folder = write(tmp_path, packed=True)
    path = folder / "t10k-images-idx3-ubyte.gz"
    whole = path.read_bytes()
    for content in (whole[:cut], b"not gzip at all", whole[:cut] + bytes(50) + whole[cut + 50 :]):
        path.write_bytes(content)
        with pytest.raises(DataRefused):
            read(folder)


def test_absent_says_what_where_and_what_lies_there(tmp_path):
    (tmp_path / "mnist.npz").touch()
    with pytest.raises(DataRefused, match=r"mnist split 'test'.*holds: mnist.npz.*Expected MNIST/raw"):
        read(tmp_path)
    with pytest.raises(DataRefused, match="pickled objects"):
        read(tmp_path / "mnist.npz")
    write(tmp_path)
    with pytest.raises(DataRefused, match="split 'train'"):
        read(tmp_path, split="train")
    (tmp_path / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(DataRefused, match="labels of split 'test'"):
        read(tmp_path)
    with pytest.raises(UnknownNameError):
        read(tmp_path, split="val")
    with pytest.raises(UsageError, match="--label-column"):
        read(tmp_path, label_column="x")
    with pytest.raises(UsageError, match="--text-column"):
        read(tmp_path, text_column="x")
