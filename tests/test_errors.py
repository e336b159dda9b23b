"""Errors: the tree, the exit codes that users script against, and the words of an unknown name."""

from __future__ import annotations

import pytest

from interact_cli import errors

EXIT_CODES = {
    "UsageError": 2,
    "UnknownNameError": 2,
    "BudgetError": 2,
    "ShapeError": 2,
    "OutputError": 2,
    "NotComparable": 3,
    "InputRefused": 4,
    "CheckpointRefused": 4,
    "DataRefused": 4,
    "ReportRefused": 4,
    "SampleSkipped": 4,
    "RunFailed": 5,
    "NonFiniteError": 5,
    "OutOfMemory": 5,
}


def raised_by(module):
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, errors.InteractError) and value is not errors.InteractError
    }


def test_every_error_has_its_exit_code():
    assert {name: value.exit_code for name, value in raised_by(errors).items()} == EXIT_CODES


@pytest.mark.parametrize(("parent", "code"), [("UsageError", 2), ("InputRefused", 4), ("RunFailed", 5)])
def test_one_parent_per_exit_code(parent, code):
    above = getattr(errors, parent)
    assert {name for name, value in raised_by(errors).items() if issubclass(value, above)} == {
        name for name, of_name in EXIT_CODES.items() if of_name == code
    }


def test_an_unknown_name_with_a_near_one():
    error = errors.UnknownNameError("index", "shaply", ["shapley", "banzhaf"], listing="interact list")
    assert str(error) == (
        "Unknown index 'shaply'. Did you mean 'shapley'? Available: banzhaf, shapley. ('interact list' describes them.)"
    )
    assert (error.kind, error.name, error.known) == ("index", "shaply", ("banzhaf", "shapley"))


def test_an_unknown_name_far_from_all():
    assert str(errors.UnknownNameError("index", "qqq", ["shapley"])) == "Unknown index 'qqq'. Available: shapley."


def test_too_many_names_are_not_all_listed():
    known = [f"resnet{i}" for i in range(500)]
    message = str(errors.UnknownNameError("architecture", "resnet51x", known))
    assert "Nearest of 500:" in message
    assert len(message) < 200
    assert "Nearest of 500: none." in str(errors.UnknownNameError("architecture", "", known))


def test_messages_are_one_line():
    for known in (["a"], [f"n{i}" for i in range(100)], []):
        assert "\n" not in str(errors.UnknownNameError("x", "y", known, listing="l"))
