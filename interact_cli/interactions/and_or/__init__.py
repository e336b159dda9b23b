"""AND and OR interactions: the split between them that leaves the least strength, and the And-Or graph of the rest."""
