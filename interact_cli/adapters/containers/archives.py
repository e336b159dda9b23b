"""The zip container of torch.save, checked member by member before torch sees it."""

from __future__ import annotations

import re
import struct
import zipfile
from collections import Counter

from interact_cli.adapters.containers.files import KERAS, CheckpointFile
from interact_cli.errors import CheckpointRefused
from interact_cli.safe_text import safe_text

_MEMBER = re.compile(
    r"[^/\\]+/(data\.pkl|byteorder|version|\.format_version|\.storage_alignment|\.data/serialization_id|data/\d+)"
)
"""Everything that torch.save writes."""

_LOCAL_HEADER = struct.Struct("<4s5H3I2H")


def read_members(file: CheckpointFile) -> list[zipfile.ZipInfo]:
    """Return the zip's directory.

    Raises:
        CheckpointRefused: the directory at the end of the file is missing or damaged.
    """
    file.handle.seek(0)
    try:
        with zipfile.ZipFile(file.handle) as archive:
            if archive.comment:
                raise file.refuse("got a zip with a comment, which torch.save never writes. Get a fresh copy.")
            return archive.infolist()
    except CheckpointRefused:
        raise
    except Exception as error:  # a hostile directory can fail in any way
        raise file.refuse(
            f"got a zip that is truncated or damaged ({safe_text(error)}). Copy or download it again."
        ) from None
    finally:
        file.handle.seek(0)


def check_archive(file: CheckpointFile) -> None:
    """Make sure that the zip is one that torch.save wrote, before anything is unpacked.

    Every member is stored, unencrypted, named once, of a known name, where the directory says and as large
    as it says; so no reader can see another file than torch does, and nothing grows while it is read.

    Raises:
        CheckpointRefused: it is another kind of zip, or any of this does not hold.
    """
    members = read_members(file)
    _refuse_other_formats(file, {member.filename for member in members})
    repeated = [name for name, count in Counter(member.filename for member in members).items() if count > 1]
    if repeated:
        raise file.refuse(f"got a zip with two members '{safe_text(repeated[0])}'. Get a fresh copy.")
    for member in members:
        problem = _member_problem(member)
        if problem:
            raise file.refuse(f"got a zip whose member '{safe_text(member.filename)}' {problem}. Get a fresh copy.")
    roots = {member.filename.partition("/")[0] for member in members}
    if len(roots) != 1 or f"{next(iter(roots))}/data.pkl" not in {member.filename for member in members}:
        raise file.refuse("got a zip without exactly one data.pkl, so torch.save did not write it. Get a fresh copy.")
    _check_layout(file, members)


def _member_problem(member: zipfile.ZipInfo) -> str | None:
    name = member.filename
    if member.flag_bits & 0x1:
        return "is encrypted"
    if member.compress_type != zipfile.ZIP_STORED:
        return "is compressed, which torch.save never does"
    if member.file_size != member.compress_size:
        return "has two sizes"
    if name.startswith("/") or ".." in name.split("/") or "\\" in name:
        return "has a path that leaves the archive"
    if not _MEMBER.fullmatch(name):
        return "is none that torch.save writes"
    return None


def _check_layout(file: CheckpointFile, members: list[zipfile.ZipInfo]) -> None:
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        header = _local_header(file, member)
        if header is None or member.header_offset < end or (end == 0 and member.header_offset != 0):
            raise file.refuse(
                f"got a zip whose directory and member '{safe_text(member.filename)}' disagree. Get a fresh copy."
            )
        end = member.header_offset + header + member.file_size
        if end > file.size:
            raise file.refuse(
                f"got a zip whose member '{safe_text(member.filename)}' claims {member.file_size} bytes, "
                f"more than the file has. Get a fresh copy."
            )
    file.handle.seek(0)


def _local_header(file: CheckpointFile, member: zipfile.ZipInfo) -> int | None:
    """Return the length of a member's own header, or None where it does not say what the directory says."""
    file.handle.seek(member.header_offset)
    raw = file.handle.read(_LOCAL_HEADER.size)
    if len(raw) < _LOCAL_HEADER.size:
        return None
    magic, _version, flags, method, _time, _date, _crc, packed, full, name_length, extra_length = _LOCAL_HEADER.unpack(
        raw
    )
    name = file.handle.read(name_length)
    # 0 where the sizes follow the data, all ones where the zip64 field holds them.
    sizes_agree = {packed, full} <= {0, 0xFFFFFFFF, member.file_size}
    # zipfile reads names without the UTF-8 flag as cp437.
    same_name = name == member.orig_filename.encode("utf-8") or name == member.orig_filename.encode("cp437", "replace")
    if magic != b"PK\x03\x04" or flags & 0x1 or method != zipfile.ZIP_STORED or not sizes_agree or not same_name:
        return None
    return int(_LOCAL_HEADER.size + name_length + extra_length)


def _refuse_other_formats(file: CheckpointFile, names: set[str]) -> None:
    inner = {name.partition("/")[2] for name in names}
    if "constants.pkl" in inner or any(name.startswith("code/") for name in inner):
        raise file.refuse(
            "got TorchScript, which is code and is not run. Convert it where you trust it: "
            "state = torch.jit.load('file.pt').state_dict(); torch.save(state, 'weights.pt')"
        )
    if (names | inner) & {"archive_format", "archive_version", "serialized_exported_program.json"}:
        raise file.refuse(
            "got a program written by torch.export (.pt2), which may run code when opened. Convert it where you "
            "trust it: state = torch.export.load('file.pt2').state_dict; torch.save(state, 'weights.pt')"
        )
    if "model.weights.h5" in names:
        raise file.refuse(f"got a Keras model, which may hold code. {KERAS}")
    if names and all(name.endswith(".npy") for name in names):
        raise file.refuse(
            "got a numpy archive (.npz). Convert it: state = {k: torch.from_numpy(v) for k, v in "
            "numpy.load('file.npz').items()}; torch.save(state, 'weights.pt')"
        )
