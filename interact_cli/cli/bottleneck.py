"""``interact bottleneck``: the representation bottleneck of a checkpoint or of a data set's reference network."""

from __future__ import annotations

from typing import Any

from interact_cli.cli.flags import COMMON, EPOCHS, option_flags, takes
from interact_cli.cli.guard import guarded
from interact_cli.cli.runs import Call


@guarded
@takes((EPOCHS, *COMMON), option_flags)
def bottleneck(flags: dict[str, Any], call: Call) -> None:
    """Measure which orders of interaction a network encodes, against noise and theory (Deng et al., 2022).

    Without a checkpoint the data set's reference network is trained first and kept in the cache.

    Example: interact bottleneck --dataset cifar10
    """
    call.carry_out({**flags, "metrics": ("bottleneck",)})
