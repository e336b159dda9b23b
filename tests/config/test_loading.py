from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from interact_cli.config.loading import load_settings
from interact_cli.config.settings import Settings, deciding, decisions
from interact_cli.errors import UsageError
from interact_cli.pipeline.asking import ask


@pytest.fixture
def config(tmp_path):
    def write(text: str) -> Path:
        path = tmp_path / "run.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def refused(config: Path | None = None, **sources) -> str:
    with pytest.raises(UsageError) as caught:
        load_settings(config, **sources)
    assert "\n" not in str(caught.value), "one line"
    return str(caught.value)


def refused_question(**sources) -> str:
    """Settings that can be read, and that ask for what cannot be asked."""
    settings = load_settings(**sources)
    with pytest.raises(UsageError) as caught:
        ask(settings)
    assert "\n" not in str(caught.value), "one line"
    return str(caught.value)


def names_of(settings: Settings) -> list[str]:
    assert all(asked.options == {} for asked in settings.metrics)
    return [asked.name for asked in settings.metrics]


def test_nothing_given_is_the_defaults():
    assert load_settings() == Settings()
    assert load_settings(environ={"PATH": "/bin"}, flags={"run.device": None}) == Settings()


def test_a_file(config):
    settings = load_settings(
        config(
            "checkpoint: a/ckpt.pt\nmetrics: [shapley, multi-order]\narch_args: {num_classes: 10, depth: 1e-1}\n"
            "data: {name: digits, only: correct}\nplan:\n  budget: 2000\nrun:\n  batch_size: 7\n"
        )
    )
    assert settings.checkpoint == Path("a/ckpt.pt")
    assert names_of(settings) == ["shapley", "multi-order"]
    assert settings.arch_args == {"num_classes": 10, "depth": 0.1}
    assert (settings.data.name, settings.data.only) == ("digits", "correct")
    assert (settings.plan.budget, settings.plan.seed, settings.run.batch_size) == (2000, 0, 7)


@pytest.mark.parametrize("text", ["", "# only a comment\n", "{}", "plan: {}\n"])
def test_an_empty_file_is_the_defaults(config, text):
    assert load_settings(config(text)) == Settings()


SOURCES = ["file", "environment", "set", "flag"]


@given(given=st.sets(st.sampled_from(SOURCES)))
def test_the_strongest_source_wins(tmp_path_factory, given):
    path = None
    if "file" in given:
        path = tmp_path_factory.mktemp("config") / "run.yaml"
        path.write_text("plan: {budget: 1, seed: 11}\n")
    settings = load_settings(
        path,
        environ={"INTERACT_PLAN__BUDGET": "2"} if "environment" in given else {},
        assignments=["plan.budget=3"] if "set" in given else [],
        flags={"plan.budget": 4 if "flag" in given else None},
    )
    strongest = [1 + SOURCES.index(source) for source in given]
    assert settings.plan.budget == max(strongest, default=None)
    assert settings.plan.seed == (11 if "file" in given else 0), "a neighbour of the changed value stays"


def test_environment():
    environ = {
        "INTERACT_RUN__DEVICE": "cpu",
        "INTERACT_RUN__BATCH_SIZE": "64",
        "INTERACT_METRICS": "[shapley]",
        "INTERACT_DATA": "/somewhere",
        "INTERACT_CACHE": "/elsewhere",
        "INTERACT_DATA__ROOT": "here",
        "interact_run__force": "true",
    }
    settings = load_settings(environ=environ)
    assert (settings.run.device, settings.run.batch_size, names_of(settings)) == ("cpu", 64, ["shapley"])
    assert settings.data.root == Path("here")
    assert settings.run.force is False, "lower-case names are not ours"
    assert "unknown name 'budgets', did you mean" not in refused(environ={"INTERACT_BUDGETS": "3"})
    assert "unknown name 'run.devices', did you mean 'device'?" in refused(environ={"INTERACT_RUN__DEVICES": "cpu"})
    assert "Unknown setting of the plan 'budgets'. Did you mean 'budget'?" in refused_question(
        environ={"INTERACT_PLAN__BUDGETS": "3"}
    )


def test_a_metric_in_another_form_is_shown_the_form(config):
    assert "expected NAME:OPTION=VALUE,OPTION=VALUE" in refused(config("metrics: ['a:b']"))
    assert "expected a metric: its NAME, NAME:OPTION=VALUE, or a mapping from" in refused(config("metrics: [3]"))


AS_WRITTEN = [
    "metrics: [shapley, {multi-order: {pairs: 'radius:1', contexts: 8}}]\n",
    "metrics:\n  shapley:\n  multi-order: {pairs: 'radius:1', contexts: 8}\n",
    "metrics:\n  - shapley: {}\n  - multi-order:\n      pairs: radius:1\n      contexts: 8\n",
    "metrics: [shapley, 'multi-order:pairs=radius:1,contexts=8']\n",
]


@pytest.mark.parametrize("text", AS_WRITTEN)
def test_options_stand_with_their_metric(config, text):
    asked = ask(load_settings(config(text)))
    assert [metric.name for metric in asked.metrics] == ["shapley", "multi-order"]
    assert (asked.metrics[1].pairs, asked.metrics[1].contexts) == ("radius:1", 8)
    assert asked.settings.model_dump()["metrics"] == ("shapley", {"multi-order": {"pairs": "radius:1", "contexts": 8}})


@pytest.mark.parametrize("metrics", ["[shapley, banzhaf, shapley]", "['a:b=1', {a: {}}]"])
def test_a_metric_that_is_asked_for_twice_is_refused(config, metrics):
    name = "shapley" if "shapley" in metrics else "a"
    assert f"metrics: expected each metric once, '{name}' is asked for twice" in refused(config(f"metrics: {metrics}"))


def test_an_option_of_the_plan_is_for_all_metrics_that_have_it(config):
    told = "plan: {pairs: all, contexts: 4}\nmetrics: [shapley, multi-order, {strength: {pairs: 'radius:1'}}]\n"
    asked = ask(load_settings(config(told)))
    assert asked.settings.model_dump()["metrics"] == (
        "shapley",
        {"multi-order": {"pairs": "all", "contexts": 4}},
        {"strength": {"pairs": "radius:1", "contexts": 4}},
    )
    assert set(asked.settings.plan.model_dump()) == {"budget", "seed", "instability", "protocol"}
    assert ask(asked.settings).settings == asked.settings, "asked again, nothing changes"


def test_an_option_at_its_default_is_as_if_it_were_not_named():
    plain = ask(load_settings(flags={"metrics": ["multi-order"]})).settings
    assert ask(load_settings(flags={"metrics": ["multi-order:pairs=auto"], "plan.contexts": None})).settings == plain
    assert ask(load_settings(flags={"metrics": ["multi-order"], "plan.pairs": "auto"})).settings == plain


def test_set_reads_yaml_and_keeps_later_equal_signs():
    settings = load_settings(
        assignments=["metrics=[shapley, strength]", "run.records=false", "score=a=b", "arch_args.depth=2", "players="]
    )
    assert names_of(settings) == ["shapley", "strength"]
    assert settings.run.records is False
    assert (settings.score, settings.arch_args, settings.players) == ("a=b", {"depth": 2}, None)


@pytest.mark.parametrize("assignment", ["plan.budget", "=3", "", "plan.budget 3"])
def test_set_needs_a_name_and_a_value(assignment):
    assert "Expected --set NAME=VALUE" in refused(assignments=[assignment])


@pytest.mark.parametrize("assignment", ["budget.x=3", "score.name=x"])
def test_set_into_something_that_holds_no_names(assignment):
    assert "Expected 'score' to hold names" in refused(
        assignments=["score=logit", assignment.replace("budget", "score")]
    )


def test_set_with_yaml_that_is_none():
    assert "--set plan.budget" in refused(assignments=["plan.budget=[1, 2"])


def test_unknown_names_come_with_the_nearest_one(config):
    message = refused(config("plann: {budget: 3}\n"))
    assert "unknown name 'plann', did you mean 'plan'?" in message
    assert "run.yaml" in message
    assert "unknown name 'run.xyzzy'; known: device, batch_size, executor, output" in refused(
        assignments=["run.xyzzy=1"]
    )


def test_all_problems_in_one_line(config):
    message = refused(
        config("data: {n_samples: 0, onyl: all}\nplan: {budget: many}\nweights: best\n"),
        assignments=["run.batch_size=0"],
    )
    for name in ("data.n_samples", "'data.onyl', did you mean 'only'?", "plan.budget", "weights", "run.batch_size"):
        assert name in message
    assert "got 'many'" in message


@pytest.mark.parametrize(
    "text",
    [
        "plan: {budget: -1}", "plan: {budget: 1.5}", "plan: {seed: x}", "plan: 3", "plan: [1]",
        "run: {batch_size: 0}", "run: {batch_size: large}", "run: {records: 7}", "run: {output: 3}", "metrics: shapley",
        "metrics: [1]", "metrics: {a: b}", "metrics: [{}]", "metrics: [{a: {}, b: {}}]", "metrics: [{a: [1]}]",
        "metrics: ['']", "metrics: [[a]]",
        "arch_args: 3", "data: {only: some}", "data: {max_failures: -1}", "target: both",
        "training: {epochs: 0}", "plan: {seed: true}", "plan: {budget: true}", "run: {batch_size: true}",
    ],
)  # fmt: skip
def test_values_of_the_wrong_type(config, text):
    section = text.partition(":")[0]
    message = refused(config(text))
    assert message.startswith("Settings do not fit")
    assert section in message


def test_hostile_names_and_values_are_shown_harmless(config):
    message = refused(config('int: 1\n"\\e[31mred": "\\e[2J\\n"\nscore: ["\\e[31m"]\n'))
    assert "\x1b" not in message


@pytest.mark.parametrize("text", ["- a\n- b\n", "just text\n", "3\n"])
def test_a_file_that_holds_no_names(config, text):
    assert "Expected names and values in" in refused(config(text))


def test_yaml_that_is_none(config):
    assert "run.yaml, line 2: " in refused(config("plan:\n  budget: ]\n"))
    assert "appears twice" in refused(config("score: a\nscore: b\n"))


def test_files_that_cannot_be_read(tmp_path):
    assert "does not exist" in refused(tmp_path / "none.yaml")
    assert "cannot be read" in refused(tmp_path)
    (tmp_path / "latin.yaml").write_bytes(b"score: \xe9\xff\n")
    assert "no UTF-8 text" in refused(tmp_path / "latin.yaml")


def test_settings_are_frozen():
    settings = Settings()
    for section, name in ((settings, "score"), (settings.plan, "budget")):
        with pytest.raises(ValidationError):
            setattr(section, name, 3)


def sections(section: type[BaseModel]) -> list[type[BaseModel]]:
    inner = [field.annotation for field in section.model_fields.values()]
    nested = [part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)]
    return [section, *[deeper for part in nested for deeper in sections(part)]]


def test_every_setting_says_what_it_is():
    undescribed = [
        f"{section.__name__}.{name}"
        for section in sections(Settings)
        for name, field in section.model_fields.items()
        if not field.description
        and not (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))
    ]
    assert not undescribed
    assert all(section.__doc__ for section in sections(Settings))


def settings_named(section: type[BaseModel] = Settings, above: str = "") -> set[str]:
    """The dotted names of all settings, counted here."""
    named: set[str] = set()
    for name, field in section.model_fields.items():
        inner = field.annotation
        if name in {"data", "plan", "run", "training"}:
            named |= settings_named(inner, f"{name}.")
        else:
            named.add(above + name)
    return named


def test_every_setting_says_what_it_decides():
    held = decisions()
    assert held.keys() == settings_named()
    assert {one.what for one in held.values()} == {"records", "question", "rounding", "place"}
    parts = [deciding(what) for what in ("records", "question", "rounding", "place")]
    assert sorted(name for part in parts for name in part) == sorted(held)
    assert deciding("question") == (
        "data.only", "score", "target", "metrics", "plan.budget", "plan.seed", "plan.instability"
    )  # fmt: skip
    assert set(deciding("place")) == {
        "checkpoint", "data.root", "data.samples", "data.allow_download", "run.output", "run.force", "run.records",
        "training.epochs", "training.seed",
    }  # fmt: skip
    assert set(deciding("rounding")) == {"run.device", "run.batch_size", "run.executor"}


def test_what_decides_through_a_part_of_the_identity_names_it():
    for name, decides in decisions().items():
        assert bool(decides.through) == (decides.what in {"records", "rounding"}), name


@pytest.mark.parametrize(
    "metrics", ["[shapley]", "[{multi-order: {pairs: all}}, shapley]", "['k-shapley:interaction-size=3']"]
)
def test_settings_round_trip_through_json(metrics):
    settings = load_settings(
        assignments=[f"metrics={metrics}", "checkpoint=a.pt", "run.batch_size=7", "plan.pairs=all"]
    )
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


HUGE = 10**24


@pytest.mark.parametrize(
    "name",
    ["data.n_samples", "data.limit", "data.max_failures", "plan.budget", "plan.seed", "plan.instability",
     "run.batch_size", "training.epochs", "training.seed"],
)  # fmt: skip
def test_every_count_is_bounded(name):
    assert name in refused(flags={name: HUGE})
    assert name in refused(assignments=[f"{name}=-1"])


@pytest.mark.parametrize("name", ["contexts", "interaction_size"])
def test_every_count_of_a_metric_is_bounded(name):
    typed = name.replace("_", "-")
    metrics = {"metrics": ["shapley-interaction"]}
    for value in (HUGE, -1, 0):
        assert f"Expected {typed} of 'plan' to be a whole number" in refused_question(
            flags={**metrics, f"plan.{name}": value}
        )
        assert f"Expected {typed} of 'shapley-interaction' to be a whole number" in refused_question(
            flags={"metrics": [{"shapley-interaction": {name: value}}]}
        )


def test_every_number_has_both_bounds():
    for section in sections(Settings):
        for name, field in section.model_json_schema()["properties"].items():
            whole = [kind for kind in [field, *field.get("anyOf", [])] if kind.get("type") == "integer"]
            if name != "batch_size":  # its own validator bounds it
                assert all({"minimum", "maximum"} <= set(kind) for kind in whole), f"{section.__name__}.{name}"


def test_the_reference_network_has_a_seed_of_its_own():
    settings = load_settings(flags={"plan.seed": 7})
    assert (settings.training.seed, settings.plan.seed) == (0, 7)
    assert load_settings(assignments=["training.seed=3"]).training.seed == 3
