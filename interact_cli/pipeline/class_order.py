"""One order of the classes: the network's, where network and data call their classes by the same names."""

from __future__ import annotations

import copy

import numpy as np

from interact_cli.interfaces import Dataset
from interact_cli.safe_text import safe_text
from interact_cli.types import Model

_SHOWN = 3
_NAMED = 10


def in_network_order(model: Model, dataset: Dataset) -> Dataset:
    """Return the data set with its labels as the network numbers its classes.

    A reader numbers names in an order of its own, sorted mostly; the network's order is that of its training. So a
    label with a name stands for the network's class of that name, capitals aside. Labels that are plain numbers are
    the network's class indices already.

    Args:
        model: The network; nothing happens where its classes have no names.
        dataset: The data, with labels in the reader's order. It is not changed.

    Returns:
        The data set itself where both orders agree or the names are not the same; a note tells which it was where
        that is not plain.
    """
    own, names = dataset.class_names, model.class_names
    if dataset.labels is None or not own or not names or own == tuple(map(str, range(len(own)))):
        return dataset
    index_of = {_plain(name): index for index, name in enumerate(names)}
    if len(index_of) < len(names):
        return dataset
    used = [int(label) for label in np.unique(dataset.labels) if 0 <= label < len(own)]
    strange = [own[label] for label in used if _plain(own[label]) not in index_of]
    if len(strange) == len(used):
        return dataset
    changed = copy.copy(dataset)
    if strange:
        shown = ", ".join(f"'{safe_text(name, 40)}'" for name in strange[:_SHOWN])
        start = f"{len(strange)} of {len(used)} classes of the data are none of the network's names ({shown}"
        ending = ", ...)" if len(strange) > _SHOWN else ")"
        changed.notes = (*dataset.notes, f"{start}{ending}: labels are taken for its class indices")
        return changed
    numbers = np.array([index_of.get(_plain(name), -1) for name in own], np.int64)
    if all(numbers[label] == label for label in used):
        return dataset
    changed.labels = numbers[dataset.labels]
    changed.class_names = names
    shown = ", ".join(f"{safe_text(names[index], 40)} = {index}" for index in range(min(len(names), _NAMED)))
    more = ", ..." if len(names) > _NAMED else ""
    changed.notes = (*dataset.notes, f"labels are renumbered as the network names its classes: {shown}{more}")
    return changed


def _plain(name: str) -> str:
    return name.strip().casefold()
