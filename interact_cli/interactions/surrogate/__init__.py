"""What a game would say of coalitions that it was not asked about, and the indices read off that in closed form.

A Gaussian process stands in for the game: `kernel` says how alike two coalitions are, `fitting` finds its scales,
`process` conditions it on the evaluated values, `functionals` are the indices as linear maps of a game. The value of an
index is its posterior mean, the standard error its posterior deviation, calibrated by leave-one-out residuals.
"""
