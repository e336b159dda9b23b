"""Texts from the command line."""

from __future__ import annotations

from interact_cli.datasets.request import resolve_split
from interact_cli.datasets.samples import Numbered, Samples
from interact_cli.errors import UsageError
from interact_cli.interfaces import DataRequest
from interact_cli.safe_text import safe_text
from interact_cli.types import Text

EXPECTED = "no files: the texts stand on the command line, --text 'some words'"


def read(request: DataRequest) -> Samples:
    """Open the texts of the command line, unlabelled.

    Raises:
        UsageError: no text, an empty one, a path, or an option for files.
    """
    split = resolve_split(request, ("all",))
    if request.path is not None:
        raise UsageError(f"Texts from the command line have no path, got '{request.path}'. Write text:FILE for a file.")
    if not request.texts:
        raise UsageError("Expected a text, got none. Write --text 'some words', once per text, or --dataset text:FILE.")
    for number, text in enumerate(request.texts):
        if not text.strip() or "\0" in text:
            raise UsageError(f"Expected words in every --text, got '{safe_text(text, 40)}' as text {number}.")
    return Samples(
        name="texts",
        split=split,
        kind="text",
        ids=Numbered("text", len(request.texts)),
        read=tuple(map(Text, request.texts)).__getitem__,
    )
