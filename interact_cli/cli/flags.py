"""Flags as data: each names the setting that it fills, so help texts, config file and command line agree."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass
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
    told: str = ""
    """What it is, where no field of `Settings` says so."""

    @property
    def parameter(self) -> str:
        """Name of the Python parameter."""
        return self.name.removeprefix("--").replace("-", "_") + "_"

    @property
    def help(self) -> str:
        """The setting's own description."""
        if self.told:
            return self.told
        field = functools.reduce(
            lambda section, name: section.annotation.model_fields[name],  # type: ignore[union-attr]  # sections nest
            self.setting.split(".")[1:],
            Settings.model_fields[self.setting.split(".")[0]],
        )
        return (field.description or "").replace("`", "")


MODEL, INPUTS, GAME, PLAN, RUN = "Checkpoint", "Inputs", "Players and score", "Plan", "Run"

METRIC = Flag("metrics", "--metric", list[str], GAME, "-m", "NAME[:OPTION=VALUE,...]")
EPOCHS = Flag("training.epochs", "--epochs", int, MODEL)
COMMON = (
    Flag("arch", "--arch", str, MODEL, metavar="PREFIX:NAME"),
    Flag("arch_args", "--arch-arg", list[str], MODEL, metavar="NAME=VALUE"),
    Flag("weights", "--weights", str, MODEL, metavar="auto|ema|raw|fresh"),
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
    Flag("plan.instability", "--instability", int, PLAN, metavar="R"),
    Flag("plan.protocol", "--protocol", str, PLAN, metavar="NAME"),
    Flag("plan.seed", "--seed", int, PLAN),
    Flag("run.device", "--device", str, RUN),
    Flag("run.batch_size", "--batch-size", str, RUN, metavar="auto|ROWS"),
    Flag("run.executor", "--executor", str, RUN, metavar="NAME"),
    Flag("run.output", "--output", Path, RUN, "-o"),
    Flag("run.force", "--force", bool, RUN),
    Flag("run.records", "--no-records", bool, RUN, told="Leave the evaluation records out of the report."),
)


def option_flags() -> tuple[Flag, ...]:
    """Return the flags of the options that are set for every metric that has them, as the metrics declare them."""
    from interact_cli.pipeline.asking import flagged

    return tuple(
        Flag(f"plan.{option.name}", f"--{option.typed}", option.kind, PLAN, None, option.shape, option.help)
        for option in flagged().values()
    )


def takes(
    flags: Sequence[Flag] = (), late: Callable[[], Sequence[Flag]] | None = None
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command these flags; it receives them as ``flags: dict[str, Any]``, dotted setting -> value.

    Flags that were not given are left out. A parameter that is a dataclass stands for a flag of each of its fields.

    Args:
        flags: As they stand in this file.
        late: Further flags that are known only when the command is called: to ask for them takes time.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        run = _with_flags(command, flags)
        if late is not None:
            vars(run)[LATE] = lambda: _with_flags(command, (*flags, *late()))
        return run

    return decorate


def given_flags(*groups: Any) -> list[str]:
    """Return the flags that are not at their defaults, as typed, of dataclasses whose fields are called as they are."""
    return [
        "--" + flag.name.rstrip("_").replace("_", "-")
        for group in groups
        for flag in fields(group)
        if getattr(group, flag.name) not in (flag.default, [])
    ]


LATE = "with_late_flags"
"""Attribute of a command's function: called, it gives the function with all its flags."""


def _with_flags(command: Callable[..., None], flags: Sequence[Flag]) -> Callable[..., None]:
    """Return a function of keywords alone: the command's own, the fields of those that are dataclasses, the flags."""
    hints = get_type_hints(command, include_extras=True)
    signature = inspect.signature(command)
    groups = {name: hint for name, hint in hints.items() if isinstance(hint, type) and is_dataclass(hint)}

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        given = {flag: arguments.pop(flag.parameter) for flag in flags}
        made = {name: kind(**{f.name: arguments.pop(f.name) for f in fields(kind)}) for name, kind in groups.items()}
        settings = {flag.setting: _value(flag, value) for flag, value in given.items() if value not in (None, [])}
        command(**arguments, **made, **({"flags": settings} if flags else {}))

    own: list[inspect.Parameter] = []
    for name, parameter in signature.parameters.items():
        if name in groups:
            kinds = get_type_hints(groups[name], include_extras=True)
            own += [_keyword(field.name, kinds[field.name], field.default) for field in fields(groups[name])]
        elif name != "flags":
            own.append(_keyword(name, hints[name], parameter.default))
    parameters = [*own, *(_parameter(flag) for flag in flags)]
    vars(run)["__signature__"] = signature.replace(parameters=parameters)
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del vars(run)["__wrapped__"]  # or inspect would look past the signature
    return run


def _keyword(name: str, annotation: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _parameter(flag: Flag) -> inspect.Parameter:
    names = [flag.name] if flag.short is None else [flag.name, flag.short]
    option = typer.Option(*names, help=flag.help, rich_help_panel=flag.panel, metavar=flag.metavar, show_default=False)
    annotation: Any = Annotated[flag.kind | None, option]
    return _keyword(flag.parameter, annotation, None)


def _value(flag: Flag, given: Any) -> Any:
    if flag.name == "--no-records":
        return not given
    if flag.setting == "arch_args":
        return dict(pair(text) for text in given)
    if flag.setting == "run.batch_size" and given.lstrip("-").isdecimal():  # -1 is a number too, and refused as one
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
