"""Pictures as files or bytes from outside: listed by name, decoded one at a time, each refused by itself."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from interact_cli.errors import DataRefused
from interact_cli.safe_text import safe_text

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp")
_FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
"""Pillow reads more; among it is PostScript, which is a program."""


def entries(folder: Path) -> list[os.DirEntry[str]]:
    """Return what lies in a folder, sorted by name; no file is opened.

    Raises:
        DataRefused: the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError as error:
        raise DataRefused(f"Cannot list the folder '{safe_text(folder)}': {error.strerror or error}.") from error


def is_picture(name: str) -> bool:
    """Whether a file of this name is taken for a picture: by its suffix; hidden and unprintable names are not."""
    return name.lower().endswith(SUFFIXES) and not name.startswith(".") and name.isprintable()


def open_one(folder: Path, files: Sequence[str], index: int) -> Image.Image:
    """Decode one of the files of a folder; see `open_picture`."""
    return open_picture(folder / files[index])


def open_picture(path: Path) -> Image.Image:
    """Decode one file.

    Raises:
        DataRefused: no regular file, empty, broken, of another format, or of more pixels than Pillow deems safe.
    """
    if not path.is_file():
        raise DataRefused(f"Cannot read the image '{safe_text(path)}': no such file any more, or a broken link.")
    if path.stat().st_size == 0:
        raise DataRefused(f"Cannot read the image '{safe_text(path)}': the file is empty.")
    return _decode(path, safe_text(path))


def decode_picture(content: bytes, name: str) -> Image.Image:
    """Decode the bytes of one picture; ``name`` stands for it in a message.

    Raises:
        DataRefused: empty, broken, of another format, or of more pixels than Pillow deems safe.
    """
    if not content:
        raise DataRefused(f"Cannot read the image '{name}': it has no bytes.")
    return _decode(io.BytesIO(content), name)


def _decode(source: Path | io.BytesIO, name: str) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(source, formats=_FORMATS) as image:
                image.load()
                # Pillow warns when it drops the transparency of a palette; through RGBA it has a place.
                return image.convert("RGBA") if image.mode == "P" and "transparency" in image.info else image.copy()
    except UnidentifiedImageError as error:
        raise DataRefused(f"Cannot read the image '{name}': its content is none of {', '.join(_FORMATS)}.") from error
    except Exception as error:  # a broken image may raise anything
        raise DataRefused(f"Cannot read the image '{name}': {safe_text(error) or type(error).__name__}.") from error
