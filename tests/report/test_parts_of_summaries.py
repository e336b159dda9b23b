"""Every summary of a built-in metric follows from the samples of its report file: loops over numbers, nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from math import fsum, isfinite, isnan, nan, sqrt
from pathlib import Path

import h5py
import numpy as np
import pytest
from support import coalition_reports as made
from support.runs import cohort, noise, of_tables, questions, reduced

from interact_cli import extensions
from interact_cli.errors import ReportRefused, RunFailed
from interact_cli.interfaces import Cohort, Metric, Question
from interact_cli.metrics.instability import WithInstability
from interact_cli.metrics.summaries.of_means import STATISTICS
from interact_cli.options import configured
from interact_cli.report.export import to_json
from interact_cli.report.hdf5.reader import read_report
from interact_cli.report.hdf5.writer import write_report
from interact_cli.words import number

PAGE = (Path(__file__).parents[2] / "docs" / "report-format.md").read_text(encoding="utf-8")
SIZES = (5, 7, 4, 6)
RANGES = {"paper": 2.0, "code": 3.0, "paper_standard_error": 0.1}
BUILT_IN = tuple(entry.name for entry in extensions.metrics() if isinstance(extensions.metric(entry.name), Metric))
DRAWN = ("banzhaf", "banzhaf-interaction", "bottleneck", "dropout-suppression", "multi-order", "multivariate")
DRAWN += ("shapley", "shapley-interaction", "shapley-taylor", "strength")
OF_SETS = ("shapley-interaction", "banzhaf-interaction", "faithful-shapley")


def asked(name, **more):
    return more | ({"span": (0, 1, 2)} if name == "multivariate" else {})


def values_of(name, sizes, seed=5):
    rng = np.random.default_rng(seed)
    tables = [rng.normal(size=(2**n, 3) if name == "concepts" else 2**n) * (1 + k) for k, n in enumerate(sizes)]
    return lambda sample, rows: tables[sample][rows @ 2 ** np.arange(rows.shape[1])]


def shared(name, n=5, budget=4000, metric=None, **more):
    """Five samples of the same players, the second one left out of every summary."""
    metric, included = metric or extensions.metric(name), np.arange(5) != 1
    results = reduced(metric, values_of(name, [n] * 5), questions(n, 5, budget, **asked(name, **more)))
    measurement = metric.aggregate(results, cohort(n, 5, included=included, ranges=RANGES))
    return measurement, made.column_players([f"c{player}" for player in range(n)]), included


def exact(name):
    return shared(name)


def drawn(name):
    return shared(name, 9, 400)


def unstable(name):
    return shared(name, 9, 700, WithInstability.of(extensions.metric(name), 2), repeats=2)


def sets(name):
    return shared(name, 6, metric=configured(extensions.metric(name), {"interaction_size": 3}))


def components(name):
    metric = extensions.metric(name)
    grid = [Question(36, 10**6, 0, f"s/{k}", grid=(6, 6), protocol="zhang2021-dropout") for k in range(3)]
    measurement = metric.aggregate(reduced(metric, noise(1), grid), cohort(36, 3, ranges=RANGES))
    return measurement, made.grid_players(6, 6, 1), np.ones(3, bool)


def own_players(name):
    """Texts of different lengths, for dropout one with no order above 0; the last one is left out."""
    sizes = (5, 7, 2, 6) if name == "dropout-suppression" else SIZES
    metric, included = extensions.metric(name), np.arange(4) < 3
    many = [Question(n, 4000, 0, f"text/{k}", **asked(name)) for k, n in enumerate(sizes)]
    results = reduced(metric, values_of(name, sizes), many)
    everyone = Cohort(included, np.array(sizes), False, None, "logit", 0, intervals=True, ranges=RANGES)
    return metric.aggregate(results, everyone), made.text_players([["w"] * n for n in sizes]), included


def nothing(name):
    """No player does anything in any sample: shares and ratios of nothing are no numbers."""
    metric = extensions.metric(name)
    results = reduced(metric, of_tables(np.ones((3, 32))), questions(5, 3, 32, **asked(name)))
    return metric.aggregate(results, cohort(5, 3)), made.column_players("abcde"), np.ones(3, bool)


CASES = (
    *[(exact, name) for name in BUILT_IN],
    *[(drawn, name) for name in DRAWN],
    *[(unstable, name) for name in ("bottleneck", "multivariate", "strength", "shapley")],
    *[(sets, name) for name in OF_SETS],
    (components, "strength"),
    *[(own_players, name) for name in BUILT_IN],
    *[(nothing, name) for name in ("bottleneck", "strength", "harsanyi", "and-or", "dropout-suppression")],
)


@pytest.fixture(scope="module", params=CASES, ids=[f"{case.__name__}-{name}" for case, name in CASES])
def filed(request, tmp_path_factory):
    """A measurement, and its report on disk."""
    case, name = request.param
    measurement, players, included = case(name)
    path = tmp_path_factory.mktemp("filed") / "r.h5"
    samples = replace(made.samples_of(len(included)), included=included)
    write_report(made.report_of(samples, players, [measurement]), path)
    return measurement, path


def means_of(part, included, before):
    """``{place: mean over the included samples}``, the last axis of places apart."""
    places = np.ndindex(part.shape[1:])
    rows = np.flatnonzero(included)
    return {place: fsum(before(float(part[(row, *place)])) for row in rows) / len(rows) for place in places}


def strength(name, absolute, square, unbiased):
    corrected = max(unbiased, 0.0)
    return {
        "mean_abs": absolute,
        "mean_abs_corrected": absolute * sqrt(corrected / square) if square > 0 else 0.0,
        "rms": sqrt(square),
        "rms_corrected": sqrt(corrected),
    }[name]


def over(number, whole):
    return number / whole if whole > 0 else nan


def naive(statistic, means):
    """The value at every place from the means at every place, written out for each statistic."""
    first, found = means[0], {}
    for place in first:
        beside = [other for other in first if other[:-1] == place[:-1]]
        here = [part[place] for part in means]
        if statistic in ("mean", "mean_magnitude"):
            (found[place],) = here
        elif statistic == "mean_of_known":
            found[place] = over(*here)
        elif statistic.startswith("J_"):
            level = fsum(strength(statistic[2:], *[part[other] for part in means]) for other in beside) / len(beside)
            found[place] = over(strength(statistic[2:], *here), level)
        elif statistic.startswith("share"):
            total = fsum(part[other] for part in means for other in beside)
            found[place] = over(here[1] if statistic == "share_of_second" else here[0], total)
        elif statistic == "ratio":
            left, whole, least, known = (*here, 1.0)[:4]
            found[place] = over(left, known) / over(whole, known) if over(whole, known) > least else nan
        elif statistic == "root_ratio":
            found[place] = sqrt(max(over(*here), 0.0)) if here[1] > 0 else nan
        else:
            found[place] = strength(statistic, *here)
    return found


def test_every_summary_with_a_statistic_follows_from_the_samples_in_the_file(filed):
    measurement, path = filed
    seen = set()
    with h5py.File(path) as file:
        included, group = file["samples/included"][()], file["metrics"][measurement.key]
        for name, data in group["summary"].items():
            if data.attrs["role"] != "quantity" or "statistic" not in data.attrs:
                continue
            statistic, parts = data.attrs["statistic"], data.attrs["parts"].split()
            held = [group["per_sample"][part] for part in parts]
            for part in held:
                assert part.attrs["dims"].split() == ["sample", *data.attrs["dims"].split()], name
            before = abs if statistic == "mean_magnitude" else float
            value = naive(statistic, [means_of(part[()], included, before) for part in held])
            for place, number in value.items():
                stored = float(data[()][place])
                if isnan(number):
                    assert isnan(stored), (name, place)
                else:
                    assert stored == pytest.approx(number, rel=1e-12, abs=1e-12), (name, place)
                    assert all(np.isfinite(part[(included, *place)]).all() for part in held), (name, place)
            seen.add(name)
    assert seen == {quantity.name for quantity in measurement.summary if quantity.statistic}


def test_what_has_no_statistic_is_known_by_name(filed):
    """Nothing can compare these; the page says so."""
    measurement, _ = filed
    none = r"Y_.+|normalised_.+_(paper|code)|null_.+|theory.*|shared_sets|simulation_(gap|error)"
    for quantity in measurement.summary:
        assert (re.fullmatch(none, quantity.name) is None) == bool(quantity.statistic), quantity.name
        assert bool(quantity.statistic) == bool(quantity.parts)


def test_the_file_gives_back_statistics_and_parts(filed):
    measurement, path = filed
    (held,) = read_report(path).measurements
    for before, after in zip(measurement.summary, held.summary, strict=True):
        assert (before.statistic, before.parts) == (after.statistic, after.parts)
    document = json.loads(to_json(read_report(path)))["metrics"][measurement.key]["summary"]
    for quantity in measurement.summary:
        said = {key: document[quantity.name].get(key) for key in ("statistic", "parts")}
        expected = {"statistic": quantity.statistic, "parts": list(quantity.parts)}
        assert said == (expected if quantity.statistic else {"statistic": None, "parts": None})


def test_every_number_of_a_summary_has_a_label_and_every_metric_a_headline(filed):
    measurement, _ = filed
    for quantity in measurement.summary:
        assert quantity.called == quantity.label != "", f"{quantity.name}: what a reader calls it"
        assert len(quantity.label) <= 60, "more is cut in a table"
        expected = {
            "by-pair": {"player", "pair", "set"},
            "by-order": {"order", "ratio", "keep_rate", "size", "quantile"},
        }
        assert quantity.role in ("headline", "detail") or set(quantity.dims) & expected[quantity.role], quantity.name
    assert any(quantity.role == "headline" for quantity in measurement.summary)
    told = [(quantity.label, quantity.dims) for quantity in measurement.summary]
    assert len(set(told)) == len(told), "no two numbers of a table are called alike"


def test_the_file_and_json_give_back_labels_roles_and_sentences(filed):
    measurement, path = filed
    (held,) = read_report(path).measurements
    for part in ("per_sample", "summary"):
        before, after = getattr(measurement, part), getattr(held, part)
        assert [(one.name, one.label, one.role) for one in before] == [(one.name, one.label, one.role) for one in after]
    assert [replace(finding, facts={}) for finding in held.findings] == [
        replace(finding, facts={}) for finding in measurement.findings
    ]
    document = json.loads(to_json(read_report(path)))["metrics"][measurement.key]
    for quantity in measurement.summary:
        said = document["summary"][quantity.name]
        assert (said["label"], said["role"]) == (quantity.called, quantity.role)
    told = [(finding["word"], finding["sentence"], finding["says"]) for finding in document["findings"]]
    assert told == [(finding.word, finding.sentence, list(finding.says)) for finding in measurement.findings]


def test_a_sentence_says_numbers_of_its_own_measurement_as_they_are(filed):
    """A number that a sentence is said to tell stands in it; the terminal then shows it nowhere else."""
    measurement, _ = filed
    held = {quantity.name: quantity for quantity in measurement.summary}
    assert measurement.findings or measurement.metric in ("shapley", "banzhaf"), "these name a player, if it has a name"
    for finding in measurement.findings:
        assert re.fullmatch(r"[^\n]{10,}\.", finding.sentence)
        assert "nan" not in re.findall(r"[a-z]+", finding.sentence)
        assert held.keys() >= set(finding.says)
        for quantity in (held[name] for name in finding.says):
            places = [float(value) for value in np.ravel(quantity.values)]
            by_order = quantity.dims in (("order",), ("ratio",))
            told = [places[0], places[len(places) // 2], places[-1]] if by_order else places
            if quantity.dims and not by_order:
                told = [max(places), min(places)]
            for value in filter(isfinite, told):
                written = {"mean_error": number(100 * value), "theory_n_prime": f"{value:g}"}
                assert written.get(quantity.name, number(value)) in finding.sentence, quantity.name


MOMENTS = ("absolute", "square", "unbiased")
NAMED = {
    "multi-order": {
        "mean": ("mean", ("signed",)),
        "mean_abs": ("mean_abs", MOMENTS),
        "rms_corrected": ("rms_corrected", MOMENTS),
        "pair_mean_abs": ("mean_magnitude", ("values",)),
    },
    "bottleneck": {"J_mean_abs": ("J_mean_abs", MOMENTS), "split_half_instability": ("mean", ("split_half_change",))},
    "strength": {"strength_rms": ("rms", MOMENTS), "pair_mean": ("mean", ("values",))},
    "shapley": {"mean": ("mean", ("values",)), "mean_abs": ("mean_magnitude", ("values",))},
    "and-or": {
        "share_by_size": ("share", ("own_strength_by_size", "or_own_strength_by_size")),
        "or_share_by_size": ("share_of_second", ("own_strength_by_size", "or_own_strength_by_size")),
        "l1_after": ("mean", ("own_l1_after",)),
    },
    "and-or-graph": {"mean_n_nodes": ("mean", ("n_nodes",)), "mean_error": ("mean", ("error",))},
    "multivariate": {"mean_T": ("mean", ("T",)), "mean_B_minus": ("mean", ("B_minus",))},
    "dropout-suppression": {
        "mean_abs": ("mean_abs", MOMENTS),
        "kept": ("ratio", ("own_left", "own_whole", "least", "has_orders")),
        "stronger": ("mean_of_known", ("own_stronger", "has_ratios")),
    },
}


@pytest.mark.parametrize("name", NAMED)
def test_a_summary_names_what_it_is_about(name):
    measurement, *_ = exact(name)
    for summary, expected in NAMED[name].items():
        quantity = measurement.quantity(summary)
        assert (quantity.statistic, quantity.parts) == expected


def test_parts_are_stored_once_and_are_not_summaries(filed):
    measurement, _ = filed
    names = [quantity.name for quantity in measurement.per_sample]
    assert len(set(names)) == len(names)
    assert not set(names) & {quantity.name for quantity in measurement.summary}
    assert all(quantity.meaning for quantity in measurement.per_sample)


def test_moments_are_means_of_the_values_of_the_sample(filed):
    """Where the file has the values that they are made of: players, pairs, pairs by order, sets of the largest size."""
    measurement, path = filed
    with h5py.File(path) as file:
        group = file["metrics"][measurement.key]["per_sample"]
        if "absolute" not in group or "values" not in group:
            return
        for row in range(len(group["values"])):
            values, errors = group["values"][row], group["values_standard_error"][row]
            if "sets" in group:
                sizes = (group["sets"][row] >= 0).sum(axis=1)
                values, errors = values[sizes == sizes.max()], errors[sizes == sizes.max()]
            # A sampled value is the truth and noise, a posterior mean the truth without what is not known.
            read_off = "explained" in group and np.isfinite(group["explained"][row])
            sign = 1 if read_off else -1
            for kind, of in {
                "signed": lambda value, error: value,
                "absolute": lambda value, error: abs(value),
                "square": lambda value, error: value**2,
                "unbiased": lambda value, error, sign=sign: value**2 + sign * error**2,
            }.items():
                if kind not in group:
                    continue
                if kind == "unbiased" and read_off and values.ndim > 1:
                    continue  # by order corrected by left out values, which the file does not hold
                expected = [
                    np.mean([of(v, e) for v, e in zip(*pairs, strict=True) if np.isfinite(v)])
                    for pairs in zip(np.atleast_2d(values), np.atleast_2d(errors), strict=True)
                    if np.isfinite(pairs[0]).any()
                ]
                stored = np.atleast_1d(group[kind][row])
                if "ratio" in measurement.coordinates:
                    n = len(expected) + 1
                    orders = [int((n - 2) * ratio + 1e-9) for ratio in measurement.coordinates["ratio"]]
                    expected = [expected[order] for order in orders]
                np.testing.assert_allclose(stored, expected, atol=1e-12)


def test_coalitions_are_counted_by_hand():
    for name in ("harsanyi", "or-interaction", "concepts"):
        measurement, *_ = own_players(name)
        held = {quantity.name: quantity.values for quantity in measurement.per_sample}
        for row, n in enumerate(SIZES):
            strengths = {code: abs(held["values"][row, code]) for code in range(1, 2**n)}
            for size in range(1, max(SIZES) + 1):
                expected = fsum(value for code, value in strengths.items() if code.bit_count() == size)
                assert held["own_strength_by_size"][row, size - 1] == pytest.approx(expected, abs=1e-12)
            salient = sum(value >= 0.05 * max(strengths.values()) for value in strengths.values())
            assert held["own_n_salient"][row] == salient


def test_dropout_says_who_has_what_is_counted():
    """The third text has two players: no order above 0, so no share and no ratio."""
    measurement, *_ = own_players("dropout-suppression")
    held = {quantity.name: quantity.values for quantity in measurement.per_sample}
    for name in ("has_orders", "has_signs", "has_ratios", "has_survivors"):
        assert held[name].tolist() == [1, 1, 0, 1]
    for name in ("own_left", "own_whole", "own_stronger", "own_median_ratio", "own_survivors_negative"):
        assert held[name][2] == 0
        assert (held[name][[0, 1, 3]] != 0).any()
    for row in (0, 1, 3):
        predicted = [number for number in held["predicted"][row, 1:].ravel() if np.isfinite(number)]
        assert held["own_left"][row] == pytest.approx(np.mean(np.abs(predicted)))


@pytest.fixture
def written(tmp_path):
    measurement, players, included = exact("multi-order")
    samples = replace(made.samples_of(len(included)), included=included)
    write_report(made.report_of(samples, players, [measurement]), tmp_path / "r.h5")
    return tmp_path / "r.h5"


SUMMARY = "metrics/multi-order/summary/mean"


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"parts": "gone"}, "'gone'.*nothing of that name"),
        ({"parts": "signed gone"}, "'gone'.*nothing of that name"),
        ({"parts": "values"}, "'values'.*one with dimensions.*'pair'"),
        ({"parts": "pairs"}, "'pairs'.*one with dimensions.*'member'"),
        ({"parts": "mean"}, "'mean'.*nothing of that name"),
        ({"parts": ""}, "both or neither"),
        ({"statistic": ""}, "both or neither"),
        ({"statistic": None}, "both or neither"),
        ({"parts": None}, "both or neither"),
        ({"statistic": 3}, "is not one text"),
        ({"parts": "signed\x1b[31m"}, r"nothing of that name"),
    ],
)
def test_a_summary_of_other_parts_than_the_report_holds_is_refused(written, attributes, said):
    with h5py.File(written, "r+") as file:
        for name, value in attributes.items():
            if value is None:
                del file[SUMMARY].attrs[name]
            else:
                file[SUMMARY].attrs[name] = value
    with pytest.raises(ReportRefused, match=said) as caught:
        read_report(written)
    assert f"/{SUMMARY}" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_a_statistic_that_this_version_does_not_know_is_kept_as_text(written):
    with h5py.File(written, "r+") as file:
        file[SUMMARY].attrs["statistic"] = "acme/median"
        file[SUMMARY].attrs["parts"] = "signed absolute"
    mean = read_report(written).measurement("multi-order").quantity("mean")
    assert (mean.statistic, mean.parts) == ("acme/median", ("signed", "absolute"))


def test_a_report_of_before_names_no_statistic(written):
    with h5py.File(written, "r+") as file:
        file.attrs["schema_version"] = "1.2"
        for data in file["metrics/multi-order/summary"].values():
            for name in ("statistic", "parts"):
                data.attrs.pop(name, None)
    report = read_report(written)
    assert report.notes == ()
    assert {(one.statistic, one.parts) for one in report.measurement("multi-order").summary} == {("", ())}


def test_a_metric_that_forgets_its_parts_writes_no_report(tmp_path):
    measurement, players, included = exact("shapley")
    forgetful = replace(measurement, per_sample=())
    report = made.report_of(made.samples_of(len(included)), players, [forgetful])
    with pytest.raises(RunFailed, match=r"'values'.*nothing of that name"):
        write_report(report, tmp_path / "r.h5")
    assert list(tmp_path.iterdir()) == []


def test_games_of_one_run_have_parts_of_their_own(tmp_path):
    of = [replace(exact("strength")[0], of=module) for module in ("fc", "layer/1")]
    _, players, included = exact("strength")
    write_report(made.report_of(made.samples_of(len(included)), players, of), tmp_path / "r.h5")
    held = read_report(tmp_path / "r.h5").measurements
    assert [one.quantity("strength_rms").parts for one in held] == [("absolute", "square", "unbiased")] * 2


def test_the_page_lists_every_statistic():
    rows = re.findall(r"^\| (`[^|]+`) \| [^|]+ \| [^|]+ \|$", PAGE.partition("from their means")[2], re.MULTILINE)
    assert {name for row in rows[: len(STATISTICS)] for name in re.findall("`([^`]+)`", row)} >= set(STATISTICS)


def test_the_page_lists_every_quantity(filed):
    measurement, _ = filed
    table = PAGE.partition("### Quantities of the built-in metrics")[2].partition("## Records")[0]
    named = set(re.findall("`([^`]+)`", table))
    counts = ("one_sign", "above_one", "negative", "stronger", "median_ratio")
    counts += tuple(f"survivors_{count}" for count in counts[1:4])
    stands_for = {
        "STRENGTH": ("mean_abs", "mean_abs_corrected", "rms", "rms_corrected"),
        "MOMENTS": ("absolute", "square", "unbiased"),
        "COUNT": counts,
        "NAME": ("n_nodes", "n_edges", "n_patterns", "explained_ratio", "error"),
    }
    for word, meant in stands_for.items():
        named |= {name.replace(word, one) for name in named if word in name for one in meant}
    named |= {*counts, "mean_B_max", "mean_B_min", "mean_T", "mean_B_plus", "theory_n_prime_log", "theory_rmse_log"}
    assert {quantity.name for quantity in (*measurement.per_sample, *measurement.summary)} <= named
