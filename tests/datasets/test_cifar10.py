from __future__ import annotations

import io
import os
import pickle
import pickletools
import struct
import tarfile
from pathlib import Path

import numpy as np
import pytest

from interact_cli.datasets.images import cifar10
from interact_cli.errors import DataRefused, UnknownNameError
from interact_cli.interfaces import DataRequest

NAMES = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]


def pixels(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (n, 3072), dtype=np.uint8)


def write_batch(path: Path, n: int = 4, seed: int = 0, protocol: int = 2, **changes) -> None:
    batch = {
        b"batch_label": b"testing batch 1 of 1",
        b"labels": [(seed + i) % 10 for i in range(n)],
        b"data": pixels(n, seed),
        b"filenames": [b"x.png"] * n,
    }
    batch.update({key.encode(): value for key, value in changes.items()})
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pickle.dumps(batch, protocol=protocol))


def write_layout(root: Path) -> Path:
    folder = root / "cifar-10-batches-py"
    write_batch(folder / "test_batch", n=5, seed=9)
    for number in range(1, 6):
        write_batch(folder / f"data_batch_{number}", n=3, seed=number)
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": NAMES[::-1]}, protocol=2))
    return folder


def test_found_as_the_folder_in_its_parent_and_in_a_root(tmp_path):
    folder = write_layout(tmp_path)
    requests = [
        DataRequest("cifar10", path=folder),
        DataRequest("cifar10", path=tmp_path),
        DataRequest("cifar10", roots=(tmp_path / "none", tmp_path)),
        DataRequest("cifar10", roots=(folder,)),
    ]
    for request in requests:
        dataset = cifar10.read(request)
        assert (len(dataset), dataset.split, dataset.kind) == (5, "test", "image")
        assert dataset.labels.tolist() == [9, 0, 1, 2, 3]
        assert dataset.class_names[0] == "truck"
        assert dataset.sample_id(4) == "cifar10/test/4"
        assert dataset.notes == ()


def test_pixels_are_the_planes_of_the_row(tmp_path):
    dataset = cifar10.read(DataRequest("cifar10", path=write_layout(tmp_path), split="train"))
    assert len(dataset) == 15
    assert dataset.sample_id(7) == "cifar10/train/data_batch_3/1"
    row = pixels(3, seed=3)[1]
    image = dataset.raw(7)
    assert (image.mode, image.size) == ("RGB", (32, 32))
    for x, y in [(0, 0), (31, 0), (5, 17)]:
        assert image.getpixel((x, y)) == tuple(int(row[1024 * c + 32 * y + x]) for c in range(3))
    with pytest.raises(IndexError):
        dataset.raw(15)


def test_some_training_batches_are_enough_and_noted(tmp_path):
    folder = tmp_path / "cifar-10-batches-py"
    write_batch(folder / "data_batch_2", n=3, seed=2)
    dataset = cifar10.read(DataRequest("cifar10", path=tmp_path, split="train"))
    assert dataset.sample_id(0) == "cifar10/train/data_batch_2/0"
    assert any("1 of 5 batches" in note for note in dataset.notes)
    assert dataset.class_names == tuple(name.decode() for name in NAMES)


@pytest.mark.parametrize("protocol", range(6))
def test_every_pickle_protocol_and_key_type(tmp_path, protocol):
    batch = {"labels": np.array([1, 2]), "data": np.asfortranarray(pixels(2, 0))}
    (tmp_path / "test_batch").write_bytes(pickle.dumps(batch, protocol=protocol))
    dataset = cifar10.read(DataRequest("cifar10", path=tmp_path))
    assert dataset.labels.tolist() == [1, 2]
    assert dataset.raw(1).getpixel((31, 31))[2] == int(pixels(2, 0)[1, 3071])


def python2_batch(data: np.ndarray, labels: list[int]) -> bytes:
    """The opcodes that Python 2 wrote: byte strings, and numpy's old module name."""
    raw = data.tobytes()

    def text(value: bytes) -> bytes:
        return b"U" + bytes([len(value)]) + value

    def number(value: int) -> bytes:
        return b"J" + struct.pack("<i", value)

    array = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00t" + text(b"b") + b"tR"
    dtype = (
        b"cnumpy\ndtype\n(" + text(b"u1") + b"K\x00K\x01tR(K\x03" + text(b"|") + b"NNN" + number(-1) * 2 + b"K\x00tb"
    )
    shape = b"(" + number(data.shape[0]) + number(data.shape[1]) + b"t"
    state = b"(K\x01" + shape + dtype + b"\x89T" + struct.pack("<i", len(raw)) + raw + b"tb"
    listed = b"](" + b"".join(number(label) for label in labels) + b"e"
    return b"\x80\x02}(" + text(b"data") + array + state + text(b"labels") + listed + b"u."


def test_a_batch_written_by_python_2(tmp_path):
    content = python2_batch(pixels(2, 5), [3, 9])
    list(pickletools.genops(io.BytesIO(content)))
    (tmp_path / "test_batch").write_bytes(content)
    dataset = cifar10.read(DataRequest("cifar10", path=tmp_path))
    assert dataset.labels.tolist() == [3, 9]
    assert dataset.raw(0).getpixel((0, 0))[0] == int(pixels(2, 5)[0, 0])


class Gadget:
    def __init__(self, command: str) -> None:
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


@pytest.mark.parametrize("where", ["test_batch", "batches.meta"])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_in_a_batch_is_named_refused_and_not_executed(tmp_path, protocol, where):
    folder = write_layout(tmp_path)
    sentinel = tmp_path / "sentinel"
    gadget = {b"data": Gadget(f"touch {sentinel}"), b"labels": [1]}
    (folder / where).write_bytes(pickle.dumps(gadget, protocol=protocol))
    with pytest.raises(DataRefused, match=r"system.*nothing was executed") as refused:
        cifar10.read(DataRequest("cifar10", path=folder))
    assert where in str(refused.value) and "\n" not in str(refused.value)
    assert not sentinel.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"c__builtin__\neval\n(S'1'\ntR.",
        b"(S'true'\nios\nsystem\n.",
        b"\x80\x04\x8c\x0dnumpy.testing\x8c\x12_private.utils.run\x93.",
        b"cnumpy._core.multiarray\nscalar\n.",
        b"c\x1b[31mevil\nx\n.",
    ],
)
def test_every_other_name_is_refused(tmp_path, content):
    (tmp_path / "test_batch").write_bytes(content)
    with pytest.raises(DataRefused, match="nothing was executed") as refused:
        cifar10.read(DataRequest("cifar10", path=tmp_path))
    assert "\x1b" not in str(refused.value)


ENCODE = b"c_codecs\nencode\n"
ARRAY = b"cnumpy._core.multiarray\n_reconstruct\n(tR"
U1 = b"cnumpy\ndtype\n(U\x02u1tR"


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"cnumpy\nndarray\n((L1099511627776L\nttR.", "unusual way"),
        (ENCODE + b"(V1\nVrot13\ntR.", "text encoding"),
        (ENCODE + b"(N}U\x06_buildK\x01stb.", "state for a function"),
        (ARRAY + b"(K\x01(L-1L\nt" + U1 + b"\x89U\x01xtb.", "not made of numbers"),
        (ARRAY + b"(K\x01(L1099511627776L\nt" + U1 + b"\x89U\x01xtb.", "with 1 bytes"),
        (ARRAY + b"(K\x01(K\x01tcnumpy\ndtype\n(U\x01OtR\x89]tb.", "does not hold integers"),
        (b"Nr\xff\xff\xff\x7f.", "memo slot"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\x00\x00\x00x.", "only 2 remain"),
    ],
)
def test_the_allowed_names_do_nothing_but_arrays(tmp_path, content, cause):
    (tmp_path / "test_batch").write_bytes(content)
    with pytest.raises(DataRefused, match=f"Expected a pickled batch.*{cause}"):
        cifar10.read(DataRequest("cifar10", path=tmp_path))
    write_batch(tmp_path / "test_batch")
    assert len(cifar10.read(DataRequest("cifar10", path=tmp_path))) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"data": np.zeros((4, 3072), np.float32)}, "integers"),
        ({"data": np.zeros((4, 3072), np.int16)}, r"got int16 of shape \(4, 3072\)"),
        ({"data": np.zeros((4, 3071), np.uint8)}, r"got uint8 of shape \(4, 3071\)"),
        ({"data": np.zeros((4, 3, 32, 32), np.uint8)}, r"got uint8 of shape \(4, 3, 32, 32\)"),
        ({"data": [1, 2]}, "got a list of 2"),
        ({"labels": [0, 1, 10, 2]}, r"0\.\.9.*got 10 \(1 of 4"),
        ({"labels": [0, -1, 3, 2]}, "got -1"),
        ({"labels": [0, 1]}, "got 2 labels, 4 images"),
        ({"labels": ["a", 1, 2, 3]}, r"\(int, str\)"),
        ({"labels": None}, "got nothing"),
        ({"data": np.zeros((0, 3072), np.uint8), "labels": []}, "0 images"),
    ],
)
def test_what_no_batch_holds(tmp_path, changes, message):
    write_batch(tmp_path / "test_batch", **changes)
    with pytest.raises(DataRefused, match=message) as refused:
        cifar10.read(DataRequest("cifar10", path=tmp_path))
    assert str(tmp_path / "test_batch") in str(refused.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\n",
        b"<!DOCTYPE html>",
        b"\x1f\x8b",
        pickle.dumps({b"data": b"x" * 99})[:-40],
        pickle.dumps([1]),
    ],
)
def test_no_pickle(tmp_path, content):
    (tmp_path / "test_batch").write_bytes(content)
    with pytest.raises(DataRefused, match="pickled"):
        cifar10.read(DataRequest("cifar10", path=tmp_path))


def test_wrong_class_names(tmp_path):
    folder = write_layout(tmp_path)
    (folder / "batches.meta").write_bytes(pickle.dumps({b"label_names": NAMES[:3]}))
    with pytest.raises(DataRefused, match="10 names"):
        cifar10.read(DataRequest("cifar10", path=folder))


def test_absent_says_where_what_and_what_to_do(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    (two / "other").mkdir(parents=True)
    with pytest.raises(DataRefused) as refused:
        cifar10.read(DataRequest("cifar10", roots=(one, two)))
    message = str(refused.value)
    assert f"'{one}' (nothing there), '{two}' (holds: other)" in message
    assert "--data-root DIR" in message and "--allow-download" in message
    assert "cifar-10-batches-py/{test_batch, data_batch_1 .. data_batch_5, batches.meta}" in message
    assert "\n" not in message


def test_found_one_folder_deeper_and_from_inside(tmp_path):
    folder = write_layout(tmp_path / "downloads")
    for request in [
        DataRequest("cifar10", roots=(tmp_path,)),
        DataRequest("cifar10", path=tmp_path),
        DataRequest("cifar10", path=folder / "test_batch"),
        DataRequest("cifar10", path=folder / "batches.meta"),
    ]:
        assert len(cifar10.read(request)) == 5
    with pytest.raises(DataRefused):
        cifar10.read(DataRequest("cifar10", roots=(folder / "data_batch_1",)))


def test_an_archive_is_never_unpacked(tmp_path):
    sentinel = tmp_path / "sentinel"
    archive = tmp_path / "root" / "cifar-10-python.tar.gz"
    archive.parent.mkdir()
    with tarfile.open(archive, "w:gz") as file:
        for name in ("../sentinel", "cifar-10-batches-py/test_batch"):
            info = tarfile.TarInfo(name)
            info.size = 4
            file.addfile(info, io.BytesIO(b"evil"))
    for request in [
        DataRequest("cifar10", path=archive.parent),
        DataRequest("cifar10", path=archive),
        DataRequest("cifar10", roots=(archive.parent,)),
    ]:
        with pytest.raises(DataRefused, match=r"still packed.*tar -xzf") as refused:
            cifar10.read(request)
        assert str(archive) in str(refused.value)
    assert not sentinel.exists() and list(archive.parent.iterdir()) == [archive]


@pytest.mark.parametrize("name", ["cifar.npz", "rows.NPY"])
def test_numpy_files_are_never_opened(tmp_path, name):
    sentinel = tmp_path / "sentinel"
    path = tmp_path / name
    content = np.array([Gadget(f"touch {sentinel}")], object)
    with path.open("wb") as file:
        np.savez(file, content) if name.endswith("npz") else np.save(file, content)
    with pytest.raises(DataRefused, match="pickled objects and is not read"):
        cifar10.read(DataRequest("cifar10", path=path))
    assert not sentinel.exists()


def test_an_explicit_path_is_not_replaced_by_a_root(tmp_path):
    write_layout(tmp_path)
    with pytest.raises(DataRefused):
        cifar10.read(DataRequest("cifar10", path=tmp_path / "elsewhere", roots=(tmp_path,)))


def test_the_split_is_absent_or_the_archive_still_packed(tmp_path):
    write_batch(tmp_path / "cifar-10-batches-py" / "test_batch")
    with pytest.raises(DataRefused, match="lacks the files of split 'train'"):
        cifar10.read(DataRequest("cifar10", roots=(tmp_path,), split="train"))
    (tmp_path / "packed").mkdir()
    (tmp_path / "packed" / "cifar-10-python.tar.gz").touch()
    with pytest.raises(DataRefused, match="unpack"):
        cifar10.read(DataRequest("cifar10", path=tmp_path / "packed"))
    with pytest.raises(UnknownNameError):
        cifar10.read(DataRequest("cifar10", path=tmp_path, split="val"))


def test_download_only_when_allowed_and_absent(tmp_path, monkeypatch):
    from torchvision import datasets

    asked = []

    def fake(root, download):
        asked.append((root, download))
        write_layout(Path(root))

    monkeypatch.setattr(datasets, "CIFAR10", fake)
    request = DataRequest("cifar10", roots=(tmp_path / "new", tmp_path), allow_download=True)
    assert len(cifar10.read(request)) == 5
    assert asked == [(str(tmp_path / "new"), True)]
    assert len(cifar10.read(request)) == 5 and len(asked) == 1

    def fails(root, download):
        raise OSError("no network")

    monkeypatch.setattr(datasets, "CIFAR10", fails)
    with pytest.raises(DataRefused, match="no network"):
        cifar10.read(DataRequest("cifar10", roots=(tmp_path / "other",), allow_download=True))


def test_cifar100_uses_the_fine_labels(tmp_path):
    folder = tmp_path / "cifar-100-python"
    folder.mkdir()
    batch = {b"fine_labels": [99, 0], b"coarse_labels": [1, 1], b"data": pixels(2, 0)}
    (folder / "test").write_bytes(pickle.dumps(batch, protocol=2))
    dataset = cifar10.read(DataRequest("cifar100", roots=(tmp_path,)))
    assert dataset.labels.tolist() == [99, 0]
    assert dataset.sample_id(1) == "cifar100/test/1"
