"""Paper 004's learned p: the optimiser, what it draws and asks, and how its end is read."""
