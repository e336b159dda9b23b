"""Registries: lazy, sorted, with suggestions, and one owner per name."""

from __future__ import annotations

import sys

import pytest

from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.registry import Registry


@pytest.fixture
def registry():
    registry = Registry("metric", "interact list metrics")
    registry.add("zeta", "fractions:Fraction", summary="a ratio", origin="core 1")
    registry.add("alpha", lambda: "loaded", summary="first", origin="plugin 2")
    return registry


def test_a_name_loads_what_stands_behind_it(registry):
    from fractions import Fraction

    assert registry.get("zeta") is Fraction
    assert registry.get("alpha") == "loaded"
    assert "zeta" in registry
    assert "beta" not in registry


def test_listing_is_sorted_and_imports_nothing(registry):
    registry.add("beta", "a_module_that_does_not_exist:thing", summary="s", origin="o")
    assert [(entry.name, entry.summary, entry.origin) for entry in registry] == [
        ("alpha", "first", "plugin 2"),
        ("beta", "s", "o"),
        ("zeta", "a ratio", "core 1"),
    ]
    assert "a_module_that_does_not_exist" not in sys.modules
    with pytest.raises(ModuleNotFoundError):
        registry.get("beta")


def test_an_unknown_name_suggests_the_nearest(registry):
    with pytest.raises(UnknownNameError) as unknown:
        registry.get("zetta")
    message = str(unknown.value)
    assert "Unknown metric 'zetta'" in message
    assert "Did you mean 'zeta'?" in message
    assert "alpha, zeta" in message
    assert "interact list metrics" in message


def test_two_owners_of_one_name_are_refused_and_one_may_register_twice(registry):
    with pytest.raises(UsageError, match=r"'zeta' is registered twice: by core 1 and by plugin 2\. Uninstall one"):
        registry.add("zeta", "math:pi", summary="", origin="plugin 2")
    registry.add("zeta", "math:pi", summary="", origin="core 1")
    assert registry.get("zeta") == pytest.approx(3.14159, abs=1e-5)
