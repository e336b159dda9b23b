"""Exact values: sums of a table by coalition size, in-place transforms, weights of dividends."""
