"""``interact list metrics NAME``: one metric whole, with a worked example of the game that it names."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, pairwise, permutations
from statistics import fmean

import pytest
from support.distributions import distribution
from support.workbench import done, refused

from interact_cli import extensions
from interact_cli.errors import UsageError
from interact_cli.interfaces import Metric
from interact_cli.metrics.player_values import PlayerValues
from interact_cli.options import configured, options_of, parse
from interact_cli.pipeline import metric_page

BUILT_IN = [entry.name for entry in extensions.metrics() if entry.origin == extensions.ORIGIN]
PLAYERS = (1, 2, 3, 4)


def flat(text):
    return " ".join(text.split())


@cache
def shown_by(*arguments):
    """What a command prints."""
    return done(*arguments).out


@pytest.fixture(autouse=True, scope="module")
def measured_once():
    """The page of a metric is the same as text, as JSON and as Markdown."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metric_page, "metric_page", cache(metric_page.metric_page))
        yield


def page(name):
    return json.loads(shown_by("list", "metrics", name, "--json"))


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_page_says_all_there_is_to_know_of_a_metric(name):
    metric = extensions.metric(name)
    summary = next(entry.summary for entry in extensions.metrics() if entry.name == name)
    shown, markdown = shown_by("list", "metrics", name), shown_by("list", "metrics", name, "--md")
    text, told, lines = flat(shown), page(name), shown.splitlines()[1:]
    assert all(len(line) <= 100 for line in lines if not line.startswith("Example")), "a command is never folded"
    assert text.startswith(f"{name}: {summary} [{extensions.ORIGIN}]")
    assert markdown.startswith(f"## {name}\n")
    example = metric.example or f"interact measure ckpt.pt --metric {name}"
    for said in (metric.formula, metric.source, metric.cost, example):
        assert said
        assert flat(said) in text
        assert flat(said) in flat(markdown)
    assert (told["formula"], told["source"], told["cost"], told["example"]) == (
        metric.formula, metric.source, metric.cost, example,
    )  # fmt: skip
    about = flat((type(metric).__doc__ or "").partition("\n\n")[0]).replace("``", "")
    assert about in text
    assert told["about"].startswith(about)
    assert told["about"] in text
    named = {one["name"]: one for one in told["options"]}
    assert list(named) == [one.typed for one in options_of(metric)]
    for one in options_of(metric):
        listed = flat(shown.partition("Options")[2].partition("Example")[0])
        assert f"{one.typed} {one.help}" in listed
        assert f"- `{one.typed}`: {one.help}" in markdown
        assert named[one.typed]["default"] == one.default
        assert one.default is None or f"Default: {one.default}." in listed
        assert (named[one.typed]["for_all"] is not None) == bool(one.flag or one.setting)
    assert ("Options none" in text) == (not named)
    for line in told["worked"]:
        assert flat(line) in text
        assert f"- {line}" in markdown


@pytest.mark.parametrize("name", BUILT_IN)
def test_the_example_is_a_command_that_asks_for_the_metric(name):
    first, command, *words = shlex.split(page(name)["example"])
    assert (first, command) == ("interact", "measure")
    (asked,) = (word for flag, word in pairwise(words) if flag in ("-m", "--metric"))
    of, given = parse(asked)
    assert of == name
    configured(extensions.metric(name), given)
    known = set(re.findall(r"--[a-z][a-z-]+", shown_by("measure", "--help")))
    assert {word for word in words if word.startswith("--")} <= known


def test_a_number_of_a_network_has_no_example_on_a_game():
    shown = page("accuracy")
    assert (shown["game"], shown["worked"]) == ("", [])
    assert "coalition" not in shown_by("list", "metrics", "accuracy")


@pytest.mark.parametrize("name", [name for name in BUILT_IN if isinstance(extensions.metric(name), Metric)])
def test_every_metric_is_measured_on_the_game(name):
    worked = page(name)["worked"]
    assert worked
    for line in worked:
        assert re.search(r"\d", line)
        assert not re.search(r"\bnan\b|not measured|not to be measured", line)


def worth(present):
    """Each player 1, the first two together 4 more, the last three together 3 more."""
    return len(present) + 4 * ({1, 2} <= set(present)) + 3 * ({2, 3, 4} <= set(present))


def test_the_game_is_the_one_that_the_page_names():
    text = flat(shown_by("list", "metrics", "shapley"))
    assert (
        "A toy game: four players worth 1 each, 4 more where the first two are both present, 3 more where the last "
        "three are. All 16 coalitions are evaluated and the 20 samples are equal" in text
    )


def numbers(line):
    """The numbers of ``mean |I| by order: 0.667, 1.42, 2.17 points``."""
    return [float(number) for number in re.findall(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", line.rpartition(":")[2])]


def as_shown(values):
    return pytest.approx(list(values), rel=5e-3, abs=1e-9)


def shapley_value(i):
    arrivals = [order[: order.index(i)] for order in permutations(PLAYERS)]
    return fmean(worth({*before, i}) - worth(before) for before in arrivals)


def test_shapley_values_by_all_orders_of_arrival():
    values = [shapley_value(i) for i in PLAYERS]
    told, efficiency, by_player = page("shapley")["worked"]
    assert by_player.startswith("mean |value| by player: ")
    assert values == as_shown([3, 4, 2, 2])
    assert numbers(by_player) == as_shown(values)
    assert told.startswith("'second' moves the score most: mean |value| 4.00 points")
    assert efficiency.endswith("v(N) - v(empty) within 0 points (worst of 20 samples).")


def interactions(m):
    """I^(m) of every pair: mean over the contexts of m other players of the second difference."""
    found = []
    for i, j in combinations(PLAYERS, 2):
        contexts = [set(S) for S in combinations(set(PLAYERS) - {i, j}, m)]
        found.append(fmean(worth(S | {i, j}) - worth(S | {i}) - worth(S | {j}) + worth(S) for S in contexts))
    return found


def test_interactions_by_order_by_all_contexts():
    by_order = [interactions(m) for m in range(3)]
    worked = page("multi-order")["worked"]
    shown = {line.partition(":")[0]: numbers(line) for line in worked if " by order:" in line}
    sizes = [fmean(map(abs, values)) for values in by_order]
    assert sizes == as_shown([4 / 6, 8.5 / 6, 13 / 6])
    assert shown["mean |I| by order"] == as_shown(sizes)
    assert shown["rms I corrected by order"] == as_shown(fmean(v * v for v in values) ** 0.5 for values in by_order)
    assert worked[0].startswith("rms I corrected: 1.63 points "), "what is free of noise leads"
    (said,) = (line for line in worked if line.startswith("mean |I|: "))
    assert said.endswith(" at order 2 of 0..2.")
    assert [word for word in said.split() if word in ("0.667", "1.42", "2.17")] == ["0.667", "1.42", "2.17"]
    (overall,) = (line for line in worked if line.startswith("overall, mean |I|: "))
    assert numbers(overall)[:1] == as_shown([fmean(sizes)])
    of_bottleneck = page("bottleneck")["worked"]
    (curve,) = (line for line in of_bottleneck if line.startswith("J, mean-abs by order"))
    assert numbers(curve) == as_shown(size / fmean(sizes) for size in sizes)


def test_interactions_of_pairs_by_all_contexts():
    """Shapley's weighs the sizes alike, Banzhaf's the contexts."""
    by_order = list(zip(*[interactions(m) for m in range(3)], strict=True))
    shapley = fmean(fmean(orders) ** 2 for orders in by_order) ** 0.5
    expected = {
        "shapley-interaction": shapley,
        "strength": shapley,
        "banzhaf-interaction": fmean(((a + 2 * b + c) / 4) ** 2 for a, b, c in by_order) ** 0.5,
    }
    for name, value in expected.items():
        first, *_ = page(name)["worked"]
        (shown,) = re.findall(r"(\d+\.\d+) points \[", first)
        assert float(shown) == pytest.approx(value, rel=5e-3), name


def test_dividends_by_their_definition():
    sizes = [0.0] * 4
    for size in PLAYERS:
        for S in combinations(PLAYERS, size):
            parts = (L for k in range(size + 1) for L in combinations(S, k))
            sizes[size - 1] += abs(sum((-1) ** (size - len(L)) * worth(L) for L in parts))
    worked = page("harsanyi")["worked"]
    assert sizes == as_shown([4, 4, 3, 0])
    assert numbers(worked[-1]) == as_shown(sizes)
    assert worked[0].startswith("A sample has 6.00 [6.00, 6.00] salient ANDs on average")
    assert worked[1] == "Of the strength, 36 % is in single players, 36 % in pairs, 27 % in larger sets."


def test_lengths_of_vector_dividends_are_those_of_the_vectors_that_the_page_names():
    """The vectors are (v, 2 v)."""
    worked = page("concepts")["worked"]
    assert numbers(worked[-1]) == as_shown(5**0.5 * size for size in (4, 4, 3, 0))
    game = "The values are vectors: what is said here, and twice that, so a length is sqrt(5) times as large"
    assert page("concepts")["game"].endswith(game)
    assert "vectors" not in page("harsanyi")["game"]


@dataclass(frozen=True, kw_only=True)
class Particular(PlayerValues):
    """A metric of five players or more."""

    def design(self, question):
        raise UsageError(f"Expected 5 players, got {question.n_players}. Choose finer players.")


@dataclass(frozen=True, kw_only=True)
class Broken(PlayerValues):
    """A metric whose code fails."""

    def reduce(self, design, values, question):
        raise ZeroDivisionError("no players")


def broken():
    return replace(Broken.of("shapley"), name="broken")


def test_a_metric_whose_code_fails_names_its_plugin(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(distribution(tmp_path, "metrics", f"broken = {__name__}:broken"))
    told = refused(2, "list", "metrics", "broken")
    assert "metric 'broken' of acme 1.0 to work, but its code fails: ZeroDivisionError: no players." in told


def particular():
    return replace(Particular.of("shapley"), name="particular")


def test_a_metric_of_other_players_than_those_of_the_game_says_so(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(distribution(tmp_path, "metrics", f"particular = {__name__}:particular"))
    text = flat(done("list", "metrics", "particular").out)
    assert "particular: a plugin of a test [acme 1.0] What A metric of five players or more." in text
    assert text.endswith("(not to be measured on four players: Expected 5 players, got 4. Choose finer players.)")


def test_an_unknown_metric_is_one_line_with_a_suggestion():
    assert "Unknown metric 'multi-ordre'. Did you mean 'multi-order'?" in refused(2, "list", "metrics", "multi-ordre")
