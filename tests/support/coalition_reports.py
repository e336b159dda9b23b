"""Hand-made reports of metrics over coalitions: every number in them is worked out here, none by the package."""

from __future__ import annotations

import numpy as np

from interact_cli.results import Measurement, PlayerTable, Quantity, Report, SampleTable
from support.words import named

SENTENCES = (
    "on the heels of the ring comes a similarly morose and humorless horror movie that , although flawed ,",
    "falls neatly into the category of good stupid fun .",
    "not good .",
)
TEXTS = tuple(sentence.split() for sentence in SENTENCES)


def quantity(name, dims, values, unit="log-odds", errors=None, **ends):
    errors = None if errors is None else np.asarray(errors, dtype=float)
    return Quantity(name, dims, np.asarray(values), unit, f"meaning of {name}", errors, **ends)


def measured(metric, per_sample, summary=(), coordinates=None, of=""):
    made = Measurement(metric, 1, "source", "exact", tuple(per_sample), tuple(summary), coordinates or {}, of=of)
    return named(made)


def samples_of(n, *, labels=None, predicted=None, texts=(), pictures=None):
    zeros = np.zeros(n)
    whole = np.full(n, 16)
    return SampleTable(
        tuple(f"made/test/{i}" for i in range(n)),
        np.asarray([1] * n if labels is None else labels),
        np.asarray([1] * n if predicted is None else predicted),
        np.ones(n, bool), zeros, zeros, whole, whole, whole,
        accuracy=0.5, chance=0.5, texts=texts, pictures=pictures,
    )  # fmt: skip


def text_players(texts):
    longest = max(map(len, texts))
    owner = np.full((len(texts), longest), -1)
    for row, words in zip(owner, texts, strict=True):
        row[: len(words)] = np.arange(len(words))
    own = tuple(tuple(words) for words in texts)
    return PlayerTable((), "words", owner, np.zeros((1, 4), np.float32), "mask", own_names=own, entry="embedding")


def grid_players(rows, columns, pixels):
    names = tuple(f"r{r} c{c}" for r in range(rows) for c in range(columns))
    owner = np.arange(rows * columns).reshape(rows, columns).repeat(pixels, 0).repeat(pixels, 1)[None]
    zero = np.zeros((1, 1, 1), np.float32)
    return PlayerTable(names, f"grid:{rows}x{columns}", owner, zero, "mean", grid=(rows, columns))


def column_players(names):
    return PlayerTable(tuple(names), "columns", np.arange(len(names)), np.zeros(len(names), np.float32), "mean")


def report_of(samples, players, measurements, **provenance):
    said = {
        "checkpoint": {"path": "runs/bert"}, "data": {"name": "sst2", "split": "dev"}, "score": "log-odds",
        "score_unit": "log-odds", "target": "predicted", "class_names": ["negative", "positive"],
    }  # fmt: skip
    return Report({}, said | provenance, {}, samples, players, tuple(measurements))


def padded(rows, fill=-1):
    longest = max((len(row) for row in rows), default=0)
    return np.array([list(row) + [fill] * (longest - len(row)) for row in rows])


def multivariate(members, best, worst, *, of="", scale=1.0):
    """B, its bounds and T = 3, 5, -2, 7 in every sample, times the scale; blocks are given by their numbers."""
    n = len(members)
    numbers = {"B": 3.0, "B_max": 5.0, "B_min": -2.0, "T": 7.0}
    arrays = [
        quantity(name, ("sample",), np.full(n, value * scale), errors=[0.25] * n) for name, value in numbers.items()
    ]
    whole = [("members", members), ("partition_max", best), ("partition_min", worst)]
    arrays += [quantity(name, ("sample", "member"), padded(rows), "1") for name, rows in whole]
    means = [quantity(f"mean_{name}", (), value * scale, errors=0.5) for name, value in numbers.items()]
    return measured("multivariate", arrays, means, of=of)


def film_partitions(**options):
    """Three texts: a misclassified long one, one that is right, and one of three words."""
    return report_of(
        samples_of(3, labels=[1, 1, 0], predicted=[0, 1, 1], texts=SENTENCES),
        text_players(TEXTS),
        [
            multivariate(
                [range(8, 17), range(4, 9), range(3)],
                [[0, 0, 0, 1, 1, 1, 2, 3, 4], [0, 1, 1, 1, 2], [0, 0, 1]],
                [[0, 1, 2, 2, 3, 4, 4, 4, 4], [0, 0, 1, 0, 0], [0, 1, 2]],
            )
        ],
        **options,
    )


def grid_partitions(*, pictures=True):
    cells = [5, 6, 9, 10, 11, 15]
    made = np.random.default_rng(0).integers(0, 255, (1, 32, 32, 3), dtype=np.uint8) if pictures else None
    measurement = multivariate([cells], [[0, 0, 0, 1, 1, 2]], [[0, 1, 2, 2, 2, 2]])
    return report_of(samples_of(1, labels=[0], pictures=made), grid_players(4, 4, 8), [measurement])


def graph(graphs, n_players, *, of=""):
    """And-Or graphs: per sample the patterns ``{members: value}`` and the merged coalitions, in that order."""
    most = max(len(patterns) for patterns, _ in graphs)
    members = np.full((len(graphs), most, n_players), -1)
    values = np.full((len(graphs), most), np.nan)
    nodes = np.full((len(graphs), max(len(merged) for _, merged in graphs), n_players), -1)
    edges = [edges_of(list(patterns), merged, n_players) for patterns, merged in graphs]
    for sample, (patterns, merged) in enumerate(graphs):
        for row, (pattern, value) in enumerate(patterns.items()):
            members[sample, row] = [player in pattern for player in range(n_players)]
            values[sample, row] = value
        for row, coalition in enumerate(merged):
            nodes[sample, row] = [player in coalition for player in range(n_players)]
    padding = [[*rows, *[(-1, -1)] * (max(map(len, edges)) - len(rows))] for rows in edges]
    counts = {
        "n_nodes": [n_players + len(merged) + len(patterns) + 1 for patterns, merged in graphs],
        "n_edges": [len(rows) for rows in edges],
        "n_patterns": [len(patterns) for patterns, _ in graphs],
    }
    return measured(
        "and-or-graph",
        [
            quantity("pattern_members", ("sample", "pattern", "player"), members, "1"),
            quantity("pattern_values", ("sample", "pattern"), values),
            quantity("node_members", ("sample", "node", "player"), nodes, "1"),
            quantity("edges", ("sample", "edge", "end"), padding, "1"),
            *(quantity(name, ("sample",), number, "1") for name, number in counts.items()),
            quantity("explained_ratio", ("sample",), [0.97] * len(graphs), "1"),
            quantity("error", ("sample",), [0.0125] * len(graphs), "1"),
            quantity("sse", ("sample",), [1.5] * len(graphs), "log-odds^2"),
            quantity("constant", ("sample",), [-0.5] * len(graphs)),
            quantity("faithful", ("sample",), [sample != 1 for sample in range(len(graphs))], "1"),
        ],
        of=of,
    )


def edges_of(patterns, merged, n_players):
    """Parent and child: a pattern has the merged coalitions inside it, and the players that those leave over."""
    edges = [(n_players + i, player) for i, coalition in enumerate(merged) for player in sorted(coalition)]
    for row, pattern in enumerate(patterns):
        node, left = n_players + len(merged) + row, set(pattern)
        for i, coalition in enumerate(merged):
            if coalition <= left:
                edges.append((node, n_players + i))
                left -= coalition
        edges += [(node, player) for player in sorted(left)]
    root = n_players + len(merged) + len(patterns)
    return edges + [(root, n_players + len(merged) + row) for row in range(len(patterns))]


def film_graphs():
    """Graphs of three texts of 10 words: one with a merged coalition, one without, one of a single pattern."""
    first = {(6, 7): 2.5, (6, 7, 8): -1.5, (0,): 0.5, (3, 4): -0.25, (5, 6, 7, 8): 1.0, (8,): 0.75, (1, 6): -0.4}
    graphs = [(first, [frozenset({6, 7})]), ({(0, 1): 1.0, (2,): -3.0}, []), ({(9,): 0.0}, [])]
    samples = samples_of(3, labels=[1, 1, 0], predicted=[0, 1, 1], texts=(SENTENCES[1],) * 3)
    return report_of(samples, text_players((TEXTS[1],) * 3), [graph(graphs, 10)])


def sizes_of(n):
    return np.array([bin(code).count("1") for code in range(2**n)])


def by_coalition(metric, tables, *, or_tables=None, of=""):
    """Values of all coalitions: one table by bit code for each sample."""
    n = int(np.log2(max(map(len, tables))))

    def strength(held):
        return np.mean([[np.abs(t)[sizes_of(n)[: len(t)] == s].sum() for s in range(1, n + 1)] for t in held], axis=0)

    kinds = {"": tables, **({} if or_tables is None else {"or_": or_tables})}
    arrays = [
        quantity(f"{prefix}values", ("sample", "coalition"), padded([list(t) for t in held], np.nan))
        for prefix, held in kinds.items()
    ]
    means = [quantity(f"{prefix}strength_by_size", ("size",), strength(held)) for prefix, held in kinds.items()]
    axes = {"coalition": np.arange(2**n), "size": np.arange(1, n + 1)}
    return measured(metric, arrays, means, axes, of=of)


def by_set(metric, sets, values, *, errors=None):
    """Values of listed sets, the same ones in every sample: ``values`` is ``(sample, set)``."""
    values = np.asarray(values, dtype=float)
    whole = np.tile(padded(sets), (len(values), 1, 1))
    return measured(
        metric,
        [
            quantity("sets", ("sample", "set", "member"), whole, "1"),
            quantity("values", ("sample", "set"), values, errors=errors),
        ],
    )
