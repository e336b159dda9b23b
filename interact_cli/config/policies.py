"""The policy of a gate from its file and from a flag."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from interact_cli.config.loading import problems, read_mapping
from interact_cli.errors import UsageError
from interact_cli.gates.policy import Margin, Policy
from interact_cli.safe_text import safe_text

_INIT = "'interact gate --init REPORT' writes one that fits a report."


def load_policy(path: Path) -> Policy:
    """Read the policy of a gate: YAML, checked name by name.

    Args:
        path: A file like `sample_configs/interact-gate.yaml`.

    Raises:
        UsageError: missing, no regular file, not UTF-8, more than 1 MB, no strict YAML, an unknown name or a value that
            does not fit; all problems in one line.
    """
    tree = read_mapping(path, "policy", f"Check the path after --policy; {_INIT}")
    try:
        return Policy.model_validate(tree)
    except ValidationError as error:
        raise UsageError(f"Policy '{safe_text(path)}' does not fit: {problems(error, Policy)}. ({_INIT})") from None


def parse_margin(text: str) -> Margin:
    """Read the margin that a flag gives.

    Raises:
        UsageError: not a finite number above 0, alone, as a share or in A/A noise.

    Example:
        >>> str(parse_margin("5%")), parse_margin("2 noise").kind
        ('5%', 'noise')
    """
    try:
        return Margin.parse(text)
    except ValueError as error:
        raise UsageError(f"--margin: {error}, got '{safe_text(text, 60)}'.") from None
