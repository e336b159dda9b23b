"""The difference of two reports and what it shows: paired resampling, bounds, and decisions against a margin."""
