"""Labels and roles for hand-made numbers: what the built-in metrics call theirs, as reports up to 1.3 are told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from interact_cli.interfaces import Cohort
from interact_cli.report.hdf5.before_1_4 import migrated
from interact_cli.results import Finding, Measurement, Report


def named(measurement: Measurement, *findings: Finding) -> Measurement:
    """Return the measurement with labels and roles by the names of its numbers, and with further findings."""
    bare: Any = {"config": {}, "provenance": {}, "run": {}, "samples": None, "players": None}
    (made,) = migrated(Report(**bare, measurements=(measurement,))).measurements
    return replace(made, findings=(*made.findings, *findings))


def telling(sentence: str, *names: str) -> Finding:
    """A sentence that tells these numbers and judges nothing."""
    return Finding("", sentence, says=names)


def cohort_of(sizes: Sequence[int], ends: tuple[Sequence[float], Sequence[float]], **more: Any) -> Cohort:
    """What samples of these numbers of players share; ``ends`` are their v(N) and v(empty)."""
    full, empty = (np.asarray(end, dtype=np.float64) for end in ends)
    shared, everyone = len(set(sizes)) == 1, np.ones(len(sizes), dtype=np.bool_)
    held = {"unit": "log-odds", "seed": 0, "intervals": True, "full_value": full, "empty_value": empty}
    return Cohort(
        **{"included": everyone, "n_players": np.array(sizes), "shared_players": shared, "grid": None, **held, **more}
    )
