"""The command line: global options and the list of commands. Imports nothing heavy."""

from __future__ import annotations

from typing import Annotated

import typer

from interact_cli import __version__
from interact_cli.cli.bottleneck import bottleneck
from interact_cli.cli.compare import compare
from interact_cli.cli.console import screen
from interact_cli.cli.doctor import doctor
from interact_cli.cli.gate import gate
from interact_cli.cli.guard import Commands
from interact_cli.cli.inspect import inspect
from interact_cli.cli.listing import list_
from interact_cli.cli.measure import measure
from interact_cli.cli.reports import plot, show
from interact_cli.cli.selfcheck import selfcheck
from interact_cli.cli.validate import validate

EPILOG = (
    "Exit codes: 0 is done or PASS. 1 is FAIL of a gate and nothing else. 2 is usage or configuration. 3 is undecided, "
    "not comparable, or a check that failed. 4 is input refused. 5 is a run that failed. 70 is an internal error. "
    "130 and 143 are interrupted: rerun to go on."
)

app = typer.Typer(
    name="interact",
    cls=Commands,
    help="Audit trained checkpoints by the interactions that they encode.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for command in (measure, bottleneck, show, plot, inspect, validate, doctor, compare, gate, selfcheck):
    app.command()(command)
app.command("list")(list_)


def _version(show: bool) -> None:
    if show:
        screen.document(f"interact {__version__}")
        raise typer.Exit


@app.callback()
def options(
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only results, warnings and errors.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="No colours; NO_COLOR does the same.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Show the version and exit.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before the command."""
    del version
    screen.quiet, screen.color, screen.debug = quiet, not no_color, debug


def main() -> None:
    """Run the command line."""
    app()
