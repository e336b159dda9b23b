"""Baselines that are learned, one for each sample, and what a report says of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from interact_cli.audit.baselines import described
from interact_cli.audit.material import Material
from interact_cli.audit.preparation import Subject
from interact_cli.engine.learned_baseline import ITERATIONS, learn_baseline
from interact_cli.interfaces import Baseline
from interact_cli.journal.units import Journal
from interact_cli.progress import Progress
from interact_cli.results import LEARNED
from interact_cli.seeding import digest


def learned(subject: Subject, material: Material, journal: Journal, progress: Progress) -> Subject:
    """Learn the baseline of every sample, and give it to its players; without learning nothing changes.

    A finished sample is a unit of the journal: a resumed run goes on with the same bits.

    Raises:
        NonFiniteError: the network returned NaN or infinity.
        OutOfMemory: not even one row fits the device.
    """
    learning, settings = subject.learning, subject.settings
    if learning is None:
        return subject
    work = [(ITERATIONS + 1) * 2**players.n_players for players in subject.players]
    progress.start("Learning baselines", sum(work), "coalitions")
    values, losses = [], []
    for index, (sample, players) in enumerate(zip(subject.inputs.samples, subject.players, strict=True)):
        keys = [digest("learned baseline", what, sample.id, str(index)) for what in ("values", "losses")]
        kept, loss = map(journal.read, keys)
        if kept is None or loss is None:
            classes = material.classes(index)
            label = classes[material.slot(index, 0, settings.target or "true")] if classes else None
            bounds = learning.low, learning.high
            found = learn_baseline(subject.evaluator, sample, players, label, learning.score, bounds)
            kept, loss = found.values, np.array([found.before, found.after])
            for key, array in zip(keys, (kept, loss), strict=True):
                journal.write(key, array)
        else:
            progress.advance(work[index])
        values.append(kept)
        losses.append(loss)
    progress.finish()
    whole = replace(subject, learning=replace(learning, losses=np.stack(losses)))
    progress.note(f"Baseline: {source_of(whole)}.")
    return with_baselines(whole, values)


def with_baselines(subject: Subject, values: Sequence[npt.NDArray[np.float32]]) -> Subject:
    """Give each sample's players their own learned baseline."""
    players = tuple(
        replace(one, baseline=own, baseline_name=LEARNED) for one, own in zip(subject.players, values, strict=True)
    )
    return replace(subject, players=players)


def source_of(subject: Subject) -> str:
    """Say in words where the learned baselines come from and what was gained."""
    learning = subject.learning
    if learning is None or learning.losses is None:
        return subject.baseline.source
    before, after = learning.losses.T
    n_kept, n = int((after >= before).sum()), len(before)
    target = f" of the {learning.target} class" if learning.target else ""
    stayed = f"; {n_kept} of {n} samples keep the start, which no step improved" if n_kept else ""
    return (
        f"of each sample its own; sum of |I(S)|, v(empty) included, {before.mean():.4g} -> {after.mean():.4g} on "
        f"average{stayed}; learned for {learning.score.name}{target} from {subject.baseline.name} "
        f"({subject.baseline.source})"
    )


def baseline_identity(subject: Subject) -> dict[str, Any]:
    """Return what decides the baselines of a run: the start and the settings of the learning, not what was learned."""
    decided = {name: told for name, told in described(subject.baseline).items() if name != "source"}
    return decided if subject.learning is None else {**decided, "learned": dict(subject.learning.settings)}


def baseline_document(subject: Subject) -> dict[str, Any]:
    """Return what a report says of its baselines."""
    learning = subject.learning
    if learning is None or learning.losses is None:
        return {**described(subject.baseline), **baseline_identity(subject)}
    values = np.stack([players.baseline for players in subject.players])
    before, after = learning.losses.T
    return {
        **described(Baseline(LEARNED, values, source_of(subject))),
        "start": described(subject.baseline),
        "learned": learning.settings,
        "loss_before": before.tolist(),
        "loss_after": after.tolist(),
    }
