"""``interact validate``: is a config file sound, and what does it resolve to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml

from interact_cli.cli.console import screen
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Json, Set, settings_from
from interact_cli.config.settings import Settings
from interact_cli.errors import UnknownNameError


@guarded
def validate(
    config: Annotated[Path, typer.Argument(help="YAML file of settings.", show_default=False)],
    set_: Set = None,
    json: Json = False,
) -> None:
    """Check a config file, names included, and print the settings that it resolves to."""
    settings = settings_from(config, set_, None, {})
    check_names(settings)
    from interact_cli.pipeline.asking import ask

    ask(settings)
    document = settings.model_dump(mode="json")
    if json:
        screen.data(document)
    else:
        screen.document(yaml.safe_dump(document, sort_keys=False))


def check_names(settings: Settings) -> None:
    """Check every name that a registry knows, without loading what stands behind it.

    Raises:
        UnknownNameError: the first that does not exist, with a suggestion.
    """
    from interact_cli import extensions
    from interact_cli.metrics import published
    from interact_cli.scores import OF_MODULES

    named = [
        *((extensions.metrics(), metric.name) for metric in settings.metrics),
        (extensions.datasets(), (settings.data.name or "").partition(":")[0]),
        (extensions.players(), (settings.players or "").partition(":")[0]),
        (extensions.adapters(), (settings.arch or "").partition(":")[0]),
        (extensions.executors(), settings.run.executor),
    ]
    if settings.score and not settings.score.startswith(OF_MODULES):
        named.append((extensions.scores(), settings.score))
    for registry, name in named:
        if name and name not in registry:
            known = (entry.name for entry in registry)
            raise UnknownNameError(registry.kind, name, known, listing=registry.listing)
    if settings.plan.protocol:
        published.lookup(settings.plan.protocol)
