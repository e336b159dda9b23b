"""Ways to spoil a written report, by the item of the list of hostile files that each belongs to."""

from __future__ import annotations

import base64
import os
import socket
import subprocess
import sys
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5p, h5s, h5t

SECRET = "root:secret-of-another-file:0:0"
"""Content of a file that no report may show."""
KILLED = """
import os, signal, sys
import h5py, numpy as np
file = h5py.File(sys.argv[1], "w")
file.attrs["format"] = "interact-report"
file["samples/label"] = np.zeros(100_000)
os.kill(os.getpid(), signal.SIGKILL)
"""


@dataclass(frozen=True)
class Spoiled:
    """One way."""

    item: int
    name: str
    spoil: Callable[[Path], None]
    said: str
    """Part of the line that must be said."""


def replace(file: h5py.File, path: str, **options: Any) -> h5py.Dataset:
    """Put another data set in the place of one, keeping its attributes."""
    attributes = {key: value for key, value in file[path].attrs.items() if not key.endswith("_LIST")}
    del file[path]
    dataset = file.create_dataset(path, **options)
    dataset.attrs.update(attributes)
    return dataset


def edited(change: Callable[[h5py.File, Path], object]) -> Callable[[Path], None]:
    """Change something inside the file; a file with a secret lies beside it."""

    def spoil(path: Path) -> None:
        secret = path.with_name("secret")
        secret.write_text(SECRET)
        with h5py.File(path, "r+") as file:
            change(file, secret)

    return spoil


def replaced(path: str, **options: Any) -> Callable[[Path], None]:
    return edited(lambda file, _: replace(file, path, **options))


def attribute(path: str, name: str, value: Any) -> Callable[[Path], None]:
    return edited(lambda file, _: file[path].attrs.__setitem__(name, value))


def _external_storage(file: h5py.File, secret: Path) -> None:
    shape, where = (len(SECRET),), [(str(secret), 0, len(SECRET))]
    replace(file, "players/owner", shape=shape, dtype="u1", external=where)


def _external_link(file: h5py.File, secret: Path) -> None:
    other = secret.with_name("other.h5")
    with h5py.File(other, "w") as holder:
        holder["x"] = np.array(SECRET.encode(), dtype=h5py.string_dtype("utf-8", len(SECRET)))
    del file["config/json"]
    file["config/json"] = h5py.ExternalLink(str(other), "/x")


def _virtual(file: h5py.File, secret: Path) -> None:
    n = len(file["samples/label"])
    with h5py.File(secret.with_name("other.h5"), "w") as other:
        other["x"] = np.arange(n)
    layout = h5py.VirtualLayout(shape=(n,), dtype="i8")
    layout[:] = h5py.VirtualSource(secret.with_name("other.h5"), "x", shape=(n,))
    del file["samples/label"]
    file.create_virtual_dataset("samples/label", layout)


def _soft_loop(file: h5py.File, _: Path) -> None:
    del file["samples/label"]
    file["samples/label"] = h5py.SoftLink("/samples/round")
    file["samples/round"] = h5py.SoftLink("/samples/label")


def _soft_link(file: h5py.File, _: Path) -> None:
    del file["samples/label"]
    file["samples/label"] = h5py.SoftLink("/samples/predicted")


def _unknown_filter(file: h5py.File, _: Path) -> None:
    n = len(file["samples/label"])
    properties = h5p.create(h5p.DATASET_CREATE)
    properties.set_chunk((n,))
    properties.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    del file["samples/label"]
    h5d.create(file.id, b"samples/label", h5t.NATIVE_INT64, h5s.create_simple((n,)), dcpl=properties)


def _references(file: h5py.File, _: Path) -> None:
    file.create_dataset("samples/refs", data=[file["samples"].ref], dtype=h5py.ref_dtype)


def truncated(share: float) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        whole = path.read_bytes()
        path.write_bytes(whole[: int(len(whole) * share)])

    return spoil


def _flipped(path: Path) -> None:
    """Flip one bit of the values of the samples."""
    with h5py.File(path) as file:
        values = file["samples/full_value"][()].tobytes()
    raw = bytearray(path.read_bytes())
    raw[raw.index(values) + len(values) - 2] ^= 1
    path.write_bytes(raw)


def _killed(path: Path) -> None:
    """Leave what a writer leaves that was killed."""
    path.unlink()
    subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert path.exists()


def _still_written(path: Path) -> None:
    """Copy a file that a writer holds open for readers to follow."""
    live = path.with_name("live.h5")
    with h5py.File(live, "w", libver="latest") as file:
        file.attrs["format"] = "interact-report"
        file.swmr_mode = True
        file.flush()
        path.write_bytes(live.read_bytes())


def with_room(path: Path, n_bytes: int) -> None:
    """Add honest zeros, stored without compression, that take no room on the disk and ``n_bytes`` in memory."""
    with h5py.File(path, "r+") as file:
        group = next(iter(file["metrics"].values()))
        properties = h5p.create(h5p.DATASET_CREATE)
        properties.set_layout(h5d.CONTIGUOUS)
        properties.set_alloc_time(h5d.ALLOC_TIME_EARLY)
        properties.set_fill_time(h5d.FILL_TIME_NEVER)
        space = h5s.create_simple((n_bytes // 8,))
        h5d.create(group.id, b"room", h5t.IEEE_F64LE, space, dcpl=properties)
        group["room"].attrs.update({"role": "label", "dims": "room", "unit": "1", "meaning": "zeros"})


def odd_texts(path: Path) -> None:
    """Put bad UTF-8, escapes and very long text where a report has texts; it stays a report."""
    with h5py.File(path, "r+") as file:
        metric = next(iter(file["metrics"].values()))
        metric.attrs.create("source", np.array(b"\xff\x1b[31m", dtype=h5py.string_dtype("utf-8", 6)))
        metric.attrs["estimator"] = "y" * (1 << 20)
        names = np.array([b"\xfe\x1b]0;x\x07\xe2\x80\xae%d" % i for i in range(len(file["sample"]))])
        names = names.astype(h5py.string_dtype("utf-8", names.dtype.itemsize))
        replace(file, "samples/id", data=names)
        replace(file, "sample", data=names).make_scale("sample")


HOSTILE = (
    Spoiled(36, "external storage", edited(_external_storage), "/players/owner uses external storage"),
    Spoiled(37, "external link", edited(_external_link), "/config/json is an external link"),
    Spoiled(37, "soft link", edited(_soft_link), "/samples/label is a soft link"),
    Spoiled(37, "soft loop", edited(_soft_loop), "is a soft link"),
    Spoiled(37, "virtual data set", edited(_virtual), "/samples/label is a virtual data set"),
    Spoiled(
        37,
        "hard link cycle",
        edited(lambda file, _: file.__setitem__("metrics/loop", file["metrics"])),
        "/metrics/loop is a second hard link to /metrics",
    ),
    Spoiled(38, "eight terabytes", replaced("samples/full_value", shape=(10**12,), dtype="f8"), "/samples/full_value"),
    Spoiled(
        38,
        "eight terabytes in chunks",
        replaced("samples/full_value", shape=(10**12,), dtype="f8", chunks=(1 << 17,)),
        "/samples/full_value",
    ),
    Spoiled(
        38,
        "gzip bomb",
        replaced(
            "samples/full_value", data=np.zeros(8 << 20), compression="gzip", compression_opts=9, chunks=(1 << 20,)
        ),
        "/samples/full_value declares 67,108,864 bytes",
    ),
    Spoiled(39, "unknown filter", edited(_unknown_filter), "/samples/label uses the unknown filter 32015"),
    Spoiled(40, "truncated by a little", truncated(0.999), "is damaged"),
    Spoiled(40, "truncated by half", truncated(0.5), "is damaged"),
    Spoiled(40, "truncated to its head", truncated(0.005), "is damaged"),
    Spoiled(40, "killed writer", _killed, "is damaged"),
    Spoiled(40, "still being written", _still_written, "is damaged"),
    Spoiled(40, "flipped bit", _flipped, "is damaged"),
    Spoiled(42, "wrong format", attribute("/", "format", "keras"), "attribute 'format' of /"),
    Spoiled(42, "newer schema", attribute("/", "schema_version", "99.0"), "attribute 'schema_version' of / is 99.0"),
    Spoiled(42, "missing group", edited(lambda file, _: file.__delitem__("samples")), "/samples/"),
    Spoiled(42, "missing data", edited(lambda file, _: file.__delitem__("config/json")), "/config/json is missing"),
    Spoiled(42, "wrong type", replaced("samples/label", data=np.zeros(3, "f8")), "/samples/label holds float64"),
    Spoiled(
        42, "wrong rank", replaced("samples/label", data=np.zeros((3, 1), "i8")), "/samples/label has shape (3, 1)"
    ),
    Spoiled(42, "object references", edited(_references), "/samples/refs holds references"),
)
"""Files that are HDF5 and no report."""


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _linked(target: str) -> Callable[[Path], None]:
    def spoil(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return spoil


def _socket(path: Path) -> None:
    path.unlink()
    here = Path.cwd()
    os.chdir(path.parent)  # the name of a socket may have 100 characters
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(here)


NO_FILES = (
    Spoiled(19, "missing", Path.unlink, "cannot be opened: No such file or directory."),
    Spoiled(19, "folder", _folder, "is a folder; expected a report file."),
    Spoiled(19, "pipe", _fifo, "is not a regular file; expected a report file."),
    Spoiled(19, "socket", _socket, "is not a regular file; expected a report file."),
    Spoiled(19, "endless device", _linked("/dev/zero"), "is not a regular file; expected a report file."),
    Spoiled(19, "dangling link", _linked("nowhere"), "cannot be opened: No such file or directory."),
    Spoiled(19, "no permission", lambda path: path.chmod(0), "cannot be opened: Permission denied."),
    Spoiled(19, "empty", lambda path: path.write_bytes(b"") and None, "is empty; expected a report file."),
    Spoiled(
        19,
        "git-lfs pointer",
        lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n") and None,
        "git lfs pull",
    ),
    Spoiled(19, "page", lambda path: path.write_bytes(b"<!doctype html>") and None, "is not an HDF5 file"),
)
"""What is no file, or none of HDF5."""
ODD_NAME = "re\x1b[2Jport\n[red]\u202e.h5"
ODD_NAME_SHOWN = r"re\x1b[2Jport\n[red]\u202e.h5"
_ENDLESS = (
    "c-rmQQA!(86adgWlc;Hkn1U4y{i)zz7a=GbNFm?`YLG|^O+!uW8uY_e=sH}2Yw+7m)Xd8mqaO`|Uvdu2yt(f^?z@lqyBF=f{ndJ_"
    "9)(&hs?m&j|4P?e*|Yd@{V4vg+ul3O8+Z9uiYgz<>GLnsu{E8KopP+_k<MxC6z?onVm)ecGCUph#u1xYmdb0UwN!D$>^ov@@^s3e"
    "7@FxWosZL*`*PQ(&y!nDYN^gH^HO|`SK4mfTpjFozoo;Q0RR91yc3r%;_hy{(`Xl+hb-1o-(qz9qd(|<|Jy$u{T%*Y+`p*AQ~x55"
    "X%{4)bwNhs-uP^^I7@9VOOdgtsWMqzO<Bgn;jgEP7H3<U%T}~amj7(rcKv(+0000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000007?J1L${3&;"
)


def endless(path: Path) -> None:
    """Leave a file, found by mutation, on whose first attribute HDF5 2.0.0 never ends."""
    path.write_bytes(zlib.decompress(base64.b85decode(_ENDLESS)))
