"""Flags as data: each names the setting that it fills, so help texts, config file and command line agree."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError
from interact_cli.strict_yaml import load_strict


@dataclass(frozen=True)
class Flag:
    """One flag of the commands that measure."""

    setting: str
    """Dotted name in `Settings`."""
    name: str
    """As typed."""
    kind: Any
    panel: str
    short: str | None = None
    metavar: str | None = None

    @property
    def parameter(self) -> str:
        """Name of the Python parameter."""
        return self.name.removeprefix("--").replace("-", "_") + "_"

    @property
    def help(self) -> str:
        """The setting's own description."""
        field = functools.reduce(
            lambda section, name: section.annotation.model_fields[name],  # type: ignore[union-attr]  # sections nest
            self.setting.split(".")[1:],
            Settings.model_fields[self.setting.split(".")[0]],
        )
        return (field.description or "").replace("`", "")


MODEL, INPUTS, GAME, PLAN, RUN = "Checkpoint", "Inputs", "Players and score", "Plan", "Run"

METRIC = Flag("metrics", "--metric", list[str], GAME, "-m", "NAME")
EPOCHS = Flag("training.epochs", "--epochs", int, MODEL)
COMMON = (
    Flag("arch", "--arch", str, MODEL, metavar="PREFIX:NAME"),
    Flag("arch_args", "--arch-arg", list[str], MODEL, metavar="NAME=VALUE"),
    Flag("weights", "--weights", str, MODEL, metavar="auto|ema|raw"),
    Flag("allow_missing", "--allow-missing", list[str], MODEL, metavar="PATTERN"),
    Flag("data.name", "--dataset", str, INPUTS, "-d", "NAME[:PATH]"),
    Flag("data.texts", "--text", list[str], INPUTS, "-t", "TEXT"),
    Flag("data.continuation", "--continuation", str, INPUTS, metavar="TEXT"),
    Flag("data.root", "--data-root", Path, INPUTS),
    Flag("data.split", "--split", str, INPUTS),
    Flag("data.label_column", "--label-column", str, INPUTS),
    Flag("data.text_column", "--text-column", str, INPUTS),
    Flag("data.n_samples", "--n-samples", int, INPUTS, "-n"),
    Flag("data.samples", "--samples", Path, INPUTS),
    Flag("data.only", "--only", str, INPUTS, metavar="correct|all"),
    Flag("data.limit", "--limit", int, INPUTS),
    Flag("data.max_failures", "--max-failures", int, INPUTS),
    Flag("data.allow_download", "--allow-download", bool, INPUTS),
    Flag("players", "--players", str, GAME, metavar="NAME[:ARGUMENT]"),
    Flag("unit", "--unit", str, GAME, metavar="unit|channel|cell"),
    Flag("span", "--span", str, GAME, metavar="FIRST:END|WORDS"),
    Flag("baseline", "--baseline", str, GAME, metavar="NAME"),
    Flag("score", "--score", str, GAME, "-s", "NAME"),
    Flag("target", "--target", str, GAME, metavar="true|predicted"),
    Flag("plan.budget", "--budget", int, PLAN, "-b"),
    Flag("plan.pairs", "--pairs", str, PLAN, metavar="all|radius:R|random:K"),
    Flag("plan.contexts", "--contexts", int, PLAN),
    Flag("plan.interaction_size", "--interaction-size", int, PLAN, metavar="K"),
    Flag("plan.partitions", "--partitions", str, PLAN, metavar="contiguous|all"),
    Flag("plan.learned", "--learned", str, PLAN, metavar="corrected|paper"),
    Flag("plan.drop_rate", "--drop-rate", float, PLAN),
    Flag("plan.instability", "--instability", int, PLAN, metavar="R"),
    Flag("plan.protocol", "--protocol", str, PLAN, metavar="NAME"),
    Flag("plan.seed", "--seed", int, PLAN),
    Flag("run.device", "--device", str, RUN),
    Flag("run.batch_size", "--batch-size", str, RUN, metavar="auto|ROWS"),
    Flag("run.output", "--output", Path, RUN, "-o"),
    Flag("run.force", "--force", bool, RUN),
    Flag("run.records", "--no-records", bool, RUN),
)


def takes(flags: Sequence[Flag]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these flags; it receives them as ``flags: dict[str, Any]``, dotted setting -> value.

    Flags that were not given are left out.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            given = {flag: arguments.pop(flag.parameter) for flag in flags}
            command(
                **arguments, flags={flag.setting: _value(flag, v) for flag, v in given.items() if v not in (None, [])}
            )

        hints = get_type_hints(command, include_extras=True)
        signature = inspect.signature(command)
        own = [
            parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
            for name, parameter in signature.parameters.items()
            if name != "flags"
        ]
        parameters = [*own, *(_parameter(flag) for flag in flags)]
        vars(run)["__signature__"] = signature.replace(parameters=parameters)
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        del vars(run)["__wrapped__"]  # or inspect would look past the signature
        return run

    return decorate


def _parameter(flag: Flag) -> inspect.Parameter:
    names = [flag.name] if flag.short is None else [flag.name, flag.short]
    text = "Leave the evaluation records out of the report." if flag.name == "--no-records" else flag.help
    option = typer.Option(*names, help=text, rich_help_panel=flag.panel, metavar=flag.metavar, show_default=False)
    annotation: Any = Annotated[flag.kind | None, option]
    return inspect.Parameter(flag.parameter, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _value(flag: Flag, given: Any) -> Any:
    if flag.name == "--no-records":
        return not given
    if flag.setting == "arch_args":
        return dict(pair(text) for text in given)
    if flag.setting == "run.batch_size" and given.lstrip("-").isdecimal():
        return int(given)
    return given


def pair(text: str) -> tuple[str, Any]:
    """Read ``NAME=VALUE``; the value is YAML.

    Raises:
        UsageError: no such form.
    """
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"Expected --arch-arg NAME=VALUE, for example --arch-arg img_size=32, got '{text}'.")
    return name, load_strict(value, f"--arch-arg {name}")
