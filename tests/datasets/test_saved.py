from __future__ import annotations

import io
import json
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from interact_cli.datasets.drawing import draw
from interact_cli.datasets.saved import folder as saved
from interact_cli.errors import DataRefused, UnknownNameError, UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.types import Text


@pytest.fixture(scope="module")
def library():
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    return datasets


def read(path: Path, **options):
    return saved.read(DataRequest("saved", path=path, **options))


def png(shade: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4), (shade, 0, 0)).save(buffer, "PNG")
    return buffer.getvalue()


def write(folder: Path, table: pa.Table, features: dict | None = None, **state) -> Path:
    """The folder as the library writes it, for contents that the library would not write."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        pa.OSFile(str(folder / "data-00000-of-00001.arrow"), "wb") as file,
        pa.ipc.new_stream(file, table.schema) as out,
    ):
        out.write_table(table)
    (folder / "state.json").write_text(json.dumps({"_data_files": [{"filename": "data-00000-of-00001.arrow"}]} | state))
    (folder / "dataset_info.json").write_text(json.dumps({"features": features or {}}))
    return folder


def images(library, n: int):
    features = library.Features(image=library.Image(), label=library.ClassLabel(names=["ant", "bee"]))
    pictures = [Image.new("RGB", (4, 4), (10 * i, 0, 0)) for i in range(n)]
    return library.Dataset.from_dict({"image": pictures, "label": [i % 2 for i in range(n)]}, features=features)


def test_images_as_the_library_saves_them(library, tmp_path):
    images(library, 25).shuffle(seed=1).save_to_disk(str(tmp_path / "x"), num_shards=3)
    theirs = library.load_from_disk(str(tmp_path / "x"))
    ours = read(tmp_path / "x")
    assert (ours.kind, ours.name, ours.split, len(ours)) == ("image", "saved", "all", 25)
    assert ours.class_names == ("ant", "bee") and ours.sample_id(24) == "saved/all/24"
    assert ours.labels.tolist() == list(theirs["label"])
    for index in (0, 8, 9, 24):
        assert np.array_equal(np.asarray(ours.raw(index)), np.asarray(theirs[index]["image"]))
    assert ours.notes == ("label column: label",)


def test_splits(library, tmp_path):
    whole = images(library, 6)
    parts = {"train": whole, "test": whole.select([1]), "extra": whole.select([2, 3])}
    library.DatasetDict(parts).save_to_disk(str(tmp_path / "mine" / "x"))
    root = tmp_path / "mine" / "x"
    for path in (root, root.parent, root / "dataset_dict.json", root / "test", root / "test" / "state.json"):
        dataset = read(path)
        assert (dataset.split, len(dataset), dataset.sample_id(0)) == ("test", 1, "saved/test/0")
    assert len(read(root, split="extra")) == len(read(root / "extra")) == 2
    with pytest.raises(UsageError, match="lies in split 'extra'"):
        read(root / "extra", split="train")
    with pytest.raises(UnknownNameError, match="Did you mean 'train'"):
        read(root, split="trian")
    images(library, 4).save_to_disk(str(root / "other"))
    assert (read(root / "other").split, len(read(root / "other"))) == ("all", 4)
    images(library, 2).save_to_disk(str(tmp_path / "mine" / "y"))
    with pytest.raises(UsageError, match="several: x, y"):
        read(tmp_path / "mine")


def test_texts_and_pairs(library, tmp_path):
    def save(name: str, columns: dict) -> Path:
        library.Dataset.from_dict(columns).save_to_disk(str(tmp_path / name))
        return tmp_path / name

    single = read(save("a", {"sentence": ["good", "bad"], "label": [1, 0], "idx": [5, 6]}))
    assert (single.kind, single.raw(1), single.labels.tolist()) == ("text", Text("bad"), [1, 0])
    assert "column(s) not read: idx" in single.notes
    pair = read(save("b", {"sentence2": ["y"], "sentence1": ["x"], "label": [0]}))
    assert pair.raw(0) == Text("x", "y")
    assert read(save("d", {"prompt": ["x"], "continuation": ["z"]})).raw(0) == Text("x", continuation="z")
    entailed = read(save("e", {"hypothesis": ["h", None], "premise": ["p", "q"], "label": [0, 1]}))
    assert (entailed.raw(0), entailed.raw(1)) == (Text("p", "h"), Text("q"))
    empty = read(save("f", {"text": ["", None]}))
    assert empty.raw(0) == Text("")
    with pytest.raises(DataRefused, match=r"row 1 of column 'text'.*nothing"):
        empty.raw(1)
    other = save("c", {"title": ["t"], "body": ["b"], "stars": ["five"]})
    with pytest.raises(UsageError, match=r"title, body.*--text-column"):
        read(other)
    assert read(other, text_column="body").raw(0) == Text("b")
    both = read(other, text_column="title,body", label_column="stars")
    assert (both.raw(0), both.class_names) == (Text("t", "b"), ("five",))
    with pytest.raises(UnknownNameError, match="Did you mean 'body'"):
        read(other, text_column="boddy")
    with pytest.raises(UsageError, match="or two"):
        read(other, text_column="title,body,stars")


def test_numeric_columns(library, tmp_path):
    columns = {"a": [1.5, 2.5], "flag": [True, False], "n": [3, None], "vector": [[1], [2]], "y": ["no", "yes"]}
    library.Dataset.from_dict(columns).save_to_disk(str(tmp_path / "x"))
    dataset = read(tmp_path / "x")
    assert (dataset.kind, dataset.column_names) == ("columns", ("a", "flag", "n"))
    assert dataset.raw(0).tolist() == [1.5, 1, 3] and dataset.raw(0).dtype == np.float64
    assert np.isnan(dataset.raw(1)[2])
    assert (dataset.labels.tolist(), dataset.class_names) == ([0, 1], ("no", "yes"))
    assert "column(s) not read: vector" in dataset.notes


def test_which_column_is_the_label(library, tmp_path):
    label = library.ClassLabel(names=["p", "q"])
    features = library.Features(text=library.Value("string"), fine=label, coarse=label)
    library.Dataset.from_dict({"text": ["x", "y"], "fine": [0, 1], "coarse": [1, 0]}, features=features).save_to_disk(
        str(tmp_path / "x")
    )
    with pytest.raises(UsageError, match=r"fine, coarse.*--label-column"):
        read(tmp_path / "x")
    assert read(tmp_path / "x", label_column="coarse").labels.tolist() == [1, 0]
    with pytest.raises(UnknownNameError, match="Did you mean 'coarse'"):
        read(tmp_path / "x", label_column="course")


LABEL = {"label": {"_type": "ClassLabel", "names": ["no", "yes"]}}


@pytest.mark.parametrize(
    ("values", "features", "labels", "note"),
    [
        (pa.array([-1, -1]), LABEL, None, "hidden"),
        (pa.array([0.5, 4.8]), {}, None, "fractions"),
        (pa.array([2, 0]), {}, [2, 0], "label column: label"),
        (pa.array([True, False]), {}, [1, 0], "label column: label"),
        (pa.array([1, 0], pa.uint8()), LABEL, [1, 0], "label column: label"),
        (pa.array(["b", "a"], pa.large_string()), {}, [1, 0], "label column: label"),
    ],
)
def test_label_values(tmp_path, values, features, labels, note):
    dataset = read(write(tmp_path, pa.table({"x": [1.0, 2.0], "label": values}), features))
    assert (dataset.labels.tolist() if dataset.labels is not None else None) == labels
    assert any(note in said for said in dataset.notes)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (pa.array([0, 2]), r"0\.\.1 in label column 'label', got '2' in row 1 \(1 of 2"),
        (pa.array([-1, 1]), "got '-1' in row 0"),
        (pa.array([None, 1]), "1 rows without"),
        (pa.array([[0], [1]]), r"got list<"),
    ],
)
def test_labels_out_of_range(tmp_path, values, message):
    with pytest.raises(DataRefused, match=message):
        read(write(tmp_path, pa.table({"x": [1.0, 2.0], "label": values}), LABEL))


def test_paths_in_images_are_never_followed(tmp_path):
    secret = tmp_path / "secret.png"
    secret.write_bytes(png(77))
    rows = [
        {"bytes": None, "path": str(secret)},
        {"bytes": None, "path": "../secret.png"},
        {"bytes": png(5), "path": str(secret)},
        {"bytes": b"", "path": None},
        {"bytes": b"<svg/>", "path": None},
        None,
    ]
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    dataset = read(write(tmp_path / "x", pa.table({"image": pa.array(rows, kind)}), {"image": {"_type": "Image"}}))
    assert dataset.labels is None
    assert dataset.raw(2).getpixel((0, 0)) == (5, 0, 0)
    for index, message in [(0, "only a path"), (1, "only a path"), (3, "no bytes"), (4, "none of"), (5, "no bytes")]:
        with pytest.raises(DataRefused, match=message) as refused:
            dataset.raw(index)
        assert f"row {index} of column 'image'" in str(refused.value)


@pytest.mark.parametrize(
    "name", ["../data.arrow", "/etc/passwd", "sub/data.arrow", "..", "", "a\x1b[31m", "missing.arrow", None, 3]
)
def test_data_files_lie_beside_the_state(tmp_path, name):
    table = pa.table({"x": [1.0]})
    write(tmp_path, table)
    folder = write(tmp_path / "x", table, _data_files=[{"filename": name}])
    (tmp_path / "data-00000-of-00001.arrow").rename(tmp_path / "data.arrow")
    with pytest.raises(DataRefused) as refused:
        read(folder)
    assert "\x1b" not in str(refused.value)


def test_extension_types_are_refused_before_they_are_looked_at(tmp_path):
    looked = []

    class Telling(pa.ExtensionType):
        def __init__(self) -> None:
            super().__init__(pa.int64(), "interact.telling")

        def __arrow_ext_serialize__(self) -> bytes:
            return b""

        @classmethod
        def __arrow_ext_deserialize__(cls, storage, serialized):
            looked.append(serialized)
            return cls()

    pa.register_extension_type(Telling())
    try:
        storage = pa.ExtensionArray.from_storage(Telling(), pa.array([1, 2]))
        folder = write(tmp_path, pa.table({"odd": storage, "x": [1.0, 2.0]}))
        looked.clear()
        with pytest.raises(DataRefused, match="extension type"):
            read(folder)
    finally:
        pa.unregister_extension_type("interact.telling")
    assert looked == []


def test_pickled_extension_types_of_old_pyarrow(tmp_path):
    sentinel = tmp_path / "sentinel"

    class Gadget:
        def __reduce__(self):
            return Path.touch, (sentinel,)

    metadata = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": pickle.dumps(Gadget())}
    schema = pa.schema([pa.field("x", pa.int64(), metadata=metadata)])
    with pytest.raises(DataRefused, match="extension type"):
        read(write(tmp_path / "x", pa.table({"x": [1]}, schema=schema)))
    assert not sentinel.exists()


@pytest.mark.parametrize("codec", ["zstd", "lz4"])
def test_compressed_batches_are_refused_unread(tmp_path, codec):
    if not pa.Codec.is_available(codec):
        pytest.skip(f"pyarrow without {codec}")
    folder = write(tmp_path, pa.table({"x": [1.0]}))
    table = pa.table({"x": np.zeros(4_000_000)})
    options = pa.ipc.IpcWriteOptions(compression=codec)
    path = folder / "data-00000-of-00001.arrow"
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema, options=options) as out:
        out.write_table(table)
    assert path.stat().st_size < 1_000_000
    before = pa.total_allocated_bytes()
    with pytest.raises(DataRefused, match="compressed"):
        read(folder)
    assert pa.total_allocated_bytes() - before < 1_000_000


def test_damaged_arrow_files(tmp_path):
    folder = write(tmp_path, pa.table({"text": ["one", "two", "three"] * 50}))
    path = folder / "data-00000-of-00001.arrow"
    whole = path.read_bytes()
    for content in (b"", b"PAR1", whole[:40], whole[: len(whole) // 2], b"\xff" * 200, b"<!DOCTYPE html>"):
        path.write_bytes(content)
        with pytest.raises(DataRefused) as refused:
            read(folder)
        assert "\n" not in str(refused.value)
    offsets = np.array([0, 3, 6], "<i4").tobytes()
    assert whole.count(offsets) == 1
    path.write_bytes(whole.replace(offsets, np.array([0, 2**30, 6], "<i4").tobytes()))
    dataset = read(folder)
    with pytest.raises(DataRefused, match="Cannot read row 0"):
        dataset.raw(0)
    assert dataset.raw(2) == Text("three")


def test_no_bit_of_an_arrow_file_breaks_the_reader(tmp_path):
    folder = write(tmp_path, pa.table({"text": ["one", "two", None], "label": [0, 1, 0]}))
    path = folder / "data-00000-of-00001.arrow"
    whole = path.read_bytes()
    random = np.random.default_rng(0)
    for position in random.integers(0, len(whole), 300):
        spoilt = bytearray(whole)
        spoilt[position] ^= 1 << int(random.integers(8))
        path.write_bytes(spoilt)
        try:
            dataset = read(folder)
            for index in range(len(dataset)):
                dataset.raw(index)
        except (DataRefused, UsageError):
            continue


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("state.json", "{", "Expected JSON"),
        ("state.json", "[]", "JSON object"),
        ("state.json", "{}", "_data_files"),
        ("state.json", "[" * 100_000, "JSON"),
        ("state.json", '{"_indices_data_files": [{"filename": "i.arrow"}]}', "flatten_indices"),
        ("dataset_info.json", "\x00", "JSON"),
        ("dataset_info.json", None, "JSON"),
    ],
)
def test_damaged_descriptions(tmp_path, file, content, message):
    folder = write(tmp_path, pa.table({"x": [1.0]}))
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content)
    with pytest.raises(DataRefused, match=message):
        read(folder)


@pytest.mark.parametrize("splits", [[], ["../x"], [1], "train", ["a/b"], None])
def test_split_names_stay_in_the_folder(tmp_path, splits):
    (tmp_path / "dataset_dict.json").write_text(json.dumps({"splits": splits}))
    with pytest.raises(DataRefused, match="names of folders"):
        read(tmp_path)


def test_nothing_that_can_be_read(tmp_path):
    with pytest.raises(DataRefused, match=r"column of images, texts or numbers.*v \(list<"):
        read(write(tmp_path / "a", pa.table({"v": [[1], [2]]})))
    with pytest.raises(DataRefused, match="Expected rows"):
        read(write(tmp_path / "b", pa.table({"x": pa.array([], pa.float64())})))
    with pytest.raises(DataRefused, match=r"holds: a, b.*Expected PATH/\{state.json") as refused:
        (tmp_path / "c").mkdir()
        for name in ("a", "b"):
            (tmp_path / "c" / name).mkdir()
        read(tmp_path / "c")
    assert "\n" not in str(refused.value)
    with pytest.raises(DataRefused, match="nothing there"):
        read(tmp_path / "none")
    with pytest.raises(UsageError, match="saved:PATH"):
        saved.read(DataRequest("saved"))
    with pytest.raises(DataRefused, match="pickled objects"):
        read(tmp_path / "x.npy")


def test_nothing_is_copied_and_the_library_stays_unloaded(tmp_path):
    kind = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = pa.array([{"bytes": png(1), "path": None}] * 20_000, kind)
    table = pa.table({"image": rows, "label": np.arange(20_000) % 2})
    folder = write(tmp_path, table, {"image": {"_type": "Image"}, **LABEL})
    del rows, table
    before = pa.total_allocated_bytes()
    dataset = read(folder)
    for index in draw(dataset, 50, 0):
        dataset.raw(index)
    assert pa.total_allocated_bytes() - before < 500_000
    code = (
        "import sys, pathlib; from interact_cli.datasets.saved import folder as saved; "
        "from interact_cli.interfaces import DataRequest; "
        f"saved.read(DataRequest('saved', path=pathlib.Path({str(folder)!r}))).raw(3); "
        "sys.exit('datasets' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
