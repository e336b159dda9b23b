"""Which coalitions an index asks about within a budget, and how their values become an estimate.

A design is drawn once, from a generator that knows the plan seed and the sample and nothing of the model.
`asked` may repeat coalitions; whoever evaluates removes the repetitions.
"""
