"""Which coalitions an index asks about within a budget, and how their values become an estimate."""
