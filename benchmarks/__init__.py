"""What the engine and the transforms cost, as ratios measured in one run on one machine.

``make bench`` prints the table. Absolute times are context; only ratios have goals, because a machine that does
other work too slows both sides of an interleaved pair.
"""
