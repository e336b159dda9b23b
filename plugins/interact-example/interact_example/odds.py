"""``--score odds``: the odds p / (1 - p) of the class, from the records that every run keeps."""

from __future__ import annotations

from typing import Any

import numpy as np

from interact_cli.scores import LOGIT, OTHERS_LOGSUMEXP, PROBABILITIES, Score


def _log_odds(record: Any) -> Any:
    return record[..., LOGIT] - record[..., OTHERS_LOGSUMEXP]


SCORE = Score(
    name="odds",
    unit="odds",
    summary="odds p / (1 - p) of the class",
    source="textbook",
    of_record=lambda record: np.exp(_log_odds(record)),
    outputs=PROBABILITIES,
    of_tensor=lambda record, functional: _log_odds(record).exp(),
)
