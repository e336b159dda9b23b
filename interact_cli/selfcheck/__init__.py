"""Known answers, axioms and closed forms, run against the package: `interact selfcheck`. numpy only."""
