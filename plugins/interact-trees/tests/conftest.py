"""The plugin as sources; without the library that it brings there is nothing to test."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
collect_ignore = [] if find_spec("xgboost") else ["test_trees.py"]
