"""What a network is told of its shape: ``--arch-arg`` first, then the checkpoint's own arguments or its sidecar."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from interact_cli.adapters.architectures.geometry import Geometry, is_count, read_geometry
from interact_cli.errors import CheckpointRefused, InteractError, UnknownNameError, UsageError
from interact_cli.safe_text import first_line, safe_text

INPUT_WORDS = frozenset(
    {"input_size", "img_size", "in_chans", "mean", "std", "interpolation", "crop_pct", "crop_mode", "columns"}
)
"""Arguments that describe the input, in the words of timm's train script."""

OUTPUT_WORDS = frozenset({"num_classes", "class_names", "output_kind"})


class Said:
    """The arguments of one network, each from whoever said it first.

    Args:
        where: The network, for messages: ``"paper:alexnet"``.
        arguments: ``--arch-arg`` pairs.
        saved: What the checkpoint and its sidecar say; its ``model_kwargs`` win over its other entries.
    """

    def __init__(self, where: str, arguments: Mapping[str, Any], saved: Mapping[str, Any]) -> None:
        extra = saved.get("model_kwargs")
        self.where = where
        self.arguments = arguments
        self.extra = {str(key): value for key, value in extra.items()} if isinstance(extra, Mapping) else {}
        self.saved = saved

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument; one that is None was not said."""
        for source in (self.arguments, self.extra, self.saved):
            if source.get(name) is not None:
                return source[name]
        return default

    def count(self, name: str, default: Any = None) -> int:
        """Return a number of things.

        Raises:
            UsageError: it is not a whole number from 1 to 2**20, or nobody says it and there is no default.
        """
        value = self.get(name, default)
        if value is None:
            raise UsageError(f"Expected {name} for {self.where}, and nothing says it. Give --arch-arg {name}=N.")
        return _count(value, name, self.where)

    def image_shape(self, default: tuple[int, int]) -> tuple[int, int, int]:
        """Return ``(C, H, W)``: channels and size, each from the first who says it; else 3 and ``default``.

        Raises:
            UsageError: they are not counts.
        """
        channels, size = 3, default
        # The weakest first, as each later source overrides the size and the channels of those before it.
        for source in (self.saved, self.extra, self.arguments):
            shape = image_shape(source, self.where)
            if shape:
                size = (shape[1], shape[2])
            if source.get("in_chans") is not None:
                channels = _count(source["in_chans"], "in_chans", self.where)
            elif shape and source.get("input_size"):
                channels = shape[0]
        return (channels, *size)

    def geometry(self, shape: tuple[int, ...]) -> Geometry:
        """Return what is said of input and output, for a known shape."""
        given = read_geometry({**self.arguments, "input_size": shape}, "--arch-arg", "--arch-arg")
        kept = read_geometry({**self._kept(), "input_size": shape}, "the checkpoint's args", "checkpoint args")
        return replace(given.or_else(kept), source=self._source())

    def _source(self) -> str:
        for settings, source in ((self.arguments, "--arch-arg"), (self._kept(), "checkpoint args")):
            if any(settings.get(word) is not None for word in INPUT_WORDS):
                return source
        return "unknown"

    def _kept(self) -> dict[str, Any]:
        return {**self.saved, **{key: value for key, value in self.extra.items() if value is not None}}

    def check_plain(self) -> None:
        """Refuse a checkpoint whose ``model_kwargs`` hold more than a command line can say.

        Raises:
            CheckpointRefused: deeply nested, long or foreign values.
        """
        if not is_plain(self.extra):
            raise CheckpointRefused(
                f"Expected plain values in 'model_kwargs' of the checkpoint's args for {self.where}, "
                f"got {safe_text(self.extra, 80)}."
            )

    def refuse(self, options: Iterable[str], forbidden: tuple[str, ...]) -> None:
        """Refuse arguments of a library that begin like forbidden ones.

        Raises:
            UsageError: there is one.
        """
        for key in options:
            if key.startswith(forbidden):
                raise UsageError(
                    f"Expected arguments that shape {self.where}, got '{safe_text(key)}', which loads or changes "
                    "something else. Leave it out."
                )

    def built(self, make: Callable[..., Any], name: str, options: Mapping[str, Any], *, saved: bool) -> Any:
        """Call a library's factory; it forwards the options to hundreds of constructors.

        Args:
            make: The factory.
            name: Its network.
            options: Keyword arguments for it.
            saved: Whether the checkpoint gave some of them, and so is to blame where the command line gave none.

        Raises:
            UsageError: the factory fails.
            CheckpointRefused: it fails with what the checkpoint alone says.
        """
        try:
            return make(name, **options)
        except Exception as error:
            blamed = saved and not self.arguments
            origin = " with the checkpoint's args" if blamed else " with --arch-arg as given" if self.arguments else ""
            kind: type[InteractError] = CheckpointRefused if blamed else UsageError
            raise kind(
                f"Expected a network {self.where}, but{origin} it cannot be built: {first_line(error)}."
            ) from None

    def check_known(self, known: Sequence[str]) -> None:
        """Refuse arguments that the network does not take.

        Raises:
            UnknownNameError: such a one on the command line.
            CheckpointRefused: such a one among the checkpoint's ``model_kwargs``.
        """
        everything = {*known, *INPUT_WORDS, *OUTPUT_WORDS}
        for name in self.arguments:
            if name not in everything:
                raise UnknownNameError(f"argument of {self.where}:", safe_text(name), known)
        for name in self.extra:
            if name not in everything:
                raise CheckpointRefused(
                    f"Expected arguments that {self.where} takes ({', '.join(known)}) in 'model_kwargs' of the "
                    f"checkpoint's args, got '{safe_text(name, 60)}'. Name the right network with --arch."
                )


def _count(value: Any, name: str, where: str) -> int:
    if not is_count(value):
        raise UsageError(f"Expected '{name}' of {where} to be a count above 0, got {safe_text(value, 60)}.")
    return int(value)


def image_shape(said: Mapping[str, Any], where: str) -> tuple[int, ...]:
    """Return ``(C, H, W)`` where one source says a size of images."""
    words = {"input_size": said.get("input_size"), "img_size": said.get("img_size")}
    shape = read_geometry(words, f"the arguments of {where}", "unknown").shape
    return shape if len(shape) == 3 else ()


def is_plain(value: Any, depth: int = 3) -> bool:
    """Return whether a value is a number, text, or a small nest of these: what a command line can say."""
    if value is None or isinstance(value, bool | int | float | str):
        return True
    if not isinstance(value, list | tuple | Mapping) or depth == 0 or len(value) > 64:
        return False
    inner = value.values() if isinstance(value, Mapping) else value
    return all(is_plain(entry, depth - 1) for entry in inner)
