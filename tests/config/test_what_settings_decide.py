"""Every setting says what it decides, and everything that must know follows from there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from interact_cli.config.settings import AskedMetric, Decides, Settings, deciding, decisions

WORDS = {"records", "question", "rounding", "place"}


def leaves(section: type[BaseModel], above: str = "") -> Iterator[tuple[str, list[object]]]:
    """Every setting with what stands beside its annotation, by another way than the package's."""
    for name, info in section.model_fields.items():
        if isinstance(info.default, BaseModel):
            yield from leaves(type(info.default), f"{above}{name}.")
        else:
            yield above + name, [part for part in info.metadata if isinstance(part, Decides)]


def test_every_setting_says_what_it_decides_once():
    found = dict(leaves(Settings))
    assert len(found) > 30
    assert {name: held for name, held in found.items() if len(held) != 1} == {}
    assert {held[0].what for held in found.values()} == WORDS  # type: ignore[attr-defined]
    assert {name: held[0] for name, held in found.items()} == decisions()


def test_what_decides_records_or_rounding_says_through_which_part_of_the_identity():
    for name, decides in decisions().items():
        assert bool(decides.through) == (decides.what in {"records", "rounding"}), name


def test_a_setting_that_does_not_say_is_an_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(Settings.model_fields, "novelty", AskedMetric.model_fields["name"])
    decisions.cache_clear()
    with pytest.raises(RuntimeError):
        decisions()
    monkeypatch.undo()
    decisions.cache_clear()


def test_places_are_what_only_the_user_says():
    assert set(deciding("place")) == {
        "checkpoint", "data.root", "data.samples", "data.allow_download", "run.output", "run.force", "run.records",
        "training.epochs", "training.seed",
    }  # fmt: skip
    assert set(deciding("rounding")) == {"run.device", "run.batch_size", "run.executor"}
    assert {"score", "target", "metrics", "data.only", "plan.budget", "plan.seed"} <= set(deciding("question"))
