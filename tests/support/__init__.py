"""Naive second derivations and Hypothesis strategies shared by the tests."""
