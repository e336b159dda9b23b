"""The generators of Zhang et al. (AAAI 2021) against Python's own reading of the text."""

from __future__ import annotations

from collections import Counter

import pytest
from support.references import delta, set_game

from interact_cli.games.expressions import (
    DATA_SETS,
    Expression,
)

MODELS = [DATA_SETS[name].draw(0, number) for name in DATA_SETS for number in range(8)]


@pytest.mark.parametrize("model", MODELS, ids=str)
def test_table_is_what_python_evaluates_on_every_mask(model: Expression):
    read = compile(str(model), "expression", "eval")
    for mask, value in enumerate(model.table()):
        assert value == eval(read, {f"x{i}": mask >> i & 1 for i in range(model.n_players)})


def test_zero_to_the_zero_is_one_and_so_is_the_value_of_nobody():
    model = Expression(("**",), (0, 1))
    v = set_game(model.table(), 2)
    assert v == {frozenset(): 1.0, frozenset({0}): 1.0, frozenset({1}): 0.0, frozenset({0, 1}): 1.0}
    assert delta(v, 0, 1, frozenset()) == 1.0


def test_and_binds_tighter_than_or():
    v = set_game(Expression(("|", "&"), (0, 1, 2)).table(), 3)
    assert v[frozenset({0})] == 1.0
    assert v[frozenset({0, 2})] == 1.0
    assert v[frozenset({2})] == 0.0


def test_labels_of_the_papers_examples():
    """Zhang et al. (AAAI 2021), section 4: the ground-truth partitions of its three example models."""
    product_model = Expression(("+", "*", "+", "*", "+", "+"), (1, 2, 3, 4))
    and_or_model = Expression(("|", "&", "|", "&", "|", "|"), (1, 2, 3, 4))
    power_model = Expression(("**", "+", "**", "+", "+"), (0, 1, 2, 3))
    assert product_model.labels == (True, None, True)
    assert and_or_model.labels == (True, False, True)
    assert power_model.labels == (True, None, True)


def drawn(name: str, n: int = 1500) -> list[Expression]:
    return [DATA_SETS[name].draw(0, number) for number in range(n)]


@pytest.mark.parametrize("name", DATA_SETS)
def test_lengths_and_sets(name: str):
    models = drawn(name)
    assert {model.n_players for model in models} == {8, 9, 10, 11, 12}
    for model in models:
        first, last = model.members[0], model.members[-1]
        assert model.members == tuple(range(first, last + 1))
        assert 2 <= len(model.members) <= min(model.n_players // 2, 5)
        assert first >= 0 and last < model.n_players
    of_twelve = [model for model in models if model.n_players == 12]
    assert {len(model.members) for model in of_twelve} == {2, 3, 4, 5}
    assert any(model.members[-1] == model.n_players - 1 for model in models)


@pytest.mark.parametrize(("name", "operators"), [("addition-multiplication", "+*"), ("and-or", "&|")])
def test_operators_are_uniform_where_the_law_is(name: str, operators: str):
    counts = Counter(operator for model in drawn(name) for operator in model.operators)
    assert set(counts) == set(operators)
    assert abs(counts[operators[0]] / counts.total() - 0.5) < 0.02


def test_exponential_follows_its_law():
    models = drawn("exponential")
    after: dict[str, Counter[str]] = {}
    for model in models:
        assert "**" in model.gaps
        for one, other in zip(("", *model.operators), model.operators, strict=False):
            after.setdefault(one, Counter())[other] += 1
    assert set(after["**"]) == {"+"}
    assert set(after["*"]) == {"*", "+"}
    assert set(after["+"]) == set(after[""]) == {"**", "*", "+"}


def test_draws_depend_on_seed_data_set_and_number_alone():
    backwards = {number: DATA_SETS["and-or"].draw(3, number) for number in reversed(range(20))}
    assert [DATA_SETS["and-or"].draw(3, number) for number in range(20)] == [backwards[k] for k in range(20)]
    assert DATA_SETS["and-or"].draw(4, 0) != backwards[0]
