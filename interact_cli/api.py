"""The Python API: games, indices, reports. ``import interact_cli as ic`` offers what `__all__` lists.

Stable: names, signatures, shapes and the meaning of every field.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from interact_cli import __version__, one_game
from interact_cli.errors import UnknownNameError
from interact_cli.games.game import CallableGame, TableGame
from interact_cli.interactions.and_or.graph import AndOrGraph, and_or_graph
from interact_cli.interactions.and_or.split import AndOr
from interact_cli.interactions.estimate import Estimate
from interact_cli.interactions.multivariate.learning.climbing import Gradient
from interact_cli.interactions.multivariate.partitions import Family
from interact_cli.interactions.multivariate.result import Multivariate
from interact_cli.interactions.salient_contexts import SalientContexts
from interact_cli.interfaces import Game
from interact_cli.one_game import Call, Method
from interact_cli.progress import Progress, Warnings

if TYPE_CHECKING:
    from interact_cli.results import Report

__all__ = [
    "AndOr",
    "AndOrGraph",
    "CallableGame",
    "Estimate",
    "Multivariate",
    "SalientContexts",
    "TableGame",
    "__version__",
    "and_or_graph",
    "audit",
    "measure",
    "read_report",
]


@overload
def measure(
    game: Game,
    index: Literal["multivariate"],
    *,
    budget: int | None = None,
    seed: int = 0,
    players: Iterable[int],
    partitions: Family = "contiguous",
    learned: Gradient | None = None,
    method: Method = "exact",
    gradient: Gradient = "corrected",
    setting: str = "bert",
) -> Multivariate: ...


@overload
def measure(
    game: Game, index: Literal["salient-contexts"], *, budget: int | None = None, seed: int = 0, players: Iterable[int]
) -> SalientContexts: ...


@overload
def measure(game: Game, index: Literal["and-or"], *, budget: int | None = None, seed: int = 0) -> AndOr: ...


@overload
def measure(
    game: Game,
    index: str,
    *,
    budget: int | None = None,
    seed: int = 0,
    players: Iterable[int] | None = None,
    **options: Any,
) -> Estimate: ...


def measure(
    game: Game,
    index: str,
    *,
    budget: int | None = None,
    seed: int = 0,
    players: Iterable[int] | None = None,
    **options: Any,
) -> Estimate:
    """Measure an index of a game, exactly where the budget allows all ``2^n`` coalitions and sampled elsewhere.

    An index is a metric of ``interact list metrics``, a plugin's too: it chooses the coalitions and reduces their
    values as for one sample of a network. A budget of at least ``2^n`` takes all coalitions, up to 24 players. Sampled
    indices of pairs and sets cover as many as the budget allows; sampled ``"multi-order"`` covers its pairs at the
    thirteen published orders, the shares 0, .05, .1, .2, ..., .9, .95 and 1 of n - 2. In the matrices whatever was not
    measured is NaN; above 64 players the values by order are ``(order, pair)``.

    | index | values | of | sampled |
    |---|---|---|---|
    | ``"shapley"``, ``"banzhaf"`` | ``(n,)`` | players | yes |
    | ``"shapley-interaction"``, ``"banzhaf-interaction"``, ``"strength"`` | ``(n, n)`` | pairs | yes |
    | the first two with an interaction size k | ``(set,)`` | sets of k players | yes |
    | ``"shapley-taylor"`` | ``(set,)`` | sets of 0 to k players | yes |
    | ``"k-shapley"``, ``"faithful-shapley"``, ``"faithful-banzhaf"`` | ``(set,)`` | sets of 0 to k players | no |
    | ``"multi-order"``, ``"bottleneck"``, ``"dropout-suppression"`` | ``(n - 1, n, n)`` | pairs by order m | yes |
    | ``"inference-patterns"`` | ``(n - 1, n, n)`` | pairs with q others | no |
    | ``"harsanyi"``, ``"or-interaction"``, ``"and-or"`` | ``(2^n,)`` by bit code | coalitions | no |
    | ``"concepts"`` | ``(2^n,)`` by bit code, lengths of vectors | coalitions | no |
    | ``"and-or-graph"`` | ``(set,)`` | the patterns that explain the game | no |
    | ``"multivariate"`` | ``(6,)``, see `Multivariate` | the set ``players`` | yes |
    | ``"salient-contexts"`` | ``(n,)``, see `SalientContexts` | players around the pair ``players`` | yes |

    ``"strength"``, ``"bottleneck"`` and ``"dropout-suppression"`` give the interactions of the one game; what they say
    of many (a mean strength, J, what dropout keeps) is a summary over the samples of a report.

    Args:
        game: A `TableGame`, a `CallableGame`, or any object with ``n_players`` that maps ``(n_coalitions, n_players)``
            bools to ``(n_coalitions,)`` floats. ``"harsanyi"`` takes games whose values are vectors too (their
            ``dimension`` says d), and gives ``(2^n, d)``; ``"concepts"`` takes no others.
        index: A name of the table, or of a plugin's metric.
        budget: Evaluations; None means exact.
        seed: Seed of the sampled coalitions.
        players: The set A of ``"multivariate"``, the pair of ``"salient-contexts"``; of indices of pairs and sets, only
            those among these players.
        options: What ``interact list metrics NAME`` lists, written with ``_``, for example ``pairs="random:50"``,
            ``contexts=8``, ``interaction_size=3``, ``partitions="all"``; None leaves one at its default.
            ``"multivariate"`` has three more: ``method="learned"`` learns the partitions as Zhang et al. (AAAI 2021)
            do, asking for what it draws only, ``gradient`` is the ``"corrected"`` one or the ``"paper"``'s, and
            ``setting`` is one of their code's: ``"toy"``, ``"bert"``, ``"accuracy"``, ``"layers"``, ``"instability"``.

    Returns:
        An `Estimate` with ``.values``, ``.standard_errors`` and ``.exact`` of one shape, ``.players`` that each value
        belongs to, and ``.evaluations``.

    Raises:
        UnknownNameError: no such index.
        BudgetError: ``budget=None`` above 20 players, or a budget that is too small; the message says what it takes.
        UsageError: no game, fewer players than the index needs, foreign players, values above 1e100 in size, a budget
            or seed that is no whole number, an option that the index does not have, or a plugin whose code fails.
        ShapeError: the game returns another shape than ``(n_coalitions,)``.
        NonFiniteError: the game returns NaN or infinity.

    Example:
        >>> import interact_cli as ic
        >>> game = ic.TableGame([0, 1, 2, 10])
        >>> ic.measure(game, "shapley").values.tolist()
        [4.5, 5.5]
        >>> float(ic.measure(game, "shapley-interaction").values[0, 1])
        7.0
        >>> taylor = ic.measure(game, "shapley-taylor", interaction_size=2)
        >>> dict(zip(taylor.players, taylor.values.tolist()))
        {(): 0.0, (0,): 1.0, (1,): 2.0, (0, 1): 7.0}
    """
    known = one_game.names()
    if index not in known:
        one_game.refuse_number(index)
        raise UnknownNameError("index", str(index), known, listing="interact list metrics")
    return one_game.answer(Call.of(game, index, budget, seed, players), options)


def audit(
    network: Any,
    data: Any = None,
    metrics: str | Iterable[Any] | Mapping[str, Any] = (),
    *,
    progress: Progress | None = None,
    **settings: Any,
) -> Report:
    """Audit a checkpoint, or a network in memory, and return the report: what ``interact measure`` does.

    The report is written too, to ``output`` or to ``interact-runs/KEY.h5``. The same call on the same checkpoint finds
    it there, or goes on where it was interrupted; a network in memory is measured anew each time.

    Args:
        network: Path of a checkpoint; or a ``torch.nn.Module``, which stays as it is (a copy in float32 is measured);
            or None for the reference network of a data set.
        data: Name of a data set as on the command line (``"digits"``, ``"csv:rows.csv"``); or inputs in memory, as the
            network's ``forward`` takes them (it returns logits): ``(n, C, H, W)`` or ``(n, F)``, an array, a tensor or
            a data frame; or
            ``(inputs, labels)`` with class indices ``(n,)``. Samples are drawn from them, 50 unless ``n_samples`` says
            otherwise. None takes bundled inputs that fit.
        metrics: A name, several names, or a mapping from names to their options:
            ``{"multi-order": {"pairs": "all"}}``.
        progress: Told what happens; by default what must not be missed is a Python warning.
        **settings: Every setting of the command by its last name (``players="grid:4x4"``, ``budget=2000``,
            ``n_samples=20``, ``output="report.h5"``), with its section where two are called the same (``data_seed=1``);
            and every option of the metrics that has a flag (``pairs="all"``).

    Returns:
        The report: ``report.summary()``, ``report.plot()``, ``report.to_dataframe("shapley")``,
        ``report.measurement("shapley").quantity("values").values``.

    Raises:
        InteractError: whatever cannot be done; the message says what to do.

    Example:
        >>> import tempfile, torch, interact_cli as ic
        >>> network = torch.nn.Sequential(torch.nn.Linear(3, 2))
        >>> rows = torch.eye(3)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     report = ic.audit(network, rows, "shapley", baseline="zero", output=f"{folder}/report.h5")
        ...     report.measurement("shapley").quantity("values").values.shape
        (3, 3)
    """
    from interact_cli.pipeline.in_memory import handed_over, settings_from
    from interact_cli.pipeline.run import run

    merged = settings_from(network, data, metrics, settings)
    module, inputs, labels = handed_over(network, data)
    told = progress or Warnings()
    return run(merged, told, ("interact_cli.audit",), network=module, inputs=inputs, labels=labels).report


def read_report(path: str | Path) -> Report:
    """Read a report: every number as a numpy array, named and with its dimensions.

    Args:
        path: A ``.h5`` file written by ``interact``.

    Returns:
        The report; ``report.measurement("bottleneck").quantity("J_mean_abs").values`` is an array.

    Raises:
        ReportRefused: missing, corrupt, unsafe, or not written by ``interact``.
    """
    from interact_cli.report.hdf5.reader import read_report as read

    return read(Path(path))
