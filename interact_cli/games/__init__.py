"""Games without a network: batches of coalitions, tables and callables."""
