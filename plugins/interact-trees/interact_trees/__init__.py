"""Boosted trees as a second surrogate."""
