from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from interact_cli.config.loading import load_settings
from interact_cli.config.settings import Settings
from interact_cli.errors import UsageError


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
    assert settings.metrics == ("shapley", "multi-order")
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
    assert (settings.run.device, settings.run.batch_size, settings.metrics) == ("cpu", 64, ("shapley",))
    assert settings.data.root == Path("here")
    assert settings.run.force is False, "lower-case names are not ours"
    assert "unknown name 'budgets', did you mean" not in refused(environ={"INTERACT_BUDGETS": "3"})
    assert "unknown name 'plan.budgets', did you mean 'budget'?" in refused(environ={"INTERACT_PLAN__BUDGETS": "3"})


def test_set_reads_yaml_and_keeps_later_equal_signs():
    settings = load_settings(
        assignments=["metrics=[shapley, strength]", "run.records=false", "score=a=b", "arch_args.depth=2", "players="]
    )
    assert settings.metrics == ("shapley", "strength")
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
    assert "unknown name 'run.xyzzy'; known: device, batch_size, output" in refused(assignments=["run.xyzzy=1"])


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
        "plan: {budget: -1}", "plan: {budget: 1.5}", "plan: {seed: x}", "plan: {contexts: 1}", "plan: 3", "plan: [1]",
        "run: {batch_size: 0}", "run: {batch_size: large}", "run: {records: 7}", "run: {output: 3}", "metrics: shapley",
        "metrics: [1]", "metrics: {a: b}", "arch_args: 3", "data: {only: some}", "data: {max_failures: -1}",
        "target: both",
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


def test_settings_round_trip_through_json():
    settings = load_settings(assignments=["metrics=[shapley]", "checkpoint=a.pt", "run.batch_size=7"])
    assert Settings.model_validate_json(settings.model_dump_json()) == settings


HUGE = 10**24


@pytest.mark.parametrize(
    "name",
    ["data.n_samples", "data.limit", "data.max_failures", "plan.budget", "plan.seed", "plan.contexts", "run.batch_size",
     "training.epochs", "training.seed"],
)  # fmt: skip
def test_every_count_is_bounded(name):
    assert name in refused(flags={name: HUGE})
    assert name in refused(assignments=[f"{name}=-1"])


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
