"""Interaction of several players: B, B_max, B_min, T, B+ and B- of a set A, and the partitions that reach them."""
