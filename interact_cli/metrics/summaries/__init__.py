"""From the samples of a run to the numbers of a report: stacking, resampling, strengths, orders, verdicts."""
