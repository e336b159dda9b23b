"""The learned p of Zhang et al. (AAAI 2021): the optimiser, what it draws and asks, and how its end is read."""
