"""What `compare` and `gate` share: where their result goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interact_cli.cli.console import ReaderLeft, on_github, screen
from interact_cli.cli.runs import Json
from interact_cli.errors import OutputError, UsageError
from interact_cli.safe_text import safe_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from interact_cli.verdicts import Comparison, Verdict

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
AllowPartial = Annotated[bool, typer.Option("--allow-partial", help="Take reports of a quick look (--limit) too.")]
Makers = Mapping[str, Callable[[], str]]
"""Suffix -> the document."""


def check_outputs(
    outputs: Sequence[Path], inputs: Sequence[Path | None], suffixes: Sequence[str], flag: str = "--output"
) -> None:
    """Refuse, before any work, files that cannot be written or must not be.

    Args:
        outputs: As given.
        inputs: What is read.
        suffixes: What can be written.
        flag: That names the outputs.

    Raises:
        UsageError: a suffix that nothing here writes.
        OutputError: a folder that does not exist, a file that is one of the inputs.
    """
    for output in outputs:
        if output.suffix.lower() not in suffixes:
            raise UsageError(f"Expected {flag} FILE with one of {', '.join(suffixes)}, got '{safe_text(output)}'.")
        if not output.parent.is_dir():
            raise OutputError(f"The folder of '{safe_text(output)}' does not exist. Make it, or choose another place.")
        if output.is_dir():
            raise OutputError(f"'{safe_text(output)}' is a folder. Choose another {flag}.")
        if any(given is not None and _same(output, given) for given in inputs):
            raise OutputError(f"The output '{safe_text(output)}' is one of the inputs. Choose another {flag}.")


@dataclass(frozen=True)
class Shown:
    """Where a comparison or a verdict goes."""

    output: Output = None
    json: Json = False
    md: Markdown = False

    @property
    def outputs(self) -> tuple[Path, ...]:
        """The files."""
        return tuple(self.output or ())

    def check(self, *inputs: Path | None, verdict: bool) -> None:
        """Refuse, before any work, outputs that cannot be.

        Args:
            inputs: What is read, and what is written besides.
            verdict: Whether rules are judged; JUnit shows nothing else.

        Raises:
            UsageError: two documents on one stdout, or a suffix that nothing here writes.
            OutputError: a folder that does not exist, a file that is one of the inputs.
        """
        if self.json and self.md:
            raise UsageError("--json and --md both want stdout. Keep one, and write the other with --output FILE.md.")
        check_outputs(self.outputs, inputs, (".json", ".md", *([".xml"] if verdict else []), *PICTURES))

    def comparison(self, comparison: Comparison, *, everything: bool = False) -> None:
        """Write the files of a comparison and print it.

        Args:
            comparison: Of two reports.
            everything: Every number, not only the leading ones.

        Raises:
            OutputError: a file cannot be written.
        """
        from interact_cli.report.verdicts.document import comparison_document
        from interact_cli.report.verdicts.markdown import comparison_markdown
        from interact_cli.report.verdicts.terminal import render_comparison

        makers = {
            ".json": lambda: comparison_document(comparison),
            ".md": lambda: comparison_markdown(comparison, everything=everything),
        }
        self._deliver(makers, render_comparison(comparison, everything=everything), comparison)

    def verdict(self, verdict: Verdict) -> None:
        """Write the files of a verdict, print it, and annotate it once where GitHub listens.

        A reader that stops reading (``| head -1``) changes no verdict: its exit code stands.

        Raises:
            OutputError: a file cannot be written.
        """
        from interact_cli.report.verdicts.annotation import annotation
        from interact_cli.report.verdicts.document import verdict_document
        from interact_cli.report.verdicts.junit import verdict_junit
        from interact_cli.report.verdicts.markdown import verdict_markdown
        from interact_cli.report.verdicts.terminal import render_verdict

        makers = {
            ".json": lambda: verdict_document(verdict),
            ".md": lambda: verdict_markdown(verdict),
            ".xml": lambda: verdict_junit(verdict),
        }
        try:
            self._deliver(makers, render_verdict(verdict), verdict.comparison, verdict)
        except ReaderLeft:
            screen.hang_up()
        line = annotation(verdict) if on_github() else None
        if line is not None:
            screen.workflow_command(line)

    def _deliver(
        self, makers: Makers, page: RenderableType, comparison: Comparison | None, verdict: Verdict | None = None
    ) -> None:
        for output in self.outputs:
            suffix = output.suffix.lower()
            if suffix not in PICTURES:
                _write(output, makers[suffix]())
            elif comparison is None:
                screen.say(f"No picture at {output}: the reports cannot be compared.")
                continue
            else:
                from interact_cli.report.plots.differences import plot_comparison

                plot_comparison(comparison, output, verdict=verdict)
            screen.say(f"Wrote {output}.")
        if self.json or self.md:
            screen.document(makers[".json" if self.json else ".md"]())
        else:
            screen.show(page)


def _write(output: Path, text: str) -> None:
    """Write a document whole or not at all."""
    from interact_cli.journal.whole import write_whole

    try:
        write_whole(output, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise OutputError(
            f"Cannot write '{safe_text(output)}': {error.strerror or error}. Choose another place with -o."
        ) from None


def _same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except OSError:  # one of them is not there yet
        return path.absolute() == other.absolute()
