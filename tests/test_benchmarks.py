from math import nan

import pytest

import benchmarks.__main__ as command
from benchmarks.table import Benchmark, Goal, Row

GOAL = Goal(most=1)


@pytest.mark.parametrize(
    ("values", "expected"),
    [([0.5, 1.0], 0), ([0.5, 1.5], 1), ([1.5, 0.5], 1), ([nan], 1), ([], 0)],
)
def test_a_missed_goal_is_printed_and_is_the_exit_code(values, expected, monkeypatch, capsys):
    rows = [Row("context without a goal", 9.0), *(Row("a ratio", value, goal=GOAL) for value in values)]
    monkeypatch.setattr(command, "BENCHMARKS", (Benchmark("fake", lambda quick: iter(rows)),))
    assert command.main([]) == expected
    assert capsys.readouterr().out.count("missed") == expected
