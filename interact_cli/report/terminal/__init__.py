"""The report as a terminal shows it."""
