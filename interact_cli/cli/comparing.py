"""What `compare` and `gate` share: two reports read safely, and the files that their result is written to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from interact_cli.cli.console import screen
from interact_cli.errors import OutputError, UsageError
from interact_cli.safe_text import safe_text

PICTURES = (".png", ".pdf", ".svg")
Output = Annotated[
    list[Path] | None,
    typer.Option(
        "--output",
        "-o",
        help="Write it to a file too, by suffix; may be given again.",
        metavar="FILE",
        show_default=False,
    ),
]
Markdown = Annotated[bool, typer.Option("--md", help="Print Markdown instead of the summary.")]
Makers = Mapping[str, Callable[[], str]]
"""Suffix -> the document."""


def check_outputs(outputs: Sequence[Path], inputs: Sequence[Path | None], suffixes: Sequence[str]) -> None:
    """Refuse, before any work, files that cannot be written or must not be.

    Raises:
        UsageError: a suffix that nothing here writes.
        OutputError: a folder that does not exist, a file that is one of the inputs.
    """
    for output in outputs:
        if output.suffix.lower() not in suffixes:
            raise UsageError(f"Expected --output FILE with one of {', '.join(suffixes)}, got '{safe_text(output)}'.")
        if not output.parent.is_dir():
            raise OutputError(f"The folder of '{safe_text(output)}' does not exist. Make it, or choose another place.")
        if output.is_dir():
            raise OutputError(f"'{safe_text(output)}' is a folder. Choose another --output.")
        if any(given is not None and _same(output, given) for given in inputs):
            raise OutputError(f"The output '{safe_text(output)}' is one of the inputs. Choose another --output.")


def write_outputs(outputs: Sequence[Path], makers: Makers, draw: Callable[[Path], object]) -> None:
    """Write every file whole or not at all.

    Raises:
        OutputError: a file cannot be written.
    """
    from interact_cli.journal.whole import write_whole

    for output in outputs:
        suffix = output.suffix.lower()
        if suffix in PICTURES:
            draw(output)
        else:
            try:
                write_whole(output, makers[suffix]().encode("utf-8", "backslashreplace"))
            except OSError as error:
                raise OutputError(
                    f"Cannot write '{safe_text(output)}': {error.strerror or error}. Choose another place with -o."
                ) from None
        screen.say(f"Wrote {output}.")


def check_formats(*, json: bool, markdown: bool) -> None:
    """Refuse two documents on one stdout.

    Raises:
        UsageError: both are asked for.
    """
    if json and markdown:
        raise UsageError("--json and --md both want stdout. Keep one, and write the other with --output FILE.md.")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False
