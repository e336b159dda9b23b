"""From two reports and a policy to a verdict: pure, no files, no terminal, no network."""
