"""Score functions against a softmax written out in sixty decimal digits."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from support.distributions import distribution

from interact_cli import extensions
from interact_cli.errors import UnknownNameError, UsageError
from interact_cli.scores import (
    FEATURE,
    LOGIT,
    OF_ANY_MODULE,
    OTHERS_LOGSUMEXP,
    PROBABILITIES,
    SCORES,
    Score,
    default_score,
    lookup,
    ranges,
    records_of,
    resolve,
)

LOGITS = hnp.arrays(
    np.float64,
    st.tuples(st.integers(1, 4), st.integers(2, 6)),
    elements=st.floats(-30, 30, allow_nan=False, width=32),
)


def by_definition(name, row, c):
    """One score of one class, from the logits of one input, in exact enough arithmetic."""
    with localcontext() as context:
        context.prec = 60
        z = [Decimal(float(value)) for value in row]
        others = sum(value.exp() for k, value in enumerate(z) if k != c)
        probability = z[c].exp() / (z[c].exp() + others)
        best_other = max(value for k, value in enumerate(z) if k != c)
        return float(
            {
                "logit": lambda: z[c],
                "log-odds": lambda: (z[c].exp() / others).ln(),
                "log-prob": lambda: probability.ln(),
                "prob": lambda: probability,
                "cross-entropy": lambda: -probability.ln(),
                "margin": lambda: best_other - z[c],
            }[name]()
        )


CLASS_SCORES = [name for name in SCORES if name != "scalar"]


@pytest.mark.parametrize("name", CLASS_SCORES)
@settings(max_examples=12, deadline=None)
@given(logits=LOGITS)
def test_every_score_equals_its_definition(name, logits):
    scores = lookup(name, "classes").of_record(records_of(logits))
    for row, of_row in zip(logits, scores, strict=True):
        for c, value in enumerate(of_row):
            assert value == pytest.approx(by_definition(name, row, c), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(
    "logits",
    [[800.0, -800.0, 3.0], [-800.0, 0.0, 0.5], [800.0, 800.0, -800.0], [800.0, 799.0, 798.0], [-800.0, -800.0]],
)
@pytest.mark.parametrize("name", CLASS_SCORES)
def test_extreme_logits_stay_finite_and_right(name, logits):
    scores = lookup(name, "classes").of_record(records_of(np.array([logits])))[0]
    assert np.isfinite(scores).all()
    for c, value in enumerate(scores):
        assert value == pytest.approx(by_definition(name, logits, c), rel=1e-12, abs=1e-300)


def test_log_odds_do_not_lose_the_others_next_to_a_dominant_class():
    """1 - p is 2 exp(-40): a float64 p is 1, and log(p / (1 - p)) of it would be infinite."""
    record = records_of(np.array([[40.0, 0.0, 0.0]]))
    assert lookup("log-odds", "classes").of_record(record)[0, 0] == pytest.approx(40 - np.log(2), rel=1e-14)
    assert lookup("cross-entropy", "classes").of_record(record)[0, 0] == pytest.approx(2 * np.exp(-40.0), rel=1e-12)


@settings(max_examples=40, deadline=None)
@given(logits=LOGITS)
def test_records_against_a_loop(logits):
    records = records_of(logits)
    assert records.shape == (*logits.shape, 4)
    for row, of_row in zip(logits.tolist(), records, strict=True):
        for c, record in enumerate(of_row):
            others = row[:c] + row[c + 1 :]
            expected = [row[c], np.log(np.exp(others).sum()), max(others), sum(others) / len(others)]
            assert record == pytest.approx(expected, rel=1e-10, abs=1e-10)


def test_records_leave_the_logits_alone():
    logits = np.array([[1.0, 2.0], [3.0, -1.0]])
    before = logits.copy()
    records_of(logits)
    np.testing.assert_array_equal(logits, before)


@pytest.mark.parametrize("z", [-800.0, -2.5, 0.0, 3.0, 800.0])
def test_a_single_logit_is_the_log_odds_of_the_positive_class(z):
    records = records_of(np.array([[z]]))
    np.testing.assert_array_equal(records, [[[-z, 0, 0, 0], [z, 0, 0, 0]]])
    assert lookup("log-odds", "single-logit").of_record(records)[0].tolist() == [-z, z]
    assert lookup("logit", "single-logit").of_record(records)[0].tolist() == [-z, z]
    probability = lookup("prob", "single-logit").of_record(records)[0]
    two_classes = [by_definition("prob", [-z, 0.0], 0), by_definition("prob", [z, 0.0], 0)]
    assert probability == pytest.approx(two_classes, rel=1e-12)
    assert probability.sum() == pytest.approx(1)


def test_relations_between_scores():
    logits = np.random.default_rng(0).normal(0, 4, (20, 5))
    of = {name: lookup(name, "classes").of_record(records_of(logits)) for name in CLASS_SCORES}
    np.testing.assert_allclose(of["prob"].sum(axis=1), 1)
    np.testing.assert_allclose(of["log-odds"], np.log(of["prob"] / (1 - of["prob"])), rtol=1e-8)
    np.testing.assert_allclose(of["cross-entropy"], -of["log-prob"])
    assert ((of["margin"] < 0).sum(axis=1) == 1).all(), "one class wins"
    np.testing.assert_array_equal(of["margin"].argmin(axis=1), logits.argmax(axis=1))


def test_a_scalar_is_itself():
    assert lookup("scalar", "scalar").of_record(np.array([[[2.5]]])).tolist() == [[2.5]]


def test_a_score_that_does_not_fit_or_does_not_exist():
    with pytest.raises(UsageError, match="Use one of: scalar"):
        lookup("log-odds", "scalar")
    with pytest.raises(UsageError, match="does not fit"):
        lookup("scalar", "classes")
    with pytest.raises(UnknownNameError, match="Did you mean 'log-odds'"):
        lookup("logodds", "classes")


# --- continuations ----------------------------------------------------------------------------------


@pytest.mark.parametrize("log_p", [-0.001, -0.7, -3.0, -40.0, -300.0])
def test_scores_of_a_continuation_by_definition(log_p):
    with localcontext() as context:
        context.prec = 60
        p = Decimal(log_p).exp()
        log_rest, log_odds = float((1 - p).ln()), float((p / (1 - p)).ln())
    record = np.array([log_p, log_rest, 0.0, 0.0])
    expected = {"log-prob": log_p, "cross-entropy": -log_p, "prob": float(p), "log-odds": log_odds}
    for name, value in expected.items():
        assert lookup(name, "continuation").of_record(record) == pytest.approx(value, rel=1e-12), name


@pytest.mark.parametrize("name", ["logit", "margin", "scalar"])
def test_scores_that_a_continuation_does_not_have(name):
    with pytest.raises(UsageError, match="Use one of: log-odds, log-prob, prob, cross-entropy, feature:MODULE"):
        resolve(name, "continuation", [""])


# --- feature scores -----------------------------------------------------------------------------------

ENCODER = (
    "", "embeddings", "encoder", "encoder.layer", "encoder.layer.0", "encoder.layer.0.output", "encoder.layer.10",
    "encoder.layer.2", "encoder.layer.2.output", "encoder.layer.2.mlp.0", "pooler",
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "modules"),
    [
        ("feature:encoder.layer.2", ["encoder.layer.2"]),
        ("feature:pooler,embeddings", ["pooler", "embeddings"]),
        ("feature:encoder.layer.*", ["encoder.layer.0", "encoder.layer.10", "encoder.layer.2"]),
        ("feature:encoder.layer.?", ["encoder.layer.0", "encoder.layer.2"]),
        ("feature:encoder.layer.[12]*", ["encoder.layer.10", "encoder.layer.2"]),
        ("feature:*.layer.*.output", ["encoder.layer.0.output", "encoder.layer.2.output"]),
        ("feature:*", ["embeddings", "encoder", "pooler"]),
        ("feature:encoder.layer.2, encoder.layer.*", ["encoder.layer.2", "encoder.layer.0", "encoder.layer.10"]),
        ("feature:pooler,pooler", ["pooler"]),
        ("feature:", [""]),
        ("feature:pooler,", ["pooler", ""]),
    ],
)
@pytest.mark.parametrize("output", ["classes", "scalar", "continuation", "features"])
def test_one_score_for_each_module(name, modules, output):
    scores = resolve(name, output, ENCODER)
    assert [score.module for score in scores] == modules
    assert [score.name for score in scores] == [f"feature:{module}" for module in modules]
    assert {score.unit for score in scores} == {"feature"}
    assert all("Zhang et al. (AAAI 2021)" in score.source for score in scores)
    records = np.random.default_rng(0).normal(size=(5, len(modules), 1))
    for slot, score in enumerate(scores):
        np.testing.assert_array_equal(score.of_record(records[:, slot]), records[:, slot, 0])


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("feature:encoder.layer.1", r"Unknown module 'encoder.layer.1'. Did you mean 'encoder.layer.10'\?"),
        ("feature:layer.*", r"Unknown module 'layer.\*'.*interact list modules"),
        ("feature:encoder.layer.*.*.*.*", "Unknown module"),
        ("feature:pooler,nothing", "Unknown module 'nothing'"),
        ("feature", "Did you mean 'feature:MODULE'"),
        ("features:pooler", "Unknown score 'features:pooler'"),
    ],
)
def test_modules_that_do_not_exist(name, message):
    with pytest.raises(UnknownNameError, match=message):
        resolve(name, "classes", ENCODER)


@pytest.mark.parametrize("name", [*SCORES, "feature"])
def test_a_network_without_a_head_has_feature_scores_only(name):
    with pytest.raises(UsageError, match=r"Use feature:MODULE, for example feature:encoder\.layer\.2\."):
        resolve(name, "features", ENCODER)


# --- vector scores ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "module"),
    [
        ("vector:encoder.layer.2", "encoder.layer.2"),
        ("vector:encoder.layer.1*", "encoder.layer.10"),
        ("vector:pooler,pooler", "pooler"),
        ("vector:", ""),
    ],
)
@pytest.mark.parametrize("output", ["classes", "single-logit", "scalar", "continuation", "features"])
def test_a_vector_score_is_the_record_of_one_module(name, module, output):
    (score,) = resolve(name, output, ENCODER)
    assert (score.module, score.name, score.unit, score.vector) == (module, f"vector:{module}", "feature", True)
    assert "Zhou et al. (2024)" in score.source
    records = np.random.default_rng(0).normal(size=(5, 7))
    np.testing.assert_array_equal(score.of_record(records), records)


def test_no_other_score_is_a_vector():
    assert [score.name for score in (*SCORES.values(), *OF_ANY_MODULE) if score.vector] == ["vector:MODULE"]
    assert not any(score.vector for score in resolve("feature:encoder.layer.*", "classes", ENCODER))


@pytest.mark.parametrize("name", ["vector:encoder.layer.*", "vector:pooler,embeddings", "vector:pooler,"])
def test_a_vector_score_of_several_modules_is_refused(name):
    with pytest.raises(UsageError, match=r"Expected one module for a vector score, got [23]"):
        resolve(name, "classes", ENCODER)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vector:nothing", "Unknown module 'nothing'"),
        ("vector", "Did you mean 'vector:MODULE'"),
        ("vectors:pooler", "Unknown score 'vectors:pooler'"),
    ],
)
def test_vectors_of_modules_that_do_not_exist(name, message):
    with pytest.raises(UnknownNameError, match=message):
        resolve(name, "classes", ENCODER)


def test_other_scores_stand_for_themselves():
    assert resolve("prob", "classes", ENCODER) == (SCORES["prob"],)
    assert SCORES["prob"].module is None
    assert FEATURE.name not in SCORES


@pytest.mark.parametrize(
    ("output", "modules", "expected"),
    [
        ("classes", ENCODER, "log-odds"),
        ("single-logit", ENCODER, "log-odds"),
        ("scalar", ENCODER, "scalar"),
        ("continuation", ENCODER, "log-prob"),
        ("features", ENCODER, "feature:encoder.layer.2"),
        ("features", ("", "stem", "layer4"), "feature:"),
        ("features", ("", "h", "h.0", "h.0.mlp", "h.0.mlp.3", "h.1", "h.1.mlp.3", "norm"), "feature:h.1"),
    ],
)
def test_defaults(output, modules, expected):
    assert default_score(output, modules) == expected
    assert len(resolve(expected, output, modules)) == 1


# --- the range Y of Zhang et al. (ICLR 2021) -----------------------------------------------------------------------


def test_y_in_both_readings_by_hand():
    """Samples: 4 - (1+1)/2 = 3 and 0 - (2+6)/2 = -4; paper |3 - 4| / 2 = .5, code (3 + 4) / 2 = 3.5."""
    logits = np.array([[4.0, 1.0, 1.0], [2.0, 0.0, 6.0]])
    y = ranges(lookup("logit", "classes"), logits, np.array([0, 1]))
    assert y.paper == pytest.approx(0.5)
    assert y.code == pytest.approx(3.5)


@settings(max_examples=25, deadline=None)
@given(logits=LOGITS, data=st.data())
def test_y_of_any_score_against_a_loop(logits, data):
    name = data.draw(st.sampled_from(CLASS_SCORES))
    labels = [data.draw(st.integers(0, logits.shape[1] - 1)) for _ in logits]
    gaps = []
    for row, label in zip(logits, labels, strict=True):
        of_class = [by_definition(name, row, c) for c in range(len(row))]
        others = of_class[:label] + of_class[label + 1 :]
        gaps.append(of_class[label] - sum(others) / len(others))
    y = ranges(lookup(name, "classes"), logits, np.array(labels))
    assert y.paper == pytest.approx(abs(np.mean(gaps)), rel=1e-9, abs=1e-9)
    assert y.code == pytest.approx(np.mean(np.abs(gaps)), rel=1e-9, abs=1e-9)
    assert y.paper <= y.code + 1e-9


def test_y_of_a_single_logit_is_the_gap_of_the_class_means():
    logits = np.array([[1.0], [3.0], [-2.0], [0.0]])
    y = ranges(lookup("logit", "single-logit"), logits, np.array([1, 1, 0, 0]))
    assert y.paper == y.code == pytest.approx(abs(2.0 - (-1.0)))
    one_class = ranges(lookup("logit", "single-logit"), logits, np.array([1, 1, 1, 1]))
    assert np.isnan(one_class.paper)


def test_the_standard_errors_of_y_by_hand():
    """Gaps 3, -4 and 7 with sizes 3, 4 and 7: sd of the gaps sqrt(31), of the sizes sqrt(13 / 3)."""
    logits = np.array([[4.0, 1.0, 1.0], [2.0, 0.0, 6.0], [0.0, 0.0, 7.0]])
    y = ranges(lookup("logit", "classes"), logits, np.array([0, 1, 2]))
    assert y.paper_standard_error == pytest.approx(np.sqrt(31 / 3))
    assert y.code_standard_error == pytest.approx(np.sqrt(13 / 9))
    alone = ranges(lookup("logit", "classes"), logits[:1], np.array([0]))
    assert np.isnan([alone.paper_standard_error, alone.code_standard_error]).all()


def test_the_standard_error_of_y_of_a_single_logit_by_hand():
    """Class means of (1, 3) and (-2, 0, 2): variances 2 / 2 and 4 / 3."""
    logits = np.array([[1.0], [3.0], [-2.0], [0.0], [2.0]])
    y = ranges(lookup("logit", "single-logit"), logits, np.array([1, 1, 0, 0, 0]))
    assert y.paper_standard_error == y.code_standard_error == pytest.approx(np.sqrt(1 + 4 / 3))
    one_negative = ranges(lookup("logit", "single-logit"), logits[:3], np.array([1, 1, 0]))
    assert one_negative.paper == pytest.approx(4)
    assert np.isnan(one_negative.paper_standard_error)


def test_the_standard_errors_of_y_are_those_of_repeated_draws():
    """3,000 draws of 60 samples: Y scatters as its standard error says."""
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(3000):
        labels = rng.integers(0, 3, 60)
        logits = rng.normal(size=(60, 3)) + 2 * np.eye(3)[labels]
        drawn.append(ranges(lookup("logit", "classes"), logits, labels))
    for reading in ("paper", "code"):
        scatter = np.std([getattr(y, reading) for y in drawn])
        told = np.sqrt(np.mean([getattr(y, f"{reading}_standard_error") ** 2 for y in drawn]))
        assert told == pytest.approx(scatter, rel=0.05)


# --- scores of plugins --------------------------------------------------------------------------------


def odds(record):
    return np.exp(record[..., LOGIT] - record[..., OTHERS_LOGSUMEXP])


ODDS = Score("odds", "odds", "odds of the class", "a test", odds, PROBABILITIES)
MISNAMED = Score("chances", "odds", "odds of the class", "a test", odds)


@pytest.fixture
def plugin(tmp_path, monkeypatch):
    """Put a distribution with these scores on the path."""
    return lambda *points: monkeypatch.syspath_prepend(distribution(tmp_path, "scores", *points))


@settings(max_examples=12, deadline=None)
@given(logits=LOGITS)
def test_the_score_of_a_plugin_by_its_definition(logits):
    for row, of_row in zip(logits, ODDS.of_record(records_of(logits)), strict=True):
        for c, value in enumerate(of_row):
            assert value == pytest.approx(np.exp(by_definition("log-odds", row, c)), rel=1e-9)


def test_a_score_of_a_plugin_is_found_by_its_name_and_leaves_the_others_as_they_are(plugin):
    assert "odds" not in extensions.scores()
    plugin(f"odds = {__name__}:ODDS", "broken = nowhere:SCORE")
    known = extensions.scores_with("odds")
    assert known == {**SCORES, "odds": ODDS}
    assert resolve("odds", "classes", ENCODER, known) == (ODDS,)
    assert resolve("log-odds", "classes", ENCODER, known) == (SCORES["log-odds"],)
    assert [one.module for one in resolve("feature:pooler", "classes", ENCODER, known)] == ["pooler"]
    rows = {entry.name: (entry.summary, entry.origin) for entry in extensions.scores()}
    assert rows["odds"] == ("a plugin of a test", "acme 1.0")
    assert rows["prob"] == ("probability p of the class (unit: probability)", extensions.ORIGIN)
    assert rows.keys() == {*SCORES, "odds", "broken"}


@pytest.mark.parametrize("name", [*SCORES, "nothing", "feature:pooler", "vector:", "", None, 3, ["odds"], {"odds": 1}])
def test_no_plugin_is_loaded_for_another_name(plugin, name):
    """What a report says of its score may be anything."""
    plugin(f"odds = {__name__}:ODDS", "broken = nowhere:SCORE")
    assert extensions.scores_with(name) == SCORES


def test_a_score_of_a_plugin_fits_the_networks_that_it_names(plugin):
    plugin(f"odds = {__name__}:ODDS")
    known = extensions.scores_with("odds")
    assert resolve("odds", "continuation", [""], known) == (ODDS,)
    with pytest.raises(UsageError, match=r"Score 'odds' does not fit .*'scalar'\. Use one of: scalar, feature:MODULE"):
        resolve("odds", "scalar", [""], known)
    with pytest.raises(
        UsageError, match=r"'logit' does not fit .*Use one of: log-odds, log-prob, prob, .*, odds, feature"
    ):
        resolve("logit", "continuation", [""], known)
    with pytest.raises(UsageError, match="returns features"):
        resolve("odds", "features", ENCODER, known)
    with pytest.raises(UnknownNameError, match="Did you mean 'odds'"):
        resolve("odd", "classes", ENCODER, known)


@pytest.mark.parametrize(
    ("point", "name", "message"),
    [
        ("other = {here}:ODDS", "other", "Expected what a plugin offers as 'other' to be a Score of that name"),
        ("odds = {here}:MISNAMED", "odds", "Expected what a plugin offers as 'odds' to be a Score of that name"),
        ("odds = {here}:odds", "odds", "Expected what a plugin offers as 'odds' to be a Score of that name"),
        (
            "odds = nowhere:SCORE",
            "odds",
            "Expected score 'odds' of acme 1.0 to work, but its code fails: ModuleNotFound",
        ),
        ("odds = {here}:GONE", "odds", "Expected score 'odds' of acme 1.0 to work, but its code fails: AttributeError"),
        ("prob = {here}:ODDS", "odds", r"Score 'prob' is registered twice: by interact-cli .* and by acme 1\.0"),
        ("a/b = {here}:ODDS", "odds", "Expected acme 1.0 to name its score with letters"),
    ],
)
def test_a_broken_score_names_its_plugin(plugin, point, name, message):
    plugin(point.format(here=__name__))
    with pytest.raises(UsageError, match=message):
        extensions.scores_with(name)
